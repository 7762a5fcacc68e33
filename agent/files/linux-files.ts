// NodeFiles by descriptors: a name below /proc/self/fd/N is one of the directory that descriptor N is of, wherever it has been moved.

import fs, { type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { inDirectory, type Opened, openBeneath, openRoot, pathOf, readBeneath, writeFileIn } from './beneath.ts';
import type { NodeFiles, OpenDirectory } from './node-files.ts';
import { isMissing, UnsafePathError } from './paths.ts';
import { removeTree } from './remove-tree.ts';

export const linuxFiles: NodeFiles = {
  inDirectory: (root, inner, use) => inDirectory(root, inner, (directory) => use(opened(directory))),
  async inKnown(root, inner, use) {
    let base: FileHandle | undefined;
    let directory: FileHandle | undefined;
    try {
      base = await openRoot(root);
      directory = await openBeneath(base, inner);
      return await use(opened(directory));
    } catch (error) {
      if (error instanceof UnsafePathError || (directory === undefined && isMissing(error))) return undefined;
      throw error;
    } finally {
      await directory?.close();
      await base?.close();
    }
  },
  write: (root, inner, content, file) =>
    inDirectory(root, path.dirname(inner), (directory) => writeFileIn(directory, path.basename(inner), content, file)),
  open: readBeneath,
  async list(root, inner, links) {
    let base: FileHandle | undefined;
    let directory: FileHandle | undefined;
    try {
      base = await openRoot(root);
      directory = await openBeneath(base, inner, { ...(links !== undefined && { links }) });
      if (!(await directory.stat()).isDirectory()) return undefined;
      return await fs.readdir(pathOf(directory), { withFileTypes: true });
    } catch (error) {
      if (error instanceof UnsafePathError || isMissing(error)) return undefined;
      throw error;
    } finally {
      await directory?.close();
      await base?.close();
    }
  },
  removeTree,
};

function opened(directory: Opened): OpenDirectory {
  return { path: (name) => pathOf(directory, name) };
}
