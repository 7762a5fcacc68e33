// What one cgroup uses, and what it may use: read from the kernel's files, of cgroup v1 and v2, as cAdvisor reads them.
// Source: Linux, admin-guide/cgroup-v1 and cgroup-v2.

import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

export interface CgroupUse {
  readonly cpu: CpuUse;
  readonly memory: MemoryUse;
  /** By the device's numbers: `8:0`. */
  readonly io: ReadonlyMap<string, IoUse>;
  /** Processes in the cgroup itself, not in those below it. */
  readonly processes: number;
  /** Those below it among them. */
  readonly threads: number;
  /** 0: no limit. */
  readonly threadsMax: number;
}

/** Times in nanoseconds since the cgroup was made. */
export interface CpuUse {
  readonly total: number;
  readonly user: number;
  readonly system: number;
  readonly periods: number;
  readonly throttledPeriods: number;
  readonly throttled: number;
  readonly shares: number;
  /** Microseconds a period; 0: no limit. */
  readonly quota: number;
  readonly period: number;
}

/** Bytes, but for counts; limits are 0 where there is none. */
export interface MemoryUse {
  readonly usage: number;
  readonly maxUsage: number;
  readonly workingSet: number;
  readonly rss: number;
  readonly cache: number;
  readonly swap: number;
  readonly mappedFile: number;
  readonly kernel: number;
  readonly limit: number;
  readonly reservation: number;
  readonly swapLimit: number;
  /** How often the limit was met. */
  readonly failcnt: number;
  readonly oomKills: number;
  /** Page faults, and those that had to read: of the cgroup itself, and with all below it. */
  readonly faults: { readonly own: number; readonly all: number };
  readonly majorFaults: { readonly own: number; readonly all: number };
}

export interface IoUse {
  readonly readBytes: number;
  readonly writeBytes: number;
  readonly reads: number;
  readonly writes: number;
}

export interface CgroupReader {
  /** `cgroup`: from the root, such as `/zeroplane/node/pod1`. Undefined: there is none of the name. */
  use(cgroup: string): CgroupUse | undefined;
  /** Processes in the cgroup itself. */
  processes(cgroup: string): readonly number[];
}

/** Limits above this are the kernel's word for none. */
const unlimited = 2 ** 62;

/** `mount`: where cgroups are. Reads at once: these files are the kernel's own, in memory. */
export function createCgroupReader(mount = '/sys/fs/cgroup'): CgroupReader {
  const unified = existsSync(path.join(mount, 'cgroup.controllers'));
  const at = (controller: string, cgroup: string) => path.join(mount, unified ? '' : controller, cgroup);
  const processes = (cgroup: string) =>
    readText(path.join(at('memory', cgroup), 'cgroup.procs'))
      .split('\n')
      .filter((line) => line !== '')
      .map(Number);
  return {
    processes,
    use(cgroup) {
      if (!existsSync(at('memory', cgroup))) return undefined;
      const read = (controller: string, file: string) => readText(path.join(at(controller, cgroup), file));
      return { ...(unified ? unifiedUse(read) : legacyUse(read)), processes: processes(cgroup).length };
    },
  };
}

type Read = (controller: string, file: string) => string;
type Use = Omit<CgroupUse, 'processes'>;

function legacyUse(read: Read): Use {
  const cpuStat = table(read('cpu', 'cpu.stat'));
  const stat = table(read('memory', 'memory.stat'));
  const usage = number(read('memory', 'memory.usage_in_bytes'));
  const kernelTime = (file: string) => number(read('cpuacct', file));
  return {
    cpu: {
      total: kernelTime('cpuacct.usage'),
      user: kernelTime('cpuacct.usage_user'),
      system: kernelTime('cpuacct.usage_sys'),
      periods: of(cpuStat, 'nr_periods'),
      throttledPeriods: of(cpuStat, 'nr_throttled'),
      throttled: of(cpuStat, 'throttled_time'),
      shares: number(read('cpu', 'cpu.shares')),
      quota: limit(read('cpu', 'cpu.cfs_quota_us')),
      period: number(read('cpu', 'cpu.cfs_period_us')),
    },
    memory: {
      usage,
      maxUsage: number(read('memory', 'memory.max_usage_in_bytes')),
      workingSet: Math.max(0, usage - of(stat, 'total_inactive_file')),
      rss: of(stat, 'total_rss'),
      cache: of(stat, 'total_cache'),
      swap: of(stat, 'total_swap'),
      mappedFile: of(stat, 'total_mapped_file'),
      kernel: number(read('memory', 'memory.kmem.usage_in_bytes')),
      limit: limit(read('memory', 'memory.limit_in_bytes')),
      reservation: limit(read('memory', 'memory.soft_limit_in_bytes')),
      swapLimit: limit(read('memory', 'memory.memsw.limit_in_bytes')),
      failcnt: number(read('memory', 'memory.failcnt')),
      oomKills: of(table(read('memory', 'memory.oom_control')), 'oom_kill'),
      faults: { own: of(stat, 'pgfault'), all: of(stat, 'total_pgfault') },
      majorFaults: { own: of(stat, 'pgmajfault'), all: of(stat, 'total_pgmajfault') },
    },
    io: legacyIo(
      read('blkio', 'blkio.throttle.io_service_bytes_recursive'),
      read('blkio', 'blkio.throttle.io_serviced_recursive'),
    ),
    threads: number(read('pids', 'pids.current')),
    threadsMax: limit(read('pids', 'pids.max')),
  };
}

