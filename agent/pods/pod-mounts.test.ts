import { beforeEach, describe, expect, it } from 'vitest';
import type { V1Volume } from '../../generated/kubernetes.ts';
import { ImageError } from '../images/image-error.ts';
import type { Pod, PodContainer } from '../pod/pod.ts';
import { VolumeError } from '../volumes/volume-error.ts';
import type { MountedVolume } from '../volumes/volume-type.ts';
import { PodMounts } from './pod-mounts.ts';

const pod: Pod = {
  metadata: { uid: 'u', name: 'p', namespace: 'n' },
  spec: {
    containers: [],
    volumes: [
      { name: 'scratch', emptyDir: {} },
      { name: 'files', image: { reference: 'files:1' } },
      { name: 'model', image: { reference: 'model:1' } },
    ],
  },
};
const mounting = (...names: string[]): PodContainer => ({
  name: 'c',
  kind: 'app',
  spec: { name: 'c', volumeMounts: names.map((name) => ({ name, mountPath: `/${name}` })) },
});

let asked: string[];
/** By the name of a volume; `common`: all that are no images. */
let failures: Map<string, Error>;
let mounts: PodMounts;
/** How many write the pod's files just now, and the most that ever did. */
let writing: { now: number; most: number };

beforeEach(() => {
  asked = [];
  writing = { now: 0, most: 0 };
  failures = new Map();
  const make = async (name: string) => {
    asked.push(name);
    await new Promise((resolve) => setImmediate(resolve));
    const failure = failures.get(name);
    if (failure) throw failure;
  };
  const write = async (what: string) => {
    writing.most = Math.max(writing.most, ++writing.now);
    await make(what).finally(() => writing.now--);
  };
  const at = (name: string): MountedVolume => ({ path: `/volumes/${name}`, readOnly: false });
  mounts = new PodMounts(
    {
      prepare: async () => {
        await write('common');
        return new Map([['scratch', at('scratch')]]);
      },
      one: async (_pod: Pod, { name }: V1Volume) => {
        await make(name);
        return at(name);
      },
      refresh: () => write('refresh'),
      remove: () => write('remove'),
      subPath: async () => '',
      known: async () => [],
    },
    () => pod,
  );
});

const namesOf = async (container: PodContainer) => [...(await mounts.of(container)).keys()];

describe('the volumes of a pod', () => {
  it('are made once, images among them only for who mounts them', async () => {
    await mounts.prepare();
    expect(await namesOf(mounting('scratch'))).toEqual(['scratch']);
    expect(asked).toEqual(['common']);
    expect(await Promise.all([namesOf(mounting('files')), namesOf(mounting('files', 'scratch'))])).toEqual([
      ['scratch', 'files'],
      ['scratch', 'files'],
    ]);
    expect(asked).toEqual(['common', 'files']);
  });

  it('hold up only containers that mount an image which is not to be had, until it is', async () => {
    failures.set('model', new ImageError('ErrImagePull', 'model:1', 'no such image'));
    await expect(mounts.of(mounting('model', 'files'))).rejects.toBeInstanceOf(ImageError);
    expect(await namesOf(mounting('files'))).toEqual(['scratch', 'files']);
    failures.clear();
    expect(await namesOf(mounting('model'))).toEqual(['scratch', 'model']);
    expect(asked.filter((each) => each === 'model')).toHaveLength(2);
    expect(asked.filter((each) => each === 'files')).toHaveLength(1);
  });

  it('hold up all containers where they are no images', async () => {
    failures.set('common', new VolumeError('configmap "c" not found'));
    await expect(mounts.of(mounting())).rejects.toBeInstanceOf(VolumeError);
    failures.clear();
    expect(await namesOf(mounting())).toEqual(['scratch']);
  });

  it('are refreshed once they are there, and removed when nothing makes them any more', async () => {
    await mounts.refresh();
    expect(asked).toEqual([]);
    await mounts.prepare();
    await mounts.refresh();
    expect(asked.at(-1)).toBe('refresh');
    const making = mounts.of(mounting('files')).then(() => asked.push('made'));
    await Promise.all([mounts.remove(), making]);
    expect(asked.indexOf('remove')).toBeGreaterThan(asked.indexOf('files'));
  });

  it('are written by one at a time, and by nobody once they are gone', async () => {
    const prepared = mounts.prepare();
    const refreshed = [mounts.refresh(), mounts.refresh()];
    const removed = mounts.remove();
    refreshed.push(mounts.refresh());
    await Promise.all([prepared, ...refreshed, removed]);
    await mounts.refresh();
    expect(writing.most).toBe(1);
    expect(asked.at(-1)).toBe('remove');
    expect(asked[0]).toBe('common');
  });
});
