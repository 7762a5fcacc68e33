// Keeps container logs bounded: a log that has grown is set aside and the runtime opens a new one; the oldest go.
// Source: Kubernetes, "Logging Architecture", log rotation (containerLogMaxSize 10Mi, containerLogMaxFiles 5).

import fs from 'node:fs/promises';
import path from 'node:path';
import type { ContainerRuntime } from '../cri/runtime.ts';
import type { NodeFiles, OpenDirectory } from '../files/node-files.ts';
import type { PodHost } from './pod-host.ts';

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
  readonly host: Pick<PodHost, 'files'>;
}

/** Rotates the log of a running container if it is due. Gives true when it did. Throws GrpcError when the runtime opens no new log. */
export async function rotateLog(
  { runtime, logsDir, host: { files } }: RotationContext,
  { logPath, id }: { readonly id: string; readonly logPath: string },
  limits: RotationLimits,
  now: Date,
): Promise<boolean> {
  const done = await inLogDirectory(files, logsDir, logPath, async (directory, name) => {
    const stat = await fs.lstat(directory.path(name)).catch(() => undefined);
    if (!stat?.isFile() || stat.size < limits.maxBytes) return false;
    const aside = `${name}.${now
      .toISOString()
      .replace(/[-:TZ.]/g, '')
      .slice(0, 17)}`;
    await fs.rename(directory.path(name), directory.path(aside));
    try {
      await runtime.reopenContainerLog({ containerId: id });
    } catch (error) {
      // The container still writes to the old file: it gets its name back.
      await fs.rename(directory.path(aside), directory.path(name));
      throw error;
    }
    const rotated = await setAside(directory, name);
    for (const old of rotated.slice(0, Math.max(0, rotated.length - (limits.maxFiles - 1))))
      await fs.rm(directory.path(old), { force: true });
    return true;
  });
  return done ?? false;
}

/** Logs of the same container that were set aside, the oldest first. */
export async function rotatedLogs(files: NodeFiles, logsDir: string, logPath: string): Promise<string[]> {
  const found = await inLogDirectory(files, logsDir, logPath, setAside);
  return (found ?? []).map((name) => path.join(path.dirname(logPath), name));
}

/** A log, and what was set aside of it. */
export async function removeLogs(files: NodeFiles, logsDir: string, logPath: string): Promise<void> {
  await inLogDirectory(files, logsDir, logPath, async (directory, name) => {
    for (const each of [name, ...(await setAside(directory, name))]) await fs.rm(directory.path(each), { force: true });
  });
}

async function setAside(directory: OpenDirectory, name: string): Promise<string[]> {
  const names = await fs.readdir(directory.path());
  return names.filter((each) => each.startsWith(`${name}.`)).sort();
}

/** Undefined where there is no such directory below that of all logs; one that is a link is none. */
function inLogDirectory<T>(
  files: NodeFiles,
  logsDir: string,
  logPath: string,
  use: (directory: OpenDirectory, name: string) => Promise<T>,
): Promise<T | undefined> {
  const inner = path.relative(logsDir, path.dirname(logPath));
  return files.inKnown(logsDir, inner, (directory) => use(directory, path.basename(logPath)));
}
