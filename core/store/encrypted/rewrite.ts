// What older keys sealed is sealed anew with the one that writes now, while the store is in use: values keep their revisions, so that
// readers and watchers are told nothing, and neither does anything that is written meanwhile have to wait for more than a piece of it.
// It may end at any point and begin again: what was done is skipped.

import { setTimeout as delay } from 'node:timers/promises';
import type { EmbeddedStore } from '../embedded/embedded-store.ts';
import type { StoredValue } from '../embedded/rewrite.ts';
import type { TypeName, Value } from '../store.ts';
import type { EncryptedStore, Encryption, TypeEncryption } from './encrypted-store.ts';
import { isSealed, keyNameOf, open, seal } from './seal.ts';

export interface Resealing {
  /** Under `store`. */
  readonly engine: Pick<EmbeddedStore, 'head' | 'rewrite' | 'types'>;
  readonly store: Pick<EncryptedStore, 'sealedBefore'>;
  /** Of `store`, with the new key in place. */
  readonly encryption: Encryption;
  /** Resolves after so many milliseconds. Default: a timer. */
  readonly pause?: (ms: number) => Promise<unknown>;
}

export interface Resealed {
  readonly rewritten: number;
  /** What no key that is there opens; it stays as it is. */
  readonly unreadable: number;
}

/** When it resolves, nothing that can be opened is kept otherwise than `encryption` writes, older states in the log included. */
export async function reseal({ engine, store, encryption, pause = delay }: Resealing): Promise<Resealed> {
  // From here on nobody seals with an older key.
  await store.sealedBefore();
  let rewritten = 0;
  let unreadable = 0;
  for (const type of await engine.types()) {
    const rule = encryption.of(type);
    if (!rule) continue;
    const change = (row: StoredValue) => {
      try {
        return asWritten(rule, type, row);
      } catch {
        unreadable++;
        return undefined;
      }
    };
    // First what lies there. A delete repeats the last state as it lies, and came perhaps before its turn: so then what came meanwhile. Later
    // ones find what is sealed anew. Both have an end, however fast others write.
    let after = 0;
    let until = await engine.head(type);
    for (let pass = 0; pass < 2; pass++) {
      let head = until;
      while (after < until) {
        const began = performance.now();
        const done = await engine.rewrite(type, { after, until }, change);
        rewritten += done.changed;
        after = done.through;
        head = done.head;
        // Half of the time is for others.
        if (after < until) await pause(performance.now() - began);
      }
      until = head;
    }
  }
  return { rewritten, unreadable };
}

/** undefined: it is already. Throws where no key opens it. */
function asWritten({ writeKey, readKeys }: TypeEncryption, type: TypeName, row: StoredValue): Value | undefined {
  const { name, value } = row;
  if (!isSealed(value.bytes)) return writeKey && seal(writeKey, type, name, value);
  const keyName = keyNameOf(value.bytes);
  if (keyName === writeKey?.name) return undefined;
  const key = readKeys.get(keyName);
  if (!key) throw new Error(`its key ${keyName} is not there`);
  const opened = open(key, type, name, value.bytes);
  return writeKey ? seal(writeKey, type, name, opened) : opened;
}
