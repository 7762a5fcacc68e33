// Deletes a directory and all below it: never through a link, never what is mounted there, and however deep a container has made it.

import { randomBytes } from 'node:crypto';
import fs, { type FileHandle } from 'node:fs/promises';
import { mountOf, openBeneath, openRoot, pathOf } from './beneath.ts';
import { componentsOf, isMissing, UnsafePathError } from './paths.ts';

/** What is deeper is moved up first: each level takes a descriptor, and no path gets too long. */
const maxDepth = 32;
/** Files that are deleted at the same time. */
const batch = 32;

/** `inner` below `root`. What is not there is fine. Throws UnsafePathError where something is mounted below it. */
export async function removeTree(root: string, inner: string): Promise<void> {
  const names = componentsOf(inner);
  const name = names.pop();
  if (name === undefined) throw new UnsafePathError('a directory that is deleted has a name');
  let base: FileHandle | undefined;
  let parent: FileHandle | undefined;
  try {
    try {
      base = await openRoot(root);
      parent = await openBeneath(base, names.join('/'));
    } catch (error) {
      if (isMissing(error)) return;
      throw error;
    }
    await removeEntry(parent, name);
  } finally {
    await parent?.close();
    await base?.close();
  }
}

async function removeEntry(parent: FileHandle, name: string): Promise<void> {
  if (await unlinked(parent, name)) return;
  const top = await openBeneath(parent, name);
  try {
    const mount = mountOf(top);
    if (mount !== mountOf(parent)) throw mounted(name);
    // A name that no container can take first.
    const removal: Removal = { top, mount, prefix: `.removed-${randomBytes(16).toString('hex')}-`, moved: 0 };
    // Each round empties what the one before has moved up.
    for (let before = -1; before !== removal.moved; ) {
      before = removal.moved;
      await empty(top, removal, 0);
    }
  } finally {
    await top.close();
  }
  await fs.rmdir(pathOf(parent, name));
}

interface Removal {
  readonly top: FileHandle;
  readonly mount: string;
  readonly prefix: string;
  /** Directories that were moved up so far. */
  moved: number;
}

async function empty(directory: FileHandle, removal: Removal, depth: number): Promise<void> {
  const names = await fs.readdir(pathOf(directory));
  const directories: string[] = [];
  for (let at = 0; at < names.length; at += batch)
    await Promise.all(
      names.slice(at, at + batch).map(async (name) => {
        if (!(await unlinked(directory, name))) directories.push(name);
      }),
    );
  for (const name of directories) {
    if (depth === maxDepth) {
      removal.moved += 1;
      await fs.rename(pathOf(directory, name), pathOf(removal.top, `${removal.prefix}${removal.moved}`));
      continue;
    }
    const child = await openBeneath(directory, name);
    try {
      if (mountOf(child) !== removal.mount) throw mounted(name);
      await empty(child, removal, depth + 1);
    } finally {
      await child.close();
    }
    await fs.rmdir(pathOf(directory, name));
  }
}

/** False where it is a directory. */
async function unlinked(parent: FileHandle, name: string): Promise<boolean> {
  try {
    await fs.unlink(pathOf(parent, name));
    return true;
  } catch (error) {
    // as: the file system's errors carry a code.
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return true;
    if (code === 'EISDIR') return false;
    throw error;
  }
}

function mounted(name: string): UnsafePathError {
  return new UnsafePathError(`${JSON.stringify(name)} has something mounted on it: unmount that first`);
}
