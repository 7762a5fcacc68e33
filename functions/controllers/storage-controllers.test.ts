import { describe, expect, it } from 'vitest';
import { attachDetachController } from './attach-detach.ts';
import { bootstrapTokenCleaner } from './bootstrap-token-cleaner.ts';
import { ephemeralVolumeController } from './ephemeral-volume.ts';
import { localPathProvisioner } from './local-path-volume.ts';
import { createPersistentVolumeController } from './persistent-volume.ts';
import { TestCluster } from './testing/cluster.ts';
import { volumeExpandController } from './volume-expand.ts';
import { attributesClassProtectionController, claimProtectionController } from './volume-protection.ts';

const inDefault = (name: string) => ({ name, namespace: 'default' });
const attachments = 'storage.k8s.io/volumeattachments';

function pod(name: string, volumes: object[], nodeName?: string) {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: inDefault(name),
    spec: { ...(nodeName && { nodeName }), containers: [{ name: 'app' }], volumes },
  };
}

/** A claim that is bound to a volume of a CSI driver. */
function csiVolume(each: TestCluster, name: string, driver: string) {
  const claim = each.put({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: inDefault(name),
    spec: { volumeName: `pv-${name}`, resources: { requests: { storage: '1Gi' } } },
    status: { phase: 'Bound', capacity: { storage: '1Gi' } },
  });
  each.put({
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: `pv-${name}` },
    spec: {
      capacity: { storage: '1Gi' },
      csi: { driver, volumeHandle: `vol-${name}` },
      claimRef: { ...inDefault(name), uid: claim.metadata.uid },
    },
  });
}

const mounts = (claimName: string) => [{ name: 'data', persistentVolumeClaim: { claimName } }];

describe('Volumes of CSI drivers', () => {
  it('are attached to the node of a pod that needs them, and let go of once the node has unmounted them', async () => {
    const each = new TestCluster([attachDetachController]);
    each.put({
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: 'n1' },
      status: { conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }] },
    });
    csiVolume(each, 'data', 'disks.example.com');
    each.put(pod('p', mounts('data'), 'n1'));
    await each.settle();
    const [made] = each.state.list(attachments);
    expect(made).toMatchObject({
      spec: { attacher: 'disks.example.com', nodeName: 'n1', source: { persistentVolumeName: 'pv-data' } },
    });
    expect(made?.metadata.name).toMatch(/^csi-[0-9a-f]{64}$/);
    each.change(attachments, '', made?.metadata.name ?? '', (object) => {
      Object.assign(object, { status: { attached: true, attachmentMetadata: { devicePath: '/dev/x' } } });
    });
    await each.settle();
    const device = 'kubernetes.io/csi/disks.example.com^vol-data';
    expect(each.state.get('nodes', '', 'n1')?.status?.volumesAttached).toEqual([
      { name: device, devicePath: '/dev/x' },
    ]);
    each.change('nodes', '', 'n1', ({ status }) => {
      if (status) status.volumesInUse = [device];
    });
    each.finishPods('Succeeded');
    await each.settle();
    expect(each.state.list(attachments)).toHaveLength(1);
    each.change('nodes', '', 'n1', ({ status }) => {
      if (status) status.volumesInUse = [];
    });
    await each.settle();
    expect(each.state.list(attachments)).toEqual([]);
    expect(each.state.get('nodes', '', 'n1')?.status?.volumesAttached).toEqual([]);
  });

  it('are let go of after six minutes when their node says nothing any more, at once when it is out of service', async () => {
    const each = new TestCluster([attachDetachController]);
    const condition = { type: 'Ready', status: 'Unknown', lastTransitionTime: '2026-01-01T00:00:00Z' };
    for (const name of ['n1', 'n2']) {
      const volumesInUse = [`kubernetes.io/csi/d^vol-${name}`];
      each.put({
        apiVersion: 'v1',
        kind: 'Node',
        metadata: { name },
        status: { conditions: [condition], volumesInUse },
      });
      csiVolume(each, name, 'd');
      each.put(pod(name, mounts(name), name));
    }
    await each.settle();
    expect(each.state.list(attachments)).toHaveLength(2);
    each.finishPods('Failed');
    await each.settle();
    each.change('nodes', '', 'n2', (node) => {
      node.spec = { taints: [{ key: 'node.kubernetes.io/out-of-service', effect: 'NoExecute' }] };
    });
    await each.settle();
    expect(each.state.list(attachments)).toMatchObject([{ spec: { nodeName: 'n1' } }]);
    each.advance(5 * 60_000);
    await each.settle();
    expect(each.state.list(attachments)).toHaveLength(1);
    each.advance(60_000);
    await each.settle();
    expect(each.state.list(attachments)).toEqual([]);
  });

  it('that need no attaching are not attached', async () => {
    const each = new TestCluster([attachDetachController]);
    each.put({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1' } });
    each.put({
      apiVersion: 'storage.k8s.io/v1',
      kind: 'CSIDriver',
      metadata: { name: 'files' },
      spec: { attachRequired: false },
    });
    csiVolume(each, 'data', 'files');
    each.put(pod('p', mounts('data'), 'n1'));
    await each.settle();
    expect(each.state.list(attachments)).toEqual([]);
  });
});

