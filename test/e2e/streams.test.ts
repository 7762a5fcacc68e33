// logs, exec, attach, cp and port-forward with the real kubectl, over WebSocket and over SPDY as older ones speak it.

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, startCluster, type TestCluster } from '../tools/cluster.ts';
import { runTool, tool } from '../tools/kubectl.ts';

const manifest = `
apiVersion: v1
kind: Pod
metadata: {name: two, labels: {app: web}}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - name: talk
    image: zeroplane.local/busybox:1
    command: [sh, -c, 'for i in 1 2 3 4 5; do echo out $i; done; echo err >&2; sleep 3600']
  - name: web
    image: zeroplane.local/busybox:1
    command: [sh, -c, 'mkdir -p /www; echo hello > /www/index.html; httpd -p 127.0.0.1:8081 -h /www; exec httpd -f -p 8080 -h /www']
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{name: http, port: 80, targetPort: 8080}]
---
apiVersion: v1
kind: Pod
metadata: {name: again}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - name: main
    image: zeroplane.local/busybox:1
    command: [sh, -c, 'echo run at $(date +%s%N); exit 3']
---
apiVersion: v1
kind: Pod
metadata: {name: waits}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - name: main
    image: zeroplane.local/busybox:1
    envFrom: [{configMapRef: {name: not-there}}]
`;

