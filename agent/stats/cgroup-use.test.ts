import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCgroupReader } from './cgroup-use.ts';
import { parseNetDev } from './network-use.ts';
import { writeLegacyCgroup, writeUnifiedCgroup } from './testing.ts';

let mount: string;
beforeEach(() => {
  mount = mkdtempSync(path.join(tmpdir(), 'cgroups-'));
});
afterEach(() => rmSync(mount, { recursive: true, force: true }));

const cpu = {
  ...{ total: 7e9, user: 4e9, system: 3e9, periods: 10, throttledPeriods: 3, throttled: 1.5e9 },
  ...{ quota: 50_000, period: 100_000 },
};
const memory = {
  ...{ usage: 100_000, maxUsage: 200_000, workingSet: 90_000, rss: 30_000, cache: 40_000, swap: 300, mappedFile: 700 },
  ...{ kernel: 600, limit: 0, reservation: 0, swapLimit: 400_000, failcnt: 5, oomKills: 2 },
};
const rest = {
  io: new Map([['900:9', { readBytes: 4096, writeBytes: 8192, reads: 1, writes: 2 }]]),
  ...{ processes: 1, threads: 6, threadsMax: 0 },
};

describe('What a cgroup uses', () => {
  it('is read of v1', () => {
    writeLegacyCgroup(mount, 'a', 50_000);
    expect(createCgroupReader(mount).use('/a')).toEqual({
      cpu: { ...cpu, shares: 512 },
      memory: { ...memory, faults: { own: 11, all: 12 }, majorFaults: { own: 13, all: 14 } },
      ...rest,
    });
  });

  it('is read of v2, which has weights for shares and counts faults with those below', () => {
    writeUnifiedCgroup(mount, 'a');
    expect(createCgroupReader(mount).use('/a')).toEqual({
      cpu: { ...cpu, shares: 501 },
      memory: { ...memory, faults: { own: 12, all: 12 }, majorFaults: { own: 14, all: 14 } },
      ...rest,
    });
  });

  it('is nothing where there is no such cgroup', () => {
    writeLegacyCgroup(mount, 'a', -1);
    expect(createCgroupReader(mount).use('/b')).toBeUndefined();
    expect(createCgroupReader(mount).use('/a')?.cpu.quota).toBe(0);
  });
});

describe('What went through interfaces', () => {
  it('is read with or without a space behind the name, and without those that are counted elsewhere', () => {
    const text = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 1 1 1 1 0 0 0 0 1 1 1 1 0 0 0 0
  eth0:100 2 3 4 0 0 0 0 500 6 7 8 0 0 0 0
veth12: 1 1 1 1 0 0 0 0 1 1 1 1 0 0 0 0
`;
    expect(parseNetDev(text)).toEqual([
      {
        name: 'eth0',
        received: { bytes: 100, packets: 2, errors: 3, dropped: 4 },
        transmitted: { bytes: 500, packets: 6, errors: 7, dropped: 8 },
      },
    ]);
  });
});
