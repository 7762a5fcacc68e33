// What a cluster can leave on a machine: processes, mounts, network namespaces, cgroups, and on its host interfaces, routes and
// nftables tables.

import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Host } from './host.ts';

export interface Traces {
  /** Command lines of processes that name the data directory or live in the host's network. */
  readonly processes: readonly string[];
  /** Mounts below the data directory. */
  readonly mounts: readonly string[];
  /** Network namespaces of the given pods. */
  readonly namespaces: readonly string[];
  /** Cgroups of the given pods. */
  readonly cgroups: readonly string[];
  /** Logs of the given pods in the machine's place for them, links to them, and the data directory's claim on it. */
  readonly logs: readonly string[];
  readonly links: readonly string[];
  readonly routes: readonly string[];
  readonly rules: readonly string[];
  readonly tables: readonly string[];
}

/** `pods` are uids, `known` the names of network namespaces that were theirs: other clusters of the machine are left out. */
export async function tracesOf(host: Host, dataDir: string, pods: readonly string[], known: readonly string[] = []) {
  const lines = async (file: string, ...args: string[]) =>
    (await host.run(file, ...args)).stdout.split('\n').filter((line) => line.trim() !== '');
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  const namespaces = readdirSync('/run/netns').filter((name) => known.includes(name) || holdsPod(name, pods));
  return {
    processes: await processesOf(host, dataDir),
    mounts: mounts.filter((line) => line.includes(dataDir)),
    namespaces,
    cgroups: cgroupsOf(pods),
    logs: logsOf(dataDir, pods),
    links: (await lines('ip', '-o', 'link')).map((line) => line.split(':')[1]?.trim() ?? line),
    routes: await lines('ip', 'route', 'show', 'table', 'all'),
    rules: await lines('ip', 'rule'),
    tables: await lines('nft', 'list', 'tables'),
  } satisfies Traces;
}

async function processesOf(host: Host, dataDir: string): Promise<string[]> {
  const namespace = (await host.run('readlink', '/proc/self/ns/net')).stdout.trim();
  return pids()
    .filter((pid) => link(`/proc/${pid}/ns/net`) === namespace || read(`/proc/${pid}/cmdline`).includes(dataDir))
    .map((pid) => read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim())
    .sort();
}

/** Whether a process of one of the pods lives in a network namespace. */
function holdsPod(name: string, pods: readonly string[]): boolean {
  const mount = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .find((line) => line.includes(`/run/netns/${name} `));
  const id = /net:\[\d+\]/.exec(mount ?? '')?.[0];
  if (!id) return false;
  return pids().some(
    (pid) => link(`/proc/${pid}/ns/net`) === id && pods.some((uid) => read(`/proc/${pid}/cgroup`).includes(uid)),
  );
}

function logsOf(dataDir: string, pods: readonly string[]): string[] {
  return ['/var/log/pods', '/var/log/containers']
    .flatMap((directory) => (existsSync(directory) ? readdirSync(directory).map((name) => `${directory}/${name}`) : []))
    .filter((each) => [...pods, dataDir].some((own) => `${each} ${link(each)}`.includes(own)));
}

function cgroupsOf(pods: readonly string[]): string[] {
  const found: string[] = [];
  const visit = (directory: string) => {
    for (const entry of list(directory)) {
      if (!entry.isDirectory()) continue;
      const path = `${directory}/${entry.name}`;
      if (pods.some((uid) => entry.name.includes(uid))) found.push(path);
      else visit(path);
    }
  };
  visit('/sys/fs/cgroup');
  return found;
}

function pids(): string[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
}

// A process, or a cgroup, may be gone by the time it is looked at.
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function link(file: string): string {
  try {
    return readlinkSync(file);
  } catch {
    return '';
  }
}

function list(directory: string) {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch {
    return [];
  }
}
