// What a machine must be before it becomes a node. All of it is looked at, so that all is told at once.

import { existsSync, readFileSync, statfsSync } from 'node:fs';
import https from 'node:https';
import { createServer } from 'node:net';
import os from 'node:os';
import { dirname } from 'node:path';
import { InstallError } from './install-error.ts';

export interface CheckOptions {
  readonly server: string;
  /** PEM. */
  readonly ca: string | undefined;
  readonly dataDir: string;
}

export type MachineOptions = Omit<CheckOptions, 'server'> & Partial<Pick<CheckOptions, 'server'>>;

/** What is found wrong, with what to do; undefined: nothing. */
type Check = (options: Omit<CheckOptions, 'server'>, seen: Seen) => string | undefined | Promise<string | undefined>;

interface Seen {
  /** The address by which this machine reaches the API server. */
  address?: string;
}

const oldestKernel = [5, 4] as const;
const leastBytes = 2e9;
const largestSkewMs = 60_000;
const kubeletPort = 10250;

const checks: Readonly<Record<string, Check>> = {
  rights: () =>
    process.getuid?.() === 0 ? undefined : 'a node needs root, for containers and network rules: use sudo',
  kernel: () => kernelFault(os.release()),
  cgroups: () => cgroupFault(readText('/sys/fs/cgroup/cgroup.controllers'), readText('/proc/self/cgroup')),
  space: ({ dataDir }) => spaceFault(dataDir),
  ports: () => portFault(),
};

/** The address by which this machine reaches the API server. Rejects with InstallError, which tells all that is wrong. */
export async function checkMachine(options: CheckOptions, say: (line: string) => void): Promise<string | undefined> {
  const { checked, address } = await machineFaults(options);
  for (const { name, fault } of checked) if (fault === undefined) say(`ok: ${name}`);
  const faults = checked.filter(({ fault }) => fault !== undefined);
  if (faults.length > 0)
    throw new InstallError(
      `this machine cannot be a node yet:\n  ${faults.map(({ name, fault }) => `${name}: ${fault}`).join('\n  ')}`,
    );
  return address;
}

export interface MachineChecked {
  readonly checked: readonly { readonly name: string; readonly fault: string | undefined }[];
  /** By which this machine reaches the API server. */
  readonly address: string | undefined;
}

/** Every check, with what is wrong and what to do about it; without a server that it should reach that one is left out. */
export async function machineFaults({ server, ...options }: MachineOptions): Promise<MachineChecked> {
  const seen: Seen = {};
  const checked = [];
  for (const [name, check] of Object.entries(checks)) checked.push({ name, fault: await check(options, seen) });
  if (server !== undefined)
    checked.push({ name: 'the API server', fault: await reachFault({ ...options, server }, seen) });
  return { checked, address: seen.address };
}

export function kernelFault(release: string): string | undefined {
  const [major = 0, minor = 0] = release.split('.').map((part) => Number.parseInt(part, 10));
  const [least, then] = oldestKernel;
  if (major > least || (major === least && minor >= then)) return undefined;
  return `Linux ${release} is older than ${oldestKernel.join('.')}: upgrade the system`;
}

/** `unified`: cgroup.controllers of version 2, empty in version 1. `own`: /proc/self/cgroup. */
export function cgroupFault(unified: string, own: string): string | undefined {
  const there = new Set([
    ...unified.split(/\s+/),
    ...own.split('\n').flatMap((line) => line.split(':')[1]?.split(',') ?? []),
  ]);
  const missing = ['cpu', 'memory', 'pids'].filter((each) => !there.has(each));
  if (missing.length === 0) return undefined;
  return `the kernel has no control group controllers ${missing.join(', ')} here: add cgroup_enable=memory to its command line (Raspberry Pi: cmdline.txt), or mount /sys/fs/cgroup into this container`;
}

function spaceFault(dataDir: string): string | undefined {
  let directory = dataDir;
  while (!existsSync(directory)) directory = dirname(directory);
  const { bavail, bsize } = statfsSync(directory);
  if (bavail * bsize >= leastBytes) return undefined;
  return `${directory} has ${((bavail * bsize) / 1e9).toFixed(1)} GB free, and images need ${leastBytes / 1e9}: make room, or name another place with --data-dir`;
}

async function portFault(): Promise<string | undefined> {
  const free = await new Promise<boolean>((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(kubeletPort, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
  if (free) return undefined;
  return `port ${kubeletPort} is taken, so another kubelet seems to run here: stop it (systemctl disable --now kubelet k3s-agent), since both would set the machine's network`;
}

/** Whether it is reached, and whether the clocks agree: certificates and credentials are good at times. */
async function reachFault({ server, ca }: CheckOptions, seen: Seen): Promise<string | undefined> {
  try {
    const { date, address } = await ask(`${server}/version`, ca);
    if (address !== undefined) seen.address = address;
    const skew = date === undefined ? 0 : Date.now() - Date.parse(date);
    if (!(Math.abs(skew) > largestSkewMs)) return undefined;
    return `the clock here is ${Math.round(Math.abs(skew) / 1000)} s ${skew > 0 ? 'ahead of' : 'behind'} the API server's: set it (timedatectl set-ntp true, or install chrony)`;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return `${server} is not reached (${why}): open the way there for outgoing TCP, or set --server to an address that this machine reaches`;
  }
}

function ask(url: string, ca: string | undefined): Promise<{ date: string | undefined; address: string | undefined }> {
  return new Promise((resolve, reject) => {
    const request = https.get(url, { ...(ca !== undefined && { ca }), agent: false, timeout: 15_000 }, (response) => {
      const address = response.socket.localAddress;
      response.resume();
      response.once('end', () => resolve({ date: response.headers.date, address }));
      response.once('error', reject);
    });
    request.once('timeout', () => request.destroy(new Error('no answer within 15 s')));
    request.once('error', reject);
  });
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
