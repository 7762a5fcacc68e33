import { generateKeyPairSync } from 'node:crypto';
import { expect, it } from 'vitest';
import { type Administered, administrators, signAdministrator } from './administrator.ts';

const keyOf = () =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const now = new Date('2026-01-01T00:00:00Z');
const cluster: Administered = { uid: 'one', issuer: 'https://kubernetes.default.svc/clusters/one', key: keyOf() };

it('knows whom its own key made an administrator, until its time is over', async () => {
  const token = signAdministrator(cluster, now);
  const later = (days: number) => administrators(cluster, () => new Date(now.getTime() + days * 86_400_000));
  expect(later(0).claims(token)).toBe(true);
  expect(await later(364).verify(token)).toEqual({ username: 'kubernetes-admin', groups: ['system:masters'] });
  expect(await later(366).verify(token)).toBeUndefined();
});

it('knows nobody after the end of the cluster', async () => {
  const token = signAdministrator(cluster, now, now.getTime() + 60_000);
  const at = (ms: number) => administrators(cluster, () => new Date(now.getTime() + ms)).verify(token);
  expect(await at(59_000)).toBeDefined();
  expect(await at(60_000)).toBeUndefined();
});

it.each([
  ['another key', { key: keyOf() }],
  ['another uid, under the same name and key', { uid: 'two' }],
  ['another issuer', { issuer: 'https://kubernetes.default.svc/clusters/two' }],
])('refuses a token of %s', async (_, other) => {
  expect(
    await administrators(cluster, () => now).verify(signAdministrator({ ...cluster, ...other }, now)),
  ).toBeUndefined();
});
