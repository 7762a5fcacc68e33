// One process of `scale.ts`: looks for a node at once, and again when it is told to. Arguments: the table's URL, the way, the node.

import { setTimeout as delay } from 'node:timers/promises';
import { createReplicas } from '../../core/replica/replicas.ts';
import { createJsonService } from '../../core/signature/json-service.ts';
import { serviceCalls } from '../../core/store/dynamodb/calls.ts';
import { openDynamoStore } from '../../core/store/dynamodb/dynamodb-store.ts';
import { desiredBody } from '../../functions/apiserver/node/desired-state.ts';
import '../../functions/apiserver/node/followed-types.ts';
import { createNodeStates } from '../../functions/apiserver/node/node-states.ts';
import '../../functions/apiserver/node/own-desired-state.ts';
import '../../functions/apiserver/node/own-nodes.ts';
import type { Look } from './scale.ts';

const [url = '', way = '', node = ''] = process.argv.slice(2);
const keys = { AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'bench', AWS_SECRET_ACCESS_KEY: 'bench' };
const env = { ...keys, AWS_ENDPOINT_URL_DYNAMODB: url };
const calls = serviceCalls(createJsonService({ service: 'dynamodb', env, answerMs: 60_000 }));
const store = openDynamoStore({ calls, table: 'store', budgetMs: 600_000 });
const replicas = createReplicas(store);
const states = createNodeStates({ replicas, store, ...(way === 'own' && { groups: store.groups }) });
let cursor: string | undefined;

process.on('message', () => void look());
await delay(100);
const ready = process.memoryUsage().rss;
await look();

async function look(): Promise<void> {
  const before = spent();
  const processor = process.cpuUsage();
  const began = performance.now();
  const state = await states.desiredOf(node, cursor);
  const { bytes } = desiredBody(state);
  const ms = performance.now() - began;
  const { user, system } = process.cpuUsage(processor);
  cursor = state.cursor;
  const after = spent();
  const looked: Look = {
    ms: Math.round(ms),
    processorMs: Math.round((user + system) / 1000),
    megabytes: bytes / 1e6,
    requests: after.requests - before.requests,
    readUnits: after.readUnits - before.readUnits,
    grownMegabytes: Math.round((process.memoryUsage().rss - ready) / 2 ** 20),
  };
  process.send?.(looked);
}

function spent() {
  const all = [...store.costs.values()];
  return {
    requests: all.reduce((sum, each) => sum + each.requests, 0),
    readUnits: all.reduce((sum, each) => sum + each.readUnits, 0),
  };
}