function unifiedUse(read: Read): Use {
  const cpuStat = table(read('cpu', 'cpu.stat'));
  const stat = table(read('memory', 'memory.stat'));
  const events = table(read('memory', 'memory.events'));
  // The root has no such file: what its memory.stat adds up to is what it uses.
  const usage = number(read('memory', 'memory.current')) || of(stat, 'anon') + of(stat, 'file') + of(stat, 'kernel');
  const [quota = '', period = ''] = read('cpu', 'cpu.max').split(' ');
  const weight = number(read('cpu', 'cpu.weight'));
  const faults = { own: of(stat, 'pgfault'), all: of(stat, 'pgfault') };
  const majorFaults = { own: of(stat, 'pgmajfault'), all: of(stat, 'pgmajfault') };
  return {
    cpu: {
      total: of(cpuStat, 'usage_usec') * 1000,
      user: of(cpuStat, 'user_usec') * 1000,
      system: of(cpuStat, 'system_usec') * 1000,
      periods: of(cpuStat, 'nr_periods'),
      throttledPeriods: of(cpuStat, 'nr_throttled'),
      throttled: of(cpuStat, 'throttled_usec') * 1000,
      // From weight (1..10000) to shares (2..262144), as runc does the other way.
      shares: weight === 0 ? 0 : Math.ceil(2 + ((weight - 1) * 262_142) / 9999),
      quota: limit(quota),
      period: number(period),
    },
    memory: {
      usage,
      maxUsage: number(read('memory', 'memory.peak')),
      workingSet: Math.max(0, usage - of(stat, 'inactive_file')),
      rss: of(stat, 'anon'),
      cache: of(stat, 'file'),
      swap: number(read('memory', 'memory.swap.current')),
      mappedFile: of(stat, 'file_mapped'),
      kernel: of(stat, 'kernel'),
      limit: limit(read('memory', 'memory.max')),
      reservation: limit(read('memory', 'memory.low')),
      swapLimit: limit(read('memory', 'memory.swap.max')),
      failcnt: of(events, 'max'),
      oomKills: of(events, 'oom_kill'),
      faults,
      majorFaults,
    },
    io: unifiedIo(read('io', 'io.stat')),
    threads: number(read('pids', 'pids.current')),
    threadsMax: limit(read('pids', 'pids.max')),
  };
}

/** Lines such as `8:0 Read 4096`. */
function legacyIo(bytes: string, operations: string): Map<string, IoUse> {
  const lines = (text: string) =>
    new Map(
      text
        .split('\n')
        .map((line) => /^(\d+:\d+ (?:Read|Write)) (\d+)$/.exec(line))
        .map((match): [string, number] => [match?.[1] ?? '', number(match?.[2] ?? '')]),
    );
  const [moved, done] = [lines(bytes), lines(operations)];
  const devices = new Set([...moved.keys(), ...done.keys()].filter(Boolean).map((key) => key.split(' ')[0] ?? ''));
  return new Map(
    [...devices].map((device) => [
      device,
      {
        readBytes: of(moved, `${device} Read`),
        writeBytes: of(moved, `${device} Write`),
        reads: of(done, `${device} Read`),
        writes: of(done, `${device} Write`),
      },
    ]),
  );
}

/** Lines such as `8:0 rbytes=1 wbytes=2 rios=3 wios=4`. */
function unifiedIo(text: string): Map<string, IoUse> {
  const found = new Map<string, IoUse>();
  for (const line of text.split('\n')) {
    const [device = '', ...pairs] = line.split(' ');
    if (!/^\d+:\d+$/.test(device)) continue;
    const values = table(pairs.map((each) => each.replace('=', ' ')).join('\n'));
    found.set(device, {
      readBytes: of(values, 'rbytes'),
      writeBytes: of(values, 'wbytes'),
      reads: of(values, 'rios'),
      writes: of(values, 'wios'),
    });
  }
  return found;
}

function table(text: string): ReadonlyMap<string, number> {
  return new Map(
    text.split('\n').map((line): [string, number] => {
      const space = line.indexOf(' ');
      return [line.slice(0, space), number(line.slice(space + 1))];
    }),
  );
}

function of(values: ReadonlyMap<string, number>, name: string): number {
  return values.get(name) ?? 0;
}

function number(text: string): number {
  const value = Number(text.trim());
  return Number.isFinite(value) ? value : 0;
}

/** `max`, -1 and what no machine has are no limits. */
function limit(text: string): number {
  const value = number(text);
  return value < 0 || value >= unlimited ? 0 : value;
}

/** Empty where there is no such file: the kernel has not all of them, and a cgroup may go while it is read. */
function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
