import { describe, expect, it } from 'vitest';
import { podReferences } from '../../../../node/pod-references.ts';
import { volumeSecrets } from '../../../../node/volume-secrets.ts';
import { persistentSources, validateSources } from './validate.ts';
import { volumeType } from './volume-types.ts';

const container = { name: 'c', image: 'i' };
const referred = (source: object) =>
  podReferences('ns', 'pod', { containers: [container], volumes: [{ name: 'v', ...source }] }).map(
    ({ resource, key }) => `${resource} ${key}`,
  );

describe('what a pod names by its volumes', () => {
  const secretRef = { name: 's' };
  it.each([
    [{ secret: { secretName: 's' } }],
    [{ projected: { sources: [{ secret: secretRef }] } }],
    [{ azureFile: { secretName: 's', shareName: 'x' } }],
    [{ cephfs: { monitors: [], secretRef } }],
    [{ cinder: { volumeID: 'x', secretRef } }],
    [{ csi: { driver: 'd', nodePublishSecretRef: secretRef } }],
    [{ flexVolume: { driver: 'd', secretRef } }],
    [{ iscsi: { targetPortal: 'x', iqn: 'x', lun: 0, secretRef } }],
    [{ rbd: { monitors: [], image: 'x', secretRef } }],
    [{ scaleIO: { gateway: 'x', system: 'x', secretRef } }],
    [{ storageos: { secretRef } }],
  ])('is a Secret in %j', (source) => {
    expect(referred(source)).toEqual(['secrets ns/s']);
  });

  it('is a ConfigMap or a claim', () => {
    expect(referred({ configMap: { name: 'c' } })).toEqual(['configmaps ns/c']);
    expect(referred({ projected: { sources: [{ configMap: { name: 'c' } }, {}] } })).toEqual(['configmaps ns/c']);
    expect(referred({ persistentVolumeClaim: { claimName: 'c' } })).toEqual(['persistentvolumeclaims ns/c']);
    expect(referred({ ephemeral: { volumeClaimTemplate: { spec: {} } } })).toEqual(['persistentvolumeclaims ns/pod-v']);
  });

  it('is nothing in what has no name, and in directories', () => {
    for (const source of [{ emptyDir: {} }, { hostPath: { path: '/' } }, { configMap: {} }, { secret: {} }, {}])
      expect(referred(source)).toEqual([]);
  });
});

describe('the Secrets of a PersistentVolume', () => {
  it('lie where its reference says, or with its claim', () => {
    const of = (source: object) =>
      volumeSecrets({ metadata: {}, spec: { claimRef: { namespace: 'claims' }, ...source } });
    expect(of({ cinder: { volumeID: 'x', secretRef: { name: 's' } } })).toEqual(['claims/s']);
    expect(of({ rbd: { monitors: [], image: 'x', secretRef: { namespace: 'a', name: 's' } } })).toEqual(['a/s']);
    expect(of({ azureFile: { secretName: 's', secretNamespace: 'a', shareName: 'x' } })).toEqual(['a/s']);
    expect(of({ csi: { driver: 'd', nodeStageSecretRef: { name: 's' }, volumeHandle: 'h' } })).toEqual(['claims/s']);
    expect(of({ nfs: { server: 's', path: '/' } })).toEqual([]);
  });
});

describe('the types of volumes', () => {
  it('ask for the fields that they need', () => {
    expect(validateSources({ nfs: {} }, 'v', 'at').map(({ field }) => field)).toEqual([
      'at.nfs.server',
      'at.nfs.path',
      'at.nfs.path',
    ]);
    expect(validateSources({ local: {} }, 'v', 'at').map(({ field }) => field)).toEqual(['at.local.path']);
  });

  it('know what can be a PersistentVolume', () => {
    const spec = { accessModes: [], nfs: { server: 's', path: '/' }, local: { path: '/x' } };
    expect(Object.keys(persistentSources(spec))).toEqual(['nfs', 'local']);
    expect(volumeType('emptyDir')?.persistent).toBeUndefined();
  });

  it('are not found by what all objects inherit', () => {
    expect(volumeType('constructor')).toBeUndefined();
  });
});
