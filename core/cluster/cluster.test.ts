import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openTestRegistry } from '../registry/testing.ts';
import { amazonRoots } from './amazon-roots.ts';
import { onceABuild } from './first-start.ts';
import { readSettings } from './settings.ts';
import { ensureSigningKey } from './signing-key.ts';

let base: Awaited<ReturnType<typeof openTestRegistry>>;
beforeEach(async () => {
  base = await openTestRegistry();
});
afterEach(() => base.close());

describe('the signing key', () => {
  it('is one, however many ask at the same time', async () => {
    const keys = await Promise.all([1, 2, 3, 4].map(() => ensureSigningKey(base.store)));
    expect(new Set(keys).size).toBe(1);
    expect(await ensureSigningKey(base.store)).toBe(keys[0]);
    expect(keys[0]).toContain('BEGIN PRIVATE KEY');
  });
});

describe('the first objects', () => {
  it('are made once a build', async () => {
    let made = 0;
    const make = async () => void made++;
    for (const build of ['a', 'a', 'b', 'b']) await onceABuild(base.store, build, make);
    expect(made).toBe(2);
  });

  it('are made again when making them failed', async () => {
    const broken = () => Promise.reject(new Error('throttled'));
    await expect(onceABuild(base.store, 'a', broken)).rejects.toThrow('throttled');
    let made = 0;
    await onceABuild(base.store, 'a', async () => void made++);
    expect(made).toBe(1);
  });
});

describe('the first objects, when many start at once', () => {
  it('are made by one, for whom the others wait', async () => {
    let made = 0;
    let done = false;
    const make = async () => {
      made++;
      await new Promise((resolve) => setTimeout(resolve, 50));
      done = true;
    };
    const waited = [1, 2, 3, 4].map(async () => {
      await onceABuild(base.store, 'a', make);
      expect(done).toBe(true);
    });
    await Promise.all(waited);
    expect(made).toBe(1);
  });

  it('are taken over from one that ended in the middle', async () => {
    let now = 1_000_000;
    const options = { now: () => now, patienceMs: 1000 };
    void onceABuild(base.store, 'a', () => new Promise(() => {}), options);
    await new Promise((resolve) => setTimeout(resolve, 50));
    now += 1001;
    let made = 0;
    await onceABuild(base.store, 'a', async () => void made++, options);
    expect(made).toBe(1);
  });
});

describe('settings', () => {
  it('name the variable that is missing or wrong', () => {
    expect(() => readSettings({})).toThrow('ZEROPLANE_CLUSTER');
    const env = { ZEROPLANE_CLUSTER: 'c', ZEROPLANE_TABLE: 't', AWS_REGION: 'eu-west-1' };
    expect(() => readSettings({ ...env, ZEROPLANE_MAX_STALENESS_MS: 'soon' })).toThrow('ZEROPLANE_MAX_STALENESS_MS');
    expect(readSettings({ ...env, ZEROPLANE_ADMIN_ROLES: 'a,b' })).toMatchObject({
      issuer: 'https://kubernetes.default.svc.cluster.local',
      adminRoles: ['a', 'b'],
    });
  });
});

it('knows the roots that AWS certificates end at', () => {
  const roots = amazonRoots();
  expect(roots.match(/BEGIN CERTIFICATE/g)?.length).toBeGreaterThanOrEqual(5);
});
