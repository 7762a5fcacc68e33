// The long-lived processes of the cluster: started detached, found again by a pid file that also says when the process
// began (a recycled pid is not ours), ended by signal.

import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { childEnvironment } from '../core/process/child-environment.ts';

export interface ProcessFiles {
  readonly pidFile: string;
  readonly logFile: string;
}

export function processFiles(dataDir: string, name: string): ProcessFiles {
  return { pidFile: join(dataDir, 'run', `${name}.pid`), logFile: join(dataDir, 'log', `${name}.log`) };
}

/** glibc's allocator (mallopt(3)): one arena for all threads, and what is free at its end goes back to the system. */
const frugalAllocator = { MALLOC_ARENA_MAX: '1', MALLOC_TRIM_THRESHOLD_: '131072' };

function logLevel(): Record<string, string> {
  const level = process.env['ZEROPLANE_LOG'];
  return level === undefined ? {} : { ZEROPLANE_LOG: level };
}

/** Starts `command` in its own session, its output appended to the log file. Returns its pid. */
export function startProcess(files: ProcessFiles, command: string, args: readonly string[]): number {
  mkdirSync(join(files.pidFile, '..'), { recursive: true });
  mkdirSync(join(files.logFile, '..'), { recursive: true });
  const log = openSync(files.logFile, 'a');
  const child = spawn(command, args, {
    detached: true,
    stdio: ['ignore', log, log],
    env: childEnvironment({ ...frugalAllocator, ...logLevel() }),
  });
  closeSync(log);
  child.unref();
  if (child.pid === undefined) throw new Error(`cannot start ${command}`);
  writePid(files, child.pid);
  return child.pid;
}

export function writePid({ pidFile }: ProcessFiles, pid: number): void {
  writeFileSync(`${pidFile}.new`, `${pid} ${startedAt(pid) ?? ''}\n`);
  renameSync(`${pidFile}.new`, pidFile);
}

/** The pid in the file, if that very process still runs. */
export function runningPid(files: ProcessFiles): number | undefined {
  if (!existsSync(files.pidFile)) return undefined;
  const [pid = '', began = ''] = readFileSync(files.pidFile, 'utf8').trim().split(' ');
  return began !== '' && startedAt(Number(pid)) === began ? Number(pid) : undefined;
}

/** SIGTERM, and SIGKILL when it has not ended after `graceMs`. */
export async function stopProcess(files: ProcessFiles, graceMs: number): Promise<void> {
  const pid = runningPid(files);
  if (pid !== undefined) {
    signal(pid, 'SIGTERM');
    const deadline = Date.now() + graceMs;
    while (runningPid(files) !== undefined && Date.now() < deadline) await delay(20);
    if (runningPid(files) !== undefined) signal(pid, 'SIGKILL');
    while (runningPid(files) !== undefined) await delay(5);
  }
  rmSync(files.pidFile, { force: true });
}

/** The last lines of a log, for the message of a failed start. */
export function logTail(files: ProcessFiles, lines: number): string {
  if (!existsSync(files.logFile)) return '';
  return readFileSync(files.logFile, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
}

/** Start time of a process in clock ticks since boot (proc(5), stat field 22); undefined for none, and for a zombie. */
function startedAt(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended by itself in between.
  }
}
