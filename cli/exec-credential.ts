// What kubectl gets of a program that it runs for a credential, and how it runs this one.

import { join } from 'node:path';
import { isSea } from 'node:sea';
import { packaged } from '../local/packaged.ts';

/** What shows a program's user to a cluster. */
export interface IdentityToken {
  readonly token: string;
  readonly expires: Date;
}

/** An ExecCredential, as kubectl asks its plugins for. Source: KEP-541. */
export function printCredential({ token, expires }: IdentityToken): void {
  const credential = {
    apiVersion: 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    status: { expirationTimestamp: `${expires.toISOString().slice(0, 19)}Z`, token },
  };
  process.stdout.write(`${JSON.stringify(credential)}\n`);
}

/** One file is the program itself; from a checkout, and as npm's package, Node runs it. */
export function ownProgram(): { readonly command: string; readonly args: readonly string[] } {
  if (isSea()) return { command: process.execPath, args: [] };
  const starter = packaged()?.starter ?? join(import.meta.dirname, '../local/start.mjs');
  return { command: process.execPath, args: [starter] };
}
