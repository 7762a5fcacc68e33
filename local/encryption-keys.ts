// The keys that this machine's cluster made to encrypt Secrets with: one that writes, and those before it, until nothing is sealed
// with them any more.

import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { syncFolder, writePrivateFile } from '../core/process/private-file.ts';
import type { SealingKey } from '../core/store/encrypted/seal.ts';

const writing = 'encryption.key';
const former = /^encryption-(\d+)\.key$/;

export interface EncryptionKeys {
  readonly key: SealingKey;
  readonly former: readonly { readonly file: string; readonly key: SealingKey }[];
}

/** In base64. Whoever loses it loses what it encrypted. */
export function ensureEncryptionKey(directory: string): void {
  const path = join(directory, writing);
  if (!existsSync(path)) writePrivateFile(path, newKey());
}

export function readEncryptionKeys(directory: string): EncryptionKeys {
  return {
    key: readKey(join(directory, writing)),
    former: formerFiles(directory).map((file) => ({ file, key: readKey(join(directory, file)) })),
  };
}

/** A new key writes from the next look on; the one before is kept beside it. */
export function rotateEncryptionKey(directory: string): void {
  const path = join(directory, writing);
  const number = Math.max(Date.now(), ...formerFiles(directory).map((file) => numberOf(file) + 1));
  // A copy and not the file itself: at no moment is there none.
  writePrivateFile(join(directory, `encryption-${number}.key`), readFileSync(path));
  writePrivateFile(path, newKey());
}

/** Of files that `readEncryptionKeys` named. */
export function dropEncryptionKeys(directory: string, files: readonly string[]): void {
  for (const file of files) rmSync(join(directory, file), { force: true });
  syncFolder(directory);
}

function newKey(): string {
  return `${randomBytes(32).toString('base64')}\n`;
}

/** Named for what it is: another one in its file is seen to be another. */
function readKey(path: string): SealingKey {
  const secret = Buffer.from(readFileSync(path, 'utf8'), 'base64');
  return { name: `generated-${createHash('sha256').update(secret).digest('hex').slice(0, 8)}`, secret };
}

function formerFiles(directory: string): string[] {
  return readdirSync(directory)
    .filter((file) => former.test(file))
    .sort((a, b) => numberOf(b) - numberOf(a));
}

function numberOf(file: string): number {
  return Number(former.exec(file)?.[1] ?? 0);
}
