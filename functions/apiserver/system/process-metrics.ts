// Of this process, as every Prometheus client tells it; read when somebody scrapes. Linux' /proc says what Node does not.

import { readdir, readFile } from 'node:fs/promises';
import type { Family } from '../../../core/metrics/family.ts';

export async function processMetrics(): Promise<Family[]> {
  const { user, system } = process.cpuUsage();
  const { rss, heapTotal, heapUsed, external } = process.memoryUsage();
  const [open, limits, status] = await Promise.all([
    readdir('/proc/self/fd').catch(() => undefined),
    readProc('/proc/self/limits'),
    readProc('/proc/self/status'),
  ]);
  const limit = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
  const virtual = /^VmSize:\s+(\d+) kB/m.exec(status)?.[1];
  const threads = /^Threads:\s+(\d+)/m.exec(status)?.[1];
  const gauge = (name: string, help: string, value: number | undefined): Family[] =>
    value === undefined ? [] : [{ name, help, type: 'gauge', series: [{ labels: '', value }] }];
  return [
    {
      name: 'process_cpu_seconds_total',
      help: 'Processor time of all threads, user and system.',
      type: 'counter',
      series: [{ labels: '', value: (user + system) / 1e6 }],
    },
    ...gauge('process_start_time_seconds', 'Unix time of the start.', Math.round(performance.timeOrigin) / 1000),
    ...gauge('process_resident_memory_bytes', 'Resident memory.', rss),
    // The one that reads them is open, too.
    ...gauge('process_open_fds', 'Open file descriptors.', open && open.length - 1),
    ...gauge('process_max_fds', 'The most file descriptors that may be open.', numberOf(limit)),
    ...gauge('process_virtual_memory_bytes', 'Virtual memory.', virtual === undefined ? undefined : +virtual * 1024),
    ...gauge('process_threads', 'Threads of the operating system.', numberOf(threads)),
    ...gauge('nodejs_heap_size_total_bytes', "V8's heap of the main thread.", heapTotal),
    ...gauge('nodejs_heap_size_used_bytes', "What is used of V8's heap of the main thread.", heapUsed),
    ...gauge('nodejs_external_memory_bytes', 'Memory outside of the heap that its objects hold.', external),
  ];
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}

/** Empty where there is no /proc. */
async function readProc(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}
