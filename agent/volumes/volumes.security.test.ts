// What a pod's spec and its containers say never makes the agent read, write or mount another file of the node than the volume's own: also
// when the desired state holds what the API refuses.

import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fuzzRuns } from '../../test/tools/fuzz-runs.ts';
import { startSwap } from '../../test/tools/swap.ts';
import { tried } from '../../test/tools/tried.ts';
import { unmountBelow } from '../containerd/teardown.ts';
import { mountPoints } from '../files/mount-table.ts';
import { linuxVolumeHost } from '../platform/linux/volume-host.ts';
import { asPod, type Pod, type PodContainer } from '../pod/pod.ts';
import { atomicWrite } from './atomic-write.ts';
import { volumeMounts } from './mounts.ts';
import { createPodVolumes } from './pod-volumes.ts';
import { mountSubPath } from './sub-path.ts';
import { hostPathVolume } from './types/host-path.ts';
import { VolumeError } from './volume-error.ts';

const isRoot = process.getuid?.() === 0;

let base: string;
let podsDir: string;
let volume: string;
let outside: string;

beforeEach(async () => {
  base = await fs.realpath(await fs.mkdtemp(path.join(os.tmpdir(), 'zeroplane-volumes-')));
  podsDir = path.join(base, 'pods');
  volume = path.join(base, 'volume');
  outside = path.join(base, 'outside');
  for (const each of [podsDir, volume, outside]) await fs.mkdir(path.join(each, 'a'), { recursive: true });
  await fs.writeFile(path.join(volume, 'a', 'file'), 'inside');
  await fs.writeFile(path.join(outside, 'file'), 'secret');
});

afterEach(async () => {
  await unmountBelow(base);
  execFileSync('rm', ['-rf', base]);
});

const podOf = (spec: object): Pod => ({
  metadata: { uid: 'u', name: 'p', namespace: 'n' },
  spec: { containers: [{ name: 'c' }], ...spec },
});
const volumes = () =>
  createPodVolumes({
    podsDir,
    memoryDir: path.join(base, 'memory'),
    host: linuxVolumeHost,
    nodeName: 'node',
    hostIPs: ['10.0.0.1'],
    allocatable: { cpu: 1, memory: 1 },
    objects: {
      configMap: () => ({ metadata: {}, data: { key: 'text' } }),
      secret: () => ({ metadata: {}, data: { key: 'dGV4dA==' } }),
      claim: () => undefined,
      volume: () => undefined,
    },
    tokens: { token: async () => 'token', forget: () => undefined },
  });

describe('a file of a volume', () => {
  const hostile = ['../../../etc/x', '/etc/x', 'a/../../x', '..', '.', '', '..data', '..data/x', '..x', 'a\0b', 'a/..'];
  const sources: Record<string, (path: string) => object> = {
    'projected token': (path) => ({ projected: { sources: [{ serviceAccountToken: { path } }], defaultMode: 0o4777 } }),
    'projected ConfigMap': (path) => ({
      projected: { sources: [{ configMap: { name: 'm', items: [{ key: 'key', path }] } }] },
    }),
    'projected downward API': (path) => ({
      projected: { sources: [{ downwardAPI: { items: [{ path, fieldRef: { fieldPath: 'metadata.name' } }] } }] },
    }),
    ConfigMap: (path) => ({ configMap: { name: 'm', items: [{ key: 'key', path }] } }),
    Secret: (path) => ({ secret: { secretName: 's', items: [{ key: 'key', path }] } }),
    'downward API': (path) => ({ downwardAPI: { items: [{ path, fieldRef: { fieldPath: 'metadata.name' } }] } }),
  };

  it.each(Object.entries(sources))('is written nowhere else: %s', async (_, source) => {
    for (const file of hostile) {
      tried('hostile paths at their point of use');
      const pod = podOf({ volumes: [{ name: 'v', ...source(file) }] });
      await expect(volumes().prepare(pod)).rejects.toThrow(VolumeError);
    }
    const left = await fs.readdir(base, { recursive: true });
    expect(left.filter((each) => /(^|\/)(x|\.\.data|\.\.x)$/.test(each))).toEqual([]);
    const pod = podOf({ volumes: [{ name: 'v', ...source('sub/name') }] });
    const made = (await volumes().prepare(pod)).get('v')?.path ?? '';
    expect(await fs.readFile(path.join(made, 'sub/name'), 'utf8')).toMatch(/^(?:text|token|p)$/);
  });

  it('is never set-uid, whatever mode is asked for', async () => {
    await atomicWrite(volume, new Map([['f', { content: Buffer.from('x'), mode: 0o6755 }]]));
    expect((await fs.stat(path.join(volume, 'f'))).mode & 0o7777).toBe(0o755);
  });

  it('has its path for itself', async () => {
    const file = { content: Buffer.from('x'), mode: 0o644 };
    for (const names of [
      ['a', 'a/b'],
      ['a', './a'],
    ])
      await expect(atomicWrite(volume, new Map(names.map((name) => [name, file])))).rejects.toThrow(VolumeError);
    expect(await fs.readdir(volume)).toEqual(['a']);
  });
});

