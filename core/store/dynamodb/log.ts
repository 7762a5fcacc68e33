// The log, read without gaps: a slot that stays empty is fenced, so that a late writer cannot fill it behind the reader (D1).

import { AwsError } from '../../signature/json-service.ts';
import type { TypeName } from '../store.ts';
import { StoreError } from '../store.ts';
import { existingItem } from './calls.ts';
import { slotIsEmpty } from './conditions.ts';
import { meaningOf } from './failures.ts';
import type { Head, Heads } from './heads.ts';
import type { Slot } from './items.ts';
import { chunkOf, chunkPartition, chunkSize, readSlot, slotItem, slotKey, slotSortKey } from './items.ts';
import type { Call, Requests } from './requests.ts';

export interface LogOptions {
  /** DynamoDB may remove an entry this long after it was written, in milliseconds. */
  readonly retentionMs: number;
  /** How long a reader waits for the writer of an empty slot before it fences it. */
  readonly gapWaitMs: number;
  /** How far the settled mark may lag behind what a reader has seen filled, in revisions. */
  readonly settleEvery: number;
}

/** Slots that are read at once, at most. */
const pageSlots = 1000;
const firstWaitMs = 10;

export class Log {
  readonly #requests: Requests;
  readonly #heads: Heads;
  readonly #options: LogOptions;
  /** Up to here, this process has seen every slot filled. */
  readonly #filled = new Map<TypeName, number>();

  constructor(requests: Requests, heads: Heads, options: LogOptions) {
    this.#requests = requests;
    this.#heads = heads;
    this.#options = options;
  }

  /** At least one slot after `after`, up to the first gap or `to`: `head` was read before, and `after` < `to` <= head. */
  async next(call: Call, type: TypeName, head: Head, after: number, to: number): Promise<Slot[]> {
    const end = Math.min(to, after + pageSlots);
    const found = await this.#read(call, type, after, end);
    let slots = beforeGap(found, after, end);
    if (slots.length === 0) slots = await this.#fill(call, type, head, found, after, end);
    await this.#note(call, type, head, after, after + slots.length);
    return slots;
  }

  /** All slots from `after` to `to`, in order, without gaps. */
  async all(call: Call, type: TypeName, head: Head, after: number, to: number): Promise<Slot[]> {
    const slots: Slot[] = [];
    while (after + slots.length < to) {
      for (const slot of await this.next(call, type, head, after + slots.length, to)) slots.push(slot);
    }
    return slots;
  }

  /** What DynamoDB still has of these slots, in order. */
  async *remaining(call: Call, type: TypeName, after: number, to: number): AsyncGenerator<Slot[]> {
    for (let from = after; from < to; from += pageSlots) {
      const found = await this.#read(call, type, from, Math.min(to, from + pageSlots));
      yield [...found.values()].sort((a, b) => a.revision - b.revision);
    }
  }

  /** The slots of these revisions that are there, in any order. */
  async at(call: Call, type: TypeName, revisions: readonly number[]): Promise<Slot[]> {
    const keys = revisions.map((revision) => slotKey(type, revision));
    return (await this.#requests.getAll(call, keys)).map(readSlot);
  }

  /** Fills an empty slot for good, so that its writer's transaction fails. Returns what fills the slot: the fence, or what was faster. */
  async fence(call: Call, type: TypeName, revision: number, commit: string, takenAt: number): Promise<Slot> {
    const { calls, table, surroundings } = this.#requests;
    const fence: Slot = { kind: 'fence', revision, commit, takenAt };
    try {
      await this.#requests.repeat(call, 'write', () =>
        calls.putItem({
          TableName: table,
          Item: slotItem(type, fence, this.collectedAt(surroundings.now())),
          ...slotIsEmpty,
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
          ReturnConsumedCapacity: 'TOTAL',
        }),
      );
      return fence;
    } catch (error) {
      if (meaningOf(error) !== 'condition') throw error;
      // An emulator that leaves out the item, though asked for it, costs one more read.
      const item = error instanceof AwsError ? existingItem(error) : undefined;
      if (item) return readSlot(item);
      const [slot] = await this.at(call, type, [revision]);
      return slot ?? fence;
    }
  }

