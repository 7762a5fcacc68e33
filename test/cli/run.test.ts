// `zeroplane run` against a cluster with real containers: its output, exit codes and files, what ends it, what it survives.

import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, startCluster, type TestCluster } from '../tools/cluster.ts';
import { busybox, runToEnd, startRun } from './run-tool.ts';

describe.skipIf(process.getuid?.() !== 0)('zeroplane run (needs root)', () => {
  let cluster: TestCluster;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'zeroplane-run-'));
    cluster = await startCluster('zpcli1', '10.215.1');
    await eventually(60, () => cluster.kubectl('get', 'serviceaccount', 'default'));
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await cluster?.remove();
  });

  const run = (...args: string[]) => runToEnd(cluster, args);
  const forever = 'trap "exit 1" TERM; echo begun; sleep 1000 & wait $!';
  const jobs = async () =>
    (await cluster.read('jobs')).items.map((each: { metadata: { name: string } }) => each.metadata.name);

  it('gives what the command writes, and its exit code', async () => {
    const script = 'echo "to: $WHO, $TOKEN"; pwd; exit 7';
    const ran = await run('--image', busybox, '--env', 'WHO=you', '--secret', 'TOKEN=s3cret', '--', 'sh', '-c', script);
    expect(ran).toMatchObject({ code: 7, stdout: 'to: you, s3cret\n/\n' });
    const [made] = /Job default\/(run-\S+) made/.exec(ran.stderr)?.slice(1) ?? [];
    const job = await cluster.read('job', made ?? '');
    expect(JSON.stringify(job)).not.toContain('s3cret');
    expect(job.spec).toMatchObject({ backoffLimit: 0, activeDeadlineSeconds: 3600, ttlSecondsAfterFinished: 3600 });
    // What it made goes with it.
    await cluster.kubectl('delete', 'job', made ?? '');
    await eventually(60, async () => !(await cluster.kubectl('get', 'secrets', '-o', 'name')).includes(made ?? ''));
  });

  it("runs in the namespace of the kubeconfig's context, as kubectl would, and elsewhere where it is told to", async () => {
    await cluster.kubectl('create', 'namespace', 'team');
    const mine = join(folder, 'mine.kubeconfig');
    copyFileSync(cluster.kubeconfig, mine);
    await cluster.kubectl('config', 'set-context', '--current', '--namespace=team', `--kubeconfig=${mine}`);
    const made = async (...args: string[]) => {
      const ran = await runToEnd(cluster, [...args, '--image', busybox, '-o', 'json', '--', 'true'], {
        env: { KUBECONFIG: mine },
      });
      return JSON.parse(ran.stdout.trim().split('\n').at(-1) ?? '');
    };
    expect(await made()).toMatchObject({ type: 'result', namespace: 'team', exitCode: 0 });
    expect(await made('--namespace', 'default')).toMatchObject({ type: 'result', namespace: 'default' });
  });

  it('takes the working directory along, and brings files back, whatever image it has and however it ends', async () => {
    const work = join(folder, 'work');
    mkdirSync(join(work, 'node_modules'), { recursive: true });
    mkdirSync(join(work, 'a folder'));
    writeFileSync(join(work, 'node_modules', 'large'), 'not needed');
    writeFileSync(join(work, 'a folder', 'input'), 'from here\n');
    writeFileSync(
      join(work, 'build.sh'),
      '#!/bin/sh\nls; mkdir -p out/deep; tr a-z A-Z < "a folder/input" > out/deep/result; exit 3\n',
    );
    chmodSync(join(work, 'build.sh'), 0o700);
    // Not the helper's user, and not root: what was uploaded is its own all the same.
    const pod = join(folder, 'pod.yaml');
    writeFileSync(
      pod,
      `apiVersion: v1
kind: Pod
metadata: {labels: {team: web}}
spec:
  securityContext: {runAsUser: 1000, runAsNonRoot: true}
  containers: [{name: build, image: '${busybox}'}]
`,
    );
    const files = [
      '--workdir',
      work,
      '--exclude',
      'node_modules',
      '--bring',
      'out',
      '--bring',
      '*.sh',
      '--bring',
      'gone/*',
    ];
    const ran = await run('--file', pod, ...files, '--', './build.sh');
    expect(ran).toMatchObject({ code: 3, stdout: 'a folder\nbuild.sh\n' });
    expect(ran.stderr).toContain('--bring: the command left no gone/*');
    expect(readFileSync(join(work, 'out', 'deep', 'result'), 'utf8')).toBe('FROM HERE\n');
  });

  it('is the same run with the same key: nothing runs twice, and another command is refused', async () => {
    const args = [
      '--image',
      busybox,
      '--idempotency-key',
      'pipeline 7/1',
      '--env',
      'A=1',
      '--',
      'sh',
      '-c',
      'cat /proc/sys/kernel/random/uuid; exit 5',
    ];
    const [one, two] = await Promise.all([run(...args), run(...args)]);
    const three = await run(...args);
    expect([one.code, two.code, three.code], one.stderr + two.stderr).toEqual([5, 5, 5]);
    expect(one.stdout).toMatch(/^[0-9a-f-]{36}\n$/);
    expect([two.stdout, three.stdout]).toEqual([one.stdout, one.stdout]);
    expect(three.stderr).toContain('is there already: going on with it');
    const other = await run('--image', busybox, '--idempotency-key', 'pipeline 7/1', '--', 'true');
    expect(other).toMatchObject({ code: 1, stdout: '' });
    expect(other.stderr).toMatch(
      /runs something else.*take another --idempotency-key or --name, or `kubectl -n default delete job run-/,
    );
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('%s ends the command, and the Job is gone', async (signal) => {
    const name = `ended-by-${signal.toLowerCase()}`;
    const running = startRun(cluster, ['--image', busybox, '--name', name, '--', 'sh', '-c', forever]);
    await running.said('begun');
    running.process.kill(signal);
    const { code, stderr } = await running.ended;
    expect(code, stderr).toBe(signal === 'SIGINT' ? 130 : 143);
    await eventually(60, async () => !(await jobs()).includes(name));
    await eventually(60, async () => !(await cluster.kubectl('get', 'pods', '-o', 'name')).includes(name));
  });

  it('goes on where it was when the cluster was away: every line once', async () => {
    const lines = 200;
    const script = `i=0; while [ $i -lt ${lines} ]; do echo line $i; i=$((i+1)); sleep 0.05; done; exit 4`;
    const running = startRun(cluster, ['--image', busybox, '--', 'sh', '-c', script]);
    await running.said('line 20\n');
    cluster.kill('control-plane');
    expect((await cluster.zeroplane('up', '--detach')).code).toBe(0);
    const { code, stdout, stderr } = await running.ended;
    expect(code, stderr).toBe(4);
    expect(stdout).toBe(Array.from({ length: lines }, (_, i) => `line ${i}\n`).join(''));
  });

  it('says why a pod waits, gives it up in time, and what to type next', async () => {
    const large = await run('--image', busybox, '--cpu', '1000', '--start-timeout', '5s', '--', 'true');
    expect(large).toMatchObject({ code: 125, stdout: '' });
    expect(large.stderr).toMatch(
      /waiting: pod run-\S+ is on no node \(Unschedulable\): 0\/1 nodes are available: 1 Insufficient cpu/,
    );
    expect(large.stderr).toContain('did not start within 5 s');
    expect(large.stderr).toContain('Next: kubectl get nodes');
    const wrong = await run('--image', 'no image', '--', 'true');
    expect(wrong.code).toBe(125);
    expect(wrong.stderr).toMatch(/\(InvalidImageName\).* Next: kubectl -n default describe pod run-/);
    await cluster.kubectl('create', 'quota', 'none', '--hard=pods=0');
    const refused = await run('--image', busybox, '--start-timeout', '5s', '--', 'true');
    await cluster.kubectl('delete', 'quota', 'none');
    expect(refused.code).toBe(125);
    expect(refused.stderr).toContain('exceeded quota: none');
  });

  it('ends a command that takes too long, and one that takes too much', async () => {
    const late = await run('--image', busybox, '--timeout', '3s', '--', 'sh', '-c', forever);
    expect(late).toMatchObject({ code: 124, stdout: 'begun\n' });
    expect(late.stderr).toContain('`--timeout` gives it more');
    const greedy = await run(
      '--image',
      busybox,
      '--memory',
      '16Mi',
      '--',
      'sh',
      '-c',
      'x=$(head -c 64000000 /dev/zero | tr "\\0" x)',
    );
    expect(greedy.code).toBe(137);
    expect(greedy.stderr).toContain('`--memory` gives it more');
  });

  it('tells pods and containers apart, by a word before the line or as JSON', async () => {
    const both = await run(
      '--image',
      busybox,
      '--parallelism',
      '2',
      '--timestamps',
      '--',
      'sh',
      '-c',
      'echo part $JOB_COMPLETION_INDEX',
    );
    expect(both.code, both.stderr).toBe(0);
    expect(
      both.stdout
        .trim()
        .split('\n')
        .map((line) => line.replace(/^\S+ \[run-\w+-([01])-\w+\/main\]/, '$1'))
        .sort(),
    ).toEqual(['0 part 0', '1 part 1']);
    const json = await run('--image', busybox, '-o', 'json', '--', 'sh', '-c', 'echo "quoted \\" line"; exit 9');
    expect(json.code).toBe(9);
    const objects = json.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(objects).toContainEqual({ type: 'log', time: expect.stringMatching(/Z$/), line: 'quoted " line' });
    expect(objects.at(-1)).toMatchObject({ type: 'result', namespace: 'default', exitCode: 9 });
  });

  it.each([
    [['--', 'true'], 2, '--image is missing'],
    [['--image', busybox, '--env', 'NOT_SET_ANYWHERE'], 2, '--env: NOT_SET_ANYWHERE is not set here'],
    [['--image', busybox, '--memory', 'much'], 2, '--memory: give a quantity'],
    [['--image', busybox, '--timeout', '10'], 2, '--timeout: give a duration'],
    [['--image', busybox, '--bring', '../up'], 2, '--bring: give a path below the working directory'],
    [['--image', busybox, '--server', 'https://127.0.0.1:1'], 2, '--server needs --oidc'],
    [['--image', busybox, '--workdir', '/does/not/exist'], 1, '--workdir: cannot read /does/not/exist'],
    [['--image', busybox, '--namespace', 'nowhere'], 1, 'kubectl create namespace nowhere'],
  ])('%j: says what is wrong and what to do', async (args, code, text) => {
    const ran = await run(...args);
    expect(ran).toMatchObject({ code, stdout: '' });
    expect(ran.stderr).toContain(text);
  });
});
