// `zeroplane upgrade`: the control plane and the agent of this machine change to the programs that this one brings, a checkout's or the npm package's. Pods run on: neither of
// both is what runs them. What does not come up is put back.

import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { agentRights } from '../agent/start-rights.ts';
import { errorText } from '../core/machinery/error-text.ts';
import { version } from '../core/process/version.ts';
import { restoreEmbeddedStore } from '../core/store/embedded/backup.ts';
import { schemaVersionOf } from '../core/store/embedded/database.ts';
import { backup } from './backup.ts';
import { installBundles } from './bundle.ts';
import { type Cluster, readCluster } from './cluster.ts';
import { leastRights } from './least-rights.ts';
import { type ProcessFiles, processFiles, runningPid, startProcess, stopProcess } from './process.ts';
import { sayProgress } from './progress.ts';
import { up } from './up.ts';
import { UserError } from './user-error.ts';

export interface UpgradeOptions {
  readonly dataDir: string;
  /** A copy of the state is made before. */
  readonly copiesState: boolean;
}

interface Running {
  readonly files: ProcessFiles;
  /** Before its command line: what takes rights away from it. */
  readonly rights: readonly string[];
  readonly command: readonly string[];
}

const agentGraceMs = 10_000;

export interface Upgraded {
  /** False: it runs these programs already. */
  readonly changed: boolean;
  readonly version: string;
  /** Of the state before. */
  readonly copy?: string;
}

export async function upgrade({ dataDir, copiesState }: UpgradeOptions): Promise<Upgraded> {
  const cluster = readCluster(dataDir);
  if (!cluster) throw new UserError(`no cluster in ${dataDir}: start one with \`zeroplane up\``);
  const controlPlane = running(processFiles(dataDir, 'control-plane'), leastRights());
  const agent = running(processFiles(dataDir, 'agent'), agentRights());
  if (!controlPlane)
    throw new UserError('the cluster does not run: `zeroplane up --detach` starts it, with these programs');
  const bundles = await installBundles(dataDir, false);
  const same = [controlPlane, agent].every((each) => !each || programsOf(each) === basename(dirname(bundles.agent)));
  if (same) return { changed: false, version };
  const copy = join(dataDir, `before-${new Date().toISOString().replace(/\D/g, '').slice(0, 14)}.db`);
  if (copiesState) {
    const { file, bytes } = await backup(copy, { dataDir });
    sayProgress(`${file}: ${(bytes / 1e6).toFixed(1)} MB, the state as it was`);
  }
  await stop(cluster, controlPlane, agent);
  const state = join(dataDir, 'state.db');
  const before = schemaVersionOf(state);
  try {
    await up({ dataDir, detach: true, agent: agent !== undefined, keepsPrograms: true });
  } catch (error) {
    // The version before does not read what the new one has converted.
    if (schemaVersionOf(state) !== before) putBack(copiesState ? copy : undefined, state, error);
    for (const each of [controlPlane, agent]) if (each) startAgain(each);
    throw new UserError(
      `the new version does not come up, so the one before runs again: ${errorText(error)}\n\`zeroplane status\` says how it is`,
      { cause: error },
    );
  }
  return { changed: true, version, ...(copiesState && { copy }) };
}

/** Throws UserError where there is no copy. */
function putBack(copy: string | undefined, state: string, cause: unknown): void {
  if (copy === undefined)
    throw new UserError(
      `the new version does not come up, and has converted ${state}, which the one before does not read; no copy was made: ${errorText(cause)}\n\`zeroplane logs apiserver\` says why, and \`zeroplane restore FILE\` of the version before takes a backup of yours`,
      { cause },
    );
  const { previous } = restoreEmbeddedStore(copy, state, { keepsVersion: true });
  sayProgress(`${state}: as it was before; what the new version made of it is ${previous}`);
}

function running(files: ProcessFiles, rights: readonly string[]): Running | undefined {
  const pid = runningPid(files);
  if (pid === undefined) return undefined;
  const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
  return { files, rights, command };
}

/** The folder of its bundle, which is named for the sources. */
function programsOf({ command }: Running): string | undefined {
  const program = command.find((word) => word.endsWith('.mjs'));
  return program === undefined ? undefined : basename(dirname(program));
}

/** The agent first: it would say that the API is away. */
async function stop(cluster: Cluster, controlPlane: Running, agent: Running | undefined): Promise<void> {
  if (agent) await stopProcess(agent.files, agentGraceMs);
  await stopProcess(controlPlane.files, (cluster.shutdownDelayMs ?? 0) + agentGraceMs);
}

function startAgain({ files, rights, command }: Running): void {
  if (runningPid(files) !== undefined) return;
  const [program = '', ...args] = [...rights, ...command];
  startProcess(files, program, args);
}
