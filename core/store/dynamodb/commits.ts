// Commits: what has to be read first, revisions from the head, then transactions until one is answered for.

import { randomBytes } from 'node:crypto';
import type { Committed, Delete, Item, Put, Write } from '../store.ts';
import { StoreError } from '../store.ts';
import { decode, encode, storeLargeValue } from './codec.ts';
import type { Heads } from './heads.ts';
import type { StoredObject } from './items.ts';
import { objectKey, readObject } from './items.ts';
import { KeyQueue } from './key-queue.ts';
import { type LargeValues, largestInline, largestTogether, longestWriteMs } from './large-values.ts';
import type { Log } from './log.ts';
import { changes, needsReading, type Planned, type Prepared } from './planned.ts';
import type { Call, Requests } from './requests.ts';
import { throttled } from './requests.ts';
import { attempt, type Outcome } from './transaction.ts';

export interface CommitsOptions {
  readonly large: LargeValues | undefined;
  /** A name for each attempt that no other attempt of any process has; at most 36 characters. */
  readonly newId: () => string;
  readonly maximumValueBytes: number;
}

/** Transactions of one `commitEach` under way at a time. */
const together = 64;
/** Of a large value's name. */
const onceBytes = 8;

export class Commits {
  readonly #requests: Requests;
  readonly #heads: Heads;
  readonly #log: Log;
  readonly #options: CommitsOptions;
  readonly #queue = new KeyQueue();

  constructor(requests: Requests, heads: Heads, log: Log, options: CommitsOptions) {
    this.#requests = requests;
    this.#heads = heads;
    this.#log = log;
    this.#options = options;
  }

  async commit(call: Call, writes: readonly Write[]): Promise<Committed[]> {
    return this.#queued(call, writes, (begun) => this.#commitNow(begun, writes));
  }

