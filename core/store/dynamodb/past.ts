// One key's entries, from the newest back: each names the revision that it replaced. A request an entry, which DynamoDB charges like a get.

import {
  defaultPastLimit,
  type PastEntry,
  type PastOptions,
  type PastPage,
  pastSteps,
  type TypeName,
} from '../store.ts';
import { decode } from './codec.ts';
import type { Heads } from './heads.ts';
import { objectKey, readObject } from './items.ts';
import { type LargeValues, MissingValueError } from './large-values.ts';
import type { Log } from './log.ts';
import type { Call, Requests } from './requests.ts';

export async function past(
  requests: Requests,
  log: Log,
  large: LargeValues | undefined,
  call: Call,
  type: TypeName,
  name: string,
  options: PastOptions = {},
): Promise<PastPage> {
  const {
    from,
    limit = defaultPastLimit,
    revision: newest = Number.POSITIVE_INFINITY,
    time = Number.POSITIVE_INFINITY,
  } = options;
  const item = from === undefined ? await requests.get(call, objectKey(type, name)) : undefined;
  const object = item && readObject(item);
  const entries: PastEntry[] = [];
  let at = from ?? object?.revision ?? 0;
  for (let steps = 0; at > 0; steps++) {
    if (entries.length >= limit || steps >= pastSteps) return { entries, more: at, gone: false };
    const [slot] = await log.at(call, type, [at]);
    if (!slot || slot.kind === 'fence' || slot.name !== name) {
      // The entry was collected; what it wrote is still there.
      if (object?.value && object.revision === at && at <= newest) {
        const value = await decode(object.value, at, large);
        entries.push({ op: 'put', name, revision: at, previousRevision: 0, value, at: 0 });
      }
      return { entries, gone: true };
    }
    const { kind: op, previous, value, takenAt, by } = slot;
    if (at <= newest && takenAt <= time) {
      const bytes = await decode(value, at, large).catch((error: unknown) => {
        if (error instanceof MissingValueError) return undefined;
        throw error;
      });
      // The log was given up to here, and DynamoDB has not collected the entry yet.
      if (bytes === undefined) return { entries, gone: true };
      entries.push({
        op,
        name,
        revision: at,
        previousRevision: previous,
        value: bytes,
        at: takenAt,
        ...(by !== undefined && { by }),
      });
    }
    at = previous;
  }
  return { entries, gone: false };
}

/**
 * Behind what halving finds may be older entries: clocks of writers differ by some milliseconds, and these are many entries only where there
 * are many writes.
 */
const lookedAhead = 100;

/** A request for each halving, and one more. A slot that is empty lies before the log, or is about to be filled. */
export async function revisionAt(heads: Heads, log: Log, call: Call, type: TypeName, time: number): Promise<number> {
  const { head, compacted, settled } = await heads.read(call, type);
  let [low, high] = [compacted, head];
  let isKnown = compacted === 0 && head === 0;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const [slot] = await log.at(call, type, [middle]);
    if (slot ? slot.takenAt > time : middle > settled) high = middle - 1;
    else {
      low = middle;
      isKnown = slot !== undefined;
    }
  }
  if (isKnown) {
    const ahead = Array.from({ length: Math.min(lookedAhead, head - low) }, (_, at) => low + 1 + at);
    const written = (await log.at(call, type, ahead)).filter((slot) => slot.takenAt <= time);
    return Math.max(low, ...written.map((slot) => slot.revision));
  }
  // Before the first of all, where that one is still there.
  if (low === 0 && (await log.at(call, type, [1])).length > 0) return 0;
  throw log.gone(type, low);
}
