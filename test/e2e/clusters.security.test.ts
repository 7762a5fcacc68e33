// Clusters on one machine are nothing to each other: what opens one opens no other, nor their host, and nothing leads from one into another.

import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { certificateRequest } from '../../core/certificates/testing.ts';
import { certificateHeader } from '../../functions/apiserver/serve-behind.ts';
import { type ControlPlane, planControlPlane } from '../tools/control-plane.ts';
import {
  askRaw,
  type Credential,
  createHosted,
  type HostedCluster,
  hostedFolders,
  isRunning,
} from '../tools/hosted-clusters.ts';
import type { Kubectl } from '../tools/kubectl.ts';
import { tried } from '../tools/tried.ts';

let plane: ControlPlane;
let [one, two]: HostedCluster[] = [];
const secrets = '/api/v1/namespaces/default/secrets';

interface Place {
  readonly name: string;
  readonly path: string;
  readonly kubectl: Kubectl;
  readonly dataDir: string;
}
let places: Place[] = [];

beforeAll(async () => {
  plane = await planControlPlane();
  const { code, stderr } = await plane.up('--clusters', '3');
  expect(code, stderr).toBe(0);
  [one, two] = [await createHosted(plane, 'one'), await createHosted(plane, 'two')];
  places = [
    { name: 'host', path: '', kubectl: plane.kubectl, dataDir: plane.dataDir },
    ...[one, two].map((each) => ({ ...each, path: `/clusters/${each.name}` })),
  ];
  // Whoever is known by these names is an administrator everywhere: only what proves the name tells them apart.
  for (const { kubectl, name } of places) {
    await kubectl('create', 'clusterrolebinding', 'jane', '--clusterrole=cluster-admin', '--user=jane');
    await kubectl(
      'create',
      'clusterrolebinding',
      'accounts',
      '--clusterrole=cluster-admin',
      '--group=system:serviceaccounts',
    );
    await kubectl('create', 'secret', 'generic', `of-${name}`);
  }
});
afterAll(() => plane?.remove());

async function signedFor(kubectl: Kubectl): Promise<Credential> {
  const { request, key } = await certificateRequest('jane');
  const csr = {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name: 'jane' },
    spec: {
      request: Buffer.from(request).toString('base64'),
      signerName: 'kubernetes.io/kube-apiserver-client',
      usages: ['client auth'],
    },
  };
  await kubectl.input(JSON.stringify(csr), 'create', '-f', '-');
  await kubectl('certificate', 'approve', 'jane');
  await kubectl('wait', '--for=jsonpath={.status.certificate}', 'csr/jane', '--timeout=120s');
  const certificate = await kubectl('get', 'csr', 'jane', '-o', 'jsonpath={.status.certificate}');
  return { cert: Buffer.from(certificate, 'base64').toString(), key };
}

async function joinToken({ kubectl }: Place): Promise<Credential> {
  const [id, secret] = ['abcdef', Math.random().toString(36).slice(2).padEnd(16, '0').slice(0, 16)];
  const stringData = { 'token-id': id, 'token-secret': secret, 'usage-bootstrap-authentication': 'true' };
  const object = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: `bootstrap-token-${id}`, namespace: 'kube-system' },
    type: 'bootstrap.kubernetes.io/token',
    stringData,
  };
  await kubectl.input(JSON.stringify(object), 'create', '-f', '-');
  return { token: `${id}.${secret}` };
}

it('credentials of each kind open the cluster that gave them, and no other', async () => {
  const pki = ({ dataDir }: Place, file: string) => readFileSync(join(dataDir, 'pki', file), 'utf8');
  const credentials: { kind: string; of: string; credential: Credential; path: string }[] = [];
  for (const place of places) {
    const add = (kind: string, credential: Credential, path = secrets) =>
      credentials.push({ kind, of: place.name, credential, path });
    add('admin certificate', { cert: pki(place, 'admin.crt'), key: pki(place, 'admin.key') });
    add('admin token', { token: pki(place, 'admin.token').trim() });
    add('account token', { token: (await place.kubectl('create', 'token', 'default')).trim() });
    add('signed certificate', await signedFor(place.kubectl));
    // It may do one thing: what answers whom it knows is asked.
    add('join token', await joinToken(place), '/apis/authentication.k8s.io/v1/selfsubjectreviews');
  }
  for (const { kind, of, credential, path } of credentials)
    for (const target of places) {
      const method = path === secrets ? 'GET' : 'POST';
      const { status, text } = await askRaw(plane, { ...credential, path: target.path + path, method });
      const what = `${kind} of ${of} at ${target.name}: ${status} ${text.slice(0, 200)}`;
      tried('credential of another cluster', 1);
      if (of !== target.name) expect([401, 403], what).toContain(status);
      else if (path === secrets) {
        expect(status, what).toBe(200);
        expect(text).toContain(`"of-${target.name}"`);
      } else expect([401, 403], what).not.toContain(status);
    }
});

