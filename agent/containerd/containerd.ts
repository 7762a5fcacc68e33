// The node's own containerd: started detached (it and its shims outlive the agent), adopted when it runs already, started again when
// it dies. Containers run on while it is away.

import { spawn } from 'node:child_process';
import fs from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { errorText } from '../../core/machinery/error-text.ts';
import { childEnvironment } from '../../core/process/child-environment.ts';
import type { EventLog } from '../../core/process/log.ts';
import { createBackoff } from '../backoff.ts';
import type { ContainerRuntime } from '../cri/runtime.ts';
import { connectRuntime } from '../cri/runtime.ts';
import type { ContainerdOptions } from './config.ts';
import { containerdConfig, containerdPaths } from './config.ts';

export interface Containerd {
  /** The CRI socket. */
  readonly endpoint: string;
  readonly runtime: ContainerRuntime;
  /** True when it ran before we came. */
  readonly adopted: boolean;
  /** Stops watching over it; it runs on. */
  release(): void;
}

/** containerd does not serve: `data` says what was seen. */
class ContainerdError extends Error {
  readonly logFile: string;

  constructor(text: string, logFile: string) {
    super(text);
    this.name = 'ContainerdError';
    this.logFile = logFile;
  }
}

/** A containerd that died sooner than this after its start will again. */
const shortLifeMs = 10_000;

/** Resolves when CRI answers, or throws ContainerdError after `startTimeoutMs` (20 s unless given). */
export async function startContainerd(
  options: ContainerdOptions,
  log: EventLog,
  startTimeoutMs = 20_000,
): Promise<Containerd> {
  const paths = containerdPaths(options.dataDir);
  await fs.mkdir(path.join(options.dataDir, 'containerd', 'opt'), { recursive: true });
  await fs.mkdir(options.cniConfDir, { recursive: true });
  await fs.mkdir(options.registryConfigDir, { recursive: true });
  await fs.writeFile(paths.config, containerdConfig(options), { mode: 0o600 });

  const runtime = connectRuntime(paths.socket);
  const serving = async (): Promise<boolean> => {
    try {
      await runtime.version({ version: 'v1' }, { deadlineMs: 2000 });
      return true;
    } catch {
      return false;
    }
  };
  const until = async (): Promise<void> => {
    const deadline = Date.now() + startTimeoutMs;
    while (!(await serving())) {
      if (Date.now() > deadline) {
        const tail = (await fs.readFile(paths.log, 'utf8').catch(() => '')).trim().split('\n').slice(-3).join(' | ');
        throw new ContainerdError(`containerd does not serve CRI on ${paths.socket}: ${tail}`, paths.log);
      }
      await delay(20);
    }
  };

  let pid = await runningContainerd(options.dataDir);
  const adopted = pid !== undefined;
  if (!adopted) pid = await launch(options);
  try {
    await until();
  } catch (error) {
    runtime.close();
    throw error;
  }
  log.info({ pid, adopted, socket: paths.socket }, adopted ? 'containerd adopted' : 'containerd started');

  let released = false;
  let restarting = false;
  let startedAt = 0;
  const backoff = createBackoff(1000, 60_000, Math.random);
  const watch = setInterval(async () => {
    if (released || restarting || (pid !== undefined && (await alive(pid)))) return;
    restarting = true;
    log.warn({ pid }, 'containerd died; starting it again');
    try {
      // One that dies of what it finds at its start would do so again.
      if (Date.now() - startedAt < shortLifeMs) await delay(backoff.next(), undefined, { ref: false });
      else backoff.reset();
      if (released) return;
      startedAt = Date.now();
      pid = await launch(options);
      await until();
      log.info({ pid }, 'containerd started');
    } catch (error) {
      log.warn({ error: errorText(error) }, 'containerd did not start; will try again');
    } finally {
      restarting = false;
    }
  }, 500);
  watch.unref();

  return {
    endpoint: paths.socket,
    runtime,
    adopted,
    release: () => {
      released = true;
      clearInterval(watch);
      runtime.close();
    },
  };
}

/** The process id of the containerd of this data directory, if it runs. */
async function runningContainerd(dataDir: string): Promise<number | undefined> {
  const paths = containerdPaths(dataDir);
  const pid = Number(await fs.readFile(paths.pid, 'utf8').catch(() => ''));
  if (!(pid > 0) || !(await alive(pid))) return undefined;
  // The number may have been given to another process since.
  const command = await fs.readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return command.split('\0').includes(paths.config) ? pid : undefined;
}

/** Ends the containerd of this data directory; its containers run on. */
export async function stopContainerd(dataDir: string): Promise<void> {
  const pid = await runningContainerd(dataDir);
  if (pid === undefined) return;
  process.kill(pid, 'SIGTERM');
  const deadline = Date.now() + 10_000;
  while (await alive(pid)) {
    if (Date.now() > deadline) process.kill(pid, 'SIGKILL');
    await delay(20);
  }
  await fs.rm(containerdPaths(dataDir).pid, { force: true });
}

async function launch(options: ContainerdOptions): Promise<number> {
  const paths = containerdPaths(options.dataDir);
  await fs.rm(paths.socket, { force: true });
  const log = await fs.open(paths.log, 'a', 0o600);
  try {
    const command = ['containerd', '--config', paths.config, '--log-level', 'warn'];
    // Not `ip netns exec`: that mounts /sys anew, and runc then finds no cgroups.
    const [program = '', ...args] = options.netns ? ['nsenter', `--net=${options.netns}`, ...command] : command;
    const child = spawn(program, args, {
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      env: childEnvironment(),
    });
    const pid = await new Promise<number>((resolve, reject) => {
      child.on('error', (error) =>
        reject(
          new ContainerdError(`cannot start containerd: ${error.message}; install the package containerd`, paths.log),
        ),
      );
      child.on('spawn', () => resolve(child.pid ?? 0));
    });
    child.unref();
    await fs.writeFile(paths.pid, String(pid));
    return pid;
  } finally {
    await log.close();
  }
}

/** Whether a process runs; a zombie does not. */
async function alive(pid: number): Promise<boolean> {
  const stat = await fs.readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const state = stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3);
  return state !== '' && state !== 'Z' && state !== 'X';
}
