// Who may, through the real control plane and kubectl: users with certificates, and users of an OpenID Connect issuer.

import { generateKeyPairSync } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { certificateRequest } from '../../core/certificates/testing.ts';
import { type ReadFamily, readExposition } from '../../core/metrics/testing.ts';
import { openIssuer, type TestIssuer } from '../../functions/apiserver/testing/issuer.ts';
import { type ControlPlane, planControlPlane } from '../tools/control-plane.ts';

let plane: ControlPlane;
let issuer: TestIssuer;

beforeAll(async () => {
  plane = await planControlPlane();
  issuer = await openIssuer(() => new Date());
  const authentication = join(plane.dataDir, 'authentication.json');
  const { url, certificateAuthority } = issuer;
  writeFileSync(
    authentication,
    JSON.stringify({
      apiVersion: 'apiserver.config.k8s.io/v1',
      kind: 'AuthenticationConfiguration',
      jwt: [
        {
          issuer: { url, certificateAuthority, audiences: ['zeroplane'] },
          claimMappings: { username: { claim: 'sub', prefix: 'ci:' } },
        },
      ],
    }),
  );
  const { code, stderr } = await plane.up('--authentication-config', authentication);
  expect(code, stderr).toBe(0);
});
afterAll(async () => {
  await plane?.remove();
  await issuer?.close();
});

/** kubectl with no credentials but those that the arguments give. */
function kubectlAs(...credentials: string[]) {
  const server = [`--server=${plane.url}`, `--certificate-authority=${join(plane.dataDir, 'pki', 'ca.crt')}`];
  return (...args: string[]) => plane.kubectl.attempt(...args, ...server, ...credentials, '--kubeconfig=/dev/null');
}

it('signs for a user, who may then do what RBAC says, and nothing once the certificate is of another key', async () => {
  const { request, key } = await certificateRequest('jane', ['developers']);
  const csr = {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name: 'jane' },
    spec: {
      request: Buffer.from(request).toString('base64'),
      signerName: 'kubernetes.io/kube-apiserver-client',
      usages: ['client auth'],
      expirationSeconds: 3600,
    },
  };
  const { kubectl } = plane;
  await kubectl.input(JSON.stringify(csr), 'create', '-f', '-');
  expect(await kubectl('get', 'csr', 'jane', '--no-headers')).toContain('Pending');
  await kubectl('certificate', 'approve', 'jane');
  await kubectl('wait', '--for=jsonpath={.status.certificate}', 'csr/jane', '--timeout=120s');
  const certificate = await kubectl('get', 'csr', 'jane', '-o', 'jsonpath={.status.certificate}');
  await kubectl('create', 'rolebinding', 'developers', '--clusterrole=view', '--group=developers');

  const as = (key: string) => {
    const [certFile, keyFile] = [join(plane.dataDir, 'jane.crt'), join(plane.dataDir, 'jane.key')];
    writeFileSync(certFile, Buffer.from(certificate, 'base64'));
    writeFileSync(keyFile, key);
    return kubectlAs(`--client-certificate=${certFile}`, `--client-key=${keyFile}`);
  };
  const jane = as(key);
  const who = await jane('auth', 'whoami', '-o', 'json');
  expect(who.code, who.stderr).toBe(0);
  expect(JSON.parse(who.stdout).status.userInfo).toMatchObject({
    username: 'jane',
    groups: ['developers', 'system:authenticated'],
  });
  expect((await jane('get', 'pods', '-n', 'default')).code).toBe(0);
  expect((await jane('get', 'secrets', '-n', 'default')).stderr).toContain(
    'User "jane" cannot list resource "secrets"',
  );

  const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
    type: 'pkcs8',
    format: 'pem',
  });
  expect((await as(String(stranger))('get', 'pods')).code).not.toBe(0);
});

it('takes the tokens of an issuer from its configuration', async () => {
  await plane.kubectl('create', 'rolebinding', 'ci', '--clusterrole=edit', '--user=ci:repo:acme/web');
  const job = kubectlAs(`--token=${await issuer.token({ sub: 'repo:acme/web', aud: 'zeroplane' })}`);
  const made = await job('create', 'configmap', 'built', '--from-literal=version=1');
  expect(made.code, made.stderr).toBe(0);
  const stranger = kubectlAs(`--token=${await issuer.token({ sub: 'repo:acme/web', aud: 'another' })}`);
  expect((await stranger('get', 'configmaps')).stderr).toContain('You must be logged in to the server');
});

