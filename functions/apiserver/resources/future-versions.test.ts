// Reads at a resourceVersion that is not there yet, or not any more. Source: Kubernetes' watch cache (waitUntilFreshAndBlock, errWatcher).

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openTestApi, type TestApi } from '../testing/open-test-api.ts';

const namespaces = '/api/v1/namespaces';
let t: TestApi;

beforeEach(async () => {
  t = await openTestApi();
  await t.namespace('a');
});

afterEach(async () => {
  await t.close();
});

const newest = async (): Promise<number> => Number((await t.get(namespaces)).body.metadata.resourceVersion);
const create = (name: string) => t.post(namespaces, { metadata: { name } });
const timeout = {
  kind: 'Status',
  status: 'Failure',
  reason: 'Timeout',
  code: 504,
  details: {
    retryAfterSeconds: 1,
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
  },
};

describe('a resourceVersion of the future', () => {
  it.each(['?resourceVersion=', '?resourceVersionMatch=NotOlderThan&resourceVersion=', '/a?resourceVersion='])(
    'is waited for by %s',
    async (query) => {
      const read = t.get(`${namespaces}${query}${(await newest()) + 1}`);
      await create('b');
      expect((await read).status).toBe(200);
    },
  );

  it('that does not come is told of after three seconds', async () => {
    const current = await newest();
    const began = performance.now();
    const asked = [`?resourceVersion=${current + 500}`, `/a?resourceVersion=${current + 500}`];
    for (const { status, headers, body } of await Promise.all(asked.map((each) => t.get(namespaces + each)))) {
      expect([status, headers['retry-after']]).toEqual([504, '1']);
      expect(body).toMatchObject({
        ...timeout,
        message: `Timeout: Too large resource version: ${current + 500}, current: ${current}`,
      });
    }
    expect(performance.now() - began).toBeGreaterThan(2_500);
  });

  it('is watched from at once: only what comes after it is told', async () => {
    const watch = await t.watch(`${namespaces}?watch=true&resourceVersion=${(await newest()) + 1}`);
    await create('b');
    await create('c');
    expect(await watch.next()).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'c' } } });
    await watch.stop();
  });

  it('that a watch is to begin with the state of ends its stream with an error', async () => {
    const watch = await t.watch(
      `${namespaces}?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&resourceVersion=${(await newest()) + 500}`,
    );
    expect(await watch.next()).toMatchObject({ type: 'ERROR', object: timeout });
    expect(await watch.next()).toBeUndefined();
  });
});

it('a watch from what is gone is open, and told so', async () => {
  const leases = '/apis/coordination.k8s.io/v1/namespaces/a/leases';
  for (const name of ['x', 'y', 'z']) await t.post(leases, { metadata: { name } });
  await t.store.compact('coordination.k8s.io/leases', 3);
  const watch = await t.watch(`${leases}?watch=true&resourceVersion=1`);
  const object = { kind: 'Status', reason: 'Expired', code: 410, message: 'too old resource version: 1 (3)' };
  expect(await watch.next()).toMatchObject({ type: 'ERROR', object });
  expect(await watch.next()).toBeUndefined();
});
