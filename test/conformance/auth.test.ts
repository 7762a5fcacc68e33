// sig-auth: accounts of pods, their tokens, and who may do what. Nodes are real agents over a runtime in memory; what a pod's program
// reads of its volumes is what a container would.

import { generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import type { V1TokenReviewStatus } from '../../generated/kubernetes.ts';
import type { Body } from './cluster/client.ts';
import { type Cluster, openCluster } from './cluster/cluster.ts';
import { type PodParts, pathsOf, pod } from './cluster/objects.ts';
import type { ProgramContext } from './cluster/programs.ts';
import { conformance } from './conformance.ts';

const issuer = 'https://kubernetes.default.svc.cluster.local';
const secretsPath = '/var/run/secrets/kubernetes.io/serviceaccount';
const merge = 'application/merge-patch+json';

let cluster: Cluster;
let client: Cluster['client'];
/** What containers found in the file that they were to read, by namespace, pod and container; undefined: there was none. */
const found = new Map<string, string | undefined>();

const fileOf = ({ mounts }: ProgramContext, mount: string, name: string) => {
  const folder = mounts.get(mount);
  const file = folder && join(folder, name);
  return file && existsSync(file) ? readFileSync(file, 'utf8') : undefined;
};

/** What the suite's own program does in a pod: verifies its own token as anybody would who trusts the issuer. */
async function discover(context: ProgramContext): Promise<number> {
  const [mount = '', audience = ''] = context.args;
  const token = fileOf(context, mount, 'token') ?? '';
  const access = fileOf(context, secretsPath, 'token') ?? '';
  const { iss = '' } = decodeJwt(token);
  const get = async (url: string) => {
    if (new URL(url).origin !== issuer) throw new Error(`nothing is at ${url}`);
    const { status, body } = await cluster.t.get(new URL(url).pathname, { as: { token: access } });
    if (status !== 200) throw new Error(`${url}: ${status}`);
    return body;
  };
  const document = await get(`${iss}/.well-known/openid-configuration`);
  if (document.issuer !== iss) throw new Error(`${document.issuer} is not ${iss}`);
  const { alg } = decodeProtectedHeader(token);
  if (!document.id_token_signing_alg_values_supported.includes(alg)) throw new Error(`${alg} is not announced`);
  const verified = await jwtVerify(token, createLocalJWKSet(await get(document.jwks_uri)), {
    issuer: iss,
    audience,
    currentDate: new Date(cluster.clock.now()),
  });
  found.set(`${context.namespace}/${context.pod}/${context.container}`, JSON.stringify(verified.payload));
  return 0;
}

beforeAll(async () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const serviceAccounts = { issuer, keys: [privateKey.export({ type: 'pkcs8', format: 'pem' })] };
  cluster = await openCluster({
    nodes: [{ name: 'n1' }],
    api: { serviceAccounts },
    programs: {
      read(context) {
        const [mount = '', name = ''] = context.args;
        found.set(`${context.namespace}/${context.pod}/${context.container}`, fileOf(context, mount, name));
        return 0;
      },
      discover,
    },
  });
  client = cluster.client;
});

afterAll(async () => {
  await cluster.close();
});

async function fresh() {
  const namespace = await cluster.namespace();
  return { namespace, ...pathsOf(namespace), accounts: `/api/v1/namespaces/${namespace}/serviceaccounts` };
}
const once: PodParts['spec'] = { restartPolicy: 'Never' };
const isSucceeded = ({ status }: Body) => status?.phase === 'Succeeded';
const userOf = (namespace: string, account: string) => `system:serviceaccount:${namespace}:${account}`;

/** Runs a pod to its end, and gives what its containers found. */
async function run(namespace: string, one: ReturnType<typeof pod>): Promise<(string | undefined)[]> {
  const { pods } = pathsOf(namespace);
  const { name } = one.metadata;
  await client.create(pods, one);
  await client.when(`${pods}/${name}`, 'it ran', isSucceeded);
  return one.spec.containers.map((each) => found.get(`${namespace}/${name}/${each.name}`));
}

async function review(token: string, audiences: string[] = []): Promise<V1TokenReviewStatus> {
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token, audiences } };
  return (await client.create('/apis/authentication.k8s.io/v1/tokenreviews', body)).status;
}