it('no path and no header leads into another cluster', async () => {
  const token = (await one?.kubectl('create', 'token', 'default'))?.trim() ?? '';
  const paths = [
    `/clusters/one/../two${secrets}`,
    `/clusters/one/clusters/two${secrets}`,
    `/clusters/one/%2e%2e/two${secrets}`,
    `/clusters/one%2f..%2ftwo${secrets}`,
    `/clusters/two/../one/../two${secrets}`,
    `/clusters/%74wo${secrets}`,
    `/clusters//two${secrets}`,
    `//clusters/two${secrets}`,
    `/clusters/__proto__${secrets}`,
    `/clusters/constructor${secrets}`,
    `/clusters/one/..${secrets}`,
    `/clusters/${two?.dataDir.split('/').at(-1)}${secrets}`,
  ];
  for (const path of paths) {
    const { status, text } = await askRaw(plane, { path, token });
    expect(status, path).toBeGreaterThanOrEqual(400);
    expect(text, path).not.toMatch(/"of-(?:two|host)"/);
    tried('path into another cluster', 1);
  }
  // A certificate is no secret: saying that one has it proves nothing.
  const certificate = new X509Certificate(readFileSync(join(two?.dataDir ?? '', 'pki', 'admin.crt'))).raw;
  for (const name of [certificateHeader, certificateHeader.toUpperCase()]) {
    const headers = { [name]: certificate.toString('base64') };
    expect((await askRaw(plane, { path: `/clusters/two${secrets}`, headers })).status).toBe(403);
    expect((await askRaw(plane, { path: `/clusters/two${secrets}`, headers, token })).status).toBe(401);
  }
});

it('who may make clusters, and whose objects they may copy, RBAC says', async () => {
  const { kubectl } = plane;
  await kubectl('create', 'clusterrole', 'maker', '--verb=create,get,list,delete', '--resource=clusters.zeroplane.dev');
  await kubectl('create', 'clusterrolebinding', 'maker', '--clusterrole=maker', '--user=kim');
  const cluster = (name: string, spec: object = {}) =>
    JSON.stringify({ apiVersion: 'zeroplane.dev/v1', kind: 'Cluster', metadata: { name }, spec });
  const create = (name: string, spec: object, user = 'kim') =>
    kubectl.attemptInput(cluster(name, spec), 'create', '-f', '-', `--as=${user}`);
  expect((await create('three', {}, 'nobody')).stderr).toContain('forbidden');
  expect((await create('three', { from: 'one' })).stderr).toContain(
    'it needs the right to create clusters/kubeconfig of that one',
  );
  // Nor by a write that is no create by its verb.
  const applied = await kubectl.attemptInput(
    cluster('three', { from: 'one' }),
    'apply',
    '--server-side',
    '-f',
    '-',
    '--as=kim',
  );
  expect(applied.code).not.toBe(0);
  expect((await create('three', {})).stderr).toBe('');
  expect((await create('four', {})).stderr).toContain('3 clusters are hosted here, and there may be 3');
  const changed = await kubectl.attempt('patch', 'cluster', 'three', '--type=merge', '-p', '{"spec":{"from":"one"}}');
  expect(changed.stderr).toMatch(/spec\.from: .*cannot change/);
  const raw = ['create', '--raw', '/apis/zeroplane.dev/v1/clusters/one/kubeconfig', '-f', '/dev/null'];
  expect((await kubectl.attempt(...raw, '--as=kim')).stderr).toContain('forbidden');
  for (const name of ['-a', 'a'.repeat(41), 'a.b'])
    expect((await kubectl.attemptInput(cluster(name), 'create', '-f', '-')).stderr, name).toContain('metadata.name');
  await kubectl('delete', 'cluster', 'three');
});

it('one that is deleted while it is used is gone, with all that was in it', async () => {
  const { code } = await plane.zeroplane('cluster', 'create', 'short');
  expect(code).toBe(0);
  const token = (await plane.kubectl('get', 'cluster', 'short', '-o', 'jsonpath={.metadata.uid}')).trim();
  const dataDir = join(plane.dataDir, 'clusters', token);
  const admin = {
    cert: readFileSync(join(dataDir, 'pki', 'admin.crt'), 'utf8'),
    key: readFileSync(join(dataDir, 'pki', 'admin.key'), 'utf8'),
  };
  expect(isRunning(dataDir)).toBe(true);
  const ends = ['', '&resourceVersion=0'].map((more) =>
    askRaw(plane, { ...admin, path: `/clusters/short${secrets}?watch=1${more}` }).then(
      () => 'ended',
      () => 'broken off',
    ),
  );
  await plane.kubectl('delete', 'cluster', 'short');
  expect(await Promise.all(ends)).toHaveLength(2);
  expect(hostedFolders(plane)).not.toContain(token);
  expect((await askRaw(plane, { ...admin, path: `/clusters/short${secrets}` })).status).toBe(404);
  // Whoever takes the name next has another cluster.
  await plane.zeroplane('cluster', 'create', 'short');
  expect((await askRaw(plane, { ...admin, path: `/clusters/short${secrets}` })).status).toBe(401);
  await plane.kubectl('delete', 'cluster', 'short');
});
