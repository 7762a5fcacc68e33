// Images pulled from a registry on loopback: what works, what a missing tag looks like, and how a pod recovers from it.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { conformance } from '../conformance/conformance.ts';
import { eventually, startCluster, type TestCluster } from '../tools/cluster.ts';
import { exampleArchive } from '../tools/images.ts';
import { forever, pod } from '../tools/manifests.ts';

const server = '/usr/bin/docker-registry';
const registry = '127.0.0.1:5000';
const able = process.getuid?.() === 0 && existsSync(server) && existsSync('/usr/bin/skopeo');

describe.skipIf(!able)('a registry (needs root, docker-registry and skopeo)', () => {
  let cluster: TestCluster;
  let scratch: string;
  let serving: ChildProcess;

  beforeAll(async () => {
    cluster = await startCluster('zpe2e8', '10.210.8');
    scratch = mkdtempSync(join(tmpdir(), 'zpe2e8-registry-'));
    const config = join(scratch, 'config.yml');
    writeFileSync(
      config,
      `version: 0.1\nstorage: {filesystem: {rootdirectory: ${scratch}/images}, delete: {enabled: true}}\nhttp: {addr: "${registry}"}\n`,
    );
    const [nsenter = '', ...inside] = cluster.host.enter;
    serving = spawn(nsenter, [...inside, server, 'serve', config], { stdio: 'ignore' });
    // Without TLS, as the administrator of a node says it.
    const directory = join(cluster.dataDir, 'agent/certs.d', registry);
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, 'hosts.toml'), `server = "http://${registry}"\n[host."http://${registry}"]\n`);
    await push('app:1');
  });
  afterAll(async () => {
    serving?.kill('SIGKILL');
    await cluster?.remove();
    rmSync(scratch, { recursive: true, force: true });
  });

  async function push(name: string): Promise<void> {
    const source = `oci-archive:${await exampleArchive('zeroplane.local/busybox:1')}`;
    const target = `docker://${registry}/${name}`;
    const command = ['skopeo', 'copy', '--dest-tls-verify=false', '--insecure-policy', source, target];
    const [nsenter = '', ...inside] = cluster.host.enter;
    await eventually(60, async () => execFileSync(nsenter, [...inside, ...command], { stdio: 'pipe' }));
  }
  const runs = (name: string, image: string, imagePullPolicy?: 'Always') =>
    pod(name, [
      {
        name: 'main',
        image: `${registry}/${image}`,
        command: ['/bin/sh', '-c', forever],
        ...(imagePullPolicy && { imagePullPolicy }),
      },
    ]);

  it('serves an image to a pod', async () => {
    await cluster.apply([runs('pulled', 'app:1')]);
    await cluster.kubectl('wait', '--for=condition=Ready', 'pod/pulled', '--timeout=120s');
    const [status] = (await cluster.read('pod', 'pulled')).status.containerStatuses;
    expect(status.image).toBe(`${registry}/app:1`);
    expect(status.imageID).toMatch(/@sha256:[0-9a-f]{64}$/);
    const events = () => cluster.kubectl('events', '--for', 'pod/pulled');
    await expect.poll(events).toContain(`Pulling image "${registry}/app:1"`);
    await expect.poll(events).toContain(`Successfully pulled image "${registry}/app:1"`);
  });

  conformance(
    'ImageVolume should succeed with pod and pull policy of Always [LinuxOnly] [MinimumKubeletVersion:1.35]',
    async () => {
      const images = { reference: `${registry}/app:1`, pullPolicy: 'Always' };
      const main = {
        name: 'main',
        image: `${registry}/app:1`,
        command: ['/bin/sh', '-c', forever],
        volumeMounts: [
          { name: 'files', mountPath: '/volume' },
          { name: 'files', mountPath: '/part', subPath: 'etc' },
        ],
      };
      await cluster.apply([pod('reads-image', [main], { volumes: [{ name: 'files', image: images }] })]);
      await cluster.kubectl('wait', '--for=condition=Ready', 'pod/reads-image', '--timeout=120s');
      const inside = (...command: string[]) => cluster.attempt('exec', 'reads-image', '--', ...command);
      const { stdout } = await inside('cat', '/volume/etc/passwd', '/part/group');
      expect(stdout).toContain('nobody:x:65534');
      expect(stdout).toContain('nogroup:x:65534');
      expect((await inside('cmp', '/bin/busybox', '/volume/bin/busybox')).code).toBe(0);
      // For reading only.
      const written = await inside('touch', '/volume/new');
      expect(written.code).not.toBe(0);
      expect(written.stderr).toContain('Read-only file system');
      await cluster.kubectl('delete', 'pod', 'reads-image', '--timeout=120s');
    },
  );

  it('has no such tag: the pod says so, backs off, and starts once the tag is there', async () => {
    await cluster.apply([runs('early', 'app:2')]);
    const reasons = new Set<string>();
    await eventually(60, async () => {
      const [status] = (await cluster.read('pod', 'early')).status.containerStatuses ?? [];
      if (status?.state.waiting) reasons.add(status.state.waiting.reason);
      return reasons.has('ErrImagePull') && reasons.has('ImagePullBackOff');
    });
    const events = () => cluster.kubectl('events', '--for', 'pod/early');
    await expect.poll(events).toMatch(/Failed.*failed to pull image.*not found/i);
    await push('app:2');
    await cluster.kubectl('wait', '--for=condition=Ready', 'pod/early', '--timeout=120s');
  });

  it('is away: a pod whose image is here starts, one that must ask does not', async () => {
    serving.kill('SIGKILL');
    await cluster.apply([runs('cached', 'app:1'), runs('asking', 'app:1', 'Always')]);
    await cluster.kubectl('wait', '--for=condition=Ready', 'pod/cached', '--timeout=120s');
    await eventually(60, async () => {
      const [status] = (await cluster.read('pod', 'asking')).status.containerStatuses ?? [];
      return /ErrImagePull|ImagePullBackOff/.test(status?.state.waiting?.reason ?? '');
    });
  });
});
