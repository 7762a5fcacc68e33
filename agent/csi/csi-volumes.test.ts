import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { V1CSIDriver, V1PersistentVolume } from '../../generated/kubernetes.ts';
import { ApiError } from '../api-client/api-client.ts';
import { GrpcError, grpcCodes } from '../cri/grpc.ts';
import { testPod } from '../pods/test-pod.ts';
import type { VolumeContext } from '../volumes/volume-type.ts';
import { createCsiVolumes } from './csi-volumes.ts';
import type { Driver } from './drivers.ts';
import { nodeCapabilities } from './messages.ts';

const source = { driver: 'd', volumeHandle: 'h' };
const volume: V1PersistentVolume = {
  metadata: { name: 'pv' },
  spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, csi: source },
};

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'zp-csi-'));
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

interface Call {
  readonly method: string;
  readonly request: Readonly<Record<string, unknown>>;
}

/** A node with one driver. `answers`: of the API's attachments, one a time; the last stays. `fails`: what the driver does not do. */
async function node(
  capabilities: readonly number[] = [nodeCapabilities.stageUnstageVolume],
  spec: V1CSIDriver['spec'] = { attachRequired: false },
  answers: readonly (object | undefined)[] = [undefined],
) {
  const calls: Call[] = [];
  const fails = new Set<string>();
  const asked = [...answers];
  const client = {
    call: async ({ path }: { path: string }, request: object) => {
      const method = path.split('/').at(-1) ?? '';
      calls.push({ method, request: { ...request } });
      if (fails.has(method)) throw new GrpcError(grpcCodes.unavailable, path, 'away');
      const { targetPath } = request as { targetPath?: string };
      if (method === 'NodePublishVolume' && targetPath) mkdirSync(targetPath);
      return method === 'NodeGetVolumeStats' ? { usage: [{ available: 1, total: 3, used: 2, unit: 1 }] } : {};
    },
  };
  // as: of a driver, what is called is its client.
  const driver = { name: 'd', client, capabilities: new Set(capabilities) } as unknown as Driver;
  const api = {
    json: async (_: string, path: string) => {
      if (path.includes('/csidrivers/')) return { metadata: { name: 'd' }, spec };
      const found = asked.length > 1 ? asked.shift() : asked[0];
      if (!found) throw new ApiError(404, 'not found');
      return found;
    },
  };
  const pods = join(root, 'pods');
  mkdirSync(pods, { recursive: true });
  const directory = { root, registry: join(root, 'registry'), plugin: join(root, 'plugin'), pods };
  const drivers = { get: (name: string) => (name === 'd' ? driver : undefined), look: async () => undefined };
  const inUse: (readonly string[])[] = [];
  const options = { nodeName: 'n', drivers, directory, onUse: () => void inUse.push(made.inUse()) };
  // as: the answers are those of the paths that are asked for.
  const made = await createCsiVolumes({ ...options, api: api as Parameters<typeof createCsiVolumes>[0]['api'] });
  const persistent = (uid: string) => {
    const context = { pod: testPod({}, { uid }), name: 'data', objects: { claim: () => undefined } };
    // as: of a node's parts, only claims are looked for.
    return made.persistent(source, volume, context as unknown as VolumeContext, false);
  };
  return { made, calls, fails, pods, inUse, persistent, methods: () => calls.map(({ method }) => method) };
}

describe('a volume of a driver', () => {
  it('is staged and published for each pod, and unstaged with the last', async () => {
    const { made, persistent, methods, calls, pods } = await node();
    await persistent('u1');
    await persistent('u2');
    expect(methods()).toEqual(['NodeStageVolume', 'NodePublishVolume', 'NodeStageVolume', 'NodePublishVolume']);
    const staging = new Set(calls.map(({ request }) => request['stagingTargetPath']));
    expect(staging.size).toBe(1);
    expect(await made.known()).toEqual(['u1', 'u2']);
    calls.length = 0;
    await made.release('u1');
    expect(methods()).toEqual(['NodeUnpublishVolume']);
    await made.release('u2');
    expect(methods()).toEqual(['NodeUnpublishVolume', 'NodeUnpublishVolume', 'NodeUnstageVolume']);
    expect(readdirSync(pods)).toEqual([]);
  });

  it('is published only, by a driver that stages nothing', async () => {
    const { made, persistent, methods } = await node([]);
    await persistent('u1');
    await made.release('u1');
    expect(methods()).toEqual(['NodePublishVolume', 'NodeUnpublishVolume']);
  });

  it('is waited for until it is attached, and in use until it is taken back', async () => {
    const attached = { status: { attached: true, attachmentMetadata: { device: '/dev/x' } } };
    const { made, persistent, calls, inUse } = await node([], { attachRequired: true }, [
      undefined,
      { status: { attached: false } },
      attached,
    ]);
    await persistent('u1');
    expect(calls[0]?.request['publishContext']).toEqual({ device: '/dev/x' });
    await made.release('u1');
    expect(inUse).toEqual([['kubernetes.io/csi/d^h'], []]);
  });

  it('stays known where it is not taken back, and is asked for again', async () => {
    const { made, persistent, fails, pods } = await node();
    await persistent('u1');
    fails.add('NodeUnstageVolume');
    await expect(made.release('u1')).rejects.toThrow('CSI driver d, NodeUnstageVolume: away (code 14)');
    expect(await made.known()).toEqual(['u1']);
    fails.clear();
    await made.release('u1');
    expect(existsSync(join(pods, 'u1'))).toBe(false);
  });

  it('says how full it is by its driver, where that can', async () => {
    const mute = await node();
    await mute.persistent('u1');
    expect(await mute.made.use('u1', 'pv')).toBeUndefined();
    const telling = await node([nodeCapabilities.getVolumeStats]);
    await telling.persistent('u3');
    expect(await telling.made.use('u3', 'pv')).toEqual({ capacity: 3, available: 1, used: 2 });
    expect(telling.calls.at(-1)?.request).toMatchObject({ volumeId: 'h', volumePath: expect.stringContaining('u3') });
    expect(await telling.made.use('u3', 'other')).toBeUndefined();
  });

  it('of a driver that is not here is refused', async () => {
    const { made } = await node();
    const context = { pod: testPod(), name: 'data' } as VolumeContext;
    await expect(made.persistent({ ...source, driver: 'other' }, volume, context, false)).rejects.toThrow(
      'CSI driver other is not registered on this node: does its node plugin run here?',
    );
    await expect(made.inline({ driver: 'd' }, context)).rejects.toThrow('volumeLifecycleModes: Ephemeral');
  });
});
