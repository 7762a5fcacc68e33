// Network namespaces that tests name. Who made one, and what ends what was started in it, is written down beside the namespace: both go when
// the machine restarts. So a run clears away what a run that was killed left under the same names, and touches nothing of one that runs.

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseJson } from '../../core/machinery/json.ts';
import type { Host } from './host.ts';

const records = '/run/zeroplane-tests';

interface Undo {
  /** Run inside, where its program is still there. */
  readonly command: readonly string[];
  /** Removed after it. */
  readonly folder: string;
}

interface NamespaceRecord {
  readonly pid: number;
  /** Tells the process from a later one of the same number. */
  readonly started: string;
  readonly undo: readonly Undo[];
}

/** Throws where one is there that a run which is not over made, or that nobody wrote down. */
export function addNamespaces(names: readonly string[]): void {
  // The last are machines that join the first.
  for (const name of names.toReversed()) clearAfterDead(name);
  mkdirSync(records, { recursive: true });
  for (const name of names) {
    execFileSync('ip', ['netns', 'add', name], { stdio: ['ignore', 'pipe', 'pipe'] });
    write(name, { pid: process.pid, started: startOf(process.pid) ?? '', undo: [] });
  }
}

/** Those that are there. */
export function removeNamespaces(names: readonly string[]): void {
  for (const name of names) {
    try {
      execFileSync('ip', ['netns', 'del', name], { stdio: ['ignore', 'pipe', 'pipe'] });
    } catch {
      // It never came to be, or is gone already.
    }
    rmSync(fileOf(name), { force: true });
  }
}

/** How what is about to be started on the machine is ended, should this process not live to do it. Gives what says that it was ended. */
export function writeDownEnd({ name }: Pick<Host, 'name'>, undo: Undo): () => void {
  const change = (by: (before: readonly Undo[]) => readonly Undo[]) => {
    const record = read(fileOf(name));
    if (record) write(name, { ...record, undo: by(record.undo) });
  };
  change((before) => [...before, undo]);
  return () => change((before) => before.filter(({ folder }) => folder !== undo.folder));
}

function clearAfterDead(name: string): void {
  const record = read(fileOf(name));
  if (!record) return;
  if (startOf(record.pid) === record.started)
    throw new Error(`the network namespace ${name} is of process ${record.pid}, which runs: end that run first`);
  // Of two runs that find it, one clears it away.
  const taken = `${fileOf(name)}.${process.pid}`;
  renameSync(fileOf(name), taken);
  try {
    for (const { command, folder } of record.undo.toReversed()) {
      execFileSync('nsenter', [`--net=/run/netns/${name}`, ...command], { stdio: ['ignore', 'pipe', 'pipe'] });
      rmSync(folder, { recursive: true, force: true });
    }
    endAllIn(name);
  } catch (error) {
    // What is left then is what somebody must look at.
    renameSync(taken, fileOf(name));
    throw error;
  }
  removeNamespaces([name]);
  rmSync(taken);
}

/** Throws where there are containers: without what watches over them they would run on, and nobody would find them. */
function endAllIn(name: string): void {
  const pids = pidsIn(name);
  const shims = pids.filter((pid) => commandOf(pid).startsWith('containerd-shim'));
  if (shims.length > 0)
    throw new Error(
      `the network namespace ${name} has containers of a run that is gone: end processes ${shims.join(', ')}`,
    );
  for (const pid of pids)
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended by itself.
    }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8');
  } catch {
    return '';
  }
}

function pidsIn(name: string): number[] {
  try {
    const listed = execFileSync('ip', ['netns', 'pids', name], { stdio: ['ignore', 'pipe', 'pipe'] });
    return listed.toString().split('\n').filter(Boolean).map(Number);
  } catch {
    // There is no such namespace any more.
    return [];
  }
}

/** When a process started, in clock ticks since the machine did; undefined: there is none. Source: proc(5). */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' || state === 'X' ? undefined : fields[18];
  } catch {
    return undefined;
  }
}

function fileOf(name: string): string {
  return join(records, `${name}.json`);
}

function write(name: string, record: NamespaceRecord): void {
  writeFileSync(`${fileOf(name)}.new`, JSON.stringify(record));
  renameSync(`${fileOf(name)}.new`, fileOf(name));
}

function read(file: string): NamespaceRecord | undefined {
  try {
    // as: what `write` wrote.
    return parseJson(readFileSync(file, 'utf8')) as NamespaceRecord;
  } catch {
    return undefined;
  }
}
