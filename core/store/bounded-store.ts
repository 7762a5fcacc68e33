// A store that takes what it may and no more, counted as it is written. What deletes, and what makes an object smaller, is always taken: else
// nobody could make room; and so is what the control plane keeps for itself, without which it could not delete.

import { isOwnType } from './own-types.ts';
import { restOf } from './rest-of.ts';
import { type Committed, type Delete, type Item, type Put, type Store, StoreError, type Write } from './store.ts';

/** Of all objects together: bytes as they are read, and how many there are. */
export interface Amount {
  readonly bytes: number;
  readonly objects: number;
}

export interface Usage {
  read(): Promise<Amount>;
  /** Counts it, unless it would come to more than `most`: false then. */
  reserve(amount: Amount, most: Amount): Promise<boolean>;
  /** As it was counted. */
  set(amount: Amount): Promise<void>;
  /** It is not there, or not any more. */
  release(amount: Amount): Promise<void>;
}

const nothing: Amount = { bytes: 0, objects: 0 };

/** `onError`: room that is free could not be counted as free. */
export function boundedStore(store: Store, usage: Usage, most: Amount, onError: (error: unknown) => void): Store {
  const release = async (amount: Amount) => {
    if (amount.bytes === 0 && amount.objects === 0) return;
    // What is done is done: a count that is too high is no reason to call it failed.
    await usage.release(amount).catch(onError);
  };
  /** What it adds, at most; negative where it takes away. */
  const added = async (write: Write): Promise<Amount> => {
    if (write.op === 'check' || isOwnType(write.type)) return nothing;
    const old = write.op === 'put' && write.expect === 0 ? undefined : await store.get(write.type, write.name);
    const before = old ? { bytes: sizeOf(write.type, old), objects: 1 } : nothing;
    if (write.op === 'delete') return minus(before);
    return { bytes: write.value.bytes.length + nameOf(write) - before.bytes, objects: 1 - before.objects };
  };
  const reserve = async (amount: Amount): Promise<void> => {
    if (amount.bytes <= 0 && amount.objects <= 0) return;
    if (!(await usage.reserve(grown(amount), most))) throw overQuota(most);
  };

  return {
    ...restOf(store),
    async commit(writes) {
      const amounts = await Promise.all(writes.map(added));
      const all = amounts.reduce(plus, nothing);
      await reserve(all);
      try {
        const done = await store.commit(writes);
        await release(minus(shrunk(all)));
        return done;
      } catch (error) {
        // It may be there.
        if (!isAmbiguous(error)) await release(grown(all));
        throw error;
      }
    },
    async commitEach(writes) {
      const outcomes: (Committed | StoreError)[] = [];
      const taken: { readonly write: Put | Delete; readonly amount: Amount; readonly place: number }[] = [];
      const amounts = await Promise.all(writes.map(added));
      const together = amounts.map(grown).reduce(plus, nothing);
      const all = await reserve(together).then(
        () => true,
        (error: unknown) => {
          if (isOverQuota(error)) return false;
          throw error;
        },
      );
      for (const [place, write] of writes.entries()) {
        const amount = amounts[place] ?? nothing;
        const refused = all ? undefined : await reserve(amount).catch(storeErrorOnly);
        if (refused) outcomes[place] = refused;
        else taken.push({ write, amount, place });
      }
      const done = taken.length > 0 ? await store.commitEach(taken.map(({ write }) => write)) : [];
      let free = nothing;
      for (const [at, { amount, place }] of taken.entries()) {
        const outcome = done[at] ?? { revision: 0 };
        outcomes[place] = outcome;
        if (!(outcome instanceof StoreError)) free = plus(free, minus(shrunk(amount)));
        else if (!isAmbiguous(outcome)) free = plus(free, grown(amount));
      }
      await release(free);
      return outcomes;
    },
  };
}

/** All that a store holds now, one type after the other. */
export async function amountOf(store: Store): Promise<Amount> {
  let all = nothing;
  for (const type of (await store.types()).filter((each) => !isOwnType(each)))
    for (let after: string | undefined; ; ) {
      const { items, more } = await store.list(type, { limit: 500, ...(after !== undefined && { after }) });
      for (const item of items) all = plus(all, { bytes: sizeOf(type, item), objects: 1 });
      after = items.at(-1)?.name;
      if (!more || after === undefined) break;
    }
  return all;
}

/** Without its revision, which what is written has not yet: the same object counts the same before and after. */
function sizeOf(type: string, { name, value, revision }: Item): number {
  return value.length - String(revision).length + nameOf({ type, name });
}

/** Objects without content take room, too. */
function nameOf({ type, name }: { readonly type: string; readonly name: string }): number {
  return Buffer.byteLength(type) + Buffer.byteLength(name);
}

function plus(a: Amount, b: Amount): Amount {
  return { bytes: a.bytes + b.bytes, objects: a.objects + b.objects };
}

function minus({ bytes, objects }: Amount): Amount {
  return { bytes: -bytes, objects: -objects };
}

function grown({ bytes, objects }: Amount): Amount {
  return { bytes: Math.max(0, bytes), objects: Math.max(0, objects) };
}

function shrunk({ bytes, objects }: Amount): Amount {
  return { bytes: Math.min(0, bytes), objects: Math.min(0, objects) };
}

function overQuota(most: Amount): StoreError {
  return new StoreError(
    { code: 'overQuota', data: { limit: most.bytes, objects: most.objects } },
    `The cluster holds the ${most.bytes} bytes or the ${most.objects} objects that it may: delete what is not needed.`,
  );
}

function isOverQuota(error: unknown): boolean {
  return error instanceof StoreError && error.failure.code === 'overQuota';
}

function isAmbiguous(error: unknown): boolean {
  return error instanceof StoreError && error.failure.code === 'ambiguous';
}

function storeErrorOnly(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  throw error;
}
