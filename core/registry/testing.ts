// A registry over a real store in a temporary folder, for tests.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ResourceDefinition } from '../api/definition.ts';
import { loadDefinitions } from '../api/definitions.ts';
import type { KubeObject } from '../machinery/object.ts';
import { createReplicas } from '../replica/replicas.ts';
import { openEmbeddedStore } from '../store/embedded/embedded-store.ts';
import type { Heartbeats } from '../store/heartbeats.ts';
import type { Store } from '../store/store.ts';
import { createEnvironment, createRegistry, systemRandom } from './create.ts';
import type { RequestContext, Target } from './registry.ts';
import type { RegistryOptions } from './registry-options.ts';

/** The user that tests act as: may do everything. */
export function contextOf(username = 'admin', groups: readonly string[] = ['system:masters']): RequestContext {
  return { user: { username, groups }, warnings: [] };
}

export type TestStore = Store & { readonly heartbeats: Heartbeats };

export interface TestRegistryOptions extends Partial<RegistryOptions> {
  /** What the registry writes to, around the store that replicas follow. */
  readonly wrapStore?: (store: Store) => Store;
  /** Default: an embedded one. `now`: Unix milliseconds. */
  readonly openStore?: (now: () => number) => TestStore;
}

export async function openTestRegistry({ wrapStore, openStore, ...more }: TestRegistryOptions = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'registry-'));
  const definitions = loadDefinitions();
  const time = { now: new Date('2026-01-02T03:04:05Z') };
  const clock = more.clock ?? (() => time.now);
  // One clock: what expires by the registry's is removed by the store's.
  const now = () => clock().getTime();
  const store: TestStore = openStore?.(now) ?? openEmbeddedStore(join(folder, 'store.db'), { now });
  const replicas = createReplicas(store);
  const options: RegistryOptions = {
    store: wrapStore ? wrapStore(store) : store,
    replicas,
    definitions,
    clock,
    random: systemRandom,
    ...more,
  };
  const registry = createRegistry(options);
  const env = createEnvironment(options);
  const context = contextOf();

  function definition(type: string, version?: string): ResourceDefinition {
    const slash = type.indexOf('/');
    const found = version
      ? definitions.find(slash < 0 ? '' : type.slice(0, slash), version, type.slice(slash + 1))
      : definitions.ofType(type);
    if (!found) throw new Error(`no definition of ${type}`);
    return found;
  }
  function target(type: string, namespace?: string, name?: string, subresource?: string): Target {
    return {
      definition: definition(type),
      ...(namespace && { namespace }),
      ...(name && { name }),
      ...(subresource && { subresource }),
    };
  }
  return {
    registry,
    env,
    store,
    replicas,
    definitions,
    context,
    time,
    target,
    definition,
    async create(type: string, namespace: string, object: unknown) {
      // Tests pass literals; the registry checks them.
      return (await registry.create(context, target(type, namespace), object as KubeObject)).object;
    },
    async get(type: string, namespace: string, name: string) {
      return (await registry.get(context, target(type, namespace, name))).object;
    },
    async namespace(name: string) {
      await registry.create(context, target('namespaces'), { metadata: { name } });
    },
    async close() {
      replicas.close();
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export type TestRegistry = Awaited<ReturnType<typeof openTestRegistry>>;
