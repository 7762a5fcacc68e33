// Writes and readings of the contract's tests, as text.

import { expect } from 'vitest';
import type { Item, LogEntry, Put, Store, StoreFailure, StoreFailures } from '../store.ts';
import { StoreError } from '../store.ts';

export function put(name: string, expected: number | 'any', value: string, type = 'pods'): Put {
  return { op: 'put', type, name, expect: expected, value: { bytes: bytes(value) } };
}

export function remove(name: string, expected: number | 'any') {
  return { op: 'delete', type: 'pods', name, expect: expected } as const;
}

export function bytes(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

export function text(value: Uint8Array | undefined): string {
  return new TextDecoder().decode(value);
}

export function readable(item: Item): { name: string; revision: number; value: string };
export function readable(item: Item | undefined): { name: string; revision: number; value: string } | undefined;
export function readable(item: Item | undefined) {
  return item && { name: item.name, revision: item.revision, value: text(item.value) };
}

export async function names(store: Store, options = {}, type = 'pods'): Promise<string[]> {
  return (await store.list(type, options)).items.map((item) => item.name);
}

export async function entries(
  store: Store,
  after = 0,
  type = 'pods',
): Promise<(Omit<LogEntry, 'value'> & { value: string })[]> {
  return (await store.log(type, after)).entries.map((entry) => ({ ...entry, value: text(entry.value) }));
}

/** The whole log of pods. */
export async function all(store: Store): Promise<LogEntry[]> {
  const read: LogEntry[] = [];
  const head = await store.head('pods');
  for (let through = 0; through < head; ) {
    const page = await store.log('pods', through);
    read.push(...page.entries);
    through = page.through;
  }
  return read;
}

/** The data of the failure that `work` must end with. */
export async function failure<F extends StoreFailure>(code: F, work: Promise<unknown>): Promise<StoreFailures[F]> {
  const error = await work.then(
    () => new Error(`expected the failure ${code}, got an answer`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof StoreError)) throw error;
  expect(error.failure.code).toBe(code);
  // The line above has checked the code, which decides the type of the data.
  return error.failure.data as StoreFailures[F];
}

export function byName([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : 1;
}

/** Numbers below n, the same ones on every run (a linear congruential generator). */
export function generator(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}
