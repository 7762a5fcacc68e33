// Files and directories below a directory, reached one component at a time: what a container swaps for a link while it is looked at
// leads nowhere. Node.js has no openat; a name below /proc/self/fd/N is one of the directory that descriptor N is of, wherever it has
// been moved. Source: openat2(2), RESOLVE_BENEATH.

import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  type Stats,
  writeFileSync,
} from 'node:fs';
import fs, { type FileHandle } from 'node:fs/promises';
import type { Links, NewFile } from './node-files.ts';
import { componentsOf, isFileName, isMissing, split, UnsafePathError } from './paths.ts';

export interface Walk {
  /** Links are refused, or followed as long as they stay below the directory. Refused unless given. */
  readonly links?: Links;
  /** Directories that are missing are made, with exactly these permission bits. */
  readonly createMode?: number;
}

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_TRUNC, O_WRONLY } = constants;
/** A descriptor that names a file and opens nothing: no device is touched and no FIFO waited for. Linux on x86 and ARM; not in Node.js. */
const O_PATH = 0o10000000;
/** As in the kernel. */
const maxLinks = 40;
/** Each takes a descriptor while links are followed. */
const maxDepth = 256;

/** A descriptor, whoever closes it. */
export interface Opened {
  readonly fd: number;
}

/** The path of what a descriptor is of, or of a name in it; good while it is open, in this process. */
export function pathOf({ fd }: Opened, name?: string): string {
  return name === undefined ? `/proc/self/fd/${fd}` : `/proc/self/fd/${fd}/${name}`;
}

/** The mount that a descriptor's file is reached through: another one below the same directory is another file system, or a bind mount. */
export function mountOf({ fd }: FileHandle): string {
  // The kernel tells it from memory: a thread would take longer to be asked.
  const info = readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8');
  return /^mnt_id:\s*(\d+)$/m.exec(info)?.[1] ?? '';
}

/** A directory that the node's owner names: links on the way to it are the owner's. */
export function openRoot(directory: string): Promise<FileHandle> {
  return fs.open(directory, O_PATH | O_DIRECTORY);
}

/**
 * What `inner` names below `root`, as a descriptor without any access; with links refused, a link at its end is refused as well.
 * Throws UnsafePathError, and what the file system says.
 */
export async function openBeneath(root: FileHandle, inner: string, walk: Walk = {}): Promise<FileHandle> {
  return (await walkTo(root, inner, walk)).handle;
}

/**
 * A directory below `root`, which is one of the node's own; what is missing on the way is made. Throws as `openBeneath`. Made, as files are
 * that are written in it, without threads: what it takes is done in memory, and handing each of a hundred calls to a thread takes twice as
 * long as a call, of processors that many pods start on at once. What may be another machine's is reached by `openBeneath`.
 */
export async function directoryBeneath(root: Opened, inner: string, mode = 0o755): Promise<FileHandle> {
  return atBeneath(root, inner, mode, (found) => fs.open(pathOf(found), O_PATH | O_DIRECTORY));
}

/** Runs `use` with such a directory. */
export async function atBeneath<T>(
  root: Opened,
  inner: string,
  mode: number,
  use: (directory: Opened) => Promise<T>,
): Promise<T> {
  let at = root.fd;
  try {
    for (const name of componentsOf(inner)) {
      const child = madeIn(at, name, mode, inner);
      if (at !== root.fd) closeSync(at);
      at = child;
    }
    return await use({ fd: at });
  } finally {
    if (at !== root.fd) closeSync(at);
  }
}

