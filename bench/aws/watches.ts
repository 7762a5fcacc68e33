// Plain watches: what an open one takes while nothing changes, and what writes have of many that were abandoned.

import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import { abandonWatches } from '../../test/aws/abandoned-watches.ts';
import type { AwsCluster } from '../../test/aws/harness/cluster.ts';
import { memory } from '../../test/aws/harness/counts.ts';
import { type Count, difference, type Measured, measure, quiet, share } from './measure.ts';

export interface WatchesMeasured {
  /** A minute of an open one. */
  readonly open: Measured;
  /** One that begins, and ends a second later. */
  readonly begun: Measured;
  readonly abandoned: Abandoned;
}

interface Abandoned {
  readonly count: number;
  /** Those that a function holds for a client that is gone, and those that found it at its bound, or were told to come later. */
  readonly held: number;
  readonly refused: number;
  /** Writes one after another, in milliseconds at their client: without any, while they come, and while all are held. */
  readonly before: Latency;
  readonly during: Latency;
  /** Of what they watch, and of what they do not: of the former each of them reads every change. */
  readonly watched: Latency;
  readonly others: Latency;
}

interface Latency {
  readonly p50: number;
  readonly p95: number;
}

const windowMs = 20_000;
const abandonedCount = 1000;
const writes = 60;

export async function measureWatches(cluster: AwsCluster, count: Count): Promise<WatchesMeasured> {
  const agent = new Agent({ keepAlive: true, ca: readFileSync(cluster.caFile) });
  const headers = { authorization: `Bearer ${cluster.token('AKIAADMIN')}`, 'content-type': 'application/json' };
  const ask = (method: string, url: string, body = '') => {
    const sent = request(url, { method, agent, headers });
    const answered = new Promise<{ code: number; location: string | undefined; ended: Promise<void> }>(
      (resolve, reject) => {
        sent.once('error', reject);
        sent.once('response', (answer) => {
          const ended = new Promise<void>((over) => answer.once('close', over));
          answer.on('error', () => undefined).resume();
          resolve({ code: answer.statusCode ?? 0, location: answer.headers.location, ended });
        });
      },
    );
    sent.end(body);
    return { sent, answered };
  };
  const base = `${cluster.gateway.url}/api/v1/namespaces/default/configmaps`;
  const others = `${cluster.gateway.url}/api/v1/namespaces/default/secrets`;
  const watch = async (query: string) => {
    const { location } = await ask('GET', `${base}?watch=true&resourceVersion=1${query}`).answered;
    const opened = ask('GET', new URL(location ?? '', base).href);
    const { code, ended } = await opened.answered;
    if (code !== 200) throw new Error(`a watch was answered with ${code}`);
    return { sent: opened.sent, ended };
  };
  try {
    const begin = async () => (await watch('&timeoutSeconds=1')).ended;
    await begin();
    const begun = await measure('a plain watch of a second', count, begin);
    const { sent } = await watch('');
    await delay(3000);
    const before = await count();
    await delay(windowMs);
    const held = difference(await count(), before);
    sent.destroy();
    const { gigabyteSeconds, ...rest } = share(held, windowMs / 60_000);
    const open = { name: 'a minute of a plain watch', ...rest, gigabyteSeconds: gigabyteSeconds + 60 * memory.watch };
    // It would be held for minutes.
    await cluster.functions.watch.kill();
    await quiet(count);

    let written = 0;
    const write = async (collection: string) => {
      const began = performance.now();
      const { code, ended } = await ask('POST', collection, JSON.stringify({ metadata: { name: `w-${written++}` } }))
        .answered;
      await ended;
      if (code !== 201) throw new Error(`a write was answered with ${code}`);
      return performance.now() - began;
    };
    const several = async (collection: string) => {
      const taken: number[] = [];
      for (let i = 0; i < writes; i++) taken.push(await write(collection));
      return latencyOf(taken);
    };
    for (const each of [others, base]) await several(each);
    const alone = await several(base);
    const taken: number[] = [];
    let over = false;
    const abandoning = abandonWatches(cluster, abandonedCount).finally(() => {
      over = true;
    });
    while (!over) taken.push(await write(base));
    const { 200: kept = 0, 307: sentOn = 0 } = await abandoning;
    if (sentOn !== abandonedCount) throw new Error(`${sentOn} of ${abandonedCount} watches were sent on`);
    const watched = await several(base);
    await delay(3000);
    return {
      open,
      begun,
      abandoned: {
        count: abandonedCount,
        held: kept,
        refused: sentOn - kept,
        before: alone,
        during: latencyOf(taken),
        watched,
        others: await several(others),
      },
    };
  } finally {
    agent.destroy();
    await cluster.functions.watch.kill();
  }
}

function latencyOf(taken: readonly number[]): Latency {
  const sorted = [...taken].sort((a, b) => a - b);
  const at = (part: number) => Math.round(sorted[Math.floor(sorted.length * part)] ?? 0);
  return { p50: at(0.5), p95: at(0.95) };
}
