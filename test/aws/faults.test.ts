// The bundled functions in a storm: DynamoDB refuses, is slow and does not answer, environments end at any line, messages come twice,
// and two of everything run at once; the channel loses, doubles and reorders what it tells edges, and its connections end; a webhook hangs. Nothing that was answered may be lost, nothing done twice, and once the storm is over the cluster
// comes to rest at what was asked for. The seed is printed; ZEROPLANE_SEED sets it. About 40 s: it takes half a minute of
// processor time, most of it cold starts.

import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../simulation/random.ts';
import { eventually } from '../tools/cluster.ts';
import { runSeed } from '../tools/seed.ts';
import { type ApiClient, createApiClient } from './api-client.ts';
import { type AwsCluster, startAwsCluster } from './harness/cluster.ts';
import { createStorm } from './harness/storm.ts';
import { playNode } from './played-node.ts';
import { type Counters, countersIn } from './storm/counters.ts';
import { type Deployments, deploymentsIn } from './storm/deployments.ts';
import { openStormEdge, type StormEdge } from './storm/edge.ts';
import { type HangingWebhook, openHangingWebhook } from './storm/hanging-webhook.ts';
import { type Rooms, roomCpu, roomsIn } from './storm/rooms.ts';

const seed = runSeed();
/** It blows for so long, and on until enough has happened: a busy machine does little in that time. */
const stormMs = 12_000;
const patienceSeconds = 240;
const enough = { counted: 10, asked: 10, deleted: 10, killed: 3 };
const nodes = {
  'small-1': { labels: { size: 'small' }, room: { cpu: roomCpu, pods: '110' } },
  'small-2': { labels: { size: 'small' }, room: { cpu: roomCpu, pods: '110' } },
  big: { labels: { size: 'big' }, room: { cpu: '64', pods: '110' } },
};

describe('functions in a storm', { timeout: 300_000 }, () => {
  const storm = createStorm(seed);
  const done = new AbortController();
  let following: Promise<unknown> = Promise.resolve();
  let cluster: AwsCluster;
  let client: ApiClient;
  let counters: Counters;
  let deployments: Deployments;
  let rooms: Rooms;
  let edge: StormEdge;
  let hook: HangingWebhook;

  beforeAll(async () => {
    console.log(`storm of seed ${seed}`);
    cluster = await startAwsCluster({
      storm,
      streamDelayMs: 200,
      tickMs: 5000,
      channel: true,
      // They run out of time after a second and a half, and leave the rest to the next.
      timeoutsMs: { controllers: 6500, scheduler: 6500 },
      concurrency: { read: 6, write: 8, node: 2 },
      // What goes wrong is what this is about.
      env: { ZEROPLANE_LOG: process.env['ZEROPLANE_LOG'] ?? 'fatal' },
    });
    const ca = readFileSync(cluster.caFile, 'utf8');
    client = createApiClient({ url: cluster.gateway.url, ca, token: cluster.token('AKIAADMIN') });
    await eventually(patienceSeconds, async () => {
      return (await client.send('GET', '/api/v1/namespaces/default/serviceaccounts/default')).code === 200;
    });
    hook = await openHangingWebhook(client, new Random(seed * 41));
    edge = await openStormEdge(cluster);
    counters = countersIn(client, seed);
    deployments = deploymentsIn(client, seed);
    rooms = roomsIn(client, seed);

    const played = Object.entries(nodes).map(([name, options]) => playNode(client, name, options, done.signal));
    following = Promise.all([
      ...played,
      counters.follow(client, done.signal),
      counters.follow(edge.client, done.signal),
      rooms.follow(done.signal),
    ]);
    const over = new AbortController();
    const used = Promise.all([counters, deployments, rooms].map((each) => each.run(over.signal)));
    const blown = delay(stormMs)
      .then(() => eventually(patienceSeconds, async () => missing().length === 0))
      .catch(() => {
        throw new Error(`within ${patienceSeconds} s the storm did not bring: ${missing().join(', ')}`);
      });
    // Whoever asks or follows ends by itself only when something is wrong.
    await Promise.race([blown, used, following]);
    over.abort();
    await used;
    await storm.end();
  }, 900_000);

  afterAll(async () => {
    await storm.end();
    done.abort();
    await edge?.close();
    await hook?.close();
    client?.close();
    await cluster?.stop();
    await following;
  });

  const happened = () => ({
    ...storm.counts(),
    hung: hook.hung,
    resumed: client.resumed,
    counted: counters.done,
    doubtful: counters.doubtful,
    asked: deployments.asked,
    deleted: rooms.deleted,
  });
  const missing = () => {
    const least: Partial<ReturnType<typeof happened>> = { ...enough, doubtful: 0 };
    return Object.entries({ ...happened() }).filter(([what, count]) => count < ({ ...least }[what] ?? 1));
  };

  it('meet every kind of fault, and get on with their work', () => {
    console.log(`storm of seed ${seed}: ${JSON.stringify(happened())}`);
    expect(missing()).toEqual([]);
  });

  it('lose no count that was answered and count none twice, and a watcher sees each once, in order', async () => {
    const final = await counters.value();
    await eventually(patienceSeconds, async () => counters.seen >= final);
    expect(counters.problems(final)).toEqual([]);
  });

  it('bring Deployments to rest at what was asked for, with nothing doubled and nothing orphaned', async () => {
    await eventually(patienceSeconds, async () => without(await deployments.problems()));
  });

  it('bind what there is room for, and make no pod and bind none too many at any time', async () => {
    await eventually(patienceSeconds, async () => without(await rooms.problems()));
    expect(rooms.violations).toEqual([]);
  });
});

/** Throws what there is, for whoever gives up waiting. */
function without(problems: readonly string[]): true {
  if (problems.length > 0) throw new Error(problems.join('\n'));
  return true;
}
