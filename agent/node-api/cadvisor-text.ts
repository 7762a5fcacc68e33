// /metrics/cadvisor: the families that dashboards and rules of kubernetes-mixin ask for, with cAdvisor's names and labels. Pure.

import { renderFamilies } from '../../core/metrics/exposition.ts';
import { type Family, labelsOf } from '../../core/metrics/family.ts';
import type { CgroupUse, IoUse } from '../stats/cgroup-use.ts';
import type { FilesystemUse } from '../stats/machine.ts';
import type { InterfaceUse } from '../stats/network-use.ts';
import type { CgroupRow } from './cgroup-row.ts';
import { scrapeError } from './metrics-text.ts';

export interface MachineUse {
  readonly cores: number;
  /** Bytes. */
  readonly memory: number;
  readonly swap: number;
  /** Where the agent keeps its data and containers write. */
  readonly filesystem: FilesystemUse;
}

type Labels = Readonly<Record<string, string>>;
/** Value and the labels that it has beside the row's; undefined: the row has none. */
type Values = (row: CgroupRow) => readonly (readonly [value: number, labels?: Labels])[];

/** `devices`: names of block devices by their numbers. `now`: Unix milliseconds. */
export function cadvisorMetrics(
  rows: readonly CgroupRow[],
  machine: MachineUse,
  devices: ReadonlyMap<string, string>,
  now: number,
): string {
  const family = (name: string, type: Family['type'], help: string, values: Values): Family => ({
    name,
    type,
    help,
    series: rows.flatMap((row) => {
      const { container, id, image, name: own, namespace, pod } = row;
      return values(row).map(([value, more]) => ({
        labels: labelsOf({ container, ...more, id, image, name: own, namespace, pod }),
        value,
      }));
    }),
  });
  const of =
    (value: (use: CgroupUse) => number, more?: Labels): Values =>
    ({ use }) => [[value(use), more]];
  const seconds = 1e9;
  const gauge = (name: string, help: string, value: (use: CgroupUse) => number) =>
    family(name, 'gauge', help, of(value));
  const counter = (name: string, help: string, value: (use: CgroupUse) => number) =>
    family(name, 'counter', help, of(value));
  // Only a container that has a quota has periods in which it may be held up.
  const quota = (name: string, help: string, value: (use: CgroupUse) => number) =>
    family(name, 'counter', help, ({ use }) => (use.cpu.quota > 0 ? [[value(use)]] : []));
  const network = (direction: 'received' | 'transmitted', unit: keyof InterfaceUse['received']): Family => {
    const verb = direction === 'received' ? 'receive' : 'transmit';
    const name = unit === 'dropped' ? 'packets_dropped' : unit;
    return family(
      `container_network_${verb}_${name}_total`,
      'counter',
      `${unit === 'dropped' ? 'Packets dropped' : `${unit[0]?.toUpperCase()}${unit.slice(1)}`} while they were ${direction}, by interface`,
      ({ interfaces }) => interfaces.map((each) => [each[direction][unit], { interface: each.name }]),
    );
  };
  const io = (name: string, help: string, value: (use: IoUse) => number) =>
    family(name, 'counter', help, ({ use }) =>
      [...use.io].map(([numbers, own]) => [value(own), { device: devices.get(numbers) ?? numbers }]),
    );
  const { device, capacity, available, inodes, inodesFree } = machine.filesystem;
  const filesystem = (
    name: string,
    help: string,
    whole: number,
    layer: (row: CgroupRow) => number | undefined = () => undefined,
  ) =>
    family(name, 'gauge', help, (row) => {
      const value = row.id === '/' ? whole : layer(row);
      return value === undefined ? [] : [[value, { device }]];
    });
  const alone = (name: string, help: string, value: number): Family => ({
    name,
    type: 'gauge',
    help,
    series: [{ labels: '', value }],
  });
  return renderFamilies([
    family('container_cpu_usage_seconds_total', 'counter', 'CPU time in seconds', (row) => [
      [row.use.cpu.total / seconds, { cpu: 'total' }],
    ]),
    counter('container_cpu_user_seconds_total', 'CPU time in user mode in seconds', ({ cpu }) => cpu.user / seconds),
    counter(
      'container_cpu_system_seconds_total',
      'CPU time in the kernel in seconds',
      ({ cpu }) => cpu.system / seconds,
    ),
    quota('container_cpu_cfs_periods_total', 'Periods of its quota that went by', ({ cpu }) => cpu.periods),
    quota(
      'container_cpu_cfs_throttled_periods_total',
      'Periods in which it was held up',
      ({ cpu }) => cpu.throttledPeriods,
    ),
    quota(
      'container_cpu_cfs_throttled_seconds_total',
      'How long it was held up in seconds',
      ({ cpu }) => cpu.throttled / seconds,
    ),
    gauge('container_memory_usage_bytes', 'Memory in bytes, caches among it', ({ memory }) => memory.usage),
    gauge(
      'container_memory_max_usage_bytes',
      'The most memory that it used, in bytes',
      ({ memory }) => memory.maxUsage,
    ),
    gauge('container_memory_working_set_bytes', 'Working set in bytes', ({ memory }) => memory.workingSet),
    gauge('container_memory_rss', 'Resident anonymous memory in bytes', ({ memory }) => memory.rss),
    gauge('container_memory_cache', 'Memory of cached files in bytes', ({ memory }) => memory.cache),
    gauge('container_memory_swap', 'Memory that was swapped out, in bytes', ({ memory }) => memory.swap),
    gauge('container_memory_mapped_file', 'Memory of mapped files in bytes', ({ memory }) => memory.mappedFile),
    gauge('container_memory_kernel_usage', 'Memory of the kernel for it in bytes', ({ memory }) => memory.kernel),
    counter('container_memory_failcnt', 'How often it met its limit of memory', ({ memory }) => memory.failcnt),
    family('container_memory_failures_total', 'counter', 'Page faults, by type and scope', ({ use: { memory } }) => [
      [memory.faults.own, { failure_type: 'pgfault', scope: 'container' }],
      [memory.faults.all, { failure_type: 'pgfault', scope: 'hierarchy' }],
      [memory.majorFaults.own, { failure_type: 'pgmajfault', scope: 'container' }],
      [memory.majorFaults.all, { failure_type: 'pgmajfault', scope: 'hierarchy' }],
    ]),
    counter(
      'container_oom_events_total',
      'Processes that were ended for want of memory',
      ({ memory }) => memory.oomKills,
    ),
    network('received', 'bytes'),
    network('received', 'packets'),
    network('received', 'errors'),
    network('received', 'dropped'),
    network('transmitted', 'bytes'),
    network('transmitted', 'packets'),
    network('transmitted', 'errors'),
    network('transmitted', 'dropped'),
    io('container_fs_reads_bytes_total', 'Bytes read from the device', ({ readBytes }) => readBytes),
    io('container_fs_writes_bytes_total', 'Bytes written to the device', ({ writeBytes }) => writeBytes),
    io('container_fs_reads_total', 'Reads from the device', ({ reads }) => reads),
    io('container_fs_writes_total', 'Writes to the device', ({ writes }) => writes),
    filesystem(
      'container_fs_usage_bytes',
      'Bytes used of the file system: of a container, its writable layer',
      capacity - available,
      (row) => row.writableLayer?.bytes,
    ),
    filesystem(
      'container_fs_limit_bytes',
      'Size of the file system in bytes',
      capacity,
      (row) => row.writableLayer && capacity,
    ),
    filesystem('container_fs_inodes_total', 'Inodes of the file system', inodes),
    filesystem('container_fs_inodes_free', 'Free inodes of the file system', inodesFree),
    gauge('container_processes', 'Processes', ({ processes }) => processes),
    gauge('container_threads', 'Threads', ({ threads }) => threads),
    gauge('container_threads_max', 'The most threads that it may have; 0: no limit', ({ threadsMax }) => threadsMax),
    gauge('container_spec_cpu_shares', 'Its share of CPU time', ({ cpu }) => cpu.shares),
    gauge('container_spec_cpu_period', 'The period of its CPU quota in microseconds', ({ cpu }) => cpu.period),
    family('container_spec_cpu_quota', 'gauge', 'CPU time a period in microseconds', ({ use: { cpu } }) =>
      cpu.quota > 0 ? [[cpu.quota]] : [],
    ),
    gauge('container_spec_memory_limit_bytes', 'Limit of memory in bytes; 0: no limit', ({ memory }) => memory.limit),
    gauge(
      'container_spec_memory_reservation_limit_bytes',
      'Memory kept for it in bytes',
      ({ memory }) => memory.reservation,
    ),
    gauge(
      'container_spec_memory_swap_limit_bytes',
      'Limit of swap in bytes; 0: no limit',
      ({ memory }) => memory.swapLimit,
    ),
    family('container_start_time_seconds', 'gauge', 'When it started, in seconds since 1970', ({ startedAt }) =>
      startedAt === undefined ? [] : [[startedAt / 1000]],
    ),
    family('container_last_seen', 'gauge', 'When it was last looked at, in seconds since 1970', () => [
      [Math.floor(now / 1000)],
    ]),
    scrapeError('container_scrape_error', 0),
    alone('machine_cpu_cores', 'Cores of the machine', machine.cores),
    alone('machine_memory_bytes', 'Memory of the machine in bytes', machine.memory),
    alone('machine_swap_bytes', 'Swap of the machine in bytes', machine.swap),
  ]);
}
