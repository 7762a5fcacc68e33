import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openIssuer, type TestIssuer } from '../../testing/issuer.ts';
import { openTestApi, type TestApi } from '../../testing/open-test-api.ts';
import { readAuthenticationConfiguration } from './configuration.ts';
import { configuredAuthentication } from './configured-authentication.ts';

const time = { now: new Date('2026-01-02T03:04:05Z') };
const refusals: string[] = [];
let issuer: TestIssuer;
let t: TestApi;

beforeEach(async () => {
  refusals.length = 0;
  time.now = new Date('2026-01-02T03:04:05Z');
  issuer = await openIssuer(() => time.now);
});
afterEach(async () => {
  await t?.close();
  await issuer.close();
});

async function open(jwt: object = {}, more: object = {}): Promise<void> {
  const text = JSON.stringify({
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'AuthenticationConfiguration',
    jwt: [
      {
        issuer: { url: issuer.url, certificateAuthority: issuer.certificateAuthority, audiences: ['zeroplane'] },
        claimMappings: {
          username: { claim: 'sub', prefix: 'ci:' },
          groups: { claim: 'groups', prefix: 'ci:' },
        },
        ...jwt,
      },
    ],
    ...more,
  });
  const configured = await configuredAuthentication(text, {
    ownIssuer: 'https://issuer.test',
    now: () => time.now,
    log: { warn: (fields) => refusals.push(String(Object.entries(fields).find(([name]) => name === 'why')?.[1])) },
  });
  t = await openTestApi({ ...configured, now: () => time.now });
  await t.post('/apis/rbac.authorization.k8s.io/v1/clusterroles', {
    metadata: { name: 'basic' },
    rules: [{ verbs: ['create'], apiGroups: ['authentication.k8s.io'], resources: ['selfsubjectreviews'] }],
  });
  await t.post('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    metadata: { name: 'basic' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'basic' },
    subjects: [{ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: 'system:authenticated' }],
  });
}

/** Who a token stands for, or the code of the refusal. */
async function whoIs(token: string) {
  const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
  const answer = await t.post('/apis/authentication.k8s.io/v1/selfsubjectreviews', review, { as: { token } });
  return answer.status === 201 ? answer.body.status.userInfo : answer.status;
}

const claims = { sub: 'repo:acme/web', aud: 'zeroplane', groups: ['dev', 'ops'] };

