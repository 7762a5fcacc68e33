// A user's watches where each is served by a process of its own, and all that they have in common is the table.

import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Claims } from '../../../core/store/claims.ts';
import type { DynamoCalls } from '../../../core/store/dynamodb/calls.ts';
import { tableClaims } from '../../../core/store/dynamodb/claims.ts';
import { modelCalls } from '../../../test/simulation/model/calls.ts';
import { ModelTable } from '../../../test/simulation/model/table.ts';
import { tried } from '../../../test/tools/tried.ts';
import { openTestApi, type TestApi } from '../testing/open-test-api.ts';
import { invocationShares } from './invocation-shares.ts';

const configMaps = '/api/v1/namespaces/default/configmaps';
const longestMs = 15 * 60_000;
let nowMs: number;
let calls: DynamoCalls;
let claims: Claims;
let processes: TestApi[];
let lost: unknown[];

/** As of an account that may have `atOnce` invocations. */
async function open(atOnce: number, own = claims): Promise<TestApi> {
  const onError = (error: unknown) => lost.push(error);
  const t = await openTestApi({
    lasting: invocationShares({ claims: own, pool: 'invocations', atOnce, longestMs, now: () => nowMs, onError }),
  });
  await t.namespace('default');
  const subjects = ['greedy', 'modest'].map((name) => ({ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name }));
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' };
  await t.post('/apis/rbac.authorization.k8s.io/v1/clusterroles', {
    metadata: { name: 'view' },
    rules: [{ verbs: ['watch', 'get'], apiGroups: [''], resources: ['configmaps'] }],
  });
  await t.post('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    metadata: { name: 'v' },
    roleRef,
    subjects,
  });
  await expect.poll(async () => (await t.get(`${configMaps}/none`, { as: { name: 'greedy' } })).status).toBe(404);
  processes.push(t);
  return t;
}

async function watch(t: TestApi, name: string) {
  const found = await t.api.handle(t.request('GET', `${configMaps}?watch=true`, { as: { name } }));
  const { body } = found;
  return {
    status: found.status,
    stop: async () => {
      if (body && !(body instanceof Uint8Array)) await body[Symbol.asyncIterator]().return?.();
    },
  };
}

beforeEach(() => {
  nowMs = Date.now();
  lost = [];
  processes = [];
  calls = modelCalls(new ModelTable(() => nowMs));
  claims = tableClaims(calls, 'store', { now: () => nowMs, sleep: async () => {}, random: () => 0 });
});
afterEach(async () => {
  for (const t of processes) await t.close();
});

it('are a share of all invocations, whichever process serves them, and free again when they end', async () => {
  const all = [await open(50), await open(50), await open(50)];
  const greedy = [];
  for (let i = 0; i < 24; i++) greedy.push(await watch(all[i % 3] as TestApi, 'greedy'));
  // A quarter of what they leave free.
  expect(greedy.filter(({ status }) => status === 200)).toHaveLength(10);
  expect(greedy.at(-1)?.status).toBe(429);
  const modest = await watch(all[0] as TestApi, 'modest');
  expect(modest.status).toBe(200);
  await modest.stop();
  await greedy[0]?.stop();
  expect((await watch(all[2] as TestApi, 'greedy')).status).toBe(200);
  expect((await watch(all[1] as TestApi, 'greedy')).status).toBe(429);
  tried('watches of one user over many processes', 27);
});

it('are not counted for long when their process was killed', async () => {
  const t = await open(10);
  expect([(await watch(t, 'greedy')).status, (await watch(t, 'greedy')).status]).toEqual([200, 200]);
  expect((await watch(t, 'greedy')).status).toBe(429);
  nowMs += longestMs;
  expect((await watch(t, 'greedy')).status).toBe(200);
});

it('that come at once are never more than the share', async () => {
  const t = await open(40);
  const found = await Promise.all(Array.from({ length: 30 }, () => watch(t, 'greedy')));
  expect(found.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(8);
  for (const each of found) await each.stop();
  // Those that were refused hold nothing.
  for (let i = 0; i < 8; i++) expect((await watch(t, 'greedy')).status).toBe(200);
});

it('are asked for where they may be watched only, and what is short takes nothing', async () => {
  let asked = 0;
  const counted: Claims = {
    drop: (claim) => claims.drop(claim),
    make: (claim, untilMs) => {
      asked++;
      return claims.make(claim, untilMs);
    },
  };
  const t = await open(40, counted);
  expect((await watch(t, 'stranger')).status).toBe(403);
  expect((await t.get(configMaps)).status).toBe(200);
  expect(asked).toBe(0);
  const open403 = await t.api.handle(t.request('GET', `${configMaps}?watch=true&resourceVersion=x`, {}));
  expect([open403.status, asked]).toEqual([400, 1]);
  const whole = { pool: 'invocations', holder: 'admin', id: 'probe' };
  expect(await claims.make(whole, nowMs + 1)).toEqual({ own: 1, all: 1 });
});

it('are refused with the reason of the table where it does not answer, and hold nothing then', async () => {
  let fails = true;
  const failing: DynamoCalls = {
    ...calls,
    query: async (input) => {
      if (fails) throw Object.assign(new Error('slow down'), { name: 'ProvisionedThroughputExceededException' });
      return calls.query(input);
    },
  };
  const limited = tableClaims(failing, 'store', { now: () => (nowMs += 100), sleep: async () => {}, random: () => 0 });
  const t = await open(5, limited);
  const { status } = await watch(t, 'greedy');
  expect(status).toBe(429);
  fails = false;
  expect((await watch(t, 'greedy')).status).toBe(200);
});
