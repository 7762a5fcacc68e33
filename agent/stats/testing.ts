// Cgroups in a directory, as the kernel shows them, for tests: of v1, and of v2.

import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** `quota`: microseconds a period; -1: none. What the other files say is in the tests that read them. */
export function writeLegacyCgroup(mount: string, cgroup: string, quota: number): void {
  const files: Record<string, Record<string, string>> = {
    cpuacct: { 'cpuacct.usage': '7000000000', 'cpuacct.usage_user': '4000000000', 'cpuacct.usage_sys': '3000000000' },
    cpu: {
      'cpu.stat': 'nr_periods 10\nnr_throttled 3\nthrottled_time 1500000000\n',
      'cpu.shares': '512',
      'cpu.cfs_quota_us': String(quota),
      'cpu.cfs_period_us': '100000',
    },
    memory: {
      'memory.usage_in_bytes': '100000',
      'memory.max_usage_in_bytes': '200000',
      'memory.limit_in_bytes': '9223372036854771712',
      'memory.soft_limit_in_bytes': '9223372036854771712',
      'memory.memsw.limit_in_bytes': '400000',
      'memory.kmem.usage_in_bytes': '600',
      'memory.failcnt': '5',
      'memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 2\n',
      'memory.stat': [
        'cache 1\nrss 2\npgfault 11\npgmajfault 13\ntotal_cache 40000\ntotal_rss 30000\ntotal_mapped_file 700',
        'total_swap 300\ntotal_inactive_file 10000\ntotal_pgfault 12\ntotal_pgmajfault 14\n',
      ].join('\n'),
      // The test's own process, so that its network is there to be read.
      'cgroup.procs': `${process.pid}\n`,
    },
    blkio: {
      'blkio.throttle.io_service_bytes_recursive':
        '900:9 Read 4096\n900:9 Write 8192\n900:9 Total 12288\nTotal 12288\n',
      'blkio.throttle.io_serviced_recursive': '900:9 Read 1\n900:9 Write 2\n900:9 Total 3\nTotal 3\n',
    },
    pids: { 'pids.current': '6', 'pids.max': 'max' },
  };
  for (const [controller, own] of Object.entries(files)) write(path.join(mount, controller, cgroup), own);
}

export function writeUnifiedCgroup(mount: string, cgroup: string): void {
  write(mount, { 'cgroup.controllers': 'cpu io memory pids' });
  write(path.join(mount, cgroup), {
    'cpu.stat':
      'usage_usec 7000000\nuser_usec 4000000\nsystem_usec 3000000\nnr_periods 10\nnr_throttled 3\nthrottled_usec 1500000\n',
    'cpu.weight': '20',
    'cpu.max': '50000 100000\n',
    'memory.current': '100000',
    'memory.peak': '200000',
    'memory.max': 'max',
    'memory.low': '0',
    'memory.swap.current': '300',
    'memory.swap.max': '400000',
    'memory.events': 'low 0\nhigh 0\nmax 5\noom 2\noom_kill 2\n',
    'memory.stat':
      'anon 30000\nfile 40000\nkernel 600\nfile_mapped 700\ninactive_file 10000\npgfault 12\npgmajfault 14\n',
    'io.stat': '900:9 rbytes=4096 wbytes=8192 rios=1 wios=2 dbytes=0 dios=0\n',
    'pids.current': '6',
    'pids.max': 'max',
    'cgroup.procs': `${process.pid}\n`,
  });
}

function write(directory: string, files: Record<string, string>): void {
  mkdirSync(directory, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(directory, name), text);
}
