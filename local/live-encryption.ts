// How this cluster's state is encrypted: as its user's EncryptionConfiguration says, or Secrets with the key that `up` made. Keys change
// while the cluster serves (docs/key-rotation.md).

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EmbeddedStore } from '../core/store/embedded/embedded-store.ts';
import { encryptSecrets, readEncryptionConfiguration } from '../core/store/encrypted/configuration.ts';
import type { EncryptedStore, Encryption } from '../core/store/encrypted/encrypted-store.ts';
import { type Resealed, reseal } from '../core/store/encrypted/rewrite.ts';
import { isSealed } from '../core/store/encrypted/seal.ts';
import type { Store } from '../core/store/store.ts';
import { dropEncryptionKeys, type EncryptionKeys, readEncryptionKeys } from './encryption-keys.ts';

export interface LiveEncryption extends Encryption {
  /** Whether a rotation was begun that did not come to its end. */
  readonly unfinished: boolean;
  /**
   * Takes the keys that there are now, seals anew what others sealed, and forgets former keys that `up` made. One after the other where
   * it is asked for more than once. Rejects with what is wrong with the configuration: then all is as before.
   */
  rotate(engine: EmbeddedStore, store: EncryptedStore): Promise<Resealed>;
}

/** `file`: an EncryptionConfiguration. Throws ConfigFileError. */
export async function openEncryption(dataDir: string, file: string | undefined): Promise<LiveEncryption> {
  const directory = join(dataDir, 'pki');
  let keys = readEncryptionKeys(directory);
  let encryption = await encryptionOf(keys, file);
  let rotating: Promise<unknown> = Promise.resolve();

  async function rotate(engine: EmbeddedStore, store: EncryptedStore): Promise<Resealed> {
    const found = readEncryptionKeys(directory);
    const next = await encryptionOf(found, file);
    await refuseUncovered(engine, encryption, next);
    [keys, encryption] = [found, next];
    const done = await reseal({ engine, store, encryption });
    // Somebody may put back the key of what does not open; and where the configuration names no Secrets, those lie as they were.
    if (done.unreadable > 0 || keys.former.length === 0 || !encryption.of('secrets')) return done;
    const files = keys.former.map((each) => each.file);
    keys = { ...keys, former: [] };
    // Readers that began before this have the former keys still.
    encryption = await encryptionOf(keys, file);
    dropEncryptionKeys(directory, files);
    return done;
  }

  return {
    of: (type) => encryption.of(type),
    get unfinished() {
      return keys.former.length > 0;
    },
    rotate(engine, store) {
      const next = rotating.then(() => rotate(engine, store));
      rotating = next.catch(() => {});
      return next;
    },
  };
}

async function encryptionOf({ key, former }: EncryptionKeys, file: string | undefined): Promise<Encryption> {
  const before = former.map((each) => each.key);
  if (file === undefined) return encryptSecrets(key, before);
  return readEncryptionConfiguration(readFileSync(file, 'utf8'), [...before, key]);
}

/** A type that is not named any more is read as it lies, which must not be sealed. */
async function refuseUncovered(engine: EmbeddedStore, before: Encryption, after: Encryption): Promise<void> {
  for (const type of await engine.types()) {
    if (!before.of(type) || after.of(type)) continue;
    const { items } = await engine.list(type);
    if (items.some(({ value }) => isSealed(value)))
      throw new Error(
        `${type} is encrypted, and the EncryptionConfiguration does not name it any more: name it with the provider identity first, and rotate`,
      );
  }
}

/** Says of each object that cannot be decrypted why. */
export async function unreadable(store: Store, encryption: Encryption): Promise<string[]> {
  const problems: string[] = [];
  for (const type of await store.types()) {
    if (!encryption.of(type)) continue;
    const { sealed = [] } = await store.list(type, { includeSealed: true });
    problems.push(...sealed.map(({ name, why }) => `${type} ${name} cannot be decrypted: ${why}`));
  }
  return problems;
}
