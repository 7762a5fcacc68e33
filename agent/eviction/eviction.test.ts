import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { V1PodSpec, V1PodStatus } from '../../generated/kubernetes.ts';
import { linuxMachine } from '../platform/linux/machine.ts';
import type { PodTermination } from '../pods/sync-pod.ts';
import { testContainer, testPod } from '../pods/test-pod.ts';
import type { Observations } from '../stats/signals.ts';
import { createEviction, type EvictablePod } from './eviction.ts';
import { storageViolation } from './local-storage.ts';
import { type PodUse, rankForEviction, refusalUnderPressure } from './rank.ts';
import { defaultEvictionHard, type PressureKind, parseThresholds, thresholdsMet } from './thresholds.ts';

const plenty: Observations = {
  'memory.available': { available: 900, capacity: 1000 },
  'nodefs.available': { available: 900, capacity: 1000 },
  'nodefs.inodesFree': { available: 900, capacity: 1000 },
  'imagefs.available': { available: 900, capacity: 1000 },
  'imagefs.inodesFree': { available: 900, capacity: 1000 },
  'pid.available': { available: 900, capacity: 1000 },
};
const named = (name: string, spec: Partial<V1PodSpec> = {}) => testPod(spec, { name, uid: name });
const asking = (requests: Record<string, string>, limits: Record<string, string> = {}) => ({
  containers: [testContainer('main', { resources: { requests, limits } })],
});

describe('Thresholds', () => {
  it('are read as kubelet reads them, and met in the order of what ends a node soonest', () => {
    const thresholds = parseThresholds('nodefs.available<10%, memory.available<100,nodefs.inodesFree<5%');
    const seen = {
      ...plenty,
      'memory.available': { available: 99, capacity: 1000 },
      'nodefs.available': { available: 99, capacity: 1000 },
      // As btrfs: it has no number of them.
      'nodefs.inodesFree': { available: 0, capacity: 0 },
    };
    expect(thresholdsMet(thresholds, seen)).toEqual([
      { signal: 'memory.available', available: 99, threshold: 100 },
      { signal: 'nodefs.available', available: 99, threshold: 100 },
    ]);
    expect(parseThresholds(defaultEvictionHard)).toHaveLength(6);
    expect(parseThresholds('')).toEqual([]);
  });

  it.each([
    ['memory<1', 'none of memory.available'],
    ['memory.available<x', 'give a quantity'],
    ['memory.available<101%', 'more than all of it'],
    ['memory.available', 'give a quantity'],
    ['pid.available<1,pid.available<2', 'given twice'],
  ])('are refused: %s', (text, why) => {
    expect(() => parseThresholds(text)).toThrow(why);
  });
});

