// Puts a set of files in place in one step: readers see all of the old or all of the new, through the link `..data`.
// The layout is what programs that watch mounted ConfigMaps expect: name -> ..data/name, ..data -> a dated directory.

import { randomBytes } from 'node:crypto';
import { chownSync, readdirSync, renameSync, statSync, symlinkSync } from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';
import { atBeneath, inDirectory, type Opened, pathOf, writeFileIn } from '../files/beneath.ts';
import { componentsOf, isFileName, UnsafePathError } from '../files/paths.ts';
import { removeTree } from '../files/remove-tree.ts';
import { VolumeError } from './volume-error.ts';
import type { Payload } from './volume-host.ts';

/**
 * Gives true when anything changed. `gid` owns the files when given (a pod's fsGroup). Throws VolumeError for a path that is none in
 * the volume.
 */
export async function atomicWrite(directory: string, payload: Payload, gid?: number): Promise<boolean> {
  for (const name of payload.keys()) checkPath(name);
  const current = await fs.readlink(path.join(directory, '..data')).catch(() => undefined);
  if (current && (await same(path.join(directory, current), payload))) return false;
  const version = `..${new Date().toISOString().replaceAll(/[:T]/g, '_').slice(0, 19)}.${randomBytes(5).toString('hex')}`;
  await inDirectory(directory, '.', (root) => replace(root, directory, version, payload, gid));
  return true;
}

/** The rule of the API once more: a desired state may be older than the rule, or come from somebody else. */
function checkPath(name: string): void {
  const [first, ...rest] = componentsOrNone(name);
  if (first === undefined || first.startsWith('..') || !rest.every(isFileName) || !isFileName(first))
    throw new VolumeError(
      `${JSON.stringify(name)} is no path in a volume: it must be relative and not begin with ".."`,
    );
}

function componentsOrNone(name: string): string[] {
  try {
    return componentsOf(name);
  } catch (error) {
    if (error instanceof UnsafePathError) return [];
    throw error;
  }
}

async function replace(
  root: Opened,
  directory: string,
  version: string,
  payload: Payload,
  gid: number | undefined,
): Promise<void> {
  try {
    await writeVersion(root, version, payload, gid);
  } catch (error) {
    // It is tried again and again: nothing may heap up.
    await removeTree(directory, version);
    throw error;
  }
  const staging = pathOf(root, '..data_tmp');
  // One that is there is of an agent that died in between.
  if (!linked(version, staging)) {
    await fs.rm(staging, { force: true });
    symlinkSync(version, staging);
  }
  renameSync(staging, pathOf(root, '..data'));

  const visible = new Set([...payload.keys()].map((name) => componentsOf(name)[0] ?? name));
  for (const name of visible) {
    const [link, target] = [pathOf(root, name), `..data/${name}`];
    if (linked(target, link)) continue;
    if ((await fs.readlink(link).catch(() => undefined)) === target) continue;
    await removeTree(directory, name);
    await fs.symlink(target, link);
  }
  for (const name of readdirSync(pathOf(root)))
    if (name !== '..data' && name !== version && !visible.has(name)) await removeTree(directory, name);
}

/** Makes a link; false where its name is taken. */
function linked(target: string, link: string): boolean {
  try {
    symlinkSync(target, link);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

async function writeVersion(root: Opened, version: string, payload: Payload, gid?: number): Promise<void> {
  try {
    await atBeneath(root, version, 0o755, async (next) => {
      if (gid !== undefined) chownSync(pathOf(next), statSync(pathOf(next)).uid, gid);
      for (const [name, file] of payload) {
        const folders = componentsOf(name);
        const last = folders.pop() ?? '';
        const mode = file.mode & 0o777;
        await atBeneath(next, folders.join('/'), 0o755, (parent) =>
          writeFileIn(parent, last, file.content, {
            mode: gid === undefined ? mode : mode | 0o440,
            ...(gid !== undefined && { gid }),
          }),
        );
      }
    });
  } catch (error) {
    // Two files at one path, or one below the other.
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (error instanceof UnsafePathError || code === 'EEXIST' || code === 'ENOTDIR')
      throw new VolumeError('two files of the volume are at one path');
    throw error;
  }
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
