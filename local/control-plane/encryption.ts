// How this cluster's state is encrypted: as its user's EncryptionConfiguration says, or Secrets with the key that `up` made.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { encryptSecrets, readEncryptionConfiguration } from '../../core/store/encrypted/configuration.ts';
import type { Encryption } from '../../core/store/encrypted/encrypted-store.ts';
import type { SealingKey } from '../../core/store/encrypted/seal.ts';
import type { Store } from '../../core/store/store.ts';

/** `file`: an EncryptionConfiguration. Throws ConfigFileError. */
export async function openEncryption(dataDir: string, file: string | undefined): Promise<Encryption> {
  const key = generatedKey(join(dataDir, 'pki', 'encryption.key'));
  return file === undefined ? encryptSecrets(key) : readEncryptionConfiguration(readFileSync(file, 'utf8'), key);
}

/** Says of each object that cannot be decrypted why. */
export async function unreadable(store: Store, encryption: Encryption): Promise<string[]> {
  const said: string[] = [];
  for (const type of await store.types()) {
    if (!encryption.of(type)) continue;
    const { sealed = [] } = await store.list(type, { tellsSealed: true });
    said.push(...sealed.map(({ name, why }) => `${type} ${name} cannot be decrypted: ${why}`));
  }
  return said;
}

/** Named for what it is: another one in its file is seen to be another. */
function generatedKey(path: string): SealingKey {
  const secret = Buffer.from(readFileSync(path, 'utf8'), 'base64');
  return { name: `generated-${createHash('sha256').update(secret).digest('hex').slice(0, 8)}`, secret };
}
