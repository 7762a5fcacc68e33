// Makes a Registry over a store: it takes every read and write, for HTTP and for controllers alike.

import { randomUUID } from 'node:crypto';
import { openRbac } from '../authorization/rbac.ts';
import { loadExpressions } from '../cel/expressions.ts';
import type { Random } from '../kinds/environment.ts';
import { late } from '../machinery/late.ts';
import { builtInPlugins, dynamicPlugins, lastPlugins } from './admission/built-in.ts';
import type { WriteEnvironment } from './admission/plugin.ts';
import { admit } from './admit.ts';
import { lookups } from './lookup.ts';
import { list } from './read/list.ts';
import { readOne } from './read-one.ts';
import type { Registry, Target } from './registry.ts';
import type { RegistryOptions } from './registry-options.ts';
import { loadStrategy, strategyOf } from './strategies.ts';
import { createWebhookCaller } from './webhooks/caller.ts';
import { create } from './write/create.ts';
import { updates } from './write/ownership.ts';

/** A process that makes objects needs none of them for its first. */
const changes = late(() => import('./changes.ts'));
const removals = late(() => import('./removals.ts'));
const watching = late(() => import('./read/watch.ts'));

export const systemRandom: Random = { uuid: randomUUID, number: Math.random };

export function createRegistry(options: RegistryOptions): Registry {
  const env = createEnvironment(options);
  /** A write, once what it may need is there: its type's strategy, and the engine of expressions. */
  const write = <T>({ definition }: Target, work: () => Promise<T>): Promise<T> => {
    const strategy = loadStrategy(definition);
    if (strategy) return strategy.then(() => write({ definition }, work));
    return definition.expressions || strategyOf(definition).expressions ? loadExpressions().then(work) : work();
  };
  return {
    get: (context, target, getOptions) => readOne(env, context, target, getOptions),
    list: (_context, target, listOptions) => list(env, target, listOptions),
    watch: async (_context, target, watchOptions) => watching(({ watch }) => watch(env, target, watchOptions)),
    create: (context, target, object, writeOptions) =>
      write(target, () => {
        if (target.subresource)
          return changes(({ createSubresource }) => createSubresource(env, context, target, object, writeOptions));
        // It changes a pod.
        if (target.definition.type === 'bindings')
          return write({ definition: env.definitions.ofType('pods') ?? target.definition }, () =>
            changes(({ createBinding }) => createBinding(env, context, target, object, writeOptions)),
          );
        return create(env, context, target, object, writeOptions);
      }),
    update: (context, target, object, writeOptions) =>
      write(target, () =>
        changes(
          ({ changeSubresource, update }) =>
            changeSubresource(env, context, target, { object }, writeOptions) ??
            update(env, context, target, object, writeOptions),
        ),
      ),
    modify: (context, target, { check, build, otherwise }, writeOptions) => {
      const change = {
        build,
        management: updates,
        ...(check && { check }),
        ...(otherwise && { otherwise }),
      };
      return write(target, () => changes(({ modify }) => modify(env, context, target, change, writeOptions)));
    },
    patch: (context, target, type, body, writeOptions) =>
      write(target, () =>
        changes(
          ({ changeSubresource, patch }) =>
            changeSubresource(env, context, target, { type, body }, writeOptions) ??
            patch(env, context, target, type, body, writeOptions),
        ),
      ),
    async admit(context, target, operation, object, writeOptions) {
      await admit(env, context, target, operation, object, writeOptions);
      return object;
    },
    delete: (context, target, deleteOptions) =>
      write(target, () => removals(({ remove }) => remove(env, context, target, deleteOptions))),
    deleteCollection: (context, target, listOptions, deleteOptions) =>
      write(target, () =>
        removals(({ removeCollection }) => removeCollection(env, context, target, listOptions, deleteOptions)),
      ),
  };
}

/** What reads and writes work with. Parts beside it (bootstrap, allocators' repair) use it too. */
export function createEnvironment(options: RegistryOptions): WriteEnvironment {
  const { store, replicas, definitions, clock, random } = options;
  const found = lookups(store, replicas);
  return {
    store,
    replicas,
    definitions,
    clock,
    random,
    serviceCIDRs: (options.serviceCIDR ?? '10.96.0.0/16').split(',').map((each) => each.trim()),
    nodePortRange: options.nodePortRange ?? [30000, 32767],
    clusterDomain: options.clusterDomain ?? 'cluster.local',
    admission: [...builtInPlugins, ...(options.admission ?? []), ...dynamicPlugins, ...lastPlugins],
    ...(options.admissionMetrics && { admissionMetrics: options.admissionMetrics }),
    callWebhook: options.callWebhook ?? createWebhookCaller({ ...found, random: () => random.number() }),
    rbac: once(() => openRbac(replicas)),
    strategyOf,
    ...found,
  };
}

/** What `make` made, of its first call that did not fail. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
}
