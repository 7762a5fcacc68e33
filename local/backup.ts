// `zeroplane backup` and `zeroplane restore`: the cluster's state as one file, also while the cluster runs.

import { existsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { errorText } from '../core/machinery/error-text.ts';
import { restoreEmbeddedStore } from '../core/store/embedded/backup.ts';
import { openEmbeddedStore } from '../core/store/embedded/embedded-store.ts';
import { readCluster } from './cluster.ts';
import { askControlPlane } from './control-socket-client.ts';
import { processFiles, runningPid } from './process.ts';
import { UserError } from './user-error.ts';

interface Options {
  readonly dataDir: string;
}

/** Writes a whole, consistent copy of the state to a new file. Certificates and keys under `<data-dir>/pki` are not in it. */
export async function backup(
  file: string,
  { dataDir }: Options,
): Promise<{ readonly file: string; readonly bytes: number; readonly seconds: number }> {
  requireCluster(dataDir);
  const target = resolve(file);
  if (existsSync(target)) throw new UserError(`backup: ${target} exists: name a new file`);
  if (!existsSync(dirname(target)))
    throw new UserError(`backup: there is no directory ${dirname(target)}: make it first`);
  const began = performance.now();
  if (isRunning(dataDir)) await askRunning(dataDir, target);
  else await copyStopped(dataDir, target);
  return { file: target, bytes: statSync(target).size, seconds: (performance.now() - began) / 1000 };
}

/** Puts a backup in the place of the state. What was there stays beside it, as `previous`. */
export async function restore(
  file: string,
  { dataDir }: Options,
): Promise<{ readonly file: string; readonly previous?: string }> {
  requireCluster(dataDir);
  if (isRunning(dataDir))
    throw new UserError('restore: the control plane runs: stop the cluster first with `zeroplane down`');
  try {
    const { previous } = restoreEmbeddedStore(resolve(file), statePath(dataDir));
    return { file, ...(previous !== undefined && { previous }) };
  } catch (error) {
    throw new UserError(`restore: ${errorText(error)}`, { cause: error });
  }
}

async function copyStopped(dataDir: string, target: string): Promise<void> {
  const store = openEmbeddedStore(statePath(dataDir));
  try {
    await store.backup(target);
  } finally {
    await store.close();
  }
}

async function askRunning(dataDir: string, target: string): Promise<void> {
  try {
    await askControlPlane(dataDir, '/backup', target);
  } catch (error) {
    throw new UserError(`backup: ${errorText(error)}: \`df -h ${dirname(target)}\` says whether there is room`, {
      cause: error,
    });
  }
}

function requireCluster(dataDir: string): void {
  if (!readCluster(dataDir)) throw new UserError(`no cluster in ${dataDir}: start one with \`zeroplane up\``);
}

function isRunning(dataDir: string): boolean {
  return runningPid(processFiles(dataDir, 'control-plane')) !== undefined;
}

function statePath(dataDir: string): string {
  return join(dataDir, 'state.db');
}
