// A webhook behind a node, called from a function through the table: the real caller, relay, agent's end and TLS, in one process over the
// model of DynamoDB. What a call takes is counted here.

import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { serveConnect } from '../../agent/streams/connect.ts';
import { relaySocket } from '../../agent/streams/relay-socket.ts';
import { StatusError } from '../../core/machinery/status.ts';
import type { DialRequest } from '../../core/node/protocol.ts';
import { createRelayBroker } from '../../core/node/relay-broker.ts';
import { createLocalQueue } from '../../core/queue/local/local-queue.ts';
import { type RelayedReach, reachOverRelays } from '../../core/registry/reach-over-relays.ts';
import { createWebhookCaller, type WebhookCaller } from '../../core/registry/webhooks/caller.ts';
import { tableRelays } from '../../core/store/dynamodb/relays.ts';
import { Query } from '../../functions/apiserver/query.ts';
import { takeRelayPost } from '../../functions/apiserver/relay/relay-posts.ts';
import { openWebhook, type WebhookServer } from '../../functions/apiserver/testing/webhook-server.ts';
import { modelCalls } from '../simulation/model/calls.ts';
import { ModelTable } from '../simulation/model/table.ts';

let hook: WebhookServer;
let pods: RelayedReach;
let call: WebhookCaller;
let stops: AbortController;
/** What was counted: streams, the agent's posts, reads and writes of the table by functions. */
let counts: { streams: number; posts: number; reads: number; writes: number };
/** Streams that the agent still serves. */
let served: number;

beforeEach(async () => {
  hook = await openWebhook(() => ({ allowed: true }), 'hook.default.svc');
  counts = { streams: 0, posts: 0, reads: 0, writes: 0 };
  served = 0;
  stops = new AbortController();
  const time = {
    now: Date.now,
    pause: async (ms: number, signal?: AbortSignal) => {
      await delay(ms, undefined, signal && { signal }).catch(() => undefined);
    },
  };
  const relays = tableRelays(counted(), 'store', { now: Date.now, sleep: delay, random: Math.random });
  const queue = createLocalQueue({ now: Date.now, visibilitySeconds: 30 });
  await queue.create('node-n');
  pods = reachOverRelays(createRelayBroker({ relays, queue, now: Date.now }));
  call = createWebhookCaller({
    reach: pods.reach,
    random: Math.random,
    // as: of the two types that a Service is found by.
    lookUp: (async () => ({ spec: { ports: [{ port: 443, name: '' }] } })) as never,
    lookAll: (async () => [
      {
        metadata: { labels: { 'kubernetes.io/service-name': 'hook' } },
        ports: [{ name: '', port: hook.port }],
        endpoints: [{ addresses: ['10.244.9.9'], nodeName: 'n', targetRef: { kind: 'Pod', name: 'hook-0', uid: 'u' } }],
      },
    ]) as never,
  });
  const serve = async ({ id }: DialRequest) => {
    counts.streams++;
    served++;
    const socket = relaySocket({
      writer: 'agent',
      async post(query, body = new Uint8Array(0)) {
        counts.posts++;
        try {
          const post = { node: 'n', id, query: new Query(new URLSearchParams(query)), body, ...time };
          return await takeRelayPost(relays, post);
        } catch (error) {
          if (error instanceof StatusError && error.code === 404) return undefined;
          throw error;
        }
      },
      ...time,
      pace: { gatherMs: 2, longestGapMs: 150, waitMs: 5000 },
    });
    await serveConnect('127.0.0.1', hook.port, socket).finally(() => socket.close());
    served--;
  };
  void (async () => {
    const { signal } = stops;
    while (!signal.aborted)
      for (const { body, receipt } of await queue.receive('node-n', { waitSeconds: 1, max: 10, signal })) {
        await queue.acknowledge('node-n', [receipt]);
        // as: what the broker sent.
        void serve(JSON.parse(body) as DialRequest);
      }
  })();
});
afterEach(async () => {
  stops.abort();
  await pods.end();
  await hook.close();
});

function counted() {
  const calls = modelCalls(new ModelTable(Date.now));
  return new Proxy(calls, {
    get(target, name, receiver) {
      if (name === 'getItem' || name === 'query') counts.reads++;
      if (name === 'putItem' || name === 'updateItem' || name === 'deleteItem') counts.writes++;
      return Reflect.get(target, name, receiver);
    },
  });
}

const review = { kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', request: { uid: 'u' } };
const ask = (timeoutMs = 30_000) =>
  call({ service: { namespace: 'default', name: 'hook' }, caBundle: hook.caBundle }, review, timeoutMs);

it('is called on one connection during one piece of work, and on a new one in the next', async () => {
  for (let i = 0; i < 3; i++) expect(await ask()).toMatchObject({ response: { uid: 'u', allowed: true } });
  expect(counts.streams).toBe(1);
  await pods.end();
  await expect.poll(() => served).toBe(0);
  expect(await ask()).toMatchObject({ response: { allowed: true } });
  expect(counts.streams).toBe(2);
});

it('takes a few posts of the agent, and a few writes of the table', async () => {
  const took: number[] = [];
  const times = 20;
  for (let i = 0; i < times; i++) {
    const began = performance.now();
    await ask();
    took.push(performance.now() - began);
    await pods.end();
    await expect.poll(() => served).toBe(0);
  }
  const each = Object.fromEntries(Object.entries(counts).map(([name, n]) => [name, n / times]));
  const median = took.sort((a, b) => a - b)[times / 2] ?? 0;
  console.log(`a webhook over a relay: p50 ${median.toFixed(0)} ms, each ${JSON.stringify(each)}`);
  expect(each['streams']).toBe(1);
  expect(each['posts']).toBeLessThan(10);
  expect(each['writes']).toBeLessThan(20);
});

it('that hangs takes its own time and no more, and nothing of it is left on the node', async () => {
  await hook.close();
  hook = await openWebhook(() => new Promise(() => {}), 'hook.default.svc');
  await expect(ask(1000)).rejects.toMatchObject({ code: 'timeout' });
  await pods.end();
  await expect.poll(() => served).toBe(0);
});