describe('a pod of a desired state', () => {
  it('is none when its names cannot be those of files', () => {
    const good = { metadata: { uid: 'u', name: 'p', namespace: 'n' }, spec: { containers: [{ name: 'c' }] } };
    expect(asPod(good)).toBe(good);
    for (const name of ['..', '.', '', 'a/b', '../x', 'a\0', 'a'.repeat(256)]) {
      tried('hostile paths at their point of use', 6);
      for (const field of ['uid', 'name', 'namespace'])
        expect(asPod({ ...good, metadata: { ...good.metadata, [field]: name } })).toBeUndefined();
      for (const list of ['containers', 'initContainers', 'volumes'])
        expect(asPod({ ...good, spec: { containers: [], [list]: [{ name }] } })).toBeUndefined();
    }
  });
});

describe('a subPath', () => {
  const containerOf = (mount: object): PodContainer => ({
    name: 'c',
    kind: 'app',
    spec: { name: 'c', volumeMounts: [{ name: 'v', mountPath: '/m', ...mount }] },
  });
  const mounted = new Map([['v', { path: '/volume', readOnly: false }]]);
  const asked = async (mount: object, environment: Record<string, string> = {}) => {
    const parts: string[] = [];
    const host = { containerPath: (inside: string) => inside };
    await volumeMounts(containerOf(mount), mounted, new Map(Object.entries(environment)), host, async ({ inner }) => {
      parts.push(inner);
      return '/part';
    });
    return parts;
  };

  it('is looked at again once its variables are known', async () => {
    for (const value of ['..', '../x', '/etc', 'a/../..', 'a\0']) {
      tried('hostile paths at their point of use', 2);
      await expect(asked({ subPathExpr: '$(V)' }, { V: value })).rejects.toThrow('subPath');
      await expect(asked({ subPath: value })).rejects.toThrow('subPath');
    }
    await expect(asked({ subPathExpr: '$(NONE)' })).rejects.toThrow('missing value');
    expect(await asked({ subPathExpr: '$(V)/b' }, { V: 'a' })).toEqual(['a/b']);
    expect(await asked({})).toEqual([]);
  });

  const place = { uid: 'u', volume: 'v', container: 'c', index: 0 };
  const mount = (inner: string) => mountSubPath(podsDir, place, volume, inner);

  it.skipIf(!isRoot)('is a directory or a file of the volume, made where it is missing', async () => {
    const directory = await mount('a');
    expect(directory).toBe(path.join(podsDir, 'u/volume-subpaths/v/c/0'));
    expect(await fs.readFile(path.join(directory, 'file'), 'utf8')).toBe('inside');
    expect(await fs.readFile(await mount('a/file'), 'utf8')).toBe('inside');
    await fs.chmod(volume, 0o1777);
    expect(await fs.readdir(await mount('new/deep'))).toEqual([]);
    expect((await fs.stat(path.join(volume, 'new'))).mode & 0o7777).toBe(0o1777);
    expect((await fs.stat(path.join(volume, 'new/deep'))).mode & 0o7777).toBe(0o1777);
    // One mount, however often the container has started.
    expect((await mountPoints()).filter((each) => each === directory)).toHaveLength(1);
    expect((await fs.stat(path.join(podsDir, 'u/volume-subpaths'))).mode & 0o7777).toBe(0o700);
  });

  it.skipIf(!isRoot)('never leaves its volume through a link', async () => {
    await fs.symlink(outside, path.join(volume, 'absolute'));
    await fs.symlink('../outside', path.join(volume, 'relative'));
    await fs.symlink('a', path.join(volume, 'within'));
    for (const inner of ['absolute', 'absolute/file', 'relative/file', 'absolute/new', 'relative/new/deep']) {
      tried('hostile paths at their point of use');
      await expect(mount(inner)).rejects.toThrow('leads out of its directory');
    }
    expect((await fs.readdir(outside)).sort()).toEqual(['a', 'file']);
    expect(await fs.readFile(path.join(await mount('within'), 'file'), 'utf8')).toBe('inside');
  });

  it.skipIf(!isRoot)('is what it was when it was looked at, while a container swaps it for a link', async () => {
    const swap = await startSwap(path.join(volume, 'a'), outside);
    let inside = 0;
    const end = performance.now() + fuzzRuns(12_000);
    try {
      for (let round = 0; round < 10 || (round < fuzzRuns(200) && performance.now() < end); round += 1) {
        tried('races with links in volumes');
        const target = await mount(round % 2 ? 'a' : 'a/file').catch(() => undefined);
        if (!target) continue;
        const file = round % 2 ? path.join(target, 'file') : target;
        const text = await fs.readFile(file, 'utf8').catch(() => undefined);
        expect(text).not.toBe('secret');
        if (text === 'inside') inside += 1;
      }
    } finally {
      await swap.stop();
    }
    expect(inside).toBeGreaterThan(0);
  });

  it.skipIf(!isRoot)('goes with its pod, also when another agent mounted it', async () => {
    await mount('a');
    await mountSubPath(podsDir, { ...place, index: 1 }, volume, 'a/file');
    const later = volumes();
    expect(await later.known()).toContain('u');
    await later.remove('u');
    expect((await mountPoints()).filter((each) => each.startsWith(base))).toEqual([]);
    expect(await fs.readdir(podsDir)).toEqual(['a']);
    expect(await fs.readFile(path.join(volume, 'a/file'), 'utf8')).toBe('inside');
  });
});

describe('a hostPath', () => {
  it('has no way up, and is made only where there is nothing', async () => {
    for (const file of ['relative', `${base}/../x`, `${base}/a\0`]) {
      tried('hostile paths at their point of use');
      await expect(hostPathVolume({ path: file, type: 'DirectoryOrCreate' }, linuxVolumeHost)).rejects.toThrow(
        VolumeError,
      );
    }
    await fs.symlink(path.join(outside, 'new'), path.join(volume, 'dangling'));
    await expect(
      hostPathVolume({ path: path.join(volume, 'dangling'), type: 'FileOrCreate' }, linuxVolumeHost),
    ).rejects.toThrow('EEXIST');
    expect((await fs.readdir(outside)).sort()).toEqual(['a', 'file']);
    expect(spawnSync('mkfifo', [path.join(volume, 'fifo')]).status).toBe(0);
    await expect(hostPathVolume({ path: path.join(volume, 'fifo'), type: 'File' }, linuxVolumeHost)).rejects.toThrow(
      'is not a File',
    );
  });
});
