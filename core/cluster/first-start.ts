// Makes the objects that a cluster has from its first start: once a deployment, not once a cold start of a function, and by one
// process while others wait for it. Should that one end in the middle, another takes over.

import { setTimeout as delay } from 'node:timers/promises';
import { parseJson } from '../machinery/json.ts';
import { ownType } from '../store/own-types.ts';
import type { Store } from '../store/store.ts';
import { StoreError } from '../store/store.ts';

const type = ownType('cluster');
const name = 'first-objects';

export interface OnceOptions {
  /** Unix milliseconds. */
  readonly now?: () => number;
  /** Who took it on and was not heard of for so long is given up, in milliseconds. Default 30 s. */
  readonly patienceMs?: number;
}

interface Note {
  readonly build: string;
  /** Since when it is being made, in Unix milliseconds; absent: it is done. */
  readonly since?: number;
  /** While it is being made: the build for which it was done last. */
  readonly before?: string;
}

const pollMs = 200;

/** Runs `make` unless it was done for this build; `before`: for which it was done last. It may run twice at once after all, and must bear it. */
export async function onceABuild(
  store: Store,
  build: string,
  make: (before: string | undefined) => Promise<void>,
  { now = Date.now, patienceMs = 30_000 }: OnceOptions = {},
): Promise<void> {
  for (;;) {
    const found = await store.get(type, name);
    // as: notes are written here only.
    const note = found && (parseJson(Buffer.from(found.value).toString()) as Note);
    if (note?.build === build && note.since === undefined) return;
    if (note?.build === build && note.since !== undefined && now() - note.since < patienceMs) {
      await delay(pollMs);
      continue;
    }
    const before = note && (note.since === undefined ? note.build : note.before);
    const making = { build, ...(before !== undefined && { before }) };
    const claimed = await write(store, found?.revision ?? 0, { ...making, since: now() });
    if (claimed === undefined) continue;
    try {
      await make(before);
    } catch (error) {
      // Whoever waits need not wait for us.
      await write(store, claimed, { ...making, since: 0 });
      throw error;
    }
    await write(store, claimed, { build });
    return;
  }
}

/** The note's revision; undefined when another process wrote it meanwhile. */
async function write(store: Store, expect: number, note: Note): Promise<number | undefined> {
  try {
    const value = { bytes: Buffer.from(JSON.stringify(note)) };
    const [committed] = await store.commit([{ op: 'put', type, name, expect, value }]);
    return committed?.revision;
  } catch (error) {
    if (error instanceof StoreError && ['conflict', 'ambiguous'].includes(error.failure.code)) return undefined;
    throw error;
  }
}
