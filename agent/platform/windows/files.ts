// NodeFiles on Windows, where Node.js opens nothing below a descriptor: each directory on the way is looked at before it is gone into, and
// links and junctions are refused. Between the look and the use a container that may write there could put a junction in a directory's
// place, so all of these lie where no container writes but in files of its own (docs/workers.md).

import fs from 'node:fs/promises';
import path from 'node:path';
import type { NewFile, NodeFiles, OpenDirectory } from '../../files/node-files.ts';
import { isMissing, UnsafePathError } from '../../files/paths.ts';

/** Devices by any spelling, whatever follows a dot. */
const reserved = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\..*)?$/i;
/** What Windows takes for something else than a part of a name: drives, streams, wildcards. */
const refused = /[<>:"|?*]/;

/** The names on the way. Throws UnsafePathError for a path that could lead out, or that Windows reads as another. */
export function windowsComponents(inner: string): string[] {
  const unsafe = (why: string) => new UnsafePathError(`${JSON.stringify(inner.slice(0, 300))} ${why}`);
  if (/^[\\/]/.test(inner)) throw unsafe('must be a relative path without ".."');
  const names = inner.split(/[\\/]/).filter((name) => name !== '' && name !== '.');
  for (const name of names) {
    if (name === '..') throw unsafe('must be a relative path without ".."');
    if (refused.test(name) || reserved.test(name) || /[ .]$/.test(name) || hasControls(name))
      throw unsafe(`has ${JSON.stringify(name)}, which is no name of a file on Windows`);
  }
  return names;
}

function hasControls(name: string): boolean {
  return [...name].some((each) => each < ' ');
}

/** Where `inner` leads below `root`. Directories that are missing are made, all but the last one, where `make` says so. */
async function walk(root: string, inner: string, make: 'none' | 'parents' | 'all'): Promise<string> {
  const names = windowsComponents(inner);
  let at = root;
  if (make !== 'none') await fs.mkdir(root, { recursive: true });
  for (const [index, name] of names.entries()) {
    at = path.join(at, name);
    const last = index === names.length - 1;
    const stat = await fs.lstat(at).catch((error: unknown) => {
      if (isMissing(error)) return undefined;
      throw error;
    });
    if (stat?.isSymbolicLink()) throw new UnsafePathError(`${JSON.stringify(inner)} has a link on its way`);
    if (stat || make === 'none' || (last && make === 'parents')) continue;
    await fs.mkdir(at).catch((error: unknown) => {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    });
  }
  return at;
}

/** The same where links may lead elsewhere below `root`. Throws UnsafePathError, and what the file system says. */
export async function resolved(root: string, inner: string): Promise<string> {
  const base = await fs.realpath(root);
  const found = await fs.realpath(path.join(base, ...windowsComponents(inner)));
  const out = path.relative(base, found);
  if (out === '..' || out.startsWith(`..${path.sep}`) || path.isAbsolute(out))
    throw new UnsafePathError(`${JSON.stringify(inner)} leads out of its directory`);
  return found;
}

/** Undefined where it is not there, or leads elsewhere. */
async function known<T>(find: Promise<string>, use: (found: string) => Promise<T>): Promise<T | undefined> {
  let found: string | undefined;
  try {
    found = await find;
    return await use(found);
  } catch (error) {
    if (error instanceof UnsafePathError || isMissing(error)) return undefined;
    throw error;
  }
}

function opened(directory: string): OpenDirectory {
  return { path: (name) => (name === undefined ? directory : path.join(directory, name)) };
}

export const windowsFiles: NodeFiles = {
  inDirectory: async (root, inner, use) => use(opened(await walk(root, inner, 'all'))),
  async inKnown(root, inner, use) {
    const directory = await known(walk(root, inner, 'none'), async (found) =>
      (await fs.lstat(found)).isDirectory() ? found : undefined,
    );
    return directory === undefined ? undefined : use(opened(directory));
  },
  async write(root, inner, content, { replace }: NewFile) {
    const file = await walk(root, inner, 'parents');
    const stat = await fs.lstat(file).catch(() => undefined);
    if (stat && !stat.isFile()) throw new UnsafePathError(`${JSON.stringify(inner)} is not a regular file`);
    await fs.writeFile(file, content, { flag: replace ? 'w' : 'wx' });
  },
  open: (root, inner, links = 'refuse') =>
    known(links === 'beneath' ? resolved(root, inner) : walk(root, inner, 'none'), async (found) =>
      (await fs.lstat(found)).isFile() ? fs.open(found, 'r') : undefined,
    ),
  list: (root, inner, links = 'refuse') =>
    known(links === 'beneath' ? resolved(root, inner) : walk(root, inner, 'none'), async (found) =>
      (await fs.lstat(found)).isDirectory() ? fs.readdir(found, { withFileTypes: true }) : undefined,
    ),
  async removeTree(root, inner) {
    const names = windowsComponents(inner);
    const name = names.pop();
    if (name === undefined) throw new UnsafePathError('a directory that is deleted has a name');
    await known(walk(root, names.join('/'), 'none'), (parent) =>
      // What is open in a program may not be deleted: it is tried for a while.
      fs.rm(path.join(parent, name), { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }),
    );
  },
};