describe('a token of a configured issuer', () => {
  it('stands for the user and groups that its claims name, behind their prefixes', async () => {
    await open();
    expect(await whoIs(await issuer.token(claims))).toEqual({
      username: 'ci:repo:acme/web',
      groups: ['ci:dev', 'ci:ops', 'system:authenticated'],
    });
    const one = await whoIs(await issuer.token({ ...claims, groups: 'dev' }));
    expect(one.groups).toEqual(['ci:dev', 'system:authenticated']);
    const review = { spec: { token: await issuer.token(claims) } };
    const answer = await t.post('/apis/authentication.k8s.io/v1/tokenreviews', review);
    expect(answer.body.status).toMatchObject({ authenticated: true, user: { username: 'ci:repo:acme/web' } });
  });

  it('must be signed by it, for us, and not be over', async () => {
    await open();
    const refused = async (token: string, why: string) => {
      expect(await whoIs(token)).toBe(401);
      expect(refusals.at(-1)).toContain(why);
    };
    await refused(await issuer.token({ ...claims, aud: 'another' }), 'aud');
    await refused(await issuer.token({ ...claims, exp: time.now.getTime() / 1000 - 1 }), 'end');
    await refused(await issuer.token({ ...claims, nbf: time.now.getTime() / 1000 + 301 }), 'nbf');
    // An issuer's clock may be ahead of ours.
    expect(await whoIs(await issuer.token({ ...claims, nbf: time.now.getTime() / 1000 + 299 }))).toMatchObject({
      username: 'ci:repo:acme/web',
    });
    await refused(await issuer.token({ sub: 'x', aud: 'zeroplane', exp: undefined }), 'exp');
    const [header = '', , signature = ''] = (await issuer.token(claims)).split('.');
    const forged = Buffer.from(JSON.stringify({ iss: issuer.url, ...claims, sub: 'admin', exp: 9e9 })).toString(
      'base64url',
    );
    await refused(`${header}.${forged}.${signature}`, 'signature');
    const unsigned = Buffer.from(JSON.stringify({ alg: 'none' })).toString('base64url');
    await refused(`${unsigned}.${forged}.`, 'alg');
    const other = await openIssuer(() => time.now);
    expect(await whoIs(await other.token(claims))).toBe(401);
    await other.close();
  });

  it('is refused without its username, or with an address that was not verified', async () => {
    await open({ claimMappings: { username: { claim: 'email', prefix: '' } } });
    const email = 'jane@example.com';
    expect(await whoIs(await issuer.token({ ...claims, email }))).toMatchObject({ username: email });
    expect(await whoIs(await issuer.token({ ...claims, email, email_verified: true }))).toMatchObject({
      username: email,
    });
    expect(await whoIs(await issuer.token({ ...claims, email, email_verified: false }))).toBe(401);
    expect(await whoIs(await issuer.token(claims))).toBe(401);
    expect(await whoIs(await issuer.token({ ...claims, email: 7 }))).toBe(401);
  });

  it('is mapped by expressions', async () => {
    await open({
      claimMappings: {
        username: { expression: '"ci:" + claims.sub.split("/")[1]' },
        groups: { expression: 'claims.roles.split(",").map(each, "role:" + each)' },
        uid: { expression: 'string(claims.id)' },
        extra: [
          { key: 'example.com/branch', valueExpression: 'claims.ref' },
          { key: 'example.com/nothing', valueExpression: '""' },
        ],
      },
    });
    expect(await whoIs(await issuer.token({ ...claims, roles: 'a,b', id: 7, ref: 'main' }))).toEqual({
      username: 'ci:web',
      uid: '7',
      groups: ['role:a', 'role:b', 'system:authenticated'],
      extra: { 'example.com/branch': ['main'] },
    });
    expect(await whoIs(await issuer.token({ ...claims, roles: 7 }))).toBe(401);
  });

  it('must hold to the rules about claims and users', async () => {
    await open({
      claimMappings: { username: { claim: 'sub', prefix: '' }, groups: { claim: 'groups', prefix: '' } },
      claimValidationRules: [
        { claim: 'hd', requiredValue: 'example.com' },
        { expression: 'claims.exp - claims.iat <= 3600', message: 'too long' },
      ],
      userValidationRules: [
        { expression: "!user.username.startsWith('system:')", message: 'reserved' },
        { expression: "user.groups.all(each, !each.startsWith('system:'))", message: 'reserved group' },
      ],
    });
    const good = { ...claims, hd: 'example.com' };
    expect(await whoIs(await issuer.token(good))).toMatchObject({ username: 'repo:acme/web' });
    const iat = Math.floor(time.now.getTime() / 1000);
    for (const [wrong, why] of [
      [{ hd: 'evil.com' }, 'the claim hd must be "example.com"'],
      [{ iat, exp: iat + 3601 }, 'too long'],
      [{ sub: 'system:admin' }, 'reserved'],
      [{ groups: ['system:masters'] }, 'reserved group'],
    ] as const) {
      expect(await whoIs(await issuer.token({ ...good, ...wrong }))).toBe(401);
      expect(refusals.at(-1)).toContain(why);
    }
  });
});

describe("an issuer's keys", () => {
  it('are asked for once, and again when it signs with a new one', async () => {
    await open();
    for (let i = 0; i < 3; i++)
      expect(await whoIs(await issuer.token(claims))).toMatchObject({ username: 'ci:repo:acme/web' });
    expect(issuer.asked).toEqual(['/.well-known/openid-configuration', '/keys']);
    const old = await issuer.token(claims);
    await issuer.rotate();
    time.now = new Date(time.now.getTime() + 20_000);
    expect(await whoIs(await issuer.token(claims))).toMatchObject({ username: 'ci:repo:acme/web' });
    expect(issuer.asked).toHaveLength(4);
    expect(await whoIs(old)).toBe(401);
  });

  it('are not asked for with every token that names an unknown one', async () => {
    await open();
    await whoIs(await issuer.token(claims));
    for (let i = 0; i < 5; i++) expect(await whoIs(await issuer.token(claims, { kid: `unknown-${i}` }))).toBe(401);
    expect(issuer.asked).toHaveLength(2);
  });

  it('are forgotten when their issuer withdrew them, and used on while it is away', async () => {
    await open();
    const old = await issuer.token(claims);
    expect(await whoIs(old)).toMatchObject({ username: 'ci:repo:acme/web' });
    issuer.down(true);
    time.now = new Date(time.now.getTime() + 11 * 60_000);
    expect(await whoIs(old)).toMatchObject({ username: 'ci:repo:acme/web' });
    issuer.down(false);
    await issuer.rotate();
    time.now = new Date(time.now.getTime() + 11 * 60_000);
    expect(await whoIs(old)).toBe(401);
  });

  it('are waited for: an issuer that comes up later is found', async () => {
    await open();
    issuer.down(true);
    expect(await whoIs(await issuer.token(claims))).toBe(401);
    expect(refusals.at(-1)).toContain('the answer is 503');
    issuer.down(false);
    time.now = new Date(time.now.getTime() + 20_000);
    expect(await whoIs(await issuer.token(claims))).toMatchObject({ username: 'ci:repo:acme/web' });
  });

  it('are taken only over a connection that the authority vouches for', async () => {
    await open({ issuer: { url: issuer.url, audiences: ['zeroplane'] } });
    expect(await whoIs(await issuer.token(claims))).toBe(401);
    expect(refusals.at(-1)).toMatch(/certificate/);
  });
});

