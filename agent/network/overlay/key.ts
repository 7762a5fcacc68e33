// This node's WireGuard key: made here, kept in a file for its owner alone, and never sent anywhere.

import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isWireGuardKey } from '../../../core/node/pod-network.ts';
import { writePrivateFile } from '../../../core/process/private-file.ts';

/** Where `wg` reads the private key. */
export function overlayKeyFile(dataDir: string): string {
  return join(dataDir, 'network', 'wireguard.key');
}

/** The public key of this data directory's node, in base64; the private one is made when there is none. */
export function overlayKey(dataDir: string): string {
  const file = overlayKeyFile(dataDir);
  const stored = storedKey(file);
  if (stored !== undefined) return publicKeyOf(stored);
  const { privateKey } = generateKeyPairSync('x25519');
  const made = rawKey(privateKey.export({ type: 'pkcs8', format: 'der' }));
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writePrivateFile(file, `${made.toString('base64')}\n`);
  return publicKeyOf(made);
}

function storedKey(file: string): Buffer | undefined {
  try {
    const text = readFileSync(file, 'utf8').trim();
    return isWireGuardKey(text) ? Buffer.from(text, 'base64') : undefined;
  } catch {
    return undefined;
  }
}

const keyBytes = 32;
/** What stands before the key in PKCS 8 (RFC 8410). */
const header = Buffer.from('302e020100300506032b656e04220420', 'hex');

function publicKeyOf(raw: Buffer): string {
  const key = createPrivateKey({ key: Buffer.concat([header, raw]), type: 'pkcs8', format: 'der' });
  return rawKey(createPublicKey(key).export({ type: 'spki', format: 'der' })).toString('base64');
}

function rawKey(der: Buffer): Buffer {
  return der.subarray(der.length - keyBytes);
}
