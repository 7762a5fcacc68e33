// Forgetting: the pointer below which nobody may read the log, and the tombstones that nobody needs any more. The entries themselves
// are collected by DynamoDB.

import type { TypeName } from '../store.ts';
import { isTombstoneOf } from './conditions.ts';
import { meaningOf } from './failures.ts';
import type { Heads } from './heads.ts';
import { objectKey } from './items.ts';
import type { Log } from './log.ts';
import type { Call, Requests } from './requests.ts';

/** Tombstones that are removed at a time. */
const together = 32;

export async function compact(
  requests: Requests,
  heads: Heads,
  log: Log,
  call: Call,
  type: TypeName,
  revision: number,
): Promise<void> {
  let head = await heads.read(call, type);
  const target = Math.min(revision, head.head);
  if (target > head.settled) {
    await log.all(call, type, head, head.settled, target);
    await heads.raise(call, type, 'settled', target);
    head = { ...head, settled: target };
  }
  if (target > head.compacted) await heads.raise(call, type, 'compacted', target);
  await sweep(requests, heads, log, call, type, head.swept, Math.min(Math.max(target, head.compacted), head.settled));
}

/**
 * Removes the tombstones of deletes from `after` to `to`. All slots up to `to` are filled for good, so that no writer is left with a
 * revision below a tombstone's: the rule without which an old create comes after a newer delete.
 */
async function sweep(
  requests: Requests,
  heads: Heads,
  log: Log,
  call: Call,
  type: TypeName,
  after: number,
  to: number,
): Promise<void> {
  if (after >= to) return;
  const { calls, table } = requests;
  const remove = async (name: string, revision: number) => {
    try {
      await requests.repeat(call, 'write', () =>
        calls.deleteItem({
          TableName: table,
          Key: objectKey(type, name),
          ...isTombstoneOf(revision),
          ReturnConsumedCapacity: 'TOTAL',
        }),
      );
    } catch (error) {
      // Created again since, or another compactor was faster.
      if (meaningOf(error) !== 'condition') throw error;
    }
  };
  for await (const slots of log.remaining(call, type, after, to)) {
    const deletes = slots.flatMap((slot) => (slot.kind === 'delete' ? [slot] : []));
    for (let i = 0; i < deletes.length; i += together)
      await Promise.all(deletes.slice(i, i + together).map(({ name, revision }) => remove(name, revision)));
  }
  await heads.raise(call, type, 'swept', to);
}
