// The two ways in which an API server knows what concerns a node, for tests that hold for both: of all nodes, kept from replicas over the
// embedded store; and read of the one that asks, by groups, over DynamoDB's engine.

import type { TestStore } from '../../../core/registry/testing.ts';
import { openDynamoStore } from '../../../core/store/dynamodb/dynamodb-store.ts';
import { tableHeartbeats } from '../../../core/store/dynamodb/heartbeats.ts';
import { modelCalls } from '../../../test/simulation/model/calls.ts';
import { ModelTable } from '../../../test/simulation/model/table.ts';
import type { ApiServerOptions } from '../handler.ts';
import { groupedTypes } from '../node/grouped-types.ts';
import { openTestApi, type TestApi } from './open-test-api.ts';

type Open = (more?: Partial<ApiServerOptions>) => Promise<TestApi>;

export const nodeModes: readonly (readonly [name: string, open: Open])[] = [
  ['kept of all nodes', (more) => openTestApi(more)],
  ['read of the node that asks', (more) => openGroupedApi(more)],
];

async function openGroupedApi(more: Partial<ApiServerOptions> = {}): Promise<TestApi> {
  const { store, groups } = openGroupedStore();
  await groups.begin(groupedTypes, 'test', undefined);
  return openTestApi({ groups, ...more }, { openStore: () => store });
}

export function openGroupedStore() {
  const calls = modelCalls(new ModelTable(Date.now));
  const store = openDynamoStore({ calls, table: 'store' });
  const surroundings = { now: Date.now, sleep: async () => undefined, random: Math.random };
  const tested: TestStore = {
    heartbeats: tableHeartbeats(calls, 'store', surroundings),
    get: (...args) => store.get(...args),
    list: (...args) => store.list(...args),
    commit: (...args) => store.commit(...args),
    commitEach: (...args) => store.commitEach(...args),
    log: (...args) => store.log(...args),
    past: (...args) => store.past(...args),
    revisionAt: (...args) => store.revisionAt(...args),
    head: (...args) => store.head(...args),
    bounds: (...args) => store.bounds(...args),
    compact: (...args) => store.compact(...args),
    types: () => store.types(),
    onCommit: (...args) => store.onCommit(...args),
    close: () => store.close(),
  };
  return { store: tested, groups: store.groups, costs: store.costs };
}
