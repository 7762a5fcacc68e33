import { describe, expect, it } from 'vitest';
import {
  replicasForAverage,
  replicasForUtilization,
  replicasForValue,
  replicasForValuePerPod,
} from './horizontal-pod-autoscaler-replicas.ts';
import type { PodSample } from './horizontal-pod-autoscaler-samples.ts';
import type { Pod } from './pod-state.ts';

const now = Date.parse('2026-01-01T01:00:00Z');
const seconds = (ago: number) => new Date(now - ago * 1000).toISOString();

interface PodOptions {
  phase?: string;
  ready?: 'True' | 'False';
  /** Seconds ago. */
  started?: number;
  turned?: number;
  deleted?: boolean;
  request?: string;
}

function pod(name: string, options: PodOptions = {}): Pod {
  const { phase = 'Running', ready = 'True', started = 3600, turned = 3500, deleted, request = '1' } = options;
  return {
    metadata: { name, uid: name, resourceVersion: '1', ...(deleted && { deletionTimestamp: seconds(1) }) },
    spec: { containers: [{ name: 'app', resources: { requests: { cpu: request } } }] },
    status: {
      phase,
      startTime: seconds(started),
      conditions: [{ type: 'Ready', status: ready, lastTransitionTime: seconds(turned) }],
    },
  };
}

function samples(values: Record<string, number>): Map<string, PodSample> {
  return new Map(Object.entries(values).map(([name, value]) => [name, { at: now, windowMs: 15_000, value }]));
}

const tolerance = { up: 0.1, down: 0.1 };

/** Target: 50% of a whole CPU each. */
function byCpu(pods: Pod[], values: Record<string, number>, replicas = pods.length) {
  return replicasForUtilization({ replicas, pods, tolerance, now }, samples(values), 50, 'cpu').replicas;
}

describe('By utilization', () => {
  it.each<[string, Pod[], Record<string, number>, number]>([
    ['twice the load takes twice the pods', [pod('a'), pod('b')], { a: 1000, b: 1000 }, 4],
    ['within a tenth nothing changes', [pod('a'), pod('b')], { a: 540, b: 550 }, 2],
    ['half the load takes half the pods', [pod('a'), pod('b')], { a: 250, b: 250 }, 1],
    ['a missing pod counts as idle when more would be needed', [pod('a'), pod('b'), pod('c')], { a: 900, b: 900 }, 4],
    ['a missing pod may stop a rise', [pod('a'), pod('b')], { a: 900 }, 2],
    ['a missing pod counts as fully used when fewer would do', [pod('a'), pod('b'), pod('c')], { a: 50, b: 50 }, 3],
    ['a pod on its way out does not count', [pod('a'), pod('b', { deleted: true })], { a: 500, b: 5000 }, 2],
    ['a failed pod does not count', [pod('a'), pod('b', { phase: 'Failed' })], { a: 500, b: 5000 }, 2],
    ['a pending pod is expected to take its share', [pod('a'), pod('b', { phase: 'Pending' })], { a: 900 }, 2],
    [
      'a pod that just became ready is not judged by its start',
      [pod('a'), pod('b', { started: 60, turned: 10 })],
      { a: 500, b: 5000 },
      2,
    ],
    [
      'a young pod counts once its window lies after its start',
      [pod('a'), pod('b', { started: 60, turned: 20 })],
      { a: 1000, b: 1000 },
      4,
    ],
    [
      'a pod that was never ready does not count, however old',
      [pod('a'), pod('b', { ready: 'False', started: 3600, turned: 3590 })],
      { a: 500, b: 5000 },
      2,
    ],
    [
      'a pod that stopped being ready counts',
      [pod('a'), pod('b', { ready: 'False', started: 3600, turned: 100 })],
      { a: 1000, b: 1000 },
      4,
    ],
  ])('%s', (_, pods, values, expected) => {
    expect(byCpu(pods, values)).toBe(expected);
  });

  it('needs a request of every container', () => {
    const bare = { ...pod('a'), spec: { containers: [{ name: 'app' }] } };
    expect(() => byCpu([bare], { a: 1 })).toThrow('missing request for cpu in container app of Pod a');
  });

  it('needs pods, and a word from one of them', () => {
    expect(() => byCpu([], {})).toThrow('no pods returned by selector while calculating replica count');
    expect(() => byCpu([pod('a', { phase: 'Pending' })], {})).toThrow('did not receive metrics for targeted pods');
  });

  it('says in whole percent and thousandths what is used', () => {
    const scaled = { replicas: 2, pods: [pod('a'), pod('b')], tolerance, now };
    expect(replicasForUtilization(scaled, samples({ a: 333, b: 334 }), 50, 'cpu')).toEqual({
      replicas: 2,
      used: 333,
      utilization: 33,
    });
  });
});

describe('By an average', () => {
  const scaled = { replicas: 3, pods: [pod('a'), pod('b'), pod('c')], tolerance, now };

  it('counts a missing pod as at its target when fewer would do', () => {
    expect(replicasForAverage(scaled, samples({ a: 100, b: 100 }), 1000).replicas).toBe(2);
  });

  it('does not let what memory does while starting stand back', () => {
    const pods = [pod('a'), pod('b', { started: 60, turned: 10 })];
    expect(
      replicasForAverage({ ...scaled, replicas: 2, pods }, samples({ a: 2000, b: 2000 }), 1000, 'memory').replicas,
    ).toBe(4);
  });
});

describe('By one value', () => {
  const pods = [pod('a'), pod('b', { ready: 'False' })];

  it('multiplies the pods that are ready', () => {
    expect(replicasForValue({ replicas: 2, pods, tolerance, now }, 3000, 1000).replicas).toBe(3);
    expect(replicasForValue({ replicas: 2, pods, tolerance, now }, 1050, 1000).replicas).toBe(2);
  });

  it('divides it among pods', () => {
    const scaled = { replicas: 3, pods, tolerance, now };
    expect(replicasForValuePerPod(scaled, 9500, 1000)).toEqual({ replicas: 10, used: 3167 });
    expect(replicasForValuePerPod(scaled, 3100, 1000)).toEqual({ replicas: 3, used: 1034 });
  });
});