/** What a dashboard or an alert of kubernetes-mixin asks for, and labels that it asks by. */
const asked: Record<string, readonly string[]> = {
  apiserver_request_total: ['verb', 'code', 'resource', 'scope', 'component'],
  apiserver_request_sli_duration_seconds: ['verb', 'resource', 'subresource', 'scope', 'le'],
  apiserver_request_duration_seconds: ['verb', 'resource', 'subresource', 'scope', 'dry_run', 'le'],
  apiserver_response_sizes: ['verb', 'resource', 'le'],
  apiserver_current_inflight_requests: ['request_kind'],
  apiserver_storage_objects: ['resource'],
  apiserver_resource_objects: ['group', 'resource'],
  apiserver_storage_size_bytes: ['storage_cluster_id'],
  apiserver_admission_controller_admission_duration_seconds: ['name', 'operation', 'rejected', 'type', 'le'],
  apiserver_admission_step_admission_duration_seconds: ['operation', 'rejected', 'type', 'le'],
  apiserver_flowcontrol_request_wait_duration_seconds: ['flow_schema', 'priority_level', 'execute', 'le'],
  etcd_request_duration_seconds: ['operation', 'group', 'resource', 'le'],
  workqueue_adds_total: ['name'],
  workqueue_depth: ['name'],
  workqueue_queue_duration_seconds: ['name', 'le'],
  workqueue_work_duration_seconds: ['name', 'le'],
  scheduler_pending_pods: ['queue'],
  scheduler_schedule_attempts_total: ['profile', 'result'],
  scheduler_scheduling_attempt_duration_seconds: ['profile', 'result', 'le'],
  process_resident_memory_bytes: [],
  process_cpu_seconds_total: [],
  kubernetes_build_info: ['git_version'],
};

it('takes the token of a Secret that its controller filled, for as long as the Secret is there', async () => {
  const { kubectl } = plane;
  await kubectl('create', 'serviceaccount', 'robot');
  const annotations = { 'kubernetes.io/service-account.name': 'robot' };
  const metadata = { name: 'robot-token', annotations };
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata, type: 'kubernetes.io/service-account-token' };
  await kubectl.input(JSON.stringify(secret), 'create', '-f', '-');
  const read = async (field: string) => {
    const text = await kubectl('get', 'secret', 'robot-token', '-o', `jsonpath={.data.${field}}`);
    return Buffer.from(text, 'base64').toString();
  };
  await expect.poll(() => read('token')).not.toBe('');
  expect(await read('ca\\.crt')).toBe(readFileSync(join(plane.dataDir, 'pki', 'ca.crt'), 'utf8'));
  const robot = kubectlAs(`--token=${await read('token')}`);
  const who = await robot('auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}');
  expect(who.stdout, who.stderr).toBe('system:serviceaccount:default:robot');
  await kubectl('delete', 'secret', 'robot-token');
  expect((await robot('auth', 'whoami')).code).toBe(1);
});

it('counts under the names that dashboards know, of all threads on one page', async () => {
  const { kubectl } = plane;
  await kubectl('create', 'deployment', 'web', '--image=example/web:1');
  const scrape = async () => readExposition(await kubectl('get', '--raw', '/metrics'));
  const amount = (families: Map<string, ReadFamily>, name: string, label: string, value: string) =>
    families.get(name)?.samples.find(({ labels }) => labels[label] === value)?.value ?? 0;
  // There is no node: the pod is tried, and waits.
  await expect
    .poll(async () => amount(await scrape(), 'scheduler_pending_pods', 'queue', 'unschedulable'))
    .toBeGreaterThan(0);
  const families = await scrape();
  for (const [name, labels] of Object.entries(asked)) {
    const { samples = [] } = families.get(name) ?? {};
    expect(samples.length, name).toBeGreaterThan(0);
    for (const label of labels)
      expect(
        samples.some((each) => label in each.labels),
        `${name} ${label}`,
      ).toBe(true);
  }
  expect(amount(families, 'workqueue_adds_total', 'name', 'deployment')).toBeGreaterThan(0);
  expect(amount(families, 'apiserver_storage_objects', 'resource', 'deployments.apps')).toBe(1);
  expect(amount(families, 'scheduler_schedule_attempts_total', 'result', 'unschedulable')).toBeGreaterThan(0);
  await kubectl('delete', 'deployment', 'web');
});

it('is healthy by name, its thread of scheduler and controllers too, and tells so as metrics', async () => {
  const { kubectl } = plane;
  expect(await kubectl('get', '--raw', '/readyz?verbose')).toMatch(
    /\[\+\]etcd ok\n[\s\S]*\[\+\]shutdown ok\n\[\+\]scheduler-and-controllers ok\n[\s\S]*readyz check passed/,
  );
  expect(await kubectl('get', '--raw', '/livez/scheduler-and-controllers')).toBe('ok');
  const slis = readExposition(await kubectl('get', '--raw', '/metrics/slis'));
  const samples = slis.get('kubernetes_healthcheck')?.samples ?? [];
  expect(samples).toContainEqual(
    expect.objectContaining({ labels: { name: 'scheduler-and-controllers', type: 'readyz' }, value: 1 }),
  );
});

