// What an operation takes, with everything that it sets off: counted before and after, when nothing happens any more.

import { setTimeout as delay } from 'node:timers/promises';
import type { Counts } from '../../test/aws/harness/counts.ts';
import { step } from './parts.ts';

export interface Measured extends Counts {
  readonly name: string;
}

export type Count = () => Counts | Promise<Counts>;

export async function measure(name: string, count: Count, work: () => Promise<unknown>): Promise<Measured> {
  step(name);
  await quiet(count);
  const before = await count();
  await work();
  await quiet(count);
  return { name, ...difference(await count(), before) };
}

export function difference(after: Counts, before: Counts): Counts {
  return mapped((field) => after[field] - before[field]);
}

/** One of so many like parts; with a fraction of one, the whole. */
export function share(all: Counts, parts: number): Counts {
  return mapped((field) => all[field] / parts);
}

/** The median of each count: what happens by itself now and then, such as a node's report, falls out. */
export function medianOf(name: string, all: readonly Counts[]): Measured {
  return {
    name,
    ...mapped((field) => {
      const sorted = all.map((each) => each[field]).sort((a, b) => a - b);
      return sorted[Math.floor(sorted.length / 2)] ?? 0;
    }),
  };
}

function mapped(of: (field: keyof Counts) => number): Counts {
  return {
    apiRequests: of('apiRequests'),
    invocations: of('invocations'),
    gigabyteSeconds: of('gigabyteSeconds'),
    readUnits: of('readUnits'),
    writeUnits: of('writeUnits'),
    messages: of('messages'),
    socketMessages: of('socketMessages'),
  };
}

/** Until no function was invoked and no request was charged for a second. */
export async function quiet(count: Count): Promise<void> {
  let last = '';
  for (let same = 0; same < 4; ) {
    await delay(250);
    const { gigabyteSeconds: _, ...now } = await count();
    const text = JSON.stringify(now);
    same = text === last ? same + 1 : 0;
    last = text;
  }
}
