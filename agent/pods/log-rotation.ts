// Keeps container logs bounded: a log that has grown is set aside and the runtime opens a new one; the oldest go.
// Source: Kubernetes, "Logging Architecture", log rotation (containerLogMaxSize 10Mi, containerLogMaxFiles 5).

import fs from 'node:fs/promises';
import path from 'node:path';
import type { ContainerRuntime } from '../cri/runtime.ts';

export interface RotationLimits {
  readonly maxBytes: number;
  /** Files of one container, the one being written among them. */
  readonly maxFiles: number;
}

export const defaultRotation: RotationLimits = { maxBytes: 10 * 2 ** 20, maxFiles: 5 };

/** Rotates the log of a running container if it is due. Gives true when it did. Throws GrpcError when the runtime opens no new log. */
export async function rotateLog(
  runtime: Pick<ContainerRuntime, 'reopenContainerLog'>,
  container: { id: string; logPath: string },
  limits: RotationLimits,
  now: Date,
): Promise<boolean> {
  const { logPath, id } = container;
  const stat = await fs.stat(logPath).catch(() => undefined);
  if (!stat || stat.size < limits.maxBytes) return false;
  const aside = `${logPath}.${now
    .toISOString()
    .replace(/[-:TZ.]/g, '')
    .slice(0, 17)}`;
  await fs.rename(logPath, aside);
  try {
    await runtime.reopenContainerLog({ containerId: id });
  } catch (error) {
    // The container still writes to the old file: it gets its name back.
    await fs.rename(aside, logPath);
    throw error;
  }
  const rotated = await rotatedLogs(logPath);
  for (const old of rotated.slice(0, Math.max(0, rotated.length - (limits.maxFiles - 1))))
    await fs.rm(old, { force: true });
  return true;
}

/** Logs of the same container that were set aside, the oldest first. */
export async function rotatedLogs(logPath: string): Promise<string[]> {
  const directory = path.dirname(logPath);
  const prefix = `${path.basename(logPath)}.`;
  const names = await fs.readdir(directory).catch(() => []);
  return names
    .filter((name) => name.startsWith(prefix))
    .sort()
    .map((name) => path.join(directory, name));
}
