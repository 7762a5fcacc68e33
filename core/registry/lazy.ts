// A registry of a process that may never write: reads are there at once, and the code of writes is loaded with the first.

import { late } from '../machinery/late.ts';
import { list } from './read/list.ts';
import { readOne } from './read-one.ts';
import type { Registry } from './registry.ts';
import type { RegistryOptions } from './registry-options.ts';

/** What writes is never asked for one. */
const watching = late(() => import('./read/watch.ts'));

export interface LazyRegistry extends Registry {
  /** Loads the code of writes ahead of the first: for a process that will write. */
  loadWrites(): Promise<void>;
}

export function createLazyRegistry(options: Omit<RegistryOptions, 'random'>): LazyRegistry {
  let opening: Promise<Registry> | undefined;
  const whole = () => {
    opening ??= import('./create.ts').then(({ createRegistry, systemRandom }) =>
      createRegistry({ ...options, random: systemRandom }),
    );
    return opening;
  };
  return {
    async loadWrites() {
      await whole();
    },
    get: (context, target, getOptions) => readOne(options, context, target, getOptions),
    list: (_context, target, listOptions) => list(options, target, listOptions),
    watch: async (_context, target, watchOptions) => watching(({ watch }) => watch(options, target, watchOptions)),
    create: async (...given) => (await whole()).create(...given),
    update: async (...given) => (await whole()).update(...given),
    modify: async (...given) => (await whole()).modify(...given),
    patch: async (...given) => (await whole()).patch(...given),
    admit: async (...given) => (await whole()).admit(...given),
    delete: async (...given) => (await whole()).delete(...given),
    deleteCollection: async (...given) => (await whole()).deleteCollection(...given),
  };
}
