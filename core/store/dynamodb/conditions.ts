// Every condition that the engine puts on a write, by what it means. `r` is the key's revision, `d` marks a tombstone (see items.ts).

import { number } from './items.ts';

interface Condition {
  readonly ConditionExpression: string;
  readonly ExpressionAttributeValues?: Record<string, ReturnType<typeof number> | { BOOL: boolean }>;
}

/** Nobody has filled this slot of the log, with an entry or with a fence. */
export const slotIsEmpty: Condition = { ConditionExpression: 'attribute_not_exists(p)' };

/** The key has the revision that was read, and its revisions rise by this write. */
export function isAt(expected: number, revision: number): Condition {
  return {
    ConditionExpression: 'r = :expected AND r < :revision AND attribute_not_exists(d)',
    ExpressionAttributeValues: { ':expected': number(expected), ':revision': number(revision) },
  };
}

/** The key was never there, or a delete with a lower revision left its tombstone: else an old create would come after a newer delete. */
export function isAbsent(revision: number): Condition {
  return {
    ConditionExpression: 'attribute_not_exists(p) OR (attribute_exists(d) AND r < :revision)',
    ExpressionAttributeValues: { ':revision': number(revision) },
  };
}

/** For a check: the key exists at this revision. */
export function existsAt(expected: number): Condition {
  return {
    ConditionExpression: 'r = :expected AND attribute_not_exists(d)',
    ExpressionAttributeValues: { ':expected': number(expected) },
  };
}

/** For a check: the key does not exist. */
export const doesNotExist: Condition = { ConditionExpression: 'attribute_not_exists(p) OR attribute_exists(d)' };

/** Still the tombstone that this delete left. */
export function isTombstoneOf(revision: number): Condition {
  return {
    ConditionExpression: 'attribute_exists(d) AND r = :revision',
    ExpressionAttributeValues: { ':revision': number(revision) },
  };
}

/** Marks of a type only rise. */
export function markIsBelow(mark: string, revision: number): Condition {
  return {
    ConditionExpression: `attribute_not_exists(${mark}) OR ${mark} < :revision`,
    ExpressionAttributeValues: { ':revision': number(revision) },
  };
}
