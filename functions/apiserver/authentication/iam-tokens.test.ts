import { describe, expect, it } from 'vitest';
import { createIamToken, iamTokenPrefix } from '../../../core/signature/iam-token.ts';
import { canonicalArn, iamTokens, presignedUrl } from './iam-tokens.ts';

const now = new Date('2026-01-02T03:04:05Z');
const credentials = { accessKeyId: 'AKID', secretAccessKey: 'secret', sessionToken: 'session' };
const token = createIamToken({ clusterName: 'prod', region: 'eu-central-1', credentials, now });

/** The token's URL with changes. */
function forged(change: (url: URL) => void): string {
  const url = presignedUrl(token, now);
  if (!url) throw new Error('the token itself is refused');
  const copy = new URL(url);
  change(copy);
  return iamTokenPrefix + Buffer.from(copy.href).toString('base64url');
}

describe('tokens of IAM identities', () => {
  it('are asked of STS, with the name of the cluster that they were signed for', async () => {
    const asked: [string, unknown][] = [];
    const tokens = iamTokens({
      clusterName: 'prod',
      adminRoles: ['arn:aws:iam::1:role/teams/Admin'],
      workerRoles: [],
      now: () => now,
      ask: async (url, headers) => {
        asked.push([url.host, headers]);
        return { arn: 'arn:aws:sts::1:assumed-role/Admin/eve', account: '1', userId: 'AROA:eve' };
      },
    });
    expect(await tokens.verify(token)).toEqual({
      username: 'arn:aws:iam::1:role/Admin:eve',
      uid: 'AROA:eve',
      groups: ['iam:1', 'arn:aws:iam::1:role/Admin', 'system:masters'],
      extra: { arn: ['arn:aws:sts::1:assumed-role/Admin/eve'] },
    });
    await tokens.verify(token);
    expect(asked).toEqual([['sts.eu-central-1.amazonaws.com', { 'x-zeroplane-cluster': 'prod' }]]);
  });

  it.each([
    ['another host', (url: URL) => void Object.assign(url, { hostname: 'sts.evil.example' })],
    [
      'a host that only begins as STS',
      (url: URL) => void Object.assign(url, { hostname: 'sts.eu-central-1.amazonaws.com.evil.example' }),
    ],
    ['another port', (url: URL) => void Object.assign(url, { port: '8443' })],
    ['no TLS', (url: URL) => void Object.assign(url, { protocol: 'http:' })],
    ['a path', (url: URL) => void Object.assign(url, { pathname: '/x' })],
    ['a user in the URL', (url: URL) => void Object.assign(url, { username: 'u' })],
    ['another action', (url: URL) => url.searchParams.set('Action', 'AssumeRole')],
    ['two actions', (url: URL) => url.searchParams.append('action', 'GetCallerIdentity')],
    ['further parameters', (url: URL) => url.searchParams.set('RoleArn', 'x')],
    ['a cluster that is not signed', (url: URL) => url.searchParams.set('X-Amz-SignedHeaders', 'host')],
    ['a long life', (url: URL) => url.searchParams.set('X-Amz-Expires', '86400')],
    ['a time that is over', (url: URL) => url.searchParams.set('X-Amz-Date', '20260102T020405Z')],
    ['a time to come', (url: URL) => url.searchParams.set('X-Amz-Date', '20260102T040405Z')],
  ])('are refused, unasked, with %s', (_, change) => {
    expect(presignedUrl(forged(change), now)).toBeUndefined();
  });

  it('are refused when they are no URL at all', () => {
    expect(presignedUrl(`${iamTokenPrefix}AAAA`, now)).toBeUndefined();
    expect(presignedUrl(iamTokenPrefix + 'A'.repeat(10_000), now)).toBeUndefined();
  });

  it('let the holders of a worker role join, and give others nothing but their name', async () => {
    const verify = (arn: string) =>
      iamTokens({
        clusterName: 'prod',
        adminRoles: [],
        workerRoles: ['arn:aws:iam::1:role/Worker'],
        now: () => now,
        ask: async () => ({ arn, account: '1', userId: 'x' }),
      }).verify(token);
    expect((await verify('arn:aws:sts::1:assumed-role/Worker/i-123'))?.groups).toContain('system:bootstrappers');
    expect(await verify('arn:aws:iam::1:user/eve')).toMatchObject({
      username: 'arn:aws:iam::1:user/eve',
      groups: ['iam:1'],
    });
    const stranger = await verify('arn:aws:sts::2:assumed-role/Worker/i-123');
    expect(stranger?.groups).not.toContain('system:bootstrappers');
  });
});

it('names an assumed role as the role, whatever its path', () => {
  expect(canonicalArn('arn:aws-cn:sts::1:assumed-role/R/s')).toEqual({
    identity: 'arn:aws-cn:iam::1:role/R',
    session: 's',
  });
  expect(canonicalArn('arn:aws:iam::1:role/a/b/R').identity).toBe('arn:aws:iam::1:role/R');
});
