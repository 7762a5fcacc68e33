import { describe, expect, it } from 'vitest';
import { localPathProvisioner } from './local-path-volume.ts';
import { createPersistentVolumeController } from './persistent-volume.ts';
import { TestCluster } from './testing/cluster.ts';
import { claimProtectionController, volumeProtectionController } from './volume-protection.ts';

const controllers = [createPersistentVolumeController('/data'), claimProtectionController, volumeProtectionController];

function storageClass(more: object = {}) {
  const annotations = { 'storageclass.kubernetes.io/is-default-class': 'true' };
  return {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: 'local-path', annotations },
    provisioner: localPathProvisioner,
    reclaimPolicy: 'Delete',
    volumeBindingMode: 'WaitForFirstConsumer',
    ...more,
  };
}

function claim(name: string, spec: object = {}) {
  const resources = { requests: { storage: '1Gi' } };
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, namespace: 'default' },
    spec: { accessModes: ['ReadWriteOnce'], resources, ...spec },
    status: { phase: 'Pending' },
  };
}

function volume(name: string, storage: string, spec: object = {}) {
  const metadata = { name };
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata,
    spec: {
      capacity: { storage },
      accessModes: ['ReadWriteOnce'],
      hostPath: { path: '/x' },
      persistentVolumeReclaimPolicy: 'Retain',
      ...spec,
    },
  };
}

describe('Persistent volumes', () => {
  it('wait for the first consumer, are made on its node, and go with their claim', async () => {
    const each = new TestCluster(controllers);
    each.put(storageClass());
    each.put(claim('data'));
    await each.settle();
    expect(each.events.map((event) => event.reason)).toContain('WaitForFirstConsumer');
    expect(each.state.list('persistentvolumes')).toEqual([]);
    each.change('persistentvolumeclaims', 'default', 'data', (object) => {
      object.metadata.annotations = { 'volume.kubernetes.io/selected-node': 'n1' };
    });
    await each.settle();
    const [made] = each.state.list('persistentvolumes');
    const found = each.state.get('persistentvolumeclaims', 'default', 'data');
    expect(found?.status).toMatchObject({ phase: 'Bound', capacity: { storage: '1Gi' } });
    expect(found?.spec?.volumeName).toBe(made?.metadata.name);
    expect(made?.status?.phase).toBe('Bound');
    expect(made?.spec?.hostPath?.path).toBe(`/data/${made?.metadata.name}_default_data`);
    expect(made?.spec?.nodeAffinity?.required?.nodeSelectorTerms[0]?.matchExpressions?.[0]?.values).toEqual(['n1']);
    each.remove('persistentvolumeclaims', 'default', 'data');
    await each.settle();
    expect(each.state.list('persistentvolumeclaims')).toEqual([]);
    expect(each.state.list('persistentvolumes')).toEqual([]);
  });

  it('of their own are bound by the smallest that fits, and kept when their policy says so', async () => {
    const each = new TestCluster(controllers);
    each.put(volume('big', '10Gi'));
    each.put(volume('fits', '2Gi'));
    each.put(volume('small', '100Mi'));
    each.put(claim('data', { storageClassName: '' }));
    await each.settle();
    expect(each.state.get('persistentvolumeclaims', 'default', 'data')?.spec?.volumeName).toBe('fits');
    each.remove('persistentvolumeclaims', 'default', 'data');
    await each.settle();
    expect(each.state.get('persistentvolumes', '', 'fits')?.status?.phase).toBe('Released');
    expect(each.state.get('persistentvolumes', '', 'big')?.status?.phase).toBe('Available');
  });

  it('that become larger leave it to who makes them so to tell their claims, whose file systems may have to grow', async () => {
    const each = new TestCluster(controllers);
    each.put(volume('v', '1Gi'));
    each.put(claim('data', { storageClassName: '' }));
    await each.settle();
    const capacity = () => each.state.get('persistentvolumeclaims', 'default', 'data')?.status?.capacity;
    expect(capacity()).toEqual({ storage: '1Gi' });
    each.change('persistentvolumes', '', 'v', (object) => {
      object.spec = { ...object.spec, capacity: { storage: '2Gi' } };
    });
    each.change('persistentvolumeclaims', 'default', 'data', (object) => {
      object.metadata.labels = { seen: 'again' };
    });
    await each.settle();
    expect(capacity()).toEqual({ storage: '1Gi' });
  });

  it('stay while a pod uses the claim', async () => {
    const each = new TestCluster(controllers);
    each.put(volume('v', '2Gi'));
    each.put(claim('data', { storageClassName: '' }));
    const spec = {
      nodeName: 'n1',
      containers: [],
      volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }],
    };
    each.put({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'default' }, spec });
    await each.settle();
    each.remove('persistentvolumeclaims', 'default', 'data');
    await each.settle();
    expect(each.state.get('persistentvolumeclaims', 'default', 'data')?.metadata.deletionTimestamp).toBeDefined();
    each.finishPods('Succeeded');
    await each.settle();
    expect(each.state.get('persistentvolumeclaims', 'default', 'data')).toBeUndefined();
  });

  it('that a claim has lost are said to be lost', async () => {
    const each = new TestCluster(controllers);
    each.put(volume('v', '2Gi'));
    each.put(claim('data', { storageClassName: '' }));
    await each.settle();
    each.change('persistentvolumes', '', 'v', (object) => {
      object.metadata.finalizers = [];
    });
    each.state.remove('persistentvolumes', 'v');
    each.change('persistentvolumeclaims', 'default', 'data', (object) => {
      object.metadata.labels = { touched: 'yes' };
    });
    await each.settle();
    expect(each.state.get('persistentvolumeclaims', 'default', 'data')?.status?.phase).toBe('Lost');
  });
});
