// Puts a set of files in place in one step: readers see all of the old or all of the new, through the link `..data`.
// The layout is what programs that watch mounted ConfigMaps expect: name -> ..data/name, ..data -> a dated directory.

import { randomBytes } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';

export interface VolumeFile {
  readonly content: Buffer;
  /** Permission bits. */
  readonly mode: number;
}

/** Relative path -> file. */
export type Payload = ReadonlyMap<string, VolumeFile>;

/** Gives true when anything changed. `gid` owns the files when given (a pod's fsGroup). */
export async function atomicWrite(directory: string, payload: Payload, gid?: number): Promise<boolean> {
  const dataLink = path.join(directory, '..data');
  const current = await fs.readlink(dataLink).catch(() => undefined);
  if (current && (await same(path.join(directory, current), payload))) return false;

  const version = `..${new Date().toISOString().replaceAll(/[:T]/g, '_').slice(0, 19)}.${randomBytes(5).toString('hex')}`;
  const next = path.join(directory, version);
  await fs.mkdir(next, { recursive: true, mode: 0o755 });
  if (gid !== undefined) await fs.chown(next, -1, gid);
  for (const [name, file] of payload) {
    const target = path.join(next, name);
    await fs.mkdir(path.dirname(target), { recursive: true, mode: 0o755 });
    await fs.writeFile(target, file.content, { mode: 0o600 });
    if (gid !== undefined) await fs.chown(target, -1, gid);
    // After the owner, since a change of owner clears bits; and past the process' umask.
    await fs.chmod(target, gid === undefined ? file.mode : file.mode | 0o440);
  }
  const staging = path.join(directory, '..data_tmp');
  await fs.rm(staging, { force: true });
  await fs.symlink(version, staging);
  await fs.rename(staging, dataLink);

  const visible = new Set([...payload.keys()].map((name) => name.split('/')[0] ?? name));
  for (const name of visible) {
    const link = path.join(directory, name);
    if ((await fs.readlink(link).catch(() => undefined)) === `..data/${name}`) continue;
    await fs.rm(link, { force: true, recursive: true });
    await fs.symlink(`..data/${name}`, link);
  }
  for (const name of await fs.readdir(directory)) {
    if (name === '..data' || name === version || visible.has(name)) continue;
    await fs.rm(path.join(directory, name), { recursive: true, force: true });
  }
  return true;
}

async function same(directory: string, payload: Payload): Promise<boolean> {
  const listed = await fs.readdir(directory, { recursive: true, withFileTypes: true }).catch(() => undefined);
  const files = listed?.filter((entry) => entry.isFile());
  if (files?.length !== payload.size) return false;
  for (const [name, file] of payload) {
    const content = await fs.readFile(path.join(directory, name)).catch(() => undefined);
    if (!content?.equals(file.content)) return false;
  }
  return true;
}
