// Which large values there are, and which of them nothing refers to. Each is noted in the table before it is written, under a name that no
// other value ever has; so that one is collected once it is old and neither its object nor the log refers to it. Why no slow writer can
// refer to it afterwards: a writer looks at its value's age after it has taken its revision. Either it took the revision before the
// collector read the log, which fills or fences every revision that was given out, so that the late write fails; or after, and then its
// value is an hour old at most, and was younger still when the collector passed it by.

import { StoreError, type TypeName } from '../store.ts';
import { largeNameOf } from './codec.ts';
import type { Heads } from './heads.ts';
import { type DynamoItem, integer, number, objectKey, readObject, type StoredObject, text } from './items.ts';
import { type LargeValues, youngestCollectedMs } from './large-values.ts';
import type { Log } from './log.ts';
import type { Call, Requests } from './requests.ts';

const partition = 'large';

interface Noted {
  readonly large: string;
  readonly type: TypeName;
  readonly name: string;
  /** Unix milliseconds. */
  readonly since: number;
}

/** Before the value is written: what was written without a note would never be found. */
export async function noteLarge(requests: Requests, call: Call, { large, type, name, since }: Noted): Promise<void> {
  const Item = { ...keyOf(large), y: { S: type }, n: { S: name }, a: number(since) };
  const { calls, table } = requests;
  await requests.repeat(call, 'write', () =>
    calls.putItem({ TableName: table, Item, ReturnConsumedCapacity: 'TOTAL' }),
  );
}

/** Removes values that nothing refers to any more, at most so many. Returns how many. Whoever ends in the middle leaves the rest to the next. */
export async function collectLarge(
  requests: Requests,
  heads: Heads,
  log: Log,
  large: LargeValues,
  begin: () => Call,
  most = Number.POSITIVE_INFINITY,
): Promise<number> {
  let count = 0;
  for (const [type, noted] of await oldByType(requests, begin())) {
    const left = await unreferredByObjects(requests, begin, noted);
    if (left.length === 0) continue;
    const { named, head } = await namedByLog(heads, log, begin, type);
    // Once more, after the log: what was deleted or replaced meanwhile may stand in a later part of it.
    for (const each of left) {
      if (count >= most) return count;
      if (named.has(each.large)) continue;
      const object = await objectOf(requests, begin(), each);
      if (refersTo(object, each.large) || (object?.revision ?? 0) > head) continue;
      await large.remove(each.large);
      await forget(requests, begin(), each.large);
      count++;
    }
  }
  return count;
}

async function oldByType(requests: Requests, call: Call): Promise<Map<TypeName, Noted[]>> {
  const byType = new Map<TypeName, Noted[]>();
  const oldest = requests.surroundings.now() - youngestCollectedMs;
  const query = {
    KeyConditionExpression: 'p = :p',
    ExpressionAttributeValues: { ':p': { S: partition } },
  };
  for await (const page of requests.query(call, query))
    for (const item of page) {
      const noted = readNoted(item);
      if (noted.since > oldest) continue;
      const known = byType.get(noted.type);
      if (known) known.push(noted);
      else byType.set(noted.type, [noted]);
    }
  return byType;
}

async function unreferredByObjects(requests: Requests, begin: () => Call, noted: readonly Noted[]): Promise<Noted[]> {
  const left: Noted[] = [];
  for (const each of noted) if (!refersTo(await objectOf(requests, begin(), each), each.large)) left.push(each);
  return left;
}

/** What all entries name that can still be read. All revisions up to `head` are filled or fenced then. */
async function namedByLog(heads: Heads, log: Log, begin: () => Call, type: TypeName) {
  const named = new Set<string>();
  for (;;) {
    const state = await heads.read(begin(), type);
    const { head, compacted } = state;
    try {
      for (let after = compacted; after < head; ) {
        const slots = await log.next(begin(), type, state, after, head);
        for (const slot of slots) {
          const name = slot.kind === 'fence' ? undefined : largeNameOf(slot.value);
          if (name !== undefined) named.add(name);
          after = slot.revision;
        }
      }
      return { named, head };
    } catch (error) {
      // It was given up to a later revision, by somebody or by this reading: an old gap in it was fenced.
      if (!(error instanceof StoreError && error.failure.code === 'compacted')) throw error;
    }
  }
}

async function objectOf(requests: Requests, call: Call, { type, name }: Noted): Promise<StoredObject | undefined> {
  const item = await requests.get(call, objectKey(type, name));
  return item && readObject(item);
}

function refersTo(object: StoredObject | undefined, large: string): boolean {
  return object?.value !== undefined && largeNameOf(object.value) === large;
}

async function forget(requests: Requests, call: Call, large: string): Promise<void> {
  const { calls, table } = requests;
  await requests.repeat(call, 'write', () =>
    calls.deleteItem({ TableName: table, Key: keyOf(large), ReturnConsumedCapacity: 'TOTAL' }),
  );
}

function keyOf(large: string) {
  return { p: { S: partition }, s: { S: large } };
}

function readNoted(item: DynamoItem): Noted {
  return { large: text(item['s']), type: text(item['y']), name: text(item['n']), since: integer(item['a']) };
}
