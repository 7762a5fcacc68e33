import { describe, expect, it } from 'vitest';
import type { V1CSIDriver, V1PersistentVolume, V1PersistentVolumeClaim } from '../../generated/kubernetes.ts';
import { testPod } from '../pods/test-pod.ts';
import { accessModes, nodeCapabilities } from './messages.ts';
import {
  accessModeOf,
  capabilityOf,
  givesToGroup,
  grownStatus,
  growthOf,
  isBlock,
  podContext,
} from './volume-facts.ts';

const driver = (spec: V1CSIDriver['spec'] = {}): V1CSIDriver => ({ metadata: { name: 'd' }, spec });
const volume = (spec: V1PersistentVolume['spec']): V1PersistentVolume => ({ metadata: {}, spec });
const claim = (storage: string): V1PersistentVolumeClaim => ({
  metadata: {},
  status: { capacity: { storage }, conditions: [{ type: 'FileSystemResizePending', status: 'True' }] },
});

describe('the access mode that a driver is told', () => {
  const old = new Set<number>();
  const recent = new Set<number>([nodeCapabilities.singleNodeMultiWriter]);
  it.each([
    [['ReadWriteMany', 'ReadWriteOnce'], old, accessModes.multiNodeMultiWriter],
    [['ReadOnlyMany'], old, accessModes.multiNodeReaderOnly],
    [['ReadOnlyMany', 'ReadWriteOnce'], old, accessModes.singleNodeWriter],
    [['ReadWriteOncePod'], old, accessModes.singleNodeWriter],
    [['ReadWriteOncePod'], recent, accessModes.singleNodeSingleWriter],
    [['ReadWriteOnce'], recent, accessModes.singleNodeMultiWriter],
    [undefined, old, accessModes.singleNodeWriter],
  ])('of %j is the widest, as far as the driver tells pods apart', (modes, capabilities, mode) => {
    expect(accessModeOf(modes, capabilities)).toBe(mode);
  });
});

describe('the capability that a driver is told', () => {
  it('has a file system with its options and a group, or is a block device and has neither', () => {
    const facts = { fsType: 'ext4', mountOptions: ['noatime'], mode: 1, group: 2000 };
    expect(capabilityOf({ ...facts, block: false })).toEqual({
      mount: { fsType: 'ext4', mountFlags: ['noatime'], volumeMountGroup: '2000' },
      accessMode: { mode: 1 },
    });
    expect(capabilityOf({ ...facts, block: true })).toEqual({ block: {}, accessMode: { mode: 1 } });
  });

  it('follows the mode of the volume', () => {
    expect(isBlock(volume({ volumeMode: 'Block' }))).toBe(true);
    expect(isBlock(volume({}))).toBe(false);
  });
});

describe('a volume that grows', () => {
  it('does so where it is larger than its claim says, and never shrinks', () => {
    const of = (storage: string) => volume({ capacity: { storage } });
    expect(growthOf(of('2Gi'), claim('1Gi'))).toBe('2Gi');
    expect(growthOf(of('1024Mi'), claim('1Gi'))).toBeUndefined();
    expect(growthOf(of('1Gi'), claim('2Gi'))).toBeUndefined();
    expect(growthOf(of('2Gi'), undefined)).toBeUndefined();
    expect(growthOf(of('2Gi'), { metadata: {} })).toBeUndefined();
  });

  it('leaves a claim that says so, and waits for nothing', () => {
    const status = { capacity: { storage: '1Gi' }, conditions: [{ type: 'Other', status: 'True' }] };
    expect(grownStatus({ metadata: {}, status }, '2Gi')).toEqual({
      capacity: { storage: '2Gi' },
      conditions: [{ type: 'Other', status: 'True' }],
      allocatedResourceStatuses: null,
    });
    expect(grownStatus(claim('1Gi'), '2Gi')).toMatchObject({ conditions: [] });
  });
});

describe("a pod's group", () => {
  const once = volume({ accessModes: ['ReadWriteOnce'], csi: { driver: 'd', volumeHandle: 'h', fsType: 'ext4' } });
  const shared = volume({ accessModes: ['ReadWriteMany'], csi: { driver: 'd', volumeHandle: 'h', fsType: 'ext4' } });
  const plain = volume({ accessModes: ['ReadWriteOnce'], csi: { driver: 'd', volumeHandle: 'h' } });
  it('is given files as the driver says', () => {
    for (const each of [once, shared, undefined]) {
      expect(givesToGroup(driver({ fsGroupPolicy: 'File' }), each)).toBe(true);
      expect(givesToGroup(driver({ fsGroupPolicy: 'None' }), each)).toBe(false);
    }
  });
  it('is given those of a file system that one node alone writes, where it says nothing', () => {
    expect([once, shared, plain, undefined].map((each) => givesToGroup(driver(), each))).toEqual([
      true,
      false,
      false,
      false,
    ]);
    expect(givesToGroup(undefined, once)).toBe(true);
  });
});

describe('what a driver hears of a pod', () => {
  const pod = testPod({ serviceAccountName: 'robot' });
  const token = `h.${Buffer.from(JSON.stringify({ exp: 1_767_225_600 })).toString('base64url')}.s`;
  const tokens = { token: async () => token, forget: () => undefined };

  it('is nothing that it did not ask for', async () => {
    expect(await podContext(driver(), { pod, tokens }, false)).toEqual({});
    expect(await podContext(undefined, { pod, tokens }, true)).toEqual({});
  });

  it('is who it is, and tokens by audience with their end', async () => {
    const asking = driver({ podInfoOnMount: true, tokenRequests: [{ audience: 'vault' }] });
    const { 'csi.storage.k8s.io/serviceAccount.tokens': given = '', ...info } = await podContext(
      asking,
      { pod, tokens },
      true,
    );
    expect(info).toEqual({
      'csi.storage.k8s.io/pod.name': 'web',
      'csi.storage.k8s.io/pod.namespace': 'default',
      'csi.storage.k8s.io/pod.uid': 'u1',
      'csi.storage.k8s.io/serviceAccount.name': 'robot',
      'csi.storage.k8s.io/ephemeral': 'true',
    });
    expect(JSON.parse(given)).toEqual({ vault: { token, expirationTimestamp: '2026-01-01T00:00:00.000Z' } });
  });
});