describe('The pod that goes first', () => {
  const use = (name: string, spec: Partial<V1PodSpec>, memory: number, rest: Partial<PodUse> = {}): PodUse => ({
    pod: named(name, spec),
    memory,
    disk: 0,
    processes: 0,
    ...rest,
  });
  const order = (...args: Parameters<typeof rankForEviction>) =>
    rankForEviction(...args).map(({ pod }) => pod.metadata.name);

  it('of memory has more than it asked for, then the lower priority, then the most above what it asked for', () => {
    const pods = [
      use('within', asking({ memory: '500' }), 400),
      use('important', { ...asking({ memory: '100' }), priority: 10 }, 900),
      use('some', asking({ memory: '100' }), 200),
      use('more', asking({ memory: '100' }), 300),
      use('system', { priority: 2_000_000_000 }, 5000),
    ];
    expect(order('memory.available', pods)).toEqual(['more', 'some', 'important', 'within']);
  });

  it('of the disk is known by what it wrote, and of process ids by their number alone', () => {
    const pods = [
      use('small', {}, 0, { disk: 10, processes: 5 }),
      use('large', {}, 0, { disk: 20, processes: 1 }),
      use('important', { priority: 10 }, 0, { disk: 900, processes: 900 }),
    ];
    expect(order('nodefs.available', pods)).toEqual(['large', 'small', 'important']);
    expect(order('pid.available', pods)).toEqual(['small', 'large', 'important']);
  });

  it('is not one that a node with too little memory still takes', () => {
    const refused = (spec: Partial<V1PodSpec>, ...kinds: PressureKind[]) =>
      refusalUnderPressure(named('p', spec), new Set(kinds));
    expect(refused({})).toBeUndefined();
    expect(refused({}, 'memory')).toBe('Pod was rejected: The node had condition: [MemoryPressure]. ');
    expect(refused(asking({ memory: '1' }), 'memory')).toBeUndefined();
    const toleration = { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' };
    expect(refused({ tolerations: [toleration] }, 'memory')).toBeUndefined();
    expect(refused({ tolerations: [toleration] }, 'memory', 'disk')).toContain('[DiskPressure MemoryPressure]');
    expect(refused(asking({ memory: '1' }), 'disk')).toContain('[DiskPressure]');
    expect(refused({ priority: 2_000_000_000 }, 'disk', 'pids')).toBeUndefined();
  });
});

describe('What a pod may write', () => {
  const volumes = [
    { name: 'scratch', emptyDir: { sizeLimit: '1Ki' } },
    { name: 'memory', emptyDir: { medium: 'Memory', sizeLimit: '1Ki' } },
  ];
  const use = (emptyDirs: Record<string, number>, containers: Record<string, number> = {}) => ({
    emptyDirs: new Map(Object.entries(emptyDirs)),
    containers: new Map(Object.entries(containers)),
  });

  it('is bound by the limit of a volume, of a container and of all together', () => {
    const bound = named('p', { volumes, ...asking({}, { 'ephemeral-storage': '2Ki' }) });
    expect(storageViolation(bound, use({ scratch: 1024 }, { main: 1024 }))).toBeUndefined();
    expect(storageViolation(bound, use({ scratch: 1025 }))).toBe(
      'Usage of EmptyDir volume "scratch" exceeds the limit "1Ki". ',
    );
    expect(storageViolation(bound, use({ scratch: 1024 }, { main: 1025 }))).toBe(
      'Pod ephemeral local storage usage exceeds the total limit of containers 2Ki. ',
    );
    const two = named('p', {
      containers: ['a', 'b'].map((name) =>
        testContainer(name, { resources: { limits: { 'ephemeral-storage': '1Ki' } } }),
      ),
    });
    expect(storageViolation(two, use({}, { a: 1500 }))).toBe(
      'Container a exceeded its local ephemeral storage limit "1Ki". ',
    );
    expect(storageViolation(named('p'), use({ scratch: 1e12 }, { main: 1e12 }))).toBeUndefined();
  });
});

describe('A node that has too little', () => {
  let folder: string;
  let now: number;
  let seen: Observations;
  let used: Map<string, number>;
  let pods: (EvictablePod & { ended?: PodTermination; status: V1PodStatus | undefined })[];
  let told: string[];
  let reclaimed: number;
  /** What is seen once nobody's files are removed. */
  let left: Observations;

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'eviction-'));
    now = 1_000_000;
    seen = plenty;
    used = new Map();
    pods = [];
    told = [];
    reclaimed = 0;
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const add = (name: string, memory: number, spec: Partial<V1PodSpec> = {}) => {
    used.set(name, memory);
    const each: (typeof pods)[number] = {
      ...{ uid: name, pod: named(name, spec), status: { phase: 'Running' } },
      end: (why) => {
        each.ended ??= why;
      },
    };
    pods.push(each);
    return each;
  };
  const eviction = () =>
    createEviction({
      thresholds: parseThresholds('memory.available<100,nodefs.available<100'),
      observe: async () => seen,
      measure: {
        runtime: { listContainers: async () => ({ containers: [] }), listContainerStats: async () => ({ stats: [] }) },
        nodeName: 'n',
        podsDir: folder,
        logsDir: folder,
        podUses: async (all) =>
          new Map(all.map(({ metadata: { uid } }) => [uid, { memory: used.get(uid) ?? 0, processes: 1 }])),
        sizesOf: linuxMachine.sizesOf,
      },
      pods: () => pods,
      reclaimDisk: async () => {
        reclaimed += 1;
        seen = left;
      },
      event: (pod, message) => told.push(`${pod.metadata.name}: ${message}`),
      onPressure: () => told.push('pressure'),
      log: { info: () => undefined, warn: () => undefined, error: () => undefined },
      now: () => now,
    });
  const low = (signal: keyof Observations) => ({ ...plenty, [signal]: { available: 50, capacity: 1000 } });
  const gone = () => pods.flatMap(({ uid, ended }) => (ended ? [uid] : []));

  it('of memory ends one pod at a time, each after the one before has ended, until there is enough', async () => {
    const [small, large] = [add('small', 200), add('large', 300)];
    add('last', 100);
    const node = eviction();
    await node.look();
    expect([gone(), told]).toEqual([[], []]);
    seen = low('memory.available');
    await node.look();
    expect(gone()).toEqual(['large']);
    const message =
      'The node was low on resource: memory. Threshold quantity: 100, available: 50. Pod was using 300, request is 0. ';
    expect(large.ended).toEqual({ reason: 'Evicted', message, graceSeconds: 1, disruption: true });
    expect(told).toEqual(['pressure', `large: ${message}`]);
    expect(node.pressure()).toEqual(new Set(['memory']));
    await node.look();
    expect(gone()).toEqual(['large']);
    large.status = { phase: 'Failed' };
    await node.look();
    expect(gone().sort()).toEqual(['large', 'small']);
    // One that does not end holds the next up no longer than this.
    now += 30_001;
    await node.look();
    expect(gone()).toHaveLength(3);
    small.status = { phase: 'Failed' };
    seen = plenty;
    await node.look();
    expect(node.refusal(named('new'))).toContain('MemoryPressure');
    now += 300_000;
    await node.look();
    expect(node.pressure()).toEqual(new Set());
    expect(node.refusal(named('new'))).toBeUndefined();
    expect(told.filter((each) => each === 'pressure')).toHaveLength(2);
  });

  it('of disk first removes what nobody uses, and ends no pod when that was enough', async () => {
    add('pod', 0);
    seen = low('nodefs.available');
    left = plenty;
    const node = eviction();
    await node.look();
    expect([reclaimed, gone()]).toEqual([1, []]);
    expect(node.pressure()).toEqual(new Set(['disk']));
    seen = low('nodefs.available');
    left = seen;
    await node.look();
    expect([reclaimed, gone()]).toEqual([2, ['pod']]);
  });

  it('and no pod that may be evicted says so, and goes on', async () => {
    add('system', 500, { priority: 2_000_001_000 });
    seen = low('memory.available');
    await eviction().look();
    expect(gone()).toEqual([]);
  });
});
