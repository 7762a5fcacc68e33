import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { V1NodeStatus } from '../../generated/kubernetes.ts';
import { linuxMachine } from '../platform/linux/machine.ts';
import { readNodeFacts } from './node-status.ts';
import { createSelfReport, type SelfReport, statusIntervalMs } from './self-report.ts';

let folder: string;
let now: number;
let networkFailure: string | undefined;
let networkUnavailable: string | undefined;
/** undefined: the runtime does not answer. */
let runtimeConditions: { type: string; status: boolean; reason: string; message: string }[] | undefined;
let images: { id: string; repoTags: string[]; repoDigests: string[]; size: number }[];
let sent: V1NodeStatus[];
let beats: number[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'self-report-'));
  now = Date.parse('2026-01-01T00:00:00Z');
  networkFailure = undefined;
  networkUnavailable = undefined;
  runtimeConditions = [{ type: 'NetworkReady', status: true, reason: '', message: '' }];
  images = [];
  sent = [];
  beats = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function selfReport(more: object = {}): Promise<SelfReport> {
  const options = {
    nodeName: 'n',
    nodeIP: '10.0.0.1',
    nodeIPv6: undefined,
    externalIP: undefined,
    dataDir: folder,
    maxPods: 110,
    ...more,
  };
  const runtime = { runtimeName: 'containerd', runtimeVersion: '2.0.0' };
  return createSelfReport({
    // as: of the options and the runtime's answers, these parts are read.
    options: options as unknown as Parameters<typeof createSelfReport>[0]['options'],
    facts: await readNodeFacts({ ...options, runtime, machine: linuxMachine }),
    runtime: {
      status: async () => {
        if (!runtimeConditions) throw new Error('away');
        return { status: { conditions: runtimeConditions } };
      },
      listImages: async () => ({ images }),
    } as unknown as Parameters<typeof createSelfReport>[0]['runtime'],
    networkFailure: () => networkFailure,
    networkUnavailable: () => networkUnavailable,
    wireGuardKey: 'a key',
    topology: () => ({}),
    volumesInUse: () => [],
    pressure: () => new Set(),
    usage: { sample: async () => undefined },
    reporter: {
      node: ({ status }) => sent.push(status as unknown as V1NodeStatus),
      heartbeat: () => beats.push(now),
    },
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    now: () => now,
  });
}

const ready = (status: V1NodeStatus | undefined) => status?.conditions?.find(({ type }) => type === 'Ready');

describe('a node', () => {
  it('says when it reaches too few others, and when it does again', async () => {
    const self = await selfReport({ externalIP: '203.0.113.7' });
    const unavailable = () => sent.at(-1)?.conditions?.find(({ type }) => type === 'NetworkUnavailable');
    await self.send();
    expect(unavailable()).toMatchObject({ status: 'False' });
    expect(sent.at(-1)?.addresses).toContainEqual({ type: 'ExternalIP', address: '203.0.113.7' });
    networkUnavailable = 'pods of node b are not reached: open a port';
    await self.send();
    expect(unavailable()).toMatchObject({ status: 'True', message: networkUnavailable });
    expect(ready(sent.at(-1))?.status).toBe('True');
    networkUnavailable = undefined;
    await self.send();
    expect(unavailable()).toMatchObject({ status: 'False' });
  });

  it('tells its status when something changed, and once a minute', async () => {
    const self = await selfReport();
    await self.send();
    now += 59_000;
    await self.send();
    expect(sent).toHaveLength(1);
    now += 1_000;
    await self.send();
    expect(sent).toHaveLength(2);
    images = [{ id: 'i', repoTags: ['app:1'], repoDigests: [], size: 5 }];
    await self.send();
    expect(sent.map((each) => each.images)).toEqual([[], [], [{ names: ['app:1'], sizeBytes: 5 }]]);
  });

  it('tells it every five minutes where heartbeats are rare', async () => {
    const self = await selfReport({ heartbeatMs: 75_000 });
    for (let i = 0; i <= 5; i++, now += 60_000) await self.send();
    expect(sent).toHaveLength(2);
  });

  it('is not ready without a network, and without a runtime that is well', async () => {
    const self = await selfReport();
    const why = async () => {
      await self.send();
      return ready(sent.at(-1))?.message;
    };
    networkFailure = 'it has no podCIDR';
    runtimeConditions = [{ type: 'NetworkReady', status: false, reason: 'NoNetwork', message: '' }];
    expect(await why()).toBe('it has no podCIDR');
    networkFailure = undefined;
    expect(await why()).toBe('container runtime: NetworkReady: NoNetwork');
    runtimeConditions = undefined;
    expect(await why()).toBe('the container runtime does not answer: Error: away');
    runtimeConditions = [];
    expect(await why()).toBe('kubelet is posting ready status');
    expect(ready(sent.at(-1))?.status).toBe('True');
  });

  it('beats as often as it is to, half a look early rather than late', async () => {
    const self = await selfReport({ heartbeatMs: 30_000 });
    const start = now;
    for (let i = 0; i < 7; i++, now += statusIntervalMs - 1) await self.beat();
    expect(beats.map((at) => Math.round((at - start) / statusIntervalMs))).toEqual([0, 3, 6]);
  });
});