it('says what is wrong with a configuration before it starts anything', async () => {
  const other = await planControlPlane();
  try {
    const file = join(other.dataDir, 'bad.yaml');
    writeFileSync(file, 'apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\njwt: [{}]\n');
    const { code, stderr } = await other.up('--authentication-config', file);
    expect(code).toBe(1);
    expect(stderr).toContain(`--authentication-config: ${file}: AuthenticationConfiguration`);
    expect(stderr).toContain('jwt[0].issuer.url: Required value');
  } finally {
    await other.remove();
  }
  const changed = await plane.up('--authentication-config', '');
  expect(changed.stderr).toContain('--authentication-config: the cluster runs without this file');
});

/** Files below the data directory that hold a text. */
function filesWith(text: string): string[] {
  const files = readdirSync(plane.dataDir, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
  const paths = files.map((each) => join(each.parentPath, each.name));
  return paths.filter((path) => readFileSync(path).includes(text));
}

it('keeps Secrets where nobody reads them without the key, and names what cannot be read when it is lost', async () => {
  const { kubectl, dataDir } = plane;
  const [password, text] = ['correct-horse-battery', 'staple-in-the-open'];
  await kubectl('create', 'secret', 'generic', 'db', `--from-literal=password=${password}`);
  await kubectl('create', 'configmap', 'db', `--from-literal=text=${text}`);
  await kubectl('label', 'secret', 'db', 'written=twice');
  const backup = join(dataDir, 'backup.db');
  expect((await plane.zeroplane('backup', backup)).code).toBe(0);
  expect(filesWith(text)).toContain(backup);
  const stored = Buffer.from(password).toString('base64');
  for (const form of [password, stored, stored.slice(0, -4)]) expect(filesWith(form)).toEqual([]);
  const decoded = await kubectl('get', 'secret', 'db', '-o', 'jsonpath={.data.password}');
  expect(Buffer.from(decoded, 'base64').toString()).toBe(password);

  const key = join(dataDir, 'pki', 'encryption.key');
  expect(statSync(key).mode & 0o777).toBe(0o600);
  expect((await plane.down()).code).toBe(0);
  renameSync(key, `${key}.kept`);
  const lost = await plane.up();
  expect(lost.code).toBe(1);
  expect(lost.stderr).toMatch(
    /secrets default\/db cannot be decrypted: its key \\?"generated-[0-9a-f]{8}\\?" is not there/,
  );
  renameSync(`${key}.kept`, key);
  const found = await plane.up();
  expect(found.code, found.stderr).toBe(0);
  expect(await kubectl('get', 'secret', 'db', '-o', 'jsonpath={.data.password}')).toBe(stored);

  // Lost for good: the cluster goes on without the Secret, which can be deleted.
  expect((await plane.down()).code).toBe(0);
  rmSync(key);
  const without = await plane.up('--ignore-unreadable');
  expect(without.code, without.stderr).toBe(0);
  const listed = await kubectl.attempt('get', 'secrets');
  expect(listed.code).toBe(1);
  expect(listed.stderr).toContain('default/db');
  const secret = '/api/v1/namespaces/default/secrets/db';
  const options = {
    ...{ kind: 'DeleteOptions', apiVersion: 'v1' },
    ignoreStoreReadErrorWithClusterBreakingPotential: true,
  };
  await kubectl.input(JSON.stringify(options), 'delete', '--raw', secret, '-f', '-');
  await kubectl('create', 'secret', 'generic', 'db', '--from-literal=password=another');
  expect(await kubectl('get', 'secrets', '-o', 'name')).toContain('secret/db');
  expect((await plane.down()).code).toBe(0);
  expect((await plane.up()).code).toBe(0);
});

it('answers on for as long as its user said when it ends, but is not ready any more', async () => {
  const { kubectl } = plane;
  const refused = await plane.up('--shutdown-delay-duration', '10s');
  expect(refused.stderr).toContain('--shutdown-delay-duration: the cluster runs with another one');
  expect((await plane.down()).code).toBe(0);
  const mistaken = await plane.up('--shutdown-delay-duration', '10');
  expect(mistaken.stderr).toContain('give a duration, such as 30s or 1m30s');
  expect((await plane.up('--shutdown-delay-duration', '10s')).code).toBe(0);
  const began = Date.now();
  const down = plane.down();
  await expect
    .poll(async () => (await kubectl.attempt('get', '--raw', '/readyz/shutdown')).stderr)
    .toContain('process is shutting down');
  expect(await kubectl('get', '--raw', '/livez')).toBe('ok');
  expect(await kubectl('get', 'namespaces', '-o', 'name')).toContain('namespace/default');
  expect((await down).code).toBe(0);
  expect(Date.now() - began).toBeGreaterThanOrEqual(10_000);
  expect((await kubectl.attempt('get', '--raw', '/livez')).code).not.toBe(0);
});
