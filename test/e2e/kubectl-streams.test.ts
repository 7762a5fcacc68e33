// Streams with the real kubectl at sizes and in numbers that show whether anything is lost: exec, cp, logs, port-forward, proxy.

import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, startCluster, type TestCluster } from '../tools/cluster.ts';
import { runTool } from '../tools/kubectl.ts';
import { kubectlCommand, kubectlWith, shellLine } from '../tools/kubectl-with.ts';

const manifest = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
      - name: web
        image: zeroplane.local/busybox:1
        command: [sh, -c, 'mkdir /www; echo hello > /www/index.html; dd if=/dev/urandom of=/www/large bs=1M count=50 2>/dev/null; exec httpd -f -p 8080 -h /www']
        readinessProbe: {httpGet: {port: 8080, path: /large}, periodSeconds: 1, timeoutSeconds: 5}
      - name: talk
        image: zeroplane.local/busybox:1
        command: [sh, -c, 'i=0; while true; do i=$((i+1)); echo line $i; sleep 0.2; done']
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
`;

describe.skipIf(process.getuid?.() !== 0)('kubectl and streams (needs root)', () => {
  let cluster: TestCluster;
  let files: string;
  const children: ChildProcess[] = [];
  beforeAll(async () => {
    files = mkdtempSync(join(tmpdir(), 'zeroplane-kubectl-'));
    cluster = await startCluster('zpkctl3', '10.213.3');
    await eventually(60, () => cluster.kubectl('get', 'serviceaccount', 'default'));
    await cluster.apply(manifest);
    await cluster.kubectl('rollout', 'status', 'deploy/web', '--timeout=120s');
  });
  afterAll(async () => {
    for (const child of children) child.kill();
    rmSync(files, { recursive: true, force: true });
    await cluster?.remove();
  });

  const k = (...args: string[]) => cluster.kubectl(...args);
  const podName = () => k('get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[0].metadata.name}');
  const sumInside = async () =>
    (await k('exec', 'deploy/web', '-c', 'web', '--', 'sha256sum', '/www/large')).split(' ')[0] ?? '';
  /** Runs until the tests end; resolves to what `pattern` finds in its output. */
  const serving = async (pattern: RegExp, ...args: string[]) => {
    const child = spawn(...kubectlCommand(cluster, {}, args));
    children.push(child);
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => {
        said += chunk;
      });
    return eventually(60, async () => pattern.exec(said)?.[1]);
  };
  const shell = (line: string) => cluster.host.run('sh', '-c', line);

  it('exec carries 50 MB out and in, without losing a byte', async () => {
    const out = shellLine(kubectlCommand(cluster, {}, ['exec', 'deploy/web', '-c', 'web', '--', 'cat', '/www/large']));
    const into = ['exec', '-i', 'deploy/web', '-c', 'web', '--', 'sh', '-c', 'sha256sum; echo'];
    const sum = await sumInside();
    const { stdout } = await shell(`${out} | sha256sum`);
    expect(stdout.split(' ')[0]).toBe(sum);
    const back = await shell(`${out} | ${shellLine(kubectlCommand(cluster, {}, into))}`);
    expect(back.stdout.split(' ')[0]).toBe(sum);
  });

  it('exec ends with the exit code of its command', async () => {
    for (const code of [0, 1, 42, 255]) {
      const ran = await cluster.attempt('exec', 'deploy/web', '-c', 'web', '--', 'sh', '-c', `exit ${code}`);
      // kubectl says the code of a command that failed, and nothing else: any other text is why the stream broke.
      const said = code === 0 ? '' : `command terminated with exit code ${code}\n`;
      expect([ran.code, ran.stderr]).toEqual([code, said]);
    }
    const absent = await cluster.attempt('exec', 'deploy/web', '-c', 'web', '--', 'absent');
    expect([absent.code !== 0, absent.stderr]).toEqual([true, expect.stringContaining('executable file not found')]);
  });

  it('exec -it is a terminal that passes on Ctrl-C', async () => {
    const args = [
      'exec',
      '-it',
      'deploy/web',
      '-c',
      'web',
      '--',
      'sh',
      '-c',
      'trap "echo caught; exit 7" INT; echo up; sleep 20',
    ];
    const shown = join(files, 'terminal');
    writeFileSync(shown, '');
    const until = (text: string) => `timeout 60 sh -c 'until grep -q ${text} ${shown}; do sleep 0.1; done'`;
    const command = shellLine(['', [shellLine(kubectlCommand(cluster, {}, args))]]).slice(3);
    const line = `(${until('up')}; printf '\\003'; ${until('caught')}) | script -qfec ${command} ${shown}`;
    await runTool('sh', ['-c', line]);
    expect(readFileSync(shown, 'utf8')).toContain('caught');
  });

  it('cp takes files and directories both ways', async () => {
    const pod = await podName();
    const there = join(files, 'there');
    mkdirSync(join(there, 'deep/er'), { recursive: true });
    writeFileSync(join(there, 'a b.txt'), 'with a space');
    writeFileSync(join(there, 'deep/er/binary'), Buffer.from(Array.from({ length: 100_000 }, (_, i) => i % 256)));
    await k('cp', there, `${pod}:/tmp/copy`, '-c', 'web');
    await k('cp', `${pod}:/tmp/copy`, join(files, 'back'), '-c', 'web');
    for (const name of ['a b.txt', 'deep/er/binary'])
      expect(readFileSync(join(files, 'back', name)).equals(readFileSync(join(there, name))), name).toBe(true);
    await k('cp', `${pod}:/www/large`, join(files, 'large'), '-c', 'web');
    expect(
      createHash('sha256')
        .update(readFileSync(join(files, 'large')))
        .digest('hex'),
    ).toBe(await sumInside());
  });

  it('logs: by label, of every container, since when, how many', async () => {
    await eventually(60, async () => (await k('logs', 'deploy/web', '-c', 'talk')).includes('line 5'));
    expect(await k('logs', '-l', 'app=web', '-c', 'talk', '--prefix', '--tail=1')).toMatch(
      /^\[pod\/web-\S+\/talk\] line \d+\n$/,
    );
    expect(await k('logs', 'deploy/web', '--all-containers', '--tail=1')).toMatch(/line \d+\n$/);
    const stamped = (await k('logs', 'deploy/web', '-c', 'talk', '--timestamps', '--tail=3')).trim().split('\n');
    const since = stamped[0]?.split(' ')[0] ?? '';
    const later = await k('logs', 'deploy/web', '-c', 'talk', `--since-time=${since}`);
    expect(later).toContain(stamped[2]?.split(' ').slice(1).join(' '));
    expect(later).not.toContain('line 1\n');
    expect((await k('logs', 'deploy/web', '-c', 'talk', '--since=1s')).split('\n').length).toBeLessThan(12);
    const none = await cluster.attempt('logs', 'absent');
    expect(none.stderr).toContain('pods "absent" not found');
  });

  it.each(['pod', 'service', 'deployment'])(
    'port-forward to a %s carries many requests at once, and large ones',
    async (kind) => {
      const target = kind === 'pod' ? `pod/${await podName()}` : `${kind}/web`;
      const port = kind === 'service' ? 80 : 8080;
      const local = await serving(/127\.0\.0\.1:(\d+)/, 'port-forward', target, `:${port}`);
      const url = `http://127.0.0.1:${local}`;
      const { stdout } = await shell(
        `for i in $(seq 40); do busybox wget -q -O - ${url}/ & done; wait; busybox wget -q -O - ${url}/large | sha256sum`,
      );
      expect(stdout.match(/hello/g)).toHaveLength(40);
      expect(stdout).toContain(await sumInside());
    },
  );

  it('attach shows what a container says from then on', async () => {
    const child = spawn(...kubectlCommand(cluster, {}, ['attach', 'deploy/web', '-c', 'talk']));
    children.push(child);
    let said = '';
    child.stdout.on('data', (chunk) => {
      said += chunk;
    });
    await eventually(60, async () => (said.match(/line \d+\n/g) ?? []).length >= 3);
    child.kill();
  });

  it('proxy serves the API, and Services through it', async () => {
    const port = await serving(/127\.0\.0\.1:(\d+)/, 'proxy', '--port=0');
    const get = async (path: string) => (await shell(`busybox wget -q -O - 'http://127.0.0.1:${port}${path}'`)).stdout;
    expect(JSON.parse(await get('/version'))).toMatchObject({ major: '1', minor: '36' });
    expect(await get('/api/v1/namespaces/default/services/web/proxy/')).toBe('hello\n');
    expect(await get('/api/v1/namespaces/default/services/http:web:80/proxy/index.html')).toBe('hello\n');
  });

  it('input that is not there does not hold anybody up', async () => {
    expect(await kubectlWith(cluster, {}, 'exec', '-i', 'deploy/web', '-c', 'web', '--', 'cat')).toMatchObject({
      code: 0,
    });
  });
});
