// The keys of service account tokens on one machine: one that signs, and those before it, whose tokens are still taken.

import { generateKeyPair } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { writePrivateFile } from '../core/process/private-file.ts';

const signing = 'service-account.key';
const former = /^service-account-(\d+)\.key$/;

export async function ensureSigningKey(directory: string): Promise<void> {
  const path = join(directory, signing);
  if (!existsSync(path)) writePrivateFile(path, await newKey());
}

/** PEM: the one that signs first, then the others, the newest first. */
export function readSigningKeys(directory: string): string[] {
  return [signing, ...formerKeys(directory)].map((file) => readFileSync(join(directory, file), 'utf8'));
}

/** A new key signs from now on. */
export async function rotateSigningKey(directory: string): Promise<void> {
  const path = join(directory, signing);
  const made = await newKey();
  const [newest = ''] = formerKeys(directory);
  const number = Math.max(Date.now(), numberOf(newest) + 1);
  // A copy and not the file itself: at no moment is there none.
  writePrivateFile(join(directory, `service-account-${number}.key`), readFileSync(path));
  writePrivateFile(path, made);
}

/** Forgets all but the one that signs. Returns how many there were. */
export function retireSigningKeys(directory: string): number {
  const files = formerKeys(directory);
  for (const file of files) rmSync(join(directory, file));
  return files.length;
}

function formerKeys(directory: string): string[] {
  return readdirSync(directory)
    .filter((file) => former.test(file))
    .sort((a, b) => numberOf(b) - numberOf(a));
}

function numberOf(file: string): number {
  return Number(former.exec(file)?.[1] ?? 0);
}

async function newKey(): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}
