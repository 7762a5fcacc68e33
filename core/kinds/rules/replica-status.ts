// Counts in the status of what keeps pods: none below zero, no part above the whole, and of collisions never fewer than before.

import { type FieldError, invalidValue } from '../../machinery/field-error.ts';
import type { Int64 } from '../../machinery/object.ts';
import { getOwn } from '../../machinery/own.ts';
import { nonNegative } from './non-negative.ts';

interface Counts {
  readonly replicas?: number;
  readonly readyReplicas?: number;
  readonly availableReplicas?: number;
  readonly collisionCount?: number;
}

type Part<T> = keyof T & string;

/** `parts`: what counts some of `replicas`; `more`: what else is counted. `ready`: how an error calls the ready ones. */
export function validateReplicaStatus<T extends Counts>(
  status: T | undefined,
  old: T | undefined,
  {
    parts,
    more = [],
    ready = 'readyReplicas',
  }: { parts: readonly Part<T>[]; more?: readonly Part<T>[]; ready?: string },
): FieldError[] {
  const errors = validateCounts(status, ['replicas', ...parts, ...more, 'collisionCount']);
  const whole = status?.replicas ?? 0;
  for (const part of parts) {
    const count = countOf(status, part);
    if (count > whole) errors.push(invalidValue(`status.${part}`, count, 'cannot be greater than status.replicas'));
  }
  const available = status?.availableReplicas ?? 0;
  if (available > (status?.readyReplicas ?? 0))
    errors.push(invalidValue('status.availableReplicas', available, `cannot be greater than ${ready}`));
  return [...errors, ...validateCollisions(status, old)];
}

export function validateCounts<T extends object>(
  status: T | undefined,
  counts: readonly (Part<T> | 'collisionCount')[],
): FieldError[] {
  return counts.flatMap((count) => nonNegative(countOf(status, count), `status.${count}`));
}

export function validateCollisions(
  status: Pick<Counts, 'collisionCount'> | undefined,
  old: Pick<Counts, 'collisionCount'> | undefined,
): FieldError[] {
  const count = status?.collisionCount ?? 0;
  return count < (old?.collisionCount ?? 0)
    ? [invalidValue('status.collisionCount', count, 'cannot be decremented')]
    : [];
}

function countOf(status: object | undefined, field: string): Int64 {
  // Counts are numbers by their schema.
  return getOwn(status as Readonly<Record<string, Int64>> | undefined, field) ?? 0;
}