  /** Writes that take any state wait for their turn at their keys; their budget begins with it. */
  async #queued<T>(call: Call, writes: readonly Write[], work: (call: Call) => Promise<T>): Promise<T> {
    const keys = writes.filter((write) => write.expect === 'any').map(({ type, name }) => `${type}\n${name}`);
    if (keys.length === 0) return work(call);
    return this.#queue.run(keys, () => work(this.#requests.renewed(call)));
  }

  async #commitNow(call: Call, writes: readonly Write[]): Promise<Committed[]> {
    const prepared = await this.#prepare(call, writes);
    for (let tried = 0; ; tried++) {
      const currents = await this.#read(call, writes);
      for (const [i, write] of writes.entries()) {
        const conflict = await this.#conflictOf(write, currents[i]);
        if (conflict) throw conflict;
      }
      const planned = await this.#plan(call, prepared, currents);
      const outcome = await this.#attempt(call, planned);
      if (outcome.kind === 'committed') return Promise.all(planned.map((each) => this.#committed(each)));
      if (outcome.kind === 'conflict') throw await this.#conflict(outcome.planned.write, outcome.current);
      if (!(await this.#requests.pause(call, tried))) throw throttled();
    }
  }

  /** Writes of one key are done one after the other, in order. */
  async commitEach(call: Call, writes: readonly (Put | Delete)[]): Promise<(Committed | StoreError)[]> {
    const outcomes: (Committed | StoreError)[] = [];
    let left = writes.map((write, place) => ({ write, place }));
    while (left.length > 0) {
      const seen = new Set<string>();
      const [first, later] = [[] as typeof left, [] as typeof left];
      for (const each of left) {
        const key = `${each.write.type}\n${each.write.name}`;
        (seen.has(key) ? later : first).push(each);
        seen.add(key);
      }
      const distinct = first.map((each) => each.write);
      // What fails before the first transaction fails for all of these, and for none of those before.
      const done = await this.#queued(call, distinct, (begun) => this.#commitDistinct(begun, distinct)).catch(
        (error: unknown) => distinct.map(() => storeErrorOnly(error)),
      );
      for (const [i, { place }] of first.entries()) outcomes[place] = done[i] ?? { revision: 0 };
      left = later;
    }
    return outcomes;
  }

  async #commitDistinct(call: Call, writes: readonly (Put | Delete)[]): Promise<(Committed | StoreError)[]> {
    const outcomes: (Committed | StoreError)[] = [];
    const prepared = await Promise.all(
      writes.map((write) => this.#prepare(call, [write]).then(([only]) => only, storeErrorOnly)),
    );
    const currents = await this.#read(call, writes);
    const going: { readonly prepared: Prepared; readonly current: StoredObject | undefined; readonly place: number }[] =
      [];
    for (const [place, write] of writes.entries()) {
      const ready = prepared[place];
      const failed = ready instanceof StoreError ? ready : await this.#conflictOf(write, currents[place]);
      if (failed) outcomes[place] = failed;
      else if (ready && !(ready instanceof StoreError))
        going.push({ prepared: ready, current: currents[place], place });
    }
    const planned = await this.#plan(
      call,
      going.map((each) => each.prepared),
      going.map((each) => each.current),
    );
    let next = 0;
    const work = async () => {
      for (let i = next++; i < planned.length; i = next++) {
        const [each, place] = [planned[i], going[i]?.place];
        if (each && place !== undefined) outcomes[place] = await this.#alone(call, each).catch(storeErrorOnly);
      }
    };
    await Promise.all(Array.from({ length: Math.min(together, planned.length) }, work));
    return outcomes;
  }

  /** A write of `commitEach` at the revision of its block; with a new one, like any commit, where that one is lost. */
  async #alone(call: Call, planned: Planned): Promise<Committed> {
    const outcome = await this.#attempt(call, [planned]);
    if (outcome.kind === 'committed') return this.#committed(planned);
    if (outcome.kind === 'conflict') throw await this.#conflict(planned.write, outcome.current);
    const [committed = { revision: 0 }] = await this.#commitNow(call, [planned.write]);
    return committed;
  }

  async #attempt(call: Call, planned: readonly Planned[]): Promise<Outcome> {
    if (planned.length === 0) return { kind: 'committed' };
    // After the revisions were taken, and at once before they are used: that is what large-ledger.ts relies on.
    const oldest = Math.min(...planned.map(({ asideSince = Number.POSITIVE_INFINITY }) => asideSince));
    if (this.#requests.surroundings.now() - oldest > longestWriteMs) throw throttled();
    const [only] = planned;
    // Nothing to delete, as was just read.
    if (planned.length === 1 && only?.revision === 0 && only.write.expect === 'any') return { kind: 'committed' };
    return attempt(this.#requests, this.#log, call, this.#options.newId(), planned);
  }

  /** Encodes what is written, and moves out what has no room in its item. */
  async #prepare(call: Call, writes: readonly Write[]): Promise<Prepared[]> {
    const prepared = writes.map((write): Prepared => {
      if (write.op === 'check' || !write.value) return { write };
      const { maximumValueBytes } = this.#options;
      if (write.value.bytes.length > maximumValueBytes)
        throw tooLarge(write.name, write.value.bytes.length, maximumValueBytes);
      return { write, value: encode(write.value) };
    });
    // Each value is stored twice, with its key and in the log.
    const total = 2 * prepared.reduce((sum, { value }) => sum + (value?.encoded.length ?? 0), 0);
    const limit = total > largestTogether ? Math.floor(largestTogether / 2 / writes.length) : largestInline;
    return Promise.all(
      prepared.map(async (each): Promise<Prepared> => {
        const size = each.value?.encoded.length ?? 0;
        if (!each.value || size <= Math.min(limit, largestInline)) return each;
        if (!this.#options.large) throw tooLarge(each.write.name, size, limit);
        const { type, name } = each.write;
        const asideSince = this.#requests.surroundings.now();
        // Few values are large: no start loads it.
        const { noteLarge } = await import('./large-ledger.ts');
        const noted = (large: string) => noteLarge(this.#requests, call, { large, type, name, since: asideSince });
        const value = await storeLargeValue(each.value, this.#options.large, randomBytes(onceBytes), noted);
        return { ...each, value, asideSince };
      }),
    );
  }

  /** The state of those keys that must be known, in the order of the writes; undefined for what was not read or is not there. */
  async #read(call: Call, writes: readonly Write[]): Promise<(StoredObject | undefined)[]> {
    const reading = writes.filter(needsReading);
    const items = await this.#requests.getAll(
      call,
      reading.map(({ type, name }) => objectKey(type, name)),
    );
    const found = new Map(items.map((item) => [`${item['p']?.S}\n${item['s']?.S}`, readObject(item)]));
    return writes.map((write) => {
      const { p, s } = objectKey(write.type, write.name);
      return found.get(`${p.S}\n${s.S}`);
    });
  }

  async #plan(
    call: Call,
    prepared: readonly Prepared[],
    currents: readonly (StoredObject | undefined)[],
  ): Promise<Planned[]> {
    const counts = new Map<string, number>();
    for (const [i, each] of prepared.entries())
      if (changes(each, currents[i])) counts.set(each.write.type, (counts.get(each.write.type) ?? 0) + 1);
    const taken = await Promise.all(
      [...counts].map(async ([type, count]) => [type, await this.#heads.take(call, type, count)] as const),
    );
    const blocks = new Map(taken);
    const given = new Map<string, number>();
    return prepared.map((each, i) => {
      const { write } = each;
      const current = currents[i];
      const live = current?.value ? current : undefined;
      const previous = write.expect === 'any' ? (live?.revision ?? 0) : write.expect;
      const block = changes(each, current) ? blocks.get(write.type) : undefined;
      if (!block) return { ...each, previous, revision: 0, takenAt: 0 };
      const offset = given.get(write.type) ?? 0;
      given.set(write.type, offset + 1);
      const value = each.value ?? live?.value;
      return { ...each, previous, revision: block.first + offset, takenAt: block.takenAt, ...(value && { value }) };
    });
  }

  async #committed({ revision, value }: Planned): Promise<Committed> {
    if (revision === 0 || !value) return { revision };
    return { revision, value: await decode(value, revision, this.#options.large) };
  }

  /** Where the state was read: whether it is what the write expects. */
  async #conflictOf(write: Write, current: StoredObject | undefined): Promise<StoreError | undefined> {
    if (!needsReading(write) || write.expect === 'any') return undefined;
    const live = current?.value ? current : undefined;
    return (live?.revision ?? 0) === write.expect ? undefined : this.#conflict(write, live);
  }

  async #conflict({ type, name, expect }: Write, live: StoredObject | undefined): Promise<StoreError> {
    const current: Item | undefined = live?.value && {
      name,
      revision: live.revision,
      value: await decode(live.value, live.revision, this.#options.large),
    };
    return new StoreError(
      { code: 'conflict', data: { type, name, ...(current && { current }) } },
      `${type} ${name} is at revision ${live?.revision ?? 0}, not ${expect}.`,
    );
  }
}

function tooLarge(name: string, size: number, limit: number): StoreError {
  return new StoreError(
    { code: 'tooLarge', data: { name, size, limit } },
    `${name} has ${size} bytes; the limit is ${limit}.`,
  );
}

function storeErrorOnly(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  throw error;
}
