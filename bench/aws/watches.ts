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
  /** Those that a function holds for a client that is gone, and those that were told to come later. */
  readonly held: number;
  readonly refused: number;
  /** Writes one after another, in milliseconds at their client: without any, while they come, and while all are held. */
  readonly before: Latency;
  readonly during: Latency;
  readonly after: Latency;
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
    const write = async () => {
      const began = performance.now();
      const { code, ended } = await ask('POST', base, JSON.stringify({ metadata: { name: `w-${written++}` } }))
        .answered;
      await ended;
      if (code !== 201) throw new Error(`a write was answered with ${code}`);
      return performance.now() - began;
    };
    const several = async () => {
      const taken: number[] = [];
      for (let i = 0; i < writes; i++) taken.push(await write());
      return latencyOf(taken);
    };
    await several();
    const alone = await several();
    const taken: number[] = [];
    let over = false;
    const abandoning = abandonWatches(cluster, abandonedCount).finally(() => {
      over = true;
    });
    while (!over) taken.push(await write());
    const answers = await abandoning;
    const after = await several();
    return {
      open,
      begun,
      abandoned: {
        count: abandonedCount,
        held: answers[200] ?? 0,
        refused: answers[429] ?? 0,
        before: alone,
        during: latencyOf(taken),
        after,
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
