// Runs the admission chain. Plugins that give no promise cost no turn of the event loop.

import type { Environment } from '../environment.ts';
import type { AdmissionPlugin, Attributes } from './plugin.ts';
import { startRound } from './reinvocation.ts';

export async function mutate(env: Environment, attributes: Attributes): Promise<void> {
  const round = startRound(attributes);
  await mutateOnce(env, attributes);
  if (round.changes === 0) return;
  startRound(attributes);
  await mutateOnce(env, attributes);
}

async function mutateOnce(env: Environment, attributes: Attributes): Promise<void> {
  for (const plugin of env.admission) {
    if (!plugin.mutate || !wants(plugin, attributes)) continue;
    const pending = plugin.mutate(attributes, env);
    if (pending) await pending;
  }
}

export async function validate(env: Environment, attributes: Attributes): Promise<void> {
  for (const plugin of env.admission) {
    if (!plugin.validate || !wants(plugin, attributes)) continue;
    const pending = plugin.validate(attributes, env);
    if (pending) await pending;
  }
}

function wants(plugin: AdmissionPlugin, { operation, definition }: Attributes): boolean {
  return plugin.operations.includes(operation) && (!plugin.types || plugin.types.includes(definition.type));
}
