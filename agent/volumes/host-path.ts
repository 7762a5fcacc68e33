// A directory, file, socket or device of the node as a volume. Source: Kubernetes, hostPath volume types.

import fs from 'node:fs/promises';
import path from 'node:path';
import { getOwn } from '../../core/machinery/own.ts';
import { VolumeError } from './volume-error.ts';

export async function hostPathVolume(source: { path: string; type?: string }): Promise<string> {
  const { path: file, type = '' } = source;
  if (type === '') return file;
  const stat = await fs.stat(file).catch(() => undefined);
  if (type === 'DirectoryOrCreate' && !stat) {
    await fs.mkdir(file, { recursive: true, mode: 0o755 });
    return file;
  }
  if (type === 'FileOrCreate' && !stat) {
    await fs.mkdir(path.dirname(file), { recursive: true, mode: 0o755 });
    await fs.writeFile(file, '', { mode: 0o644, flag: 'a' });
    return file;
  }
  const kinds = {
    Directory: stat?.isDirectory(),
    DirectoryOrCreate: stat?.isDirectory(),
    File: stat?.isFile(),
    FileOrCreate: stat?.isFile(),
    Socket: stat?.isSocket(),
    CharDevice: stat?.isCharacterDevice(),
    BlockDevice: stat?.isBlockDevice(),
  };
  if (!getOwn(kinds, type))
    throw new VolumeError(`hostPath type check failed: ${file} is not a ${type.replace('OrCreate', '')}`);
  return file;
}