  /** Unix seconds at which DynamoDB may remove an entry written now. */
  collectedAt(nowMs: number): number {
    return Math.ceil((nowMs + this.#options.retentionMs) / 1000);
  }

  gone(type: TypeName, compactedRevision: number): StoreError {
    return new StoreError(
      { code: 'compacted', data: { type, compactedRevision } },
      `The log of ${type} is gone up to revision ${compactedRevision}.`,
    );
  }

  /** Waits for the writers of empty slots, then fences what is still empty. */
  async #fill(
    call: Call,
    type: TypeName,
    head: Head,
    found: Map<number, Slot>,
    after: number,
    to: number,
  ): Promise<Slot[]> {
    const missing = () => range(after, to).filter((revision) => !found.has(revision));
    const [first = to] = missing();
    if (first <= head.settled) throw await this.#collected(call, type, first);
    for (let waited = 0, wait = firstWaitMs; waited < this.#options.gapWaitMs; waited += wait, wait *= 2) {
      await this.#requests.surroundings.sleep(wait);
      const read = await this.#read(call, type, (missing()[0] ?? to) - 1, to);
      for (const [revision, slot] of read) found.set(revision, slot);
      const slots = beforeGap(found, after, to);
      if (slots.length > 0) return slots;
    }
    const below = await this.#notGivenOutBefore(call, type, head, first);
    const young = below !== undefined && this.#requests.surroundings.now() - below < this.#options.retentionMs / 2;
    // Nothing proves that an old slot was not filled and collected since: whoever reads from below it must list anew.
    if (!young) await this.#heads.raise(call, type, 'compacted', first);
    const fence = async (revision: number) =>
      found.set(revision, await this.fence(call, type, revision, 'reader', below ?? 0));
    await Promise.all(missing().map(fence));
    if (!young) throw this.gone(type, first);
    return beforeGap(found, after, to);
  }

  /** A slot that was filled for good is empty: DynamoDB has collected it before a compaction said so. */
  async #collected(call: Call, type: TypeName, revision: number): Promise<StoreError> {
    await this.#heads.raise(call, type, 'compacted', revision);
    return this.gone(type, revision);
  }

  /** A time before which this revision was not given out: that of the slot below, since revisions are given out in order. */
  async #notGivenOutBefore(call: Call, type: TypeName, head: Head, revision: number): Promise<number | undefined> {
    if (revision === 1) return head.born;
    const [below] = await this.at(call, type, [revision - 1]);
    return below?.takenAt;
  }

  async #read(call: Call, type: TypeName, after: number, to: number): Promise<Map<number, Slot>> {
    const found = new Map<number, Slot>();
    const chunks = range(chunkOf(after + 1) - 1, chunkOf(to));
    const read = chunks.map(async (chunk) => {
      const query = {
        KeyConditionExpression: 'p = :p AND s BETWEEN :from AND :to',
        ExpressionAttributeValues: {
          ':p': { S: chunkPartition(type, chunk) },
          ':from': { S: slotSortKey(Math.max(after + 1, chunk * chunkSize)) },
          ':to': { S: slotSortKey(Math.min(to, (chunk + 1) * chunkSize - 1)) },
        },
      };
      for await (const page of this.#requests.query(call, query))
        for (const item of page) {
          const slot = readSlot(item);
          found.set(slot.revision, slot);
        }
    });
    await Promise.all(read);
    return found;
  }

  /** Moves the settled mark on when this process has seen enough slots filled above it, one after the other. */
  async #note(call: Call, type: TypeName, head: Head, after: number, through: number): Promise<void> {
    const filled = Math.max(this.#filled.get(type) ?? 0, head.settled);
    if (after > filled || through <= filled) return;
    this.#filled.set(type, through);
    if (through - head.settled >= this.#options.settleEvery) await this.#heads.raise(call, type, 'settled', through);
  }
}

function beforeGap(found: ReadonlyMap<number, Slot>, after: number, to: number): Slot[] {
  const slots: Slot[] = [];
  for (let revision = after + 1; revision <= to; revision++) {
    const slot = found.get(revision);
    if (!slot) break;
    slots.push(slot);
  }
  return slots;
}

function range(after: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - after) }, (_, i) => after + 1 + i);
}
