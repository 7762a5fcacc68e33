// Other versions of kubectl: the one that Debian 12 carries (1.20), which speaks SPDY, older discovery and older patches.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, startCluster, type TestCluster } from '../tools/cluster.ts';
import { kubectlWith } from '../tools/kubectl-with.ts';

/** Debian's package, unpacked aside; or the reason why it cannot be had. */
function debianKubectl(directory: string): { binary: string } | { missing: string } {
  try {
    const options = { cwd: directory, stdio: 'ignore', timeout: 60_000 } as const;
    execFileSync('apt-get', ['download', 'kubernetes-client'], options);
    execFileSync('sh', ['-c', 'dpkg-deb -x kubernetes-client_*.deb .'], options);
  } catch {
    return { missing: 'apt-get cannot download kubernetes-client' };
  }
  const binary = join(directory, 'usr/bin/kubectl');
  return existsSync(binary) ? { binary } : { missing: 'the package kubernetes-client holds no kubectl' };
}

const root = process.getuid?.() === 0;
const directory = root ? mkdtempSync(join(tmpdir(), 'zeroplane-debian-')) : '';
const found = root ? debianKubectl(directory) : { missing: 'needs root' };
const missing = 'missing' in found ? found.missing : undefined;

const deployment = (value: string) =>
  JSON.stringify({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'app' },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: 'app' } },
      template: {
        metadata: { labels: { app: 'app' } },
        spec: {
          terminationGracePeriodSeconds: 0,
          containers: [
            {
              name: 'main',
              image: 'zeroplane.local/busybox:1',
              command: ['sh', '-c', 'echo started; sleep 1000'],
              env: [{ name: 'A', value }],
            },
          ],
        },
      },
    },
  });

describe.skipIf(missing)(`Debian's kubectl${missing ? ` (skipped: ${missing})` : ''}`, () => {
  const binary = 'binary' in found ? found.binary : '';
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startCluster('zpkctl4', '10.213.4');
    await eventually(60, () => cluster.kubectl('get', 'serviceaccount', 'default'));
  });
  afterAll(async () => {
    rmSync(directory, { recursive: true, force: true });
    await cluster?.remove();
  });

  const attempt = (input: string, ...args: string[]) => kubectlWith(cluster, { binary, input }, ...args);
  const k = async (...args: string[]) => {
    const { code, stdout, stderr } = await attempt('', ...args);
    expect(code, `kubectl ${args.join(' ')}: ${stderr}`).toBe(0);
    return stdout;
  };

  it('applies, merges three ways, and applies on the server', async () => {
    expect((await attempt(deployment('1'), 'apply', '-f', '-')).stdout).toBe('deployment.apps/app created\n');
    expect((await attempt(deployment('1'), 'apply', '-f', '-')).stdout).toBe('deployment.apps/app unchanged\n');
    expect((await attempt(deployment('2'), 'apply', '-f', '-')).stdout).toBe('deployment.apps/app configured\n');
    expect(await k('rollout', 'status', 'deploy/app', '--timeout=120s')).toContain('successfully rolled out');
    expect((await attempt(deployment('2'), 'apply', '--server-side', '-f', '-')).stdout).toContain(
      'serverside-applied',
    );
    const odd = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"u"},"dataa":{}}';
    expect((await attempt(odd, 'apply', '-f', '-')).stderr).toContain(
      'unknown field "dataa" in io.k8s.api.core.v1.ConfigMap',
    );
  });

  it('gets, describes, explains and rolls back', async () => {
    expect(await k('get', 'deploy,rs,pods', '-o', 'wide')).toMatch(/deployment\.apps\/app\s+1\/1\s+1\s+1/);
    expect(await k('describe', 'deploy', 'app')).toContain('Scaled up replica set app-');
    expect(await k('describe', 'node')).toMatch(/Ready\s+True/);
    expect(await k('explain', 'deploy.spec.strategy')).toContain('rollingUpdate');
    expect(await k('api-resources')).toMatch(/deployments\s+deploy\s+apps\/v1\s+true\s+Deployment/);
    expect(await k('rollout', 'undo', 'deploy/app')).toContain('rolled back');
    expect(await k('rollout', 'status', 'deploy/app', '--timeout=120s')).toContain('successfully rolled out');
  });

  it('streams over SPDY: logs, exec with its exit code and input, cp', async () => {
    const pods = 'jsonpath={.items[?(@.status.phase=="Running")].metadata.name}';
    const [pod = ''] = (await k('get', 'pods', '-l', 'app=app', '-o', pods)).split(' ');
    expect(await k('logs', pod)).toBe('started\n');
    expect((await attempt('', 'exec', pod, '--', 'sh', '-c', 'exit 9')).code).toBe(9);
    expect((await attempt('in and out', 'exec', '-i', pod, '--', 'cat')).stdout).toBe('in and out');
    const there = join(directory, 'there');
    writeFileSync(there, Buffer.alloc(1_000_000, 'debian '));
    await k('cp', there, `${pod}:/tmp/copy`);
    await k('cp', `${pod}:/tmp/copy`, join(directory, 'back'));
    expect(readFileSync(join(directory, 'back')).equals(readFileSync(there))).toBe(true);
  });

  it('deletes, and waits until it is done', async () => {
    await k('delete', 'deploy', 'app');
    await k('wait', '--for=delete', 'pods', '-l', 'app=app', '--timeout=120s').catch(() => '');
    await eventually(60, async () => (await k('get', 'pods', '-o', 'name')) === '');
  });
});