it('lets through without credentials what `anonymous` says', async () => {
  const code = async (path: string) => (await t.get(path, { as: null })).status;
  await open({}, { anonymous: { enabled: true, conditions: [{ path: '/version' }] } });
  expect([await code('/version'), await code('/livez'), await code('/api/v1/pods')]).toEqual([200, 401, 401]);
  await t.close();
  await open({}, { anonymous: { enabled: false } });
  expect(await code('/version')).toBe(401);
});

describe('an AuthenticationConfiguration', () => {
  const head = 'apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\n';
  const problem = async (text: string) => {
    const error = await readAuthenticationConfiguration(text, 'https://own.test').then(
      () => undefined,
      (reason: unknown) => reason,
    );
    return error instanceof Error ? error.message : 'nothing';
  };

  it('is read from YAML', async () => {
    const text = `${head}jwt:
- issuer:
    url: https://token.actions.githubusercontent.com
    audiences: [a, b]
    audienceMatchPolicy: MatchAny
  claimMappings:
    username:
      expression: "'github:' + claims.sub"
`;
    expect((await readAuthenticationConfiguration(text)).jwt?.[0]?.issuer.audiences).toEqual(['a', 'b']);
  });

  it('tells everything that is wrong with it, each with its field', async () => {
    expect(await problem('kind: Pod\napiVersion: v1')).toContain('write kind: AuthenticationConfiguration');
    expect(await problem('a: [')).toContain('AuthenticationConfiguration: ');
    expect(await problem(`${head}jwts: []`)).toContain('unknown field "jwts"');
    expect(await problem(`${head}anonymous: {enabled: maybe}`)).toContain('anonymous.enabled');
    const message = await problem(`${head}jwt:
- issuer: {url: http://a.test, audiences: [], certificateAuthority: x, discoveryURL: "https://a.test?x=1"}
  claimMappings:
    username: {claim: sub}
    groups: {claim: g, expression: claims.g}
    uid: {expression: "1 +"}
    extra:
    - {key: nodomain, valueExpression: claims.x}
    - {key: a.k8s.io/b, valueExpression: claims.x}
  claimValidationRules:
  - {expression: "'text'"}
  - {claim: a, message: m}
  userValidationRules:
  - {expression: nobody.username == ''}
- issuer: {url: https://own.test, audiences: [a, b]}
  claimMappings:
    username: {expression: claims.email}
`);
    for (const field of [
      'jwt[0].issuer.url: Invalid value: "http://a.test": URL scheme must be https',
      'jwt[0].issuer.discoveryURL',
      'jwt[0].issuer.audiences: Required value',
      'jwt[0].issuer.certificateAuthority',
      'jwt[0].claimMappings.username.prefix: Required value',
      'jwt[0].claimMappings.groups: Invalid value: "g": claim and expression can\'t both be set',
      'jwt[0].claimMappings.uid.expression',
      'jwt[0].claimMappings.extra[0].key',
      'jwt[0].claimMappings.extra[1].key',
      'jwt[0].claimValidationRules[0].expression: Invalid value: "\'text\'": must evaluate to bool',
      'jwt[0].claimValidationRules[1].message',
      'jwt[0].userValidationRules[0].expression',
      'jwt[1].issuer.url',
      'jwt[1].issuer.audienceMatchPolicy',
      'claims.email_verified must be used',
    ])
      expect(message).toContain(field);
  });

  it.each([
    ['claims.email', true],
    ['claims . email', true],
    ['claims.?email.orValue("x")', true],
    ['[claims].map(each, each.sub)[0] + claims.email', true],
    // What only looks like the other claim is none.
    ['claims.email + (claims.sub == "claims.email_verified" ? "" : "x")', true],
    ['claims.email // claims.email_verified', true],
    ['claims.email + (claims.other.email_verified ? "" : "x")', true],
    ['claims.email_verified ? claims.email : claims.sub', false],
    ['claims.?email_verified.orValue(false) ? claims.email : claims.sub', false],
    ['"claims.email"', false],
    ['claims.emails', false],
    ['claims.user.email', false],
  ])('demands that an address was verified: %s', async (expression, demands) => {
    const text = JSON.stringify({
      apiVersion: 'apiserver.config.k8s.io/v1',
      kind: 'AuthenticationConfiguration',
      jwt: [{ issuer: { url: 'https://a.test', audiences: ['a'] }, claimMappings: { username: { expression } } }],
    });
    const refusal = await readAuthenticationConfiguration(text, 'https://own.test').then(
      () => '',
      (error: Error) => error.message,
    );
    expect(refusal.includes('claims.email_verified must be used')).toBe(demands);
    if (!demands) expect(refusal).toBe('');
  });
});
