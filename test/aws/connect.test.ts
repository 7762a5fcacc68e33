// `zeroplane kubeconfig --aws` and what it starts: the real kubectl and helm through `zeroplane connect`, by the IAM identity. About 30 s.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { childEnvironment } from '../../core/process/child-environment.ts';
import { eventually } from '../tools/cluster.ts';
import { type Kubectl, kubectlBy, runTool, tool } from '../tools/kubectl.ts';
import { type AwsCluster, startAwsCluster } from './harness/cluster.ts';
import { connectionsOf } from './harness/connected.ts';

const root = join(import.meta.dirname, '../..');

describe('zeroplane connect', { timeout: 240_000 }, () => {
  let cluster: AwsCluster;
  let home: string;
  let kubeconfig: string;
  let kubectl: Kubectl;
  let served: { port: number; secret: string; authority: string };
  const env = () =>
    childEnvironment({
      HOME: home,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'AKIAADMIN',
      AWS_SECRET_ACCESS_KEY: 'secret',
      NODE_EXTRA_CA_CERTS: cluster.caFile,
    });
  const zeroplane = (...args: string[]) =>
    runTool(process.execPath, [join(root, 'cli/main.ts'), ...args], undefined, env());
  const programs: ChildProcess[] = [];

  beforeAll(async () => {
    cluster = await startAwsCluster();
    home = mkdtempSync(join(tmpdir(), 'zeroplane-home-'));
    kubeconfig = join(home, 'kubeconfig');
    const made = await zeroplane(
      ...['kubeconfig', '--aws', '--server', cluster.gateway.url, '--cluster', 'test'],
      ...['--region', 'us-east-1', '--to', kubeconfig],
    );
    expect(made.stderr).toContain('Wrote');
    served = JSON.parse(readFileSync(join(home, '.zeroplane/connect/test.json'), 'utf8'));
    kubectl = kubectlBy((args, input) => runTool(tool('kubectl'), ['--kubeconfig', kubeconfig, ...args], input, env()));
    await eventually(120, async () => (await kubectl.attempt('get', 'namespaces')).code === 0);
  }, 300_000);
  afterAll(async () => {
    for (const program of programs) program.kill();
    for (const pid of connections()) process.kill(pid);
    await cluster?.stop();
    if (home) rmSync(home, { recursive: true, force: true });
  });

  const connections = () => connectionsOf(home);

  const ask = (path: string, authorization?: string, more: Readonly<Record<string, string>> = {}) =>
    new Promise<number>((resolve, reject) => {
      const headers = authorization === undefined ? more : { ...more, authorization };
      const options = { host: '127.0.0.1', port: served.port, path, headers, ca: served.authority, agent: false };
      request(options, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      })
        .once('error', reject)
        .end();
    });

  it('is started by kubectl, and proves the IAM identity', async () => {
    expect(JSON.parse(await kubectl('auth', 'whoami', '-o', 'jsonpath={.status.userInfo}'))).toMatchObject({
      username: 'arn:aws:iam::000000000000:role/test-admin:tester',
    });
    expect(connections().length).toBeGreaterThan(0);
  });

  it('shows kubectl get -w what is written, and holds no function meanwhile', async () => {
    const args = ['--kubeconfig', kubeconfig, 'get', 'configmaps', '-w', '-o', 'name'];
    const watch = spawn(tool('kubectl'), args, { env: env() });
    programs.push(watch);
    let seen = '';
    watch.stdout.on('data', (chunk: Buffer) => {
      seen += chunk;
    });
    await kubectl('create', 'configmap', 'one');
    await expect.poll(() => seen).toContain('configmap/one');
    const { read } = cluster.functions;
    await expect.poll(() => read.invocations - read.answered - read.timeouts).toBe(0);
    await kubectl('create', 'configmap', 'two');
    await expect.poll(() => seen).toContain('configmap/two');
  });

  it('lets helm list through', async () => {
    const { code, stderr } = await runTool(tool('helm'), ['--kubeconfig', kubeconfig, 'list', '-A'], undefined, env());
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  it('is for its user alone', async () => {
    expect(statSync(join(home, '.zeroplane/connect/test.json')).mode & 0o777).toBe(0o600);
    for (const authorization of [undefined, '', 'Bearer ', 'Bearer x', `Bearer ${served.secret}x`, served.secret])
      expect(await ask('/api/v1/namespaces', authorization)).toBe(401);
    expect(await ask('/api/v1/namespaces', `Bearer ${served.secret}`)).toBe(200);
    // Nor does it open a stream to a pod for anybody else.
    const exec = '/api/v1/namespaces/default/pods/web/exec?command=id&stdout=true';
    const upgrade = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' };
    const handshake = { ...upgrade, 'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==' };
    for (const authorization of [undefined, 'Bearer x', served.secret])
      expect(await ask(exec, authorization, handshake)).toBe(401);
    // There is no such pod.
    expect(await ask(exec, `Bearer ${served.secret}`, handshake)).toBe(404);
    // On the loopback address alone, and by its own certificate.
    await expect(
      new Promise((resolve, reject) => {
        const socket = connectTls({ host: '127.0.0.2', port: served.port, rejectUnauthorized: false }, () =>
          resolve('there'),
        );
        socket.once('error', reject);
      }),
    ).rejects.toThrow('ECONNREFUSED');
    expect(readFileSync(kubeconfig, 'utf8')).not.toContain(served.secret);
  });

  it('does not show its secret to whoever took the port', async () => {
    for (const pid of connections()) process.kill(pid);
    await expect.poll(() => ask('/version').catch(() => 'gone')).toBe('gone');
    const { createServer } = await import('node:net');
    const said: Buffer[] = [];
    const other = createServer((socket) => {
      socket.on('data', (chunk) => said.push(chunk));
      socket.on('error', () => undefined);
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
    });
    await new Promise<void>((resolve) => other.listen(served.port, '127.0.0.1', resolve));
    try {
      const { code, stderr } = await kubectl.attempt('get', 'namespaces');
      expect(code).not.toBe(0);
      expect(stderr).toContain('is taken by another program');
      expect(Buffer.concat(said).includes(served.secret)).toBe(false);
    } finally {
      other.close();
    }
    await kubectl('get', 'namespaces');
  });

  it('says what is wrong with what it is given', async () => {
    expect((await zeroplane('connect', 'none')).stderr).toContain('none.json is not there');
    expect((await zeroplane('connect', '../x')).stderr).toContain('names no cluster');
    writeFileSync(join(home, '.zeroplane/connect/bad.json'), '{"server":1}', { mode: 0o600 });
    expect((await zeroplane('connect', 'bad')).stderr).toContain('port is no port');
    writeFileSync(join(home, '.zeroplane/connect/open.json'), '{}', { mode: 0o644 });
    expect((await zeroplane('connect-token', 'open')).stderr).toContain('may be read by other users');
  });
});
