// One hosted cluster as its host has it: nothing but a name while nobody asks for it.

import { existsSync, readFileSync, rmSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { Agent } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { AskedCluster } from '../../core/hosted/cluster-type.ts';
import { StatusError } from '../../core/machinery/status.ts';
import { writePrivateFile } from '../../core/process/private-file.ts';
import type { Cluster } from '../cluster.ts';
import { saveCluster } from '../cluster.ts';
import { type ClusterProcess, clusterProcess } from './cluster-process.ts';
import { apiSocket, copyDir, settingsOf, storedBytes } from './made-cluster.ts';
import { type OwnCredentials, ownCredentials } from './own-credentials.ts';

export interface Hosted {
  readonly asked: AskedCluster;
  readonly process: ClusterProcess;
  /** Connections to its API server, kept. */
  readonly agent: Agent;
  /** Whether a request shows a credential that the cluster gave out. */
  readonly knows: OwnCredentials;
  /** Requests of those whom it knows that are not answered to their end. */
  open: number;
  /** The last of these's end, Unix milliseconds; or when it began to run. */
  usedAt: number;
  /** When it is started without a request, since it has something to do then. */
  wakeAt: number | undefined;
  readonly storedBytes: () => number;
  /** Remembers, also through a restart of the host, when it has something to do by itself. */
  sleepUntil(at: number | undefined): void;
  /** All of it, its folder too. */
  remove(): Promise<void>;
}

export interface HostedOptions {
  readonly host: Cluster;
  readonly program: string;
  readonly maximumBytes: number;
  /** Called before a start: where it is to begin as a copy, and is not there yet. */
  readonly copyFrom: (name: string, folder: string) => Promise<void>;
  readonly changed: (hosted: Hosted) => void;
}

export function hostedCluster(asked: AskedCluster, options: HostedOptions): Hosted {
  const settings = settingsOf(options.host, asked, options.maximumBytes);
  const { dataDir } = settings;
  const wakeFile = join(dataDir, 'wake-at');
  const agent = Object.assign(new Agent({ keepAlive: true, maxFreeSockets: 16 }), {
    createConnection: () => connect(apiSocket(dataDir)),
  });
  const prepare = async () => {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    const { from } = asked;
    const begun = existsSync(join(dataDir, 'state.db')) || existsSync(copyDir(dataDir));
    if (from !== undefined && !begun) await options.copyFrom(from, copyDir(dataDir));
    // Until it says when it has something to do, it is looked at after a restart.
    rmSync(wakeFile, { force: true });
    saveCluster(settings);
  };
  const changed = () => {
    hosted.usedAt = Date.now();
    if (!hosted.process.running) agent.destroy();
    options.changed(hosted);
  };
  const hosted: Hosted = {
    asked,
    process: clusterProcess({ dataDir, program: options.program, prepare, changed }),
    agent,
    knows: ownCredentials(dataDir, Date.now),
    open: 0,
    usedAt: Date.now(),
    wakeAt: readWake(dataDir, wakeFile),
    storedBytes: () => storedBytes(dataDir),
    sleepUntil(at) {
      hosted.wakeAt = at;
      writePrivateFile(wakeFile, `${at ?? ''}\n`);
    },
    async remove() {
      await hosted.process.stop(true);
      agent.destroy();
      await rm(dataDir, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
    },
  };
  return hosted;
}

/** A cluster that its host left running, and so did not hear of: it is asked soon. */
function readWake(dataDir: string, file: string): number | undefined {
  if (!existsSync(file)) return existsSync(join(dataDir, 'state.db')) ? Date.now() : undefined;
  const at = Number(readFileSync(file, 'utf8').trim());
  return at > 0 ? at : undefined;
}

/** To be given back once. `known`: by the cluster; who is not does not keep it in memory. Throws StatusError where it does not start. */
export async function use(hosted: Hosted, known: boolean): Promise<() => void> {
  let held = known;
  if (known) hosted.open += 1;
  const release = () => {
    if (!held) return;
    held = false;
    hosted.open -= 1;
    hosted.usedAt = Date.now();
  };
  try {
    if (hosted.asked.ending) throw new StatusError('NotFound', 'the cluster is being deleted', {});
    await hosted.process.start();
    return release;
  } catch (error) {
    release();
    throw error;
  }
}
