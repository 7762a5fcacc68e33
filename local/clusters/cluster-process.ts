// The process of one hosted cluster: started when somebody needs it, ended when nobody does.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { dirname } from 'node:path';
import { StatusError } from '../../core/machinery/status.ts';
import { childEnvironment } from '../../core/process/child-environment.ts';
import { heapMegabytes } from '../cluster-limits.ts';
import { logTail, processFiles, stopProcess, writePid } from '../process.ts';
import { apiSocket } from './made-cluster.ts';
import type { Question, Said, Work } from './messages.ts';

export interface ClusterProcess {
  readonly running: boolean;
  /** Whoever asks for it now waits, or is refused. */
  start(): Promise<void>;
  /** Undefined where it does not run, or does not say. */
  work(): Promise<Work | undefined>;
  /** Of its store, into a new file. */
  copy(path: string): Promise<void>;
  /** `kill`: without letting it end what it does, since nothing of it will be needed. */
  stop(kill?: boolean): Promise<void>;
}

export interface ClusterProcessOptions {
  readonly dataDir: string;
  /** The control plane's program. */
  readonly program: string;
  /** Before each start: what it finds in its folder. */
  readonly prepare: () => Promise<void>;
  /** It runs, or does so no more. */
  readonly changed: () => void;
}

const startMs = 60_000;
const answerMs = 10_000;
const graceMs = 8_000;
/** After a start that failed: who asks meanwhile is told why, and starts none. */
const pauseMs = 3_000;

interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<unknown>;
  readonly pending: Map<number, (said: Said) => void>;
}

export function clusterProcess({ dataDir, program, prepare, changed }: ClusterProcessOptions): ClusterProcess {
  const files = processFiles(dataDir, 'control-plane');
  let current: Running | undefined;
  let starting: Promise<void> | undefined;
  let stopping: Promise<void> | undefined;
  let failed: { at: number; error: StatusError } | undefined;
  let gone = false;
  let nextId = 1;

  async function begin(): Promise<void> {
    await stopping;
    // One that a killed host left behind ends by itself; its store is free when it has.
    await stopProcess(files, graceMs);
    await prepare();
    if (gone) throw notServed();
    const running = launch();
    try {
      await serving(running);
    } catch (error) {
      running.child.kill('SIGKILL');
      await running.ended;
      throw error;
    }
    yieldToHost(running.child.pid);
    current = running;
    changed();
    void running.ended.then(() => {
      if (current !== running) return;
      current = undefined;
      changed();
    });
  }

  function launch(): Running {
    for (const file of [files.pidFile, files.logFile]) mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    rmSync(apiSocket(dataDir), { force: true });
    const log = openSync(files.logFile, 'a', 0o600);
    const flags = ['--max-semi-space-size=4', `--max-old-space-size=${heapMegabytes}`];
    const child = spawn(process.execPath, [...flags, program, dataDir], {
      stdio: ['ignore', log, log, 'ipc'],
      env: childEnvironment({ MALLOC_ARENA_MAX: '1', MALLOC_TRIM_THRESHOLD_: '131072' }),
    });
    closeSync(log);
    const pending = new Map<number, (said: Said) => void>();
    const ended = once(child, 'close').catch((error: unknown) => error);
    child.on('error', () => {});
    // as: the program is ours, and says nothing else.
    child.on('message', (message) => {
      const said = message as Said;
      if ('id' in said) pending.get(said.id)?.(said);
    });
    if (child.pid !== undefined) writePid(files, child.pid);
    return { child, ended, pending };
  }

  async function serving({ child, ended }: Running): Promise<void> {
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), startMs);
    try {
      const first = await Promise.race([
        once(child, 'message', { signal: deadline.signal }).then(() => 'serving'),
        ended.then(() => 'ended'),
      ]);
      if (first === 'ended') throw new Error(`it ended while it started. Its log ends with:\n${logTail(files, 5)}`);
    } finally {
      clearTimeout(timer);
    }
  }

  async function ask(question: { ask: 'work' } | { ask: 'copy'; path: string }, ms: number): Promise<Said | undefined> {
    const running = current;
    if (!running?.child.connected) return undefined;
    const id = nextId++;
    let timer: NodeJS.Timeout | undefined;
    try {
      return await Promise.race([
        new Promise<Said>((resolve) => {
          running.pending.set(id, resolve);
          running.child.send({ ...question, id } satisfies Question, () => {});
        }),
        running.ended.then(() => undefined),
        new Promise<undefined>((resolve) => {
          timer = setTimeout(() => resolve(undefined), ms);
        }),
      ]);
    } finally {
      clearTimeout(timer);
      running.pending.delete(id);
    }
  }

  return {
    get running() {
      return current !== undefined;
    },
    async start() {
      if (gone) throw notServed();
      if (current && !stopping) return;
      if (failed && failed.at > Date.now() - pauseMs) throw failed.error;
      starting ??= begin()
        .then(() => {
          failed = undefined;
        })
        .catch((error: unknown) => {
          if (error instanceof StatusError) throw error;
          writeFileSync(files.logFile, `${String(error)}\n`, { flag: 'a' });
          const why = new StatusError(
            'ServiceUnavailable',
            'the cluster does not start: its log, on its host, says why',
            {
              retryAfterSeconds: 5,
            },
          );
          failed = { at: Date.now(), error: why };
          throw why;
        })
        .finally(() => {
          starting = undefined;
        });
      await starting;
    },
    async work() {
      const said = await ask({ ask: 'work' }, answerMs);
      return said && 'work' in said ? said.work : undefined;
    },
    async copy(path) {
      const said = await ask({ ask: 'copy', path }, startMs);
      if (said && 'copied' in said) return;
      throw new Error(said && 'failed' in said ? said.failed : 'the cluster to copy from does not answer');
    },
    async stop(kill = false) {
      gone ||= kill;
      if (starting) await starting.catch(() => {});
      const running = current;
      if (running && !stopping)
        stopping = (async () => {
          running.child.kill(kill ? 'SIGKILL' : 'SIGTERM');
          const timer = setTimeout(() => running.child.kill('SIGKILL'), graceMs);
          await running.ended;
          clearTimeout(timer);
          rmSync(files.pidFile, { force: true });
          stopping = undefined;
        })();
      if (kill) running?.child.kill('SIGKILL');
      await stopping;
      if (kill) await stopProcess(files, 0);
    },
  };
}

/** What a cluster's users ask for comes after what the host's do. Its start was waited for by somebody. */
function yieldToHost(pid: number | undefined): void {
  try {
    if (pid !== undefined) setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // It has ended already.
  }
}

function notServed(): StatusError {
  return new StatusError('NotFound', 'the cluster is being deleted', {});
}