describe('Generic ephemeral volumes', () => {
  it('get a claim that belongs to their pod, protected while it is used, and never take one that was there', async () => {
    const each = new TestCluster([ephemeralVolumeController, claimProtectionController]);
    const template = { metadata: { labels: { app: 'x' } }, spec: { resources: { requests: { storage: '1Gi' } } } };
    const volumes = [{ name: 'scratch', ephemeral: { volumeClaimTemplate: template } }];
    const made = each.put(pod('p', volumes, 'n1'));
    each.put({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: inDefault('q-scratch'), spec: {} });
    each.put(pod('q', volumes, 'n1'));
    await each.settle();
    const claim = each.state.get('persistentvolumeclaims', 'default', 'p-scratch');
    expect(claim?.metadata).toMatchObject({
      labels: { app: 'x' },
      finalizers: ['kubernetes.io/pvc-protection'],
      ownerReferences: [{ kind: 'Pod', name: 'p', uid: made.metadata.uid, controller: true }],
    });
    expect(each.events).toEqual([
      expect.objectContaining({ message: 'ephemeral volume scratch: PVC q-scratch was not created for the pod' }),
    ]);
    each.remove('persistentvolumeclaims', 'default', 'p-scratch');
    await each.settle();
    expect(each.state.get('persistentvolumeclaims', 'default', 'p-scratch')?.metadata.deletionTimestamp).toBeDefined();
  });
});

describe('A larger claim', () => {
  const grow = (each: TestCluster, name: string) =>
    each.change('persistentvolumeclaims', 'default', name, ({ spec }) => {
      if (spec) spec.resources = { requests: { storage: '3Gi' } };
    });

  it('of a local path gets a larger volume', async () => {
    const each = new TestCluster([createPersistentVolumeController('/data'), volumeExpandController]);
    each.put({
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: 'local-path' },
      provisioner: localPathProvisioner,
    });
    each.put({
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: 'n1' },
      status: { conditions: [{ type: 'Ready', status: 'True' }] },
    });
    each.put({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: inDefault('data'),
      spec: {
        storageClassName: 'local-path',
        accessModes: ['ReadWriteOnce'],
        resources: { requests: { storage: '1Gi' } },
      },
      status: { phase: 'Pending' },
    });
    await each.settle();
    grow(each, 'data');
    await each.settle();
    expect(each.state.get('persistentvolumeclaims', 'default', 'data')?.status?.capacity).toEqual({ storage: '3Gi' });
    expect(each.state.list('persistentvolumes')[0]?.spec?.capacity).toEqual({ storage: '3Gi' });
    expect(each.events.map(({ reason }) => reason)).toContain('VolumeResizeSuccessful');
  });

  it('of a CSI driver is left to its resizer', async () => {
    const each = new TestCluster([volumeExpandController]);
    csiVolume(each, 'data', 'disks.example.com');
    grow(each, 'data');
    await each.settle();
    const claim = each.state.get('persistentvolumeclaims', 'default', 'data');
    expect(claim?.metadata.annotations).toEqual({ 'volume.kubernetes.io/storage-resizer': 'disks.example.com' });
    expect(claim?.status?.capacity).toEqual({ storage: '1Gi' });
    expect(each.events.map(({ reason }) => reason)).toContain('ExternalExpanding');
  });
});

describe('What has its time', () => {
  it('a bootstrap token goes when it has expired, or when nobody can say when it does', async () => {
    const each = new TestCluster([bootstrapTokenCleaner]);
    const token = (name: string, expiration?: string) => ({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, namespace: 'kube-system' },
      type: 'bootstrap.kubernetes.io/token',
      data: expiration ? { expiration: Buffer.from(expiration).toString('base64') } : {},
    });
    each.put(token('soon', '2026-01-01T00:10:00Z'));
    each.put(token('never'));
    each.put(token('garbled', 'tomorrow'));
    each.put({ ...token('other', '2020-01-01T00:00:00Z'), type: 'Opaque' });
    await each.settle();
    const names = () => each.state.list('secrets').map(({ metadata }) => metadata.name);
    expect(names()).toEqual(['soon', 'never', 'other']);
    each.advance(10 * 60_000);
    await each.settle();
    expect(names()).toEqual(['never', 'other']);
  });

  it('an attributes class stays while a claim wants it', async () => {
    const each = new TestCluster([attributesClassProtectionController]);
    const type = 'storage.k8s.io/volumeattributesclasses';
    each.put({ apiVersion: 'storage.k8s.io/v1', kind: 'VolumeAttributesClass', metadata: { name: 'fast' } });
    each.put({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: inDefault('data'),
      spec: { volumeAttributesClassName: 'fast' },
    });
    await each.settle();
    each.remove(type, '', 'fast');
    await each.settle();
    expect(each.state.get(type, '', 'fast')?.metadata.deletionTimestamp).toBeDefined();
    each.change('persistentvolumeclaims', 'default', 'data', ({ spec }) => {
      delete spec?.volumeAttributesClassName;
    });
    await each.settle();
    expect(each.state.get(type, '', 'fast')).toBeUndefined();
  });
});
