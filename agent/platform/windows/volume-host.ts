// Volumes on Windows: nothing is mounted; the runtime is given paths of the node, and whoever may read them is said by their access lists.

import { randomBytes } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import { CommandError } from '../../../core/process/run.ts';
import { isMissing, UnsafePathError } from '../../files/paths.ts';
import { VolumeError } from '../../volumes/volume-error.ts';
import type { Payload, VolumeHost } from '../../volumes/volume-host.ts';
import { resolved, windowsComponents, windowsFiles } from './files.ts';
import type { RunProgram } from './power-shell.ts';

/** SYSTEM and Administrators. */
export const administrators = ['*S-1-5-18:(OI)(CI)F', '*S-1-5-32-544:(OI)(CI)F'];
/** What a container's two built-in users are to the machine. */
const containerUsers = ['*S-1-5-93-2-1:(OI)(CI)M', '*S-1-5-93-2-2:(OI)(CI)M'];

export function createWindowsVolumeHost(run: RunProgram): VolumeHost {
  return {
    files: windowsFiles,
    async prepareRoots(podsDir, memoryDir) {
      for (const directory of [podsDir, memoryDir]) {
        await fs.mkdir(directory, { recursive: true });
        await allowOnly(run, directory, [...administrators, ...containerUsers]);
      }
    },
    writeFiles,
    // As kubelet on Windows: it has no file system in memory, and the directory is one on the disk.
    inMemory: async () => undefined,
    ownByGroup: async () => {
      throw new VolumeError('this node runs Windows, whose files have no group: leave fsGroup out');
    },
    async subPath(_podsDir, _place, volumePath, inner) {
      try {
        const names = windowsComponents(inner);
        const base = await fs.realpath(volumePath);
        await makeBelow(base, names);
        return await resolved(base, inner);
      } catch (error) {
        if (error instanceof UnsafePathError) throw new VolumeError(`subPath ${error.message}`);
        if (error instanceof Error && 'code' in error)
          throw new VolumeError(`subPath ${JSON.stringify(inner)} cannot be made or opened: ${String(error.code)}`);
        throw error;
      }
    },
    unmountBelow: async () => undefined,
    onFilesOf: (_file, use) => use(),
    async use(directory) {
      const disk = await fs.statfs(directory).catch(() => undefined);
      if (!disk) return undefined;
      return {
        capacity: disk.blocks * disk.bsize,
        available: disk.bavail * disk.bsize,
        used: (disk.blocks - disk.bfree) * disk.bsize,
      };
    },
    absolute: windowsPath,
  };
}

/** Nobody else may do anything with a directory and what comes to be in it. Rejects with CommandError. */
export async function allowOnly(run: RunProgram, directory: string, who: readonly string[]): Promise<void> {
  const args = [directory, '/inheritance:r', '/grant:r', ...who];
  const result = await run('icacls.exe', args);
  if (result.code !== 0) throw new CommandError('icacls.exe', args, result);
}

/** As the runtime takes it: with its drive. A named pipe stays as it is; undefined: relative, of another machine, or it leads up. */
export function windowsPath(file: string): string | undefined {
  if (file.includes('\0')) return undefined;
  if (/^\\\\\.\\pipe\\[^\\/]+$/i.test(file)) return file;
  if (file.split(/[\\/]/).includes('..') || /^[\\/]{2}/.test(file)) return undefined;
  if (/^[\\/]/.test(file)) return path.win32.normalize(`C:${file}`);
  return /^[A-Za-z]:[\\/]/.test(file) ? path.win32.normalize(file) : undefined;
}

/** Directories that are missing are made, as long as no link stands on the way to them that leads out. */
async function makeBelow(base: string, names: readonly string[]): Promise<void> {
  for (const [index] of names.entries()) {
    const inner = names.slice(0, index + 1).join('/');
    const there = await resolved(base, inner).catch((error: unknown) => {
      if (isMissing(error)) return undefined;
      throw error;
    });
    if (there === undefined) await fs.mkdir(path.join(base, ...names.slice(0, index + 1)));
  }
}

/**
 * The layout that programs which watch mounted ConfigMaps expect: name -> ..data/name, ..data -> a dated directory. Windows puts no link in
 * the place of another of a directory: between the old one's end and the new one there is none, as with kubelet.
 */
async function writeFiles(directory: string, payload: Payload): Promise<boolean> {
  for (const name of payload.keys()) checkPath(name);
  const data = path.join(directory, '..data');
  const current = await fs.readlink(data).catch(() => undefined);
  if (current !== undefined && (await isSame(path.join(directory, path.basename(current)), payload))) return false;
  const stamp = new Date().toISOString().replaceAll(/[:T]/g, '_').slice(0, 19);
  const version = `..${stamp}.${randomBytes(5).toString('hex')}`;
  try {
    for (const [name, file] of payload)
      await windowsFiles.write(path.join(directory, version), name, file.content, file);
    if (payload.size === 0) await fs.mkdir(path.join(directory, version));
  } catch (error) {
    await windowsFiles.removeTree(directory, version);
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (error instanceof UnsafePathError || code === 'EEXIST' || code === 'ENOTDIR')
      throw new VolumeError('two files of the volume are at one path');
    throw error;
  }
  await fs.rm(data, { force: true });
  await fs.symlink(version, data, 'dir');
  const visible = new Set([...payload.keys()].map((name) => windowsComponents(name)[0] ?? name));
  for (const name of visible) {
    const link = path.join(directory, name);
    const target = path.join('..data', name);
    if ((await fs.readlink(link).catch(() => undefined)) === target) continue;
    await fs.rm(link, { recursive: true, force: true });
    const { isFile } = await fs.stat(path.join(directory, version, name)).then((stat) => ({ isFile: stat.isFile() }));
    await fs.symlink(target, link, isFile ? 'file' : 'dir');
  }
  for (const name of await fs.readdir(directory))
    if (name !== '..data' && name !== version && !visible.has(name))
      await fs.rm(path.join(directory, name), { recursive: true, force: true });
  return true;
}

function checkPath(name: string): void {
  const none = () =>
    new VolumeError(
      `${JSON.stringify(name)} is no path in a volume on Windows: it must be relative and not begin with ".."`,
    );
  try {
    const [first] = windowsComponents(name);
    if (first === undefined || first.startsWith('..')) throw none();
  } catch (error) {
    if (error instanceof UnsafePathError) throw none();
    throw error;
  }
}

async function isSame(directory: string, payload: Payload): Promise<boolean> {
  const listed = await fs.readdir(directory, { recursive: true, withFileTypes: true }).catch(() => undefined);
  if (listed?.filter((entry) => entry.isFile()).length !== payload.size) return false;
  for (const [name, file] of payload) {
    const content = await fs.readFile(path.join(directory, name)).catch(() => undefined);
    if (!content?.equals(file.content)) return false;
  }
  return true;
}