describe('ServiceAccounts', () => {
  conformance('ServiceAccounts should mount an API token into pods', async () => {
    const { namespace, configmaps, accounts } = await fresh();
    await client.create(accounts, { metadata: { name: 'mounted' } });
    const reads = (name: string) => ({ name, image: 'example.com/app:1', command: ['read', secretsPath, name] });
    const files = ['token', 'ca.crt', 'namespace'];
    const containers = files.map((each) => ({ ...reads(each), name: each.replace('.', '-') }));
    const reader = pod('reader', { spec: { ...once, serviceAccountName: 'mounted', containers } });
    const [token = '', certificate, own] = await run(namespace, reader);
    expect(own).toBe(namespace);
    const published = await client.read(`${configmaps}/kube-root-ca.crt`);
    expect(certificate).toBe(published.data['ca.crt']);
    const { authenticated, error, user } = await review(token);
    expect({ authenticated, error }).toEqual({ authenticated: true });
    expect(user?.username).toBe(userOf(namespace, 'mounted'));
    const groups = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'];
    expect([...(user?.groups ?? [])].sort()).toEqual(groups.sort());
  });

  conformance('ServiceAccounts should allow opting out of API token automount', async () => {
    const { namespace, accounts } = await fresh();
    const choices = { unsaid: undefined, mount: true, nomount: false };
    for (const [name, automountServiceAccountToken] of Object.entries(choices))
      await client.create(accounts, { metadata: { name }, automountServiceAccountToken });
    const mounted = async (account: string, name: string, automountServiceAccountToken: boolean | undefined) => {
      const spec = {
        ...once,
        serviceAccountName: account,
        ...(automountServiceAccountToken !== undefined && { automountServiceAccountToken }),
      };
      const [token] = await run(namespace, pod(name, { command: ['read', secretsPath, 'token'], spec }));
      return token !== undefined;
    };
    const results: Record<string, boolean> = {};
    for (const [account, byAccount] of Object.entries(choices)) {
      for (const [choice, byPod] of Object.entries(choices)) {
        const name = `${account}-${choice}`;
        results[name] = await mounted(account, name, byPod);
        // The pod's word counts, then the account's; without either it is mounted.
        expect(results[name], name).toBe(byPod ?? byAccount ?? true);
      }
    }
    expect(Object.values(results).filter((each) => each)).toHaveLength(5);
  });

  conformance('ServiceAccounts should mount projected service account token', async () => {
    const { namespace, pods } = await fresh();
    const sources = [{ serviceAccountToken: { path: 'token', expirationSeconds: 43_200, audience: 'vault' } }];
    const volumes = [{ name: 'own', projected: { sources } }];
    const container = { volumeMounts: [{ name: 'own', mountPath: '/test-volume' }] };
    const reader = pod('reader', { command: ['read', '/test-volume', 'token'], container, spec: { ...once, volumes } });
    const [token = ''] = await run(namespace, reader);
    const { metadata } = await client.read(`${pods}/reader`);
    const claims = decodeJwt(token);
    expect(claims).toMatchObject({
      aud: ['vault'],
      sub: userOf(namespace, 'default'),
      'kubernetes.io': { namespace, pod: { name: 'reader', uid: metadata.uid }, node: { name: 'n1' } },
    });
    expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(43_200);
    expect(await review(token, ['vault'])).toMatchObject({ authenticated: true, audiences: ['vault'] });
    // It is for nobody else, the API itself among them, and dies with its pod.
    expect(await review(token)).toMatchObject({ error: expect.any(String) });
    await client.delete(`${pods}/reader`, { gracePeriodSeconds: 0 });
    expect((await review(token, ['vault'])).authenticated ?? false).toBe(false);
  });

  conformance(
    'ServiceAccounts ServiceAccountIssuerDiscovery should support OIDC discovery of service account issuer',
    async () => {
      const { namespace } = await fresh();
      const sources = [
        { serviceAccountToken: { path: 'token', expirationSeconds: 7200, audience: 'oidc-discovery-test' } },
      ];
      const volumes = [{ name: 'own', projected: { sources } }];
      const container = { volumeMounts: [{ name: 'own', mountPath: '/var/run/secrets/tokens' }] };
      const command = ['discover', '/var/run/secrets/tokens', 'oidc-discovery-test'];
      const [claims = ''] = await run(namespace, pod('validator', { command, container, spec: { ...once, volumes } }));
      expect(JSON.parse(claims)).toMatchObject({ iss: issuer, sub: userOf(namespace, 'default') });
      // Accounts may see it, and not everybody.
      for (const path of ['/.well-known/openid-configuration', '/openid/v1/jwks'])
        expect((await cluster.t.get(path, { as: null })).status).toBeGreaterThan(400);
    },
  );

  conformance('ServiceAccounts should run through the lifecycle of a ServiceAccount', async () => {
    const { namespace, accounts } = await fresh();
    const query = 'labelSelector=test-serviceaccount-static%3Dtrue';
    const watch = await client.watch(accounts, query);
    await client.create(accounts, {
      metadata: { name: 'testserviceaccount', labels: { 'test-serviceaccount-static': 'true' } },
    });
    await watch.until('ADDED', ({ metadata }) => metadata.name === 'testserviceaccount');
    const type = 'application/strategic-merge-patch+json';
    const patch = { automountServiceAccountToken: false };
    const patched = await cluster.t.patch(`${accounts}/testserviceaccount`, type, patch);
    expect(patched).toMatchObject({ status: 200, body: patch });
    await watch.until('MODIFIED', ({ automountServiceAccountToken }) => automountServiceAccountToken === false);
    const listed = await client.list('/api/v1/serviceaccounts', query);
    expect(listed).toMatchObject([{ metadata: { namespace, name: 'testserviceaccount' }, ...patch }]);
    await client.delete(`${accounts}?${query}`);
    await watch.until('DELETED', ({ metadata }) => metadata.name === 'testserviceaccount');
    expect(await client.list(accounts, query)).toEqual([]);
    watch.stop();
  });

  conformance('ServiceAccounts should update a ServiceAccount', async () => {
    const { accounts } = await fresh();
    const made = await client.create(accounts, { metadata: { name: 'updated' } });
    const updated = await client.update(`${accounts}/updated`, { ...made, automountServiceAccountToken: true });
    expect(updated.automountServiceAccountToken).toBe(true);
    expect((await client.read(`${accounts}/updated`)).automountServiceAccountToken).toBe(true);
  });

  conformance('ServiceAccounts should guarantee kube-root-ca.crt exist in any namespace', async () => {
    const { configmaps } = await fresh();
    const path = `${configmaps}/kube-root-ca.crt`;
    const first = await client.when(path, 'it is there', () => true);
    expect(first.data['ca.crt']).not.toBe('');
    await client.delete(path);
    const again = await client.when(path, 'it is made again', ({ metadata }) => metadata.uid !== first.metadata.uid);
    expect(again.data).toEqual(first.data);
    const spoiled = await cluster.t.patch(path, merge, { data: { 'ca.crt': '', more: 'of somebody' } });
    expect(spoiled.status).toBe(200);
    await client.when(path, 'it is as it was', ({ data }) => JSON.stringify(data) === JSON.stringify(first.data));
  });

  conformance('ServiceAccounts should create a serviceAccountToken and ensure a successful TokenReview', async () => {
    const { namespace, accounts } = await fresh();
    const { metadata } = await client.create(accounts, { metadata: { name: 'asked' } });
    const body = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      metadata: { name: 'asked' },
      spec: {},
    };
    const { token, expirationTimestamp } = (await client.create(`${accounts}/asked/token`, body)).status;
    expect(token).not.toBe('');
    expect(Date.parse(expirationTimestamp)).toBeGreaterThan(cluster.clock.now());
    const { authenticated, error, user } = await review(token);
    expect({ authenticated, error }).toEqual({ authenticated: true });
    expect(user).toMatchObject({ username: userOf(namespace, 'asked'), uid: metadata.uid });
    expect((await review(`${token}x`)).authenticated ?? false).toBe(false);
  });
});

