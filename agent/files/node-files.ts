// The agent's own files, below directories that pods can write to: each system has its own means of not being led elsewhere by what a
// container puts in a file's place while it is looked at (agent/platform).

import type { Dirent } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';

/** One that is open: its path, or that of a name in it, is good until whoever opened it has ended. */
export interface OpenDirectory {
  readonly path: (name?: string) => string;
}

export interface NewFile {
  /** Permission bits. */
  readonly mode: number;
  readonly gid?: number;
  /** It may be there already: then it is written anew. Else that is an error. */
  readonly replace?: boolean;
}

/** Links below `root` are refused, or followed as long as they stay below it. */
export type Links = 'refuse' | 'beneath';

/** `inner` is a path below `root`. All throw UnsafePathError where it leads out of it, unless they say otherwise. */
export interface NodeFiles {
  /** Runs `use` with the directory; it and `root` are made where they are missing. */
  inDirectory<T>(root: string, inner: string, use: (directory: OpenDirectory) => Promise<T>): Promise<T>;
  /** The same where there is such a directory; else undefined, also where a link leads to it. */
  inKnown<T>(root: string, inner: string, use: (directory: OpenDirectory) => Promise<T>): Promise<T | undefined>;
  /** Writes a file; its directory is made where it is missing. A link at its place is refused. */
  write(root: string, inner: string, content: string | Buffer, file: NewFile): Promise<void>;
  /** A regular file to read; undefined where there is none, and for links, devices, sockets and FIFOs, which nothing waits for. */
  open(root: string, inner: string, links?: Links): Promise<FileHandle | undefined>;
  /** What a directory holds; undefined where there is none. */
  list(root: string, inner: string, links?: Links): Promise<Dirent[] | undefined>;
  /** Deletes a file or a directory with all below it: never through a link. What is not there is fine. */
  removeTree(root: string, inner: string): Promise<void>;
}
