// Files that hold secrets are for their owner alone, from the first byte on, whatever the umask is and whatever lay there before.

import { closeSync, fchmodSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

const ownerOnly = 0o600;

/** Whole or not at all: it appears under its name once it is written and durable. */
export function writePrivateFile(path: string, data: string | Uint8Array): void {
  const made = `${path}.new`;
  // One that was left behind may be a link, or readable for others.
  rmSync(made, { force: true });
  const file = openSync(made, 'wx', ownerOnly);
  try {
    writeFileSync(file, data);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(made, path);
  syncFolder(dirname(path));
}

/** Names that were given or taken in it are durable. */
export function syncFolder(path: string): void {
  // Windows refuses to flush a folder (it is opened for reading); NTFS keeps names in its journal.
  if (process.platform === 'win32') return;
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** For a library that opens its file by a name: the file is there before, or made now, and no other user may open it. */
export function restrictToOwner(path: string): void {
  const file = openSync(path, 'a', ownerOnly);
  try {
    fchmodSync(file, ownerOnly);
  } finally {
    closeSync(file);
  }
}
