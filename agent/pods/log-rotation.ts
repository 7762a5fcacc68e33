// Keeps container logs bounded: a log that has grown is set aside and the runtime opens a new one; the oldest go.
// Source: Kubernetes, "Logging Architecture", log rotation (containerLogMaxSize 10Mi, containerLogMaxFiles 5).

import fs, { type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import type { ContainerRuntime } from '../cri/runtime.ts';
import { isMissing, openBeneath, openRoot, pathOf, UnsafePathError } from '../files/beneath.ts';

export interface RotationLimits {
  readonly maxBytes: number;
  /** Files of one container, the one being written among them. */
  readonly maxFiles: number;
}

export const defaultRotation: RotationLimits = { maxBytes: 10 * 2 ** 20, maxFiles: 5 };

export interface RotationContext {
  readonly runtime: Pick<ContainerRuntime, 'reopenContainerLog'>;
  /** Holds all logs. */
  readonly logsDir: string;
}

/** Rotates the log of a running container if it is due. Gives true when it did. Throws GrpcError when the runtime opens no new log. */
export async function rotateLog(
  { runtime, logsDir }: RotationContext,
  { logPath, id }: { readonly id: string; readonly logPath: string },
  limits: RotationLimits,
  now: Date,
): Promise<boolean> {
  const done = await inLogDirectory(logsDir, logPath, async (directory, name) => {
    const stat = await fs.lstat(pathOf(directory, name)).catch(() => undefined);
    if (!stat?.isFile() || stat.size < limits.maxBytes) return false;
    const aside = `${name}.${now
      .toISOString()
      .replace(/[-:TZ.]/g, '')
      .slice(0, 17)}`;
    await fs.rename(pathOf(directory, name), pathOf(directory, aside));
    try {
      await runtime.reopenContainerLog({ containerId: id });
    } catch (error) {
      // The container still writes to the old file: it gets its name back.
      await fs.rename(pathOf(directory, aside), pathOf(directory, name));
      throw error;
    }
    const rotated = await setAside(directory, name);
    for (const old of rotated.slice(0, Math.max(0, rotated.length - (limits.maxFiles - 1))))
      await fs.rm(pathOf(directory, old), { force: true });
    return true;
  });
  return done ?? false;
}

/** Logs of the same container that were set aside, the oldest first. */
export async function rotatedLogs(logsDir: string, logPath: string): Promise<string[]> {
  const found = await inLogDirectory(logsDir, logPath, setAside);
  return (found ?? []).map((name) => path.join(path.dirname(logPath), name));
}

/** A log, and what was set aside of it. */
export async function removeLogs(logsDir: string, logPath: string): Promise<void> {
  await inLogDirectory(logsDir, logPath, async (directory, name) => {
    for (const each of [name, ...(await setAside(directory, name))])
      await fs.rm(pathOf(directory, each), { force: true });
  });
}

async function setAside(directory: FileHandle, name: string): Promise<string[]> {
  const names = await fs.readdir(pathOf(directory));
  return names.filter((each) => each.startsWith(`${name}.`)).sort();
}

/** Undefined where there is no such directory below that of all logs; one that is a link is none. */
async function inLogDirectory<T>(
  logsDir: string,
  logPath: string,
  use: (directory: FileHandle, name: string) => Promise<T>,
): Promise<T | undefined> {
  let root: FileHandle | undefined;
  let directory: FileHandle | undefined;
  try {
    root = await openRoot(logsDir);
    directory = await openBeneath(root, path.relative(logsDir, path.dirname(logPath)));
    return await use(directory, path.basename(logPath));
  } catch (error) {
    if (error instanceof UnsafePathError || (directory === undefined && isMissing(error))) return undefined;
    throw error;
  } finally {
    await directory?.close();
    await root?.close();
  }
}
