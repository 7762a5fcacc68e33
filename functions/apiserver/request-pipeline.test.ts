import { duplexPair } from 'node:stream';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createRequestPipeline } from './request-pipeline.ts';
import { createRequestMetrics } from './system/request-metrics.ts';
import { openTestApi, type TestApi } from './testing/open-test-api.ts';

let t: TestApi;
let closed: number;

beforeEach(async () => {
  t = await openTestApi();
  closed = 0;
});

afterEach(async () => {
  await t.close();
});

/** How many upgraded connections of one pod's exec are counted as open, when one was taken over and after `leave`. */
async function takeOver(leaveBefore: boolean) {
  const metrics = createRequestMetrics(t.definitions);
  const request = t.request('GET', '/api/v1/namespaces/default/pods/p/exec');
  const audit = {
    begin: () => ({
      annotations: {},
      impersonates() {},
      readRequest: async () => request,
      finish: async (response: undefined) => response,
      closed: () => void closed++,
    }),
  };
  const { authenticator, authorizer } = t.api;
  // as: of an audit, what an upgrade uses.
  const pipeline = createRequestPipeline({
    authenticator,
    authorizer,
    flowControl: undefined,
    metrics,
    audit: audit as never,
  });
  const [near] = duplexPair();
  if (leaveBefore) {
    near.destroy();
    await new Promise((resolve) => near.once('close', resolve));
  }
  await pipeline(request, async () => undefined, { socket: near, head: Buffer.alloc(0) });
  const open = () => [...metrics.counts.series].reduce((sum, { longRunning }) => sum + longRunning, 0);
  return { near, open };
}

it('A connection that was taken over counts as open until it closes', async () => {
  const { near, open } = await takeOver(false);
  expect([open(), closed]).toEqual([1, 0]);
  near.destroy();
  await expect.poll(() => [open(), closed]).toEqual([0, 1]);
});

it('A connection whose client left before it was taken over does not count as open', async () => {
  const { open } = await takeOver(true);
  expect([open(), closed]).toEqual([0, 1]);
});
