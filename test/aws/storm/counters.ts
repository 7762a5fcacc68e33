// Clients that count together in one ConfigMap, each write conditional on what it read, and watchers that see every value.

import { setTimeout as delay } from 'node:timers/promises';
import { Random } from '../../simulation/random.ts';
import type { ApiClient } from '../api-client.ts';

export interface Counters {
  /** Counts until the signal. */
  run(over: AbortSignal): Promise<void>;
  /** Watches until the signal, through any way to the cluster. */
  follow(through: ApiClient, done: AbortSignal): Promise<void>;
  /** The value as it is read now. */
  value(): Promise<number>;
  /** The value that all watchers have seen. */
  readonly seen: number;
  readonly done: number;
  readonly doubtful: number;
  /** What must not be, once all was seen. */
  problems(final: number): string[];
}

interface Written {
  readonly n: number;
  readonly by: string;
  readonly resourceVersion: string;
}

const clients = 4;
const path = '/api/v1/namespaces/default/configmaps';
const name = 'counter';
const longestPauseMs = 150;

export function countersIn(client: ApiClient, seed: number): Counters {
  const done: Written[] = [];
  const doubtful = new Set<string>();
  /** Answered that they did not happen: a conflict, or too many requests, after which a client may send the same again. */
  const refused = new Set<string>();
  /** Of each watcher. */
  const seenBy: Written[][] = [];
  let begun: string | undefined;

  async function count(id: number, over: AbortSignal): Promise<void> {
    const random = new Random(seed * 37 + id);
    for (let i = 0; !over.aborted; i++) {
      const { code, body } = await client.send('GET', `${path}/${name}`);
      if (code === 200) {
        const [n, by] = [Number(body.data.n) + 1, `${id}-${i}`];
        const answer = await client.send('PUT', `${path}/${name}`, { ...body, data: { n: String(n), by } });
        if (answer.code === 200) done.push({ n, by, resourceVersion: answer.body.metadata.resourceVersion });
        else if (answer.code === 409 || answer.code === 429) refused.add(by);
        else if (answer.code === 0 || answer.code >= 500) doubtful.add(by);
        else throw new Error(`a count was answered with ${answer.code}: ${JSON.stringify(answer.body)}`);
      }
      await delay(random.below(longestPauseMs));
    }
  }

  return {
    async run(over) {
      await client.sendUntil([201, 409], 'POST', path, { metadata: { name }, data: { n: '0', by: 'nobody' } });
      begun = (await client.sendUntil([200], 'GET', `${path}/${name}`)).body.metadata.resourceVersion;
      await Promise.all(Array.from({ length: clients }, (_, id) => count(id, over)));
    },
    async follow(through, end) {
      const seen: Written[] = [];
      seenBy.push(seen);
      while (begun === undefined && !end.aborted) await delay(20);
      for await (const { object } of through.watch(`${path}?fieldSelector=metadata.name%3D${name}`, begun ?? '', end)) {
        const { metadata, data } = object;
        seen.push({ n: Number(data.n), by: data.by, resourceVersion: metadata.resourceVersion });
      }
    },
    async value() {
      return Number((await client.sendUntil([200], 'GET', `${path}/${name}`)).body.data.n);
    },
    get seen() {
      return Math.min(...seenBy.map((seen) => seen.at(-1)?.n ?? 0));
    },
    get done() {
      return done.length;
    },
    get doubtful() {
      return doubtful.size;
    },
    problems(final) {
      const problems: string[] = [];
      if (final < done.length || final > done.length + doubtful.size)
        problems.push(`the counter is ${final} after ${done.length} counts and ${doubtful.size} in doubt`);
      for (const seen of seenBy) problems.push(...problemsOf(seen, final));
      return problems;
    },
  };

  function problemsOf(seen: readonly Written[], final: number): string[] {
    const problems: string[] = [];
    if (seen.length !== final || seen.some(({ n }, i) => n !== i + 1))
      problems.push(`a watcher saw ${seen.map(({ n }) => n).join(' ')} of ${final}`);
    const byRevision = new Map(seen.map((each) => [each.resourceVersion, each]));
    for (const { n, by, resourceVersion } of done) {
      const there = byRevision.get(resourceVersion);
      if (there?.n !== n || there.by !== by) problems.push(`${by} made it ${n} at ${resourceVersion}: ${there?.by}`);
    }
    for (const { by, n } of seen) if (refused.has(by)) problems.push(`${by} was refused, and made it ${n}`);
    return problems;
  }
}
