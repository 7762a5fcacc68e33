// An image that one tenant pulled with its credentials is no other's, across restarts and crashes (KEP-2535).

import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fuzzRuns } from '../../test/tools/fuzz-runs.ts';
import { tried } from '../../test/tools/tried.ts';
import type { ImageInfo } from '../cri/messages.ts';
import { createImages } from './images.ts';
import { allowlistFault, mustVerify, repositoryOf, type Verification } from './pull-policy.ts';
import { openPullRecords } from './pull-records.ts';
import type { PullCredential } from './pull-secret.ts';

const standard: Verification = { policy: 'NeverVerifyPreloadedImages', allowlist: [] };
const image = 'reg.example/team/app:1';
const ref = 'sha256:aaa';

const credential = (namespace: string, hash = `hash of ${namespace}`, uid = `uid of ${namespace}`): PullCredential => ({
  auth: { username: namespace },
  secret: { namespace, name: 'pull', uid },
  hash,
});
const info = (id: string): ImageInfo => ({
  id,
  repoTags: [],
  repoDigests: [],
  size: 1,
  username: '',
  pinned: false,
});

describe('records of pulls', () => {
  let directory: string;
  const present = new Map<string, string>();
  const runtime = {
    imageStatus: ({ image: asked }: { image?: { image?: string | undefined } | undefined }) => {
      const id = present.get(asked?.image ?? '') ?? [...present.values()].find((each) => each === asked?.image);
      return Promise.resolve({ info: {}, ...(id && { image: info(id) }) });
    },
  };
  const open = (verification = standard) => openPullRecords(directory, verification, runtime);

  beforeEach(async () => {
    directory = await fs.mkdtemp(path.join(os.tmpdir(), 'zeroplane-pulls-'));
    present.clear();
  });
  afterEach(() => fs.rm(directory, { recursive: true }));

  it('lets those use an image who pulled it, or know what it was pulled with', async () => {
    const first = await open();
    await first.begin(image, undefined);
    await first.succeeded(image, ref, credential('a'));
    // After a restart, too.
    for (const records of [first, await open()]) {
      expect(await records.mustPull(image, ref, [])).toBe(true);
      expect(await records.mustPull(image, ref, [credential('b')])).toBe(true);
      expect(await records.mustPull(image, ref, [credential('b'), credential('a')])).toBe(false);
      // Its Secret was renewed: the same one, with another password.
      expect(await records.mustPull(image, ref, [credential('a', 'new')])).toBe(false);
      // Another Secret of that name.
      expect(await records.mustPull(image, ref, [credential('a', 'x', 'other uid')])).toBe(true);
    }
    expect(await first.mustPull(image, ref, [credential('c', 'new')])).toBe(false);
    expect(await first.mustPull(image, ref, [credential('c', 'changed')])).toBe(false);
    tried('images that were pulled for others', 8);
  });

  it('knows an image by its repository: another name for the same content is asked for anew', async () => {
    const records = await open();
    await records.begin(image, undefined);
    await records.succeeded(image, ref, credential('a'));
    const others = ['reg.example/other/app:1', 'reg.example/team:1', ref, 'aaa', '__proto__', 'app', 'constructor'];
    for (const other of others) expect(await records.mustPull(other, ref, [credential('a')])).toBe(true);
    for (const same of ['reg.example/team/app:2', 'reg.example/team/app@sha256:aaa', 'reg.example/team/app'])
      expect(await records.mustPull(same, ref, [credential('a')])).toBe(false);
    tried('images that were pulled for others', others.length);
  });

  it('keeps what was loaded, or pulled without credentials, for all', async () => {
    const records = await open();
    expect(await records.mustPull('loaded:1', 'sha256:bbb', [])).toBe(false);
    await records.begin(image, undefined);
    await records.succeeded(image, ref, undefined);
    expect(await records.mustPull(image, ref, [])).toBe(false);
    await records.begin(image, ref);
    await records.succeeded(image, ref, credential('a'));
    expect(await records.mustPull(image, ref, [])).toBe(false);
  });

  it('asks anew for what came by a pull that nobody saw end', async () => {
    const first = await open();
    await first.begin(image, undefined);
    expect(await first.mustPull(image, ref, [])).toBe(true);
    // The agent is killed, and the runtime has the image.
    present.set(image, ref);
    const second = await open();
    expect(await second.mustPull(image, ref, [credential('a')])).toBe(true);
    expect(await fs.readdir(path.join(directory, 'pulling'))).toEqual([]);
    // The image came after the agent was there again.
    await second.begin('late:1', undefined);
    const third = await open();
    present.set('late:1', 'sha256:ccc');
    expect(await third.mustPull('late:1', 'sha256:ccc', [])).toBe(true);
  });

  it('takes no image from others by a pull that does not end, or fails', async () => {
    const records = await open();
    await records.begin('loaded:1', 'sha256:bbb');
    expect(await records.mustPull('loaded:1', 'sha256:bbb', [])).toBe(false);
    // What the pull brings is not what was loaded.
    expect(await records.mustPull('loaded:1', 'sha256:new', [])).toBe(true);
    await records.begin('loaded:1', 'sha256:bbb');
    await records.failed('loaded:1');
    expect(await records.mustPull('loaded:1', 'sha256:new', [])).toBe(true);
    await records.failed('loaded:1');
    expect(await records.mustPull('loaded:1', 'sha256:new', [])).toBe(false);
  });

  it('believes no record that it cannot read, and keeps records to root', async () => {
    const records = await open();
    await records.begin(image, undefined);
    await records.succeeded(image, ref, undefined);
    const [name = ''] = await fs.readdir(path.join(directory, 'pulled'));
    const file = path.join(directory, 'pulled', name);
    expect((await fs.stat(file)).mode & 0o777).toBe(0o600);
    expect((await fs.stat(path.dirname(file))).mode & 0o777).toBe(0o700);
    for (const text of ['', '{', '[]', 'null', '{"credentialMapping":3}', '{"credentialMapping":{}}']) {
      await fs.writeFile(file, text);
      expect(await records.mustPull(image, ref, [credential('a')])).toBe(true);
    }
  });

  it('forgets an image with the image', async () => {
    const records = await open();
    await records.begin(image, undefined);
    await records.succeeded(image, ref, credential('a'));
    await records.prune(new Set(), 0);
    expect(await records.mustPull(image, ref, [])).toBe(true);
    await records.prune(new Set([ref]), Date.now() + 60_000);
    expect(await records.mustPull(image, ref, [])).toBe(true);
    await records.prune(new Set(), Date.now() + 60_000);
    expect(await fs.readdir(path.join(directory, 'pulled'))).toEqual([]);
  });

  it('is as strict as its policy', async () => {
    const strict = (policy: Verification['policy'], name: string, pulled: boolean, ...allowlist: string[]) =>
      mustVerify({ policy, allowlist }, name, pulled);
    expect([strict('NeverVerify', image, true), strict('AlwaysVerify', image, false)]).toEqual([false, true]);
    const listed = (name: string, ...list: string[]) => strict('NeverVerifyAllowlistedImages', name, false, ...list);
    expect(listed(image)).toBe(true);
    expect(listed(image, 'reg.example/team/app')).toBe(false);
    expect(listed(image, 'reg.example/team/*')).toBe(false);
    expect(listed('reg.example/team-b/app', 'reg.example/team/*')).toBe(true);
    expect(listed('busybox', 'docker.io/library/busybox')).toBe(false);
    for (const wrong of ['', '*', '/*', 'a*/*', 'reg.example/a:1', 'a@sha256:b', ' a'])
      expect(allowlistFault(wrong)).toBeDefined();
    for (const right of ['a', 'reg.example:5000/a', 'reg.example/*']) expect(allowlistFault(right)).toBe(undefined);
  });

  it('names repositories as registries do', () => {
    expect(repositoryOf('busybox')).toBe('docker.io/library/busybox');
    expect(repositoryOf('docker.io/busybox:1')).toBe('docker.io/library/busybox');
    expect(repositoryOf('index.docker.io/library/busybox')).toBe('docker.io/library/busybox');
    expect(repositoryOf('me/app:2@sha256:abc')).toBe('docker.io/me/app');
    expect(repositoryOf('localhost:5000/app')).toBe('localhost:5000/app');
  });

  it('gives a tenant no image whose registry does not take its credentials, in any order of pulls', async () => {
    const tenants = ['a', 'b', 'none'] as const;
    /** Which tenants the registry serves each repository to. */
    const registry: Record<string, readonly string[]> = {
      private: ['a'],
      both: ['a', 'b'],
      public: ['a', 'b', 'none'],
    };
    const steps = fc.record({
      tenant: fc.constantFrom(...tenants),
      repository: fc.constantFrom('private', 'both', 'public'),
      policy: fc.constantFrom('Always' as const, 'IfNotPresent' as const, 'Never' as const),
      restart: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { maxLength: 12 }), async (runs) => {
        await fs.rm(directory, { recursive: true });
        present.clear();
        const pulling = {
          ...runtime,
          pullImage: ({
            image: asked,
            auth,
          }: {
            image?: { image?: string | undefined } | undefined;
            auth?: { username?: string | undefined } | undefined;
          }) => {
            const name = asked?.image ?? '';
            const repository = name.split('/')[1]?.split(':')[0] ?? '';
            if (!registry[repository]?.includes(auth?.username ?? 'none')) return Promise.reject(new Error('denied'));
            present.set(name, `sha256:${repository}`);
            return Promise.resolve({ imageRef: `sha256:${repository}` });
          },
        };
        let images = createImages(pulling, await open());
        for (const { tenant, repository, policy, restart } of runs) {
          if (restart) images = createImages(pulling, await open());
          const auths = { 'reg.example': { username: tenant, password: 'p' } };
          const secret = {
            metadata: { namespace: tenant, name: 'pull', uid: tenant },
            data: { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths })).toString('base64') },
          };
          const got = await images
            .ensure({ image: `reg.example/${repository}:1`, policy, secrets: tenant === 'none' ? [] : [secret] })
            .then(
              () => true,
              () => false,
            );
          if (got) expect(registry[repository]).toContain(tenant);
          else if (policy !== 'Never') expect(registry[repository]).not.toContain(tenant);
        }
        tried('images that were pulled for others', runs.length);
      }),
      { numRuns: fuzzRuns(60) },
    );
  });
});
