// A directory, file, socket or device of the node as a volume: by design any of them. Source: Kubernetes, hostPath volume types.

import fs from 'node:fs/promises';
import path from 'node:path';
import { getOwn } from '../../../core/machinery/own.ts';
import { VolumeError } from '../volume-error.ts';
import type { VolumeHost } from '../volume-host.ts';
import type { NodeVolumeTypeOf } from '../volume-type.ts';

export const hostPath: NodeVolumeTypeOf<'hostPath'> = {
  mount: async (source, { host }) => ({ path: await hostPathVolume(source, host), readOnly: false }),
  // Kubernetes leaves its owner alone, whatever fsGroup says.
  persistent: (source, { host }) => hostPathVolume(source, host),
};

export async function hostPathVolume(
  source: { path: string; type?: string },
  host: Pick<VolumeHost, 'absolute' | 'onFilesOf'>,
): Promise<string> {
  const { path: given, type = '' } = source;
  const file = host.absolute(given);
  if (file === undefined)
    throw new VolumeError(`hostPath ${JSON.stringify(given)} must be an absolute path without ".."`);
  if (type === '') return file;
  return host.onFilesOf(file, () => checked(file, type));
}

async function checked(file: string, type: string): Promise<string> {
  const stat = await fs.stat(file).catch(() => undefined);
  if (type === 'DirectoryOrCreate' && !stat) {
    await fs.mkdir(file, { recursive: true, mode: 0o755 });
    return file;
  }
  if (type === 'FileOrCreate' && !stat) {
    await fs.mkdir(path.dirname(file), { recursive: true, mode: 0o755 });
    await createFile(file);
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

/** Only where there is nothing: neither a file that came meanwhile nor what a dangling link names is written. */
async function createFile(file: string): Promise<void> {
  const handle = await fs.open(file, 'wx', 0o644).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error)
      throw new VolumeError(`hostPath ${JSON.stringify(file)} cannot be made: ${String(error.code)}`);
    throw error;
  });
  await handle.close();
}