describe.skipIf(process.getuid?.() !== 0)('streams of pods (needs root)', () => {
  let cluster: TestCluster;
  let files: string;
  beforeAll(async () => {
    files = mkdtempSync(join(tmpdir(), 'zeroplane-streams-'));
    cluster = await startCluster('zpstream', '10.210.7');
    await eventually(60, () => cluster.kubectl('get', 'serviceaccount', 'default'));
    await cluster.apply(manifest);
    await cluster.kubectl('wait', '--for=condition=Ready', 'pod/two', '--timeout=120s');
  });
  afterAll(async () => {
    rmSync(files, { recursive: true, force: true });
    await cluster?.remove();
  });

  const command = (env: readonly string[], args: readonly string[]): [string, string[]] => {
    const [nsenter = '', ...rest] = cluster.host.enter;
    return [nsenter, [...rest, 'env', ...env, tool('kubectl'), '--kubeconfig', cluster.kubeconfig, ...args]];
  };
  const withInput = (input: string, env: readonly string[], ...args: string[]) => runTool(...command(env, args), input);

  it('logs: tail, times, a limit, other containers, one that crashed before, one that waits', async () => {
    const logs = (...args: string[]) => cluster.kubectl('logs', ...args);
    await eventually(60, async () => (await logs('two', '-c', 'talk')).includes('err'));
    expect((await logs('two', '-c', 'talk')).split('\n').sort()).toEqual([
      '',
      'err',
      'out 1',
      'out 2',
      'out 3',
      'out 4',
      'out 5',
    ]);
    expect((await logs('two', '-c', 'talk', '--tail=2')).trim().split('\n')).toHaveLength(2);
    expect(await logs('two', '-c', 'talk', '--timestamps', '--tail=1')).toMatch(/^\d{4}-\d\d-\d\dT[\d:]+\.\d{9}\S+ /);
    expect(await logs('two', '-c', 'talk', '--limit-bytes=3')).toHaveLength(3);
    expect(await logs('two', '--all-containers', '--prefix')).toContain('[pod/two/talk] out 1');
    await eventually(60, async () => (await logs('again', '--previous')).startsWith('run at'));
    const waits = await cluster.attempt('logs', 'waits');
    expect(waits.stderr).toMatch(/\(BadRequest\): container "main" in pod "waits" is waiting to start: \w+/);
  });

  it('logs -f shows what comes, until the container ends', async () => {
    await cluster.kubectl(
      'run',
      'count',
      '--image=zeroplane.local/busybox:1',
      '--restart=Never',
      '--command',
      '--',
      'sh',
      '-c',
      'for i in 1 2 3; do echo $i; sleep 0.5; done',
    );
    await cluster.kubectl('wait', '--for=jsonpath={.status.phase}=Running', 'pod/count', '--timeout=120s');
    expect(await cluster.kubectl('logs', '-f', 'count')).toBe('1\n2\n3\n');
  });

  it.each([
    ['WebSocket', []],
    ['SPDY', ['KUBECTL_REMOTE_COMMAND_WEBSOCKETS=false']],
  ])('exec over %s: output, errors, exit code, input to its end', async (_, env) => {
    const exec = (input: string, ...args: string[]) => withInput(input, env, 'exec', ...args);
    const both = await exec('', 'two', '-c', 'talk', '--', 'sh', '-c', 'echo o; echo e >&2; exit 7');
    expect(both).toMatchObject({ code: 7, stdout: 'o\n' });
    expect(both.stderr).toContain('e\ncommand terminated with exit code 7');
    const large = 'x'.repeat(99).concat('\n').repeat(20_000);
    const cat = await exec(large, '-i', 'two', '-c', 'talk', '--', 'cat');
    expect([cat.code, cat.stdout === large]).toEqual([0, true]);
    expect((await exec('', 'two', '-c', 'other', '--', 'ls')).stderr).toContain('container other is not valid');
    expect((await exec('', 'waits', '--', 'ls')).stderr).toContain('container not found ("main")');
  });

  it('exec -t gives a terminal of the size that it is told', async () => {
    // `script` gives kubectl itself a terminal.
    const [file, args] = command(
      [],
      ['exec', '-it', 'two', '-c', 'talk', '--', 'sh', '-c', 'tty; sleep 0.5; stty size'],
    );
    const line = `stty rows 33 cols 99; ${[file, ...args].map((each) => `'${each}'`).join(' ')}`;
    const { stdout } = await runTool('script', ['-qec', line, '/dev/null']);
    expect(stdout).toMatch(/\/dev\/pts\/\d+[\s^@]+33 99/);
  });

  it('attach gives a container its input', async () => {
    const args = ['run', 'once', '--image=zeroplane.local/busybox:1', '--restart=Never', '-i', '--rm', '--quiet'];
    const { code, stdout } = await withInput('over here\n', [], ...args, '--command', '--', 'cat');
    expect([code, stdout]).toEqual([0, 'over here\n']);
  });

  it('cp copies there and back', async () => {
    const there = join(files, 'there');
    writeFileSync(there, Buffer.alloc(3_000_000, 'zeroplane '));
    await cluster.kubectl('cp', there, 'two:/tmp/copy', '-c', 'talk');
    await cluster.kubectl('cp', 'two:/tmp/copy', join(files, 'back'), '-c', 'talk');
    expect(readFileSync(join(files, 'back')).equals(readFileSync(there))).toBe(true);
  });

  it.each([
    ['WebSocket', []],
    ['SPDY', ['KUBECTL_PORT_FORWARD_WEBSOCKETS=false']],
  ])('port-forward over %s carries connections', async (_, env) => {
    const child = spawn(...command(env, ['port-forward', 'pod/two', ':8080']));
    try {
      let said = '';
      child.stdout.on('data', (chunk) => {
        said += chunk;
      });
      const port = await eventually(60, async () => /127\.0\.0\.1:(\d+)/.exec(said)?.[1]);
      const get = () => cluster.host.run('/bin/busybox', 'wget', '-q', '-O', '-', `http://127.0.0.1:${port}/`);
      for (const answer of await Promise.all([get(), get(), get()])) expect(answer.stdout).toBe('hello\n');
    } finally {
      child.kill();
    }
  });

  it('only port-forward reaches what listens on the loopback of a pod', async () => {
    const child = spawn(...command([], ['port-forward', 'pod/two', ':8081']));
    try {
      let said = '';
      child.stdout.on('data', (chunk) => {
        said += chunk;
      });
      const port = await eventually(60, async () => /127\.0\.0\.1:(\d+)/.exec(said)?.[1]);
      const answer = await cluster.host.run('/bin/busybox', 'wget', '-q', '-O', '-', `http://127.0.0.1:${port}/`);
      expect(answer.stdout).toBe('hello\n');
    } finally {
      child.kill();
    }
    const proxied = await cluster.attempt('get', '--raw', '/api/v1/namespaces/default/pods/two:8081/proxy/');
    expect(proxied.stderr).toMatch(/ServiceUnavailable.*dial tcp 10\.\S+:8081: /s);
  });

  it('proxy reaches a port of a pod, and a Service by the name or number of its port', async () => {
    const get = (path: string) => cluster.kubectl('get', '--raw', `/api/v1/namespaces/default/${path}`);
    expect(await get('pods/two:8080/proxy/')).toBe('hello\n');
    await eventually(60, async () => (await get('services/web:http/proxy/index.html')) === 'hello\n');
    expect(await get('services/http:web:80/proxy/')).toBe('hello\n');
    const wrong = await cluster.attempt('get', '--raw', '/api/v1/namespaces/default/pods/two:9/proxy/');
    expect(wrong.stderr).toMatch(/ServiceUnavailable.*error trying to reach service/s);
    expect(
      (await cluster.attempt('get', '--raw', '/api/v1/namespaces/default/services/web:81/proxy/')).stderr,
    ).toContain('no service port "81" found for service "web"');
  });
});
