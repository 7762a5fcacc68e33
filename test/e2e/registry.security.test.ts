// A private image that one tenant pulled is no other tenant's, whatever its pull policy, with a registry that asks for a password.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, startCluster, type TestCluster } from '../tools/cluster.ts';
import { exampleArchive } from '../tools/images.ts';
import { forever, pod } from '../tools/manifests.ts';
import { tried } from '../tools/tried.ts';

const server = '/usr/bin/docker-registry';
const registry = '127.0.0.1:5000';
const image = `${registry}/private/app:1`;
const password = 'open sesame';
/** bcrypt of the password. */
const passwords = 'tenant:$2b$05$hACjK7Pu4mWxpl6LfDTbZ.2cqRxFfdOVtX6diU2fKWJnLpoKbvi9q\n';
const able = process.getuid?.() === 0 && existsSync(server) && existsSync('/usr/bin/skopeo');

describe.skipIf(!able)('a registry with passwords (needs root, docker-registry and skopeo)', () => {
  let cluster: TestCluster;
  let scratch: string;
  let serving: ChildProcess | undefined;

  beforeAll(async () => {
    cluster = await startCluster('zpsec2', '10.214.2');
    scratch = mkdtempSync(join(tmpdir(), 'zpsec2-registry-'));
    writeFileSync(join(scratch, 'passwords'), passwords);
    writeFileSync(
      join(scratch, 'config.yml'),
      [
        `version: 0.1\nstorage: {filesystem: {rootdirectory: ${scratch}/images}}`,
        `http: {addr: "${registry}"}`,
        `auth: {htpasswd: {realm: registry, path: ${scratch}/passwords}}\n`,
      ].join('\n'),
    );
    const [nsenter = '', ...inside] = cluster.host.enter;
    serving = spawn(nsenter, [...inside, server, 'serve', join(scratch, 'config.yml')], { stdio: 'ignore' });
    // Without TLS, as the administrator of a node says it.
    const directory = join(cluster.dataDir, 'agent/certs.d', registry);
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, 'hosts.toml'), `server = "http://${registry}"\n[host."http://${registry}"]\n`);
    const source = `oci-archive:${await exampleArchive('zeroplane.local/busybox:1')}`;
    const copy = ['skopeo', 'copy', '--dest-tls-verify=false', '--insecure-policy', `--dest-creds=tenant:${password}`];
    await eventually(60, async () =>
      execFileSync(nsenter, [...inside, ...copy, source, `docker://${image}`], { stdio: 'pipe' }),
    );
    for (const namespace of ['owner', 'other', 'friend']) await cluster.kubectl('create', 'namespace', namespace);
    await secret('owner', password);
    await secret('friend', password);
    await secret('other', 'a guess');
  }, 240_000);
  afterAll(async () => {
    serving?.kill('SIGKILL');
    await cluster?.remove();
    rmSync(scratch, { recursive: true, force: true });
  }, 120_000);

  const secret = (namespace: string, word: string) =>
    cluster.kubectl(
      ...['create', 'secret', 'docker-registry', 'pull', '-n', namespace],
      ...[`--docker-server=${registry}`, '--docker-username=tenant', `--docker-password=${word}`],
    );
  const runs = (
    name: string,
    namespace: string,
    imagePullPolicy: 'Always' | 'IfNotPresent' | 'Never',
    secrets: readonly string[],
    more: object = {},
  ) => {
    const main = { name: 'main', image, imagePullPolicy, command: ['/bin/sh', '-c', forever] };
    const made = pod(name, [main], { imagePullSecrets: secrets.map((each) => ({ name: each })), ...more });
    return { ...made, metadata: { ...made.metadata, namespace } };
  };
  const ready = (name: string, namespace: string) =>
    cluster.kubectl('wait', '--for=condition=Ready', `pod/${name}`, '-n', namespace, '--timeout=120s');
  const reason = async (name: string, namespace: string) =>
    (await cluster.read('pod', name, '-n', namespace)).status.containerStatuses?.[0]?.state.waiting?.reason;
  const held = (name: string, namespace: string, wanted: RegExp) =>
    eventually(60, async () => wanted.test(await reason(name, namespace)));
  const records = () => join(cluster.dataDir, 'agent/image_manager/pulled');

  it('is served to who knows it, and its image then is no other tenant of the node has it', async () => {
    await cluster.apply([runs('first', 'owner', 'IfNotPresent', ['pull'])]);
    await ready('first', 'owner');
    const volume = { volumes: [{ name: 'files', image: { reference: image, pullPolicy: 'IfNotPresent' } }] };
    const thief = runs('volume', 'other', 'IfNotPresent', []);
    thief.spec!.containers[0] = {
      ...thief.spec!.containers[0]!,
      image: 'zeroplane.local/busybox:1',
      volumeMounts: [{ name: 'files', mountPath: '/files' }],
    };
    Object.assign(thief.spec!, volume);
    await cluster.apply([
      runs('bare', 'other', 'IfNotPresent', []),
      runs('guess', 'other', 'IfNotPresent', ['pull']),
      runs('asks', 'other', 'Always', ['pull']),
      runs('never', 'other', 'Never', []),
      runs('own-bare', 'owner', 'IfNotPresent', []),
      thief,
      runs('knows', 'friend', 'IfNotPresent', ['pull']),
      runs('second', 'owner', 'Never', ['pull']),
    ]);
    await ready('knows', 'friend');
    await ready('second', 'owner');
    await held('never', 'other', /^ErrImageNeverPull$/);
    for (const name of ['bare', 'guess', 'asks', 'volume'])
      await held(name, 'other', /^(ErrImagePull|ImagePullBackOff)$/);
    await held('own-bare', 'owner', /^(ErrImagePull|ImagePullBackOff)$/);
    tried('images that were pulled for others', 8);
  });

  it('is remembered on the node without a password, and after the agent was killed', async () => {
    const text = readdirSync(records())
      .map((each) => readFileSync(join(records(), each), 'utf8'))
      .join('\n');
    expect(text).toContain(`"${registry}/private/app"`);
    expect(text).toContain('"namespace":"owner","name":"pull"');
    expect(text).not.toContain(password);
    expect(text).not.toContain(Buffer.from(`tenant:${password}`).toString('base64'));
    cluster.kill('agent');
    expect((await cluster.zeroplane('up', '--detach')).code).toBe(0);
    // The registry is not asked any more: who may use the image is known here.
    serving?.kill('SIGKILL');
    await cluster.apply([runs('later', 'other', 'IfNotPresent', []), runs('third', 'owner', 'IfNotPresent', ['pull'])]);
    await ready('third', 'owner');
    await held('later', 'other', /^(ErrImagePull|ImagePullBackOff)$/);
    tried('images that were pulled for others', 2);
  });
});