describe('SubjectReview', () => {
  conformance('SubjectReview should support SubjectReview API operations', async () => {
    const { namespace, accounts, configmaps } = await fresh();
    await client.create(accounts, { metadata: { name: 'e2e' } });
    const user = userOf(namespace, 'e2e');
    const resourceAttributes = { verb: 'list', resource: 'configmaps', version: 'v1', namespace };
    const group = '/apis/authorization.k8s.io/v1';
    const agree = async (expected: boolean) => {
      const kinds = {
        SubjectAccessReview: `${group}/subjectaccessreviews`,
        LocalSubjectAccessReview: `${group}/namespaces/${namespace}/localsubjectaccessreviews`,
      };
      for (const [kind, path] of Object.entries(kinds)) {
        const body = {
          apiVersion: 'authorization.k8s.io/v1',
          kind,
          metadata: { namespace },
          spec: { resourceAttributes, user },
        };
        const { status } = await client.create(path, body);
        expect(status.allowed, kind).toBe(expected);
        const answer = await cluster.t.get(configmaps, { headers: { 'impersonate-user': user } });
        expect(answer.status, kind).toBe(status.allowed ? 200 : 403);
      }
    };
    await agree(false);
    const binding = {
      metadata: { name: 'e2e' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
      subjects: [{ kind: 'ServiceAccount', name: 'e2e', namespace }],
    };
    await client.create(`/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/rolebindings`, binding);
    await agree(true);
  });
});