/** The descriptor of a directory in another one. Opened first: to make one that is there already waits for whoever makes others beside it. */
function madeIn(parent: number, name: string, mode: number, inner: string): number {
  const place = pathOf({ fd: parent }, name);
  const flags = O_PATH | O_NOFOLLOW;
  let made = false;
  let fd: number;
  try {
    fd = openSync(place, flags);
  } catch (error) {
    if (!isMissing(error)) throw error;
    made = isMade(place, mode);
    fd = openSync(place, flags);
  }
  try {
    const stat = fstatSync(fd);
    if (stat.isSymbolicLink()) throw new UnsafePathError(`${JSON.stringify(inner)} has a link on its way`);
    if (!stat.isDirectory()) throw new UnsafePathError(`${JSON.stringify(inner)} is not a directory`);
    if (made) openUp(fd, stat, mode);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** False: somebody else made it meanwhile. */
function isMade(place: string, mode: number): boolean {
  try {
    mkdirSync(place, { mode });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

/** Past the process' umask. What came in its place meanwhile is not ours to open up. */
function openUp(fd: number, { uid, mode }: Stats, wanted: number): void {
  if (uid === process.getuid?.() && (mode & 0o7777) !== wanted) chmodSync(pathOf({ fd }), wanted);
}

/** Each call of the file system takes a pod's start a thread and a turn of the event loop, so what one of them told is handed on. */
interface Entry {
  readonly handle: FileHandle;
  readonly isDirectory: boolean;
  readonly isLink: boolean;
}

async function walkTo(root: FileHandle, inner: string, walk: Walk): Promise<Entry> {
  const rest = componentsOf(inner);
  const below: Entry[] = [];
  let links = 0;
  try {
    for (let name = rest.shift(); name !== undefined; name = rest.shift()) {
      if (name === '..') {
        const left = below.pop();
        if (!left) throw new UnsafePathError(`${JSON.stringify(inner)} leads out of its directory`);
        await left.handle.close();
        continue;
      }
      if (below.length >= maxDepth) throw new UnsafePathError(`${JSON.stringify(inner)} is too deep`);
      const parent = below.at(-1)?.handle ?? root;
      const entry = await openEntry(parent, name, walk.createMode);
      below.push(entry);
      if (!entry.isLink) continue;
      links += 1;
      if (walk.links !== 'beneath') throw new UnsafePathError(`${JSON.stringify(inner)} has a link on its way`);
      if (links > maxLinks) throw new UnsafePathError(`${JSON.stringify(inner)} has too many links`);
      // Another link may have come in its place: it is followed by the same rules.
      const target = await fs.readlink(pathOf(parent, name));
      await below.pop()?.handle.close();
      if (target.startsWith('/')) {
        rest.unshift(...split(await belowRoot(root, target, inner)));
        await closeAll(below.splice(0).map(({ handle }) => handle));
      } else rest.unshift(...split(target));
    }
    const found = below.pop();
    if (found) return found;
    return { handle: await fs.open(pathOf(root), O_PATH | O_DIRECTORY), isDirectory: true, isLink: false };
  } finally {
    await closeAll(below.map(({ handle }) => handle));
  }
}

/** A regular file to read; undefined where there is none, and for links, devices, sockets and FIFOs, which nothing waits for. */
export async function readBeneath(
  directory: string,
  inner: string,
  links: Links = 'refuse',
): Promise<FileHandle | undefined> {
  let root: FileHandle | undefined;
  let file: FileHandle | undefined;
  try {
    root = await openRoot(directory);
    file = await openBeneath(root, inner, { links });
    return await openToRead(file);
  } catch (error) {
    if (error instanceof UnsafePathError || isMissing(error)) return undefined;
    throw error;
  } finally {
    await closeAll([root, file].filter((each) => each !== undefined));
  }
}

/** What a descriptor without access is of, to be read; undefined for all but regular files. */
async function openToRead(file: FileHandle): Promise<FileHandle | undefined> {
  return (await file.stat()).isFile() ? fs.open(pathOf(file), O_RDONLY | O_NONBLOCK) : undefined;
}

/** Writes a file of a directory. A link at its place is refused. */
export async function writeFileIn(
  directory: Opened,
  name: string,
  content: string | Buffer,
  { mode, gid, replace }: NewFile,
): Promise<void> {
  if (!isFileName(name)) throw new UnsafePathError(`${JSON.stringify(name)} is no name of a file`);
  const flags = O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | (replace ? O_TRUNC : O_EXCL);
  const file = openSync(pathOf(directory, name), flags, 0o600);
  try {
    // What is made here and now is one.
    if (replace && !fstatSync(file).isFile())
      throw new UnsafePathError(`${JSON.stringify(name)} is not a regular file`);
    if (content.length > 0) writeFileSync(file, content);
    if (gid !== undefined) fchownSync(file, fstatSync(file).uid, gid);
    // After the owner, since a change of owner clears bits; and past the process' umask.
    fchmodSync(file, mode);
  } finally {
    closeSync(file);
  }
}

/** Runs `use` with a directory below `root`, one of the node's own; both are made where they are missing. */
export async function inDirectory<T>(root: string, inner: string, use: (directory: Opened) => Promise<T>): Promise<T> {
  const flags = O_PATH | O_DIRECTORY;
  let fd: number;
  try {
    fd = openSync(root, flags);
  } catch (error) {
    if (!isMissing(error)) throw error;
    mkdirSync(root, { recursive: true, mode: 0o755 });
    fd = openSync(root, flags);
  }
  try {
    return await atBeneath({ fd }, inner, 0o755, use);
  } finally {
    closeSync(fd);
  }
}

/** With `createMode`, a directory that is made where there is nothing yet. */
async function openEntry(parent: FileHandle, name: string, createMode: number | undefined): Promise<Entry> {
  const place = pathOf(parent, name);
  const refusal = createMode === undefined ? undefined : await refusalToMake(place, createMode);
  const handle = await fs.open(place, O_PATH | O_NOFOLLOW).catch((error: unknown) => {
    throw (isMissing(error) && refusal) || error;
  });
  try {
    const stat = await handle.stat();
    const made = createMode !== undefined && refusal === undefined;
    // What came in its place meanwhile is not ours to open up.
    if (made && stat.isDirectory() && stat.uid === process.getuid?.() && (stat.mode & 0o7777) !== createMode)
      await fs.chmod(pathOf(handle), createMode);
    return { handle, isDirectory: stat.isDirectory(), isLink: stat.isSymbolicLink() };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Why a directory was not made; undefined: it was. A server of files may refuse before it looks whether there is one already. */
function refusalToMake(place: string, mode: number): Promise<unknown> {
  return fs.mkdir(place, { mode }).then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** An absolute link is one of the node's files: taken only where it leads below the same directory. */
async function belowRoot(root: FileHandle, target: string, shown: string): Promise<string> {
  const base = await fs.readlink(pathOf(root));
  if (target === base) return '';
  if (!target.startsWith(base === '/' ? base : `${base}/`))
    throw new UnsafePathError(`${JSON.stringify(shown)} leads out of its directory`);
  return target.slice(base.length);
}

async function closeAll(handles: readonly FileHandle[]): Promise<void> {
  await Promise.all(handles.map((handle) => handle.close()));
}
