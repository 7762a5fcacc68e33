// Runs the admission chain. Plugins that give no promise cost no turn of the event loop.

import type { Environment } from '../environment.ts';
import type { AdmissionMetrics } from './metrics.ts';
import type { AdmissionPlugin, Attributes } from './plugin.ts';
import { startRound } from './reinvocation.ts';

export async function mutate(env: Environment, attributes: Attributes): Promise<void> {
  const round = startRound(attributes);
  await run(env, attributes, 'mutate');
  if (round.changes === 0) return;
  startRound(attributes);
  await run(env, attributes, 'mutate');
}

export async function validate(env: Environment, attributes: Attributes): Promise<void> {
  await run(env, attributes, 'validate');
}

async function run(env: Environment, attributes: Attributes, half: 'mutate' | 'validate'): Promise<void> {
  const watch = env.admissionMetrics && stopwatch(env.admissionMetrics, attributes, half);
  let current: AdmissionPlugin | undefined;
  try {
    for (const plugin of env.admission) {
      if (!plugin[half] || !wants(plugin, attributes)) continue;
      current = plugin;
      const pending = plugin[half](attributes, env);
      if (pending) await pending;
      watch?.plugin(plugin, false);
    }
    watch?.end(false);
  } catch (error) {
    if (current) watch?.plugin(current, true);
    watch?.end(true);
    throw error;
  }
}

/** One look at the clock a plugin: it began where the one before ended. */
function stopwatch(metrics: AdmissionMetrics, { operation }: Attributes, half: 'mutate' | 'validate') {
  const step = half === 'mutate' ? 'admit' : 'validate';
  const began = performance.now();
  let last = began;
  return {
    plugin({ name }: AdmissionPlugin, rejected: boolean) {
      const now = performance.now();
      metrics.plugin(name, step, operation, rejected, (now - last) / 1000);
      last = now;
    },
    end(rejected: boolean) {
      metrics.step(step, operation, rejected, (last - began) / 1000);
    },
  };
}

function wants(plugin: AdmissionPlugin, { operation, definition }: Attributes): boolean {
  return plugin.operations.includes(operation) && (!plugin.types || plugin.types.includes(definition.type));
}
