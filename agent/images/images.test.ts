import { describe, expect, it } from 'vitest';
import { imagesToRemove } from './collect.ts';
import { createImages } from './images.ts';
import { ociArchive } from './oci.ts';
import { pauseArchive } from './pause.ts';
import { credentialsFor } from './pull-secret.ts';

describe('credentialsFor', () => {
  const secret = (auths: object) => ({
    metadata: {},
    data: { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths })).toString('base64') },
  });
  const servers = (image: string, auths: object) =>
    credentialsFor(image, [secret(auths)]).map(({ auth }) => auth.username);

  it('finds those of the registry, the longest path first', () => {
    const auths = {
      'reg.example:5000': { username: 'all' },
      'reg.example:5000/team': { username: 'team' },
      other: { username: 'no' },
    };
    expect(servers('reg.example:5000/team/app:1', auths)).toEqual(['team', 'all']);
    expect(servers('reg.example:5000/else/app:1', auths)).toEqual(['all']);
  });

  it('knows Docker Hub by its names, and wildcards', () => {
    expect(servers('busybox', { 'https://index.docker.io/v1/': { username: 'hub' } })).toEqual(['hub']);
    expect(servers('a.example.com/x', { '*.example.com': { username: 'wild' } })).toEqual(['wild']);
    expect(servers('a.b.example.com/x', { '*.example.com': { username: 'wild' } })).toEqual([]);
  });

  it('passes over a secret that is no configuration', () => {
    expect(credentialsFor('busybox', [{ metadata: {}, data: { '.dockerconfigjson': 'bm9uc2Vuc2U=' } }])).toEqual([]);
  });
});

describe('images', () => {
  it('are asked for once by pods that start together, and anew by the next', async () => {
    let asked = 0;
    const image = { id: 'sha256:a', size: 1, repoTags: ['a:1'], repoDigests: [], username: '', pinned: false };
    const images = createImages(
      {
        imageStatus: async () => {
          asked += 1;
          await Promise.resolve();
          return { image: { ...image, uid: undefined }, info: {} };
        },
        pullImage: () => Promise.reject(new Error('it is there')),
      },
      {
        mustPull: async () => false,
        begin: async () => undefined,
        succeeded: async () => undefined,
        failed: async () => undefined,
        prune: async () => undefined,
      },
    );
    const request = { image: 'a:1', policy: 'IfNotPresent', secrets: [] } as const;
    const found = await Promise.all([images.ensure(request), images.ensure(request), images.ensure(request)]);
    expect([found.map(({ id }) => id), asked]).toEqual([['sha256:a', 'sha256:a', 'sha256:a'], 1]);
    await images.ensure(request);
    expect(asked).toBe(2);
  });
});

describe('imagesToRemove', () => {
  const image = (id: string, size: number, tag: string) => ({
    id,
    size,
    repoTags: [tag],
    repoDigests: [],
    username: '',
    pinned: false,
  });
  const images = [image('a', 10, 'a:1'), image('b', 10, 'b:1'), image('c', 10, 'c:1'), image('p', 1, 'pause:1')];
  const usedAt = new Map([
    ['a', 3],
    ['b', 1],
    ['c', 2],
  ]);

  it('takes those unused for the longest until enough is free, and never the pause image', () => {
    expect(imagesToRemove(images, new Set(), usedAt, 'pause:1', 15)).toEqual(['b', 'c']);
    expect(imagesToRemove(images, new Set(['b']), usedAt, 'pause:1', 5)).toEqual(['c']);
    expect(imagesToRemove(images, new Set(['b:1', 'c', 'a']), usedAt, 'pause:1', 5)).toEqual([]);
  });
});

describe('ociArchive', () => {
  it('gives equal bytes for equal input', () => {
    const spec = { name: 'a:1', files: [{ path: '/x', content: 'x' }], entrypoint: ['/x'] };
    expect(ociArchive(spec).equals(ociArchive(spec))).toBe(true);
  });

  it('is made for other machines than this one, too', () => {
    expect(pauseArchive('arm64').includes('"architecture":"arm64"')).toBe(true);
    expect(() => pauseArchive('riscv64')).toThrow('no pause program for riscv64');
  });
});
