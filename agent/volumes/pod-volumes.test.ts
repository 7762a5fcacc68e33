import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { V1PersistentVolumeSpec, V1Volume } from '../../generated/kubernetes.ts';
import { linuxVolumeHost } from '../platform/linux/volume-host.ts';
import type { Pod } from '../pod/pod.ts';
import { createPodVolumes, type PodVolumes } from './pod-volumes.ts';
import { nodeVolumeTypes } from './volume-types.ts';

let folder: string;
let volumes: PodVolumes;
/** Of the PersistentVolume `pv`, to which every claim is bound. */
let bound: V1PersistentVolumeSpec;

beforeEach(async () => {
  folder = await fs.mkdtemp(path.join(os.tmpdir(), 'pod-volumes-'));
  bound = { local: { path: folder } };
  volumes = createPodVolumes({
    podsDir: path.join(folder, 'pods'),
    memoryDir: path.join(folder, 'memory'),
    host: linuxVolumeHost,
    nodeName: 'node',
    hostIPs: ['10.0.0.1'],
    allocatable: { cpu: 4, memory: 8 * 2 ** 30 },
    objects: {
      configMap: (_namespace, name) => (name === 'c' ? { metadata: {}, data: { a: '1', b: '2' } } : undefined),
      secret: (_namespace, name) => (name === 's' ? { metadata: {}, data: { p: 'cGFzcw==' } } : undefined),
      claim: (_namespace, name) =>
        name === 'unbound'
          ? { metadata: {}, spec: {} }
          : { metadata: {}, spec: { volumeName: 'pv' }, status: { phase: 'Bound' } },
      volume: () => ({ metadata: {}, spec: bound }),
    },
    tokens: { token: async (_pod, audience) => `token for ${audience}`, forget: () => undefined },
  });
});

afterEach(() => fs.rm(folder, { recursive: true, force: true }));

const podWith = (volume: Omit<V1Volume, 'name'>): Pod => ({
  metadata: { uid: 'u', name: 'p', namespace: 'n', labels: { app: 'web' } },
  spec: { containers: [], volumes: [{ name: 'v', ...volume }] },
});
const prepared = async (volume: Omit<V1Volume, 'name'>) => (await volumes.prepare(podWith(volume))).get('v');

describe('a volume of files', () => {
  it.each([
    ['a ConfigMap', 'pods', { configMap: { name: 'c' } }, { a: '1', b: '2' }],
    ['items of a ConfigMap', 'pods', { configMap: { name: 'c', items: [{ key: 'b', path: 'x' }] } }, { x: '2' }],
    ['a Secret, in memory', 'memory', { secret: { secretName: 's' } }, { p: 'pass' }],
    ['an optional one that is not there', 'memory', { secret: { secretName: 'none', optional: true } }, {}],
    [
      'fields of the pod',
      'pods',
      { downwardAPI: { items: [{ path: 'l', fieldRef: { fieldPath: "metadata.labels['app']" } }] } },
      { l: 'web' },
    ],
    [
      'several sources, in memory',
      'memory',
      {
        projected: {
          sources: [
            { configMap: { name: 'c', items: [{ key: 'a', path: 'a' }] } },
            { secret: { name: 's' } },
            { serviceAccountToken: { path: 't', audience: 'me' } },
          ],
        },
      },
      { a: '1', p: 'pass', t: 'token for me' },
    ],
  ])('has %s', async (_what, root, source, files) => {
    const mounted = await prepared(source);
    expect(mounted).toEqual({ path: path.join(folder, root, 'u', 'volumes', 'v'), readOnly: true });
    const names = (await fs.readdir(mounted?.path ?? '')).filter((name) => !name.startsWith('..'));
    const contents = names.map(async (name) => [name, await fs.readFile(path.join(mounted?.path ?? '', name), 'utf8')]);
    expect(Object.fromEntries(await Promise.all(contents))).toEqual(files);
  });

  it('names what is not there', async () => {
    await expect(prepared({ configMap: { name: 'none' } })).rejects.toThrow('configmap "none" not found');
    await expect(prepared({ secret: { secretName: 's', items: [{ key: 'q', path: 'q' }] } })).rejects.toThrow(
      'references non-existent key "q" of secret "s"',
    );
    await expect(prepared({ projected: { sources: [{ clusterTrustBundle: { path: 'x' } }] } })).rejects.toThrow(
      'volume "v" projects a source that this node does not support',
    );
  });
});

describe('a volume that is a claim', () => {
  it.each([
    ['by name', { persistentVolumeClaim: { claimName: 'c', readOnly: true } }, true],
    ['of the pod alone', { ephemeral: { volumeClaimTemplate: { spec: {} } } }, false],
  ])('is where its PersistentVolume is: %s', async (_what, source, readOnly) => {
    expect(await prepared(source)).toEqual({ path: folder, readOnly });
  });

  it('says what it waits for, and what this node does not have', async () => {
    await expect(prepared({ persistentVolumeClaim: { claimName: 'unbound' } })).rejects.toThrow(
      'persistentvolumeclaim "unbound" is not bound to a volume',
    );
    bound = { iscsi: { iqn: 'iqn.2001-04.com.example:a', lun: 0, targetPortal: '10.0.0.1' } };
    await expect(prepared({ persistentVolumeClaim: { claimName: 'c' } })).rejects.toThrow(
      'persistentvolume "pv" is of a type that this node does not support; use hostPath, local, nfs or csi',
    );
  });
});

describe('the types that a node has', () => {
  it('are told to whoever asks for another', async () => {
    await expect(prepared({ flexVolume: { driver: 'd' } })).rejects.toThrow(
      'volume "v" is of type flexVolume, which this node does not support; use emptyDir, configMap, secret, projected, downwardAPI, image, hostPath, nfs, csi, ephemeral or persistentVolumeClaim',
    );
    // A PersistentVolume's only.
    await expect(prepared({ local: { path: '/' } } as Omit<V1Volume, 'name'>)).rejects.toThrow('is of type local');
  });

  it('each make a volume in one way', () => {
    for (const { files, mount, claim, persistent } of nodeVolumeTypes) {
      const ways = [files, mount, claim].filter(Boolean).length;
      expect(ways).toBeLessThanOrEqual(1);
      expect(ways === 1 || persistent).toBeTruthy();
    }
  });

  it('lie in directories of the pod', async () => {
    expect(await prepared({ emptyDir: {} })).toEqual({
      path: path.join(folder, 'pods', 'u', 'volumes', 'v'),
      readOnly: false,
    });
    expect(await prepared({ hostPath: { path: folder } })).toEqual({ path: folder, readOnly: false });
  });
});
