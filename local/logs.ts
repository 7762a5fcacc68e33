// `zeroplane logs`: what the parts of this machine's cluster have written, for people or as it stands, also as it grows.

import { closeSync, existsSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { containerdPaths } from '../agent/containerd/config.ts';
import { jsonObject } from '../core/machinery/json.ts';
import { readCluster } from './cluster.ts';
import { logLine } from './log-line.ts';
import { processFiles } from './process.ts';
import { UserError } from './user-error.ts';

export const logParts = ['apiserver', 'controllers', 'scheduler', 'agent', 'containerd'] as const;
export type LogPart = (typeof logParts)[number];

export interface LogsOptions {
  readonly dataDir: string;
  /** All where there is none. */
  readonly part: LogPart | undefined;
  readonly lines: number;
  readonly follow: boolean;
  readonly json: boolean;
  readonly signal: AbortSignal;
}

interface Source {
  readonly file: string;
  /** Whose line it is; undefined: nobody's that was asked for. */
  partOf(line: string): LogPart | undefined;
}

/** Of a file that is read from its end. */
const chunkBytes = 256 * 1024;
const lookMs = 250;
/** Where the installer puts a node's agent. */
const installedDataDir = '/var/lib/zeroplane-agent';

export async function logs(options: LogsOptions): Promise<void> {
  const { part, json } = options;
  const sources = sourcesOf(options);
  const there = sources.filter(({ file }) => existsSync(file));
  if (there.length === 0)
    throw new UserError(
      existsSync('/etc/systemd/system/zeroplane-agent.service')
        ? 'systemd keeps the log of the agent here: `journalctl -u zeroplane-agent`'
        : `there is no log of ${part ?? 'a cluster'} in ${options.dataDir}: \`zeroplane up\` starts one, or name its --data-dir`,
    );
  const say = (source: Source, line: string) => {
    const of = source.partOf(line);
    if (of === undefined || (part !== undefined && of !== part)) return false;
    process.stdout.write(`${json ? line : `${part === undefined ? `${of.padEnd(11)} ` : ''}${logLine(line)}`}\n`);
    return true;
  };
  const ends = there.map((source) => {
    const { lines, end } = lastLines(
      source.file,
      (line) => {
        const of = source.partOf(line);
        return of !== undefined && (part === undefined || of === part);
      },
      options.lines,
    );
    for (const line of lines) say(source, line);
    return { source, end };
  });
  if (options.follow)
    await Promise.all(
      ends.map(({ source, end }) => followFile(source.file, end, (line) => say(source, line), options.signal)),
    );
}

function sourcesOf({ dataDir, part }: LogsOptions): Source[] {
  const cluster = readCluster(dataDir);
  const agentDir = cluster
    ? join(dataDir, 'agent')
    : existsSync(join(dataDir, 'agent.log'))
      ? dataDir
      : installedDataDir;
  const controlPlane: Source = {
    file: processFiles(dataDir, 'control-plane').logFile,
    // The threads of one process write one log; scheduler and controllers say who they are.
    partOf: (line) => {
      const { part: said } = { part: undefined, ...jsonObject(line) };
      return said === 'controllers' || said === 'scheduler' ? said : 'apiserver';
    },
  };
  const agent: Source = {
    file: cluster ? processFiles(dataDir, 'agent').logFile : join(agentDir, 'agent.log'),
    partOf: () => 'agent',
  };
  const containerd: Source = { file: containerdPaths(agentDir).log, partOf: () => 'containerd' };
  if (part === 'agent') return [agent];
  if (part === 'containerd') return [containerd];
  return part === undefined ? [controlPlane, agent, containerd] : [controlPlane];
}

/** The last lines that count, and where the file ended then. */
function lastLines(file: string, counts: (line: string) => boolean, most: number): { lines: string[]; end: number } {
  const handle = openSync(file, 'r');
  try {
    const end = fstatSync(handle).size;
    const lines: string[] = [];
    let rest = Buffer.alloc(0);
    for (let at = end; at > 0 && lines.length < most; ) {
      const from = Math.max(0, at - chunkBytes);
      const chunk = Buffer.alloc(at - from);
      readSync(handle, chunk, 0, chunk.length, from);
      const text = Buffer.concat([chunk, rest]);
      const first = from === 0 ? 0 : text.indexOf(10) + 1;
      rest = text.subarray(0, first);
      const found = text
        .subarray(first)
        .toString()
        .split('\n')
        .filter((line) => line !== '' && counts(line));
      lines.unshift(...found);
      at = from;
    }
    return { lines: lines.slice(Math.max(0, lines.length - most)), end };
  } finally {
    closeSync(handle);
  }
}

/** Whole lines as they come. A file that is put in its place, or cut, is read from its start. */
async function followFile(file: string, from: number, say: (line: string) => void, signal: AbortSignal): Promise<void> {
  let [at, rest] = [from, Buffer.alloc(0)];
  let inode = statSync(file, { throwIfNoEntry: false })?.ino;
  while (!signal.aborted) {
    const now = statSync(file, { throwIfNoEntry: false });
    if (now && (now.ino !== inode || now.size < at)) [at, rest, inode] = [0, Buffer.alloc(0), now.ino];
    while (now && at < now.size && !signal.aborted) {
      const handle = openSync(file, 'r');
      const chunk = Buffer.alloc(Math.min(chunkBytes, now.size - at));
      const read = readSync(handle, chunk, 0, chunk.length, at);
      closeSync(handle);
      if (read === 0) break;
      at += read;
      const text = Buffer.concat([rest, chunk.subarray(0, read)]);
      const end = text.lastIndexOf(10) + 1;
      rest = text.subarray(end);
      for (const line of text.subarray(0, end).toString().split('\n')) if (line !== '') say(line);
    }
    await delay(lookMs, undefined, { signal }).catch(() => undefined);
  }
}
