// Runs the admission chain. Plugins that give no promise cost no turn of the event loop.

import type { ResourceDefinition } from '../../api/definition.ts';
import type { TypeName } from '../../store/store.ts';
import type { AdmissionMetrics } from './metrics.ts';
import type { Operation } from './operation.ts';
import type { AdmissionPlugin, AdmissionRow, Admitted, Attributes, WriteEnvironment } from './plugin.ts';
import { startReinvocation } from './reinvocation.ts';

type Half = 'mutate' | 'validate';

export async function mutate(env: WriteEnvironment, attributes: Attributes): Promise<void> {
  await run(env, attributes, 'mutate');
  if (startReinvocation(attributes)) await run(env, attributes, 'mutate');
}

/** Runs after mutation and the kind's own validation, right before the commit that it lets pass. */
export async function validate(env: WriteEnvironment, attributes: Attributes): Promise<Admitted> {
  await run(env, attributes, 'validate');
  return attributes as Admitted; // the one place that says so: all plugins have just run
}

async function run(env: WriteEnvironment, attributes: Attributes, half: Half): Promise<void> {
  const found = pluginsFor(env, attributes, half);
  const plugins = found instanceof Promise ? await found : found;
  const watch = env.admissionMetrics && stopwatch(env.admissionMetrics, attributes, half);
  let current: AdmissionPlugin | undefined;
  try {
    for (const plugin of plugins) {
      current = plugin;
      const pending = plugin[half]?.(attributes, env);
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
function stopwatch(metrics: AdmissionMetrics, { operation }: Attributes, half: Half) {
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

/** Who wants to see which writes stays the same: it is found out once for each type, and loaded then. Nothing to wait for afterwards. */
function pluginsFor(
  env: WriteEnvironment,
  { operation, definition }: Attributes,
  half: Half,
): readonly AdmissionPlugin[] | Promise<readonly AdmissionPlugin[]> {
  let known = chains.get(env.admission);
  if (!known) {
    known = new WeakMap();
    chains.set(env.admission, known);
  }
  let ofType = known.get(definition);
  if (!ofType) {
    ofType = { mutate: new Map(), validate: new Map() };
    known.set(definition, ofType);
  }
  return ofType[half].get(operation) ?? loadPlugins(env.admission, operation, definition.type, half, ofType[half]);
}

type Chains = WeakMap<ResourceDefinition, Readonly<Record<Half, Map<Operation, readonly AdmissionPlugin[]>>>>;

const chains = new WeakMap<readonly AdmissionRow[], Chains>();

async function loadPlugins(
  rows: readonly AdmissionRow[],
  operation: Operation,
  type: TypeName,
  half: Half,
  known: Map<Operation, readonly AdmissionPlugin[]>,
): Promise<readonly AdmissionPlugin[]> {
  const loaded = await Promise.all(
    rows.map((row) => ('load' in row ? (row.types.includes(type) ? row.load() : []) : [row])),
  );
  const plugins = loaded.flat().filter((plugin) => plugin[half] && wants(plugin, operation, type));
  known.set(operation, plugins);
  return plugins;
}

function wants({ operations, types }: AdmissionPlugin, operation: Operation, type: TypeName): boolean {
  return operations.includes(operation) && (!types || types.includes(type));
}
