// `zeroplane status`, `doctor`, `logs` and `image` on a cluster with real containers: well, with what is wrong, and with a part that died.

import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ociArchive } from '../../agent/images/oci.ts';
import { busyboxImages } from '../../local/example-images.ts';
import type { Finding } from '../../local/health/finding.ts';
import { eventually, startCluster, type TestCluster } from '../tools/cluster.ts';
import { busybox, startProgram, zeroplaneOn } from './run-tool.ts';

describe.skipIf(process.getuid?.() !== 0)('zeroplane status and doctor (needs root)', () => {
  let cluster: TestCluster;
  let elsewhere: string;
  beforeAll(async () => {
    elsewhere = mkdtempSync(join(tmpdir(), 'zeroplane-health-'));
    cluster = await startCluster('zpcli4', '10.215.4');
  });
  afterAll(async () => {
    rmSync(elsewhere, { recursive: true, force: true });
    await cluster?.remove();
  });

  interface Told {
    readonly code: number | null;
    readonly healthy: boolean;
    readonly findings: readonly Finding[];
  }
  const tell = async (...args: string[]): Promise<Told> => {
    const { code, stdout, stderr } = await startProgram([...zeroplaneOn(cluster), ...args, '-o', 'json'], {}).ended;
    expect(stderr).toBe('');
    return { code, ...JSON.parse(stdout) };
  };
  const here = () => ['--data-dir', cluster.dataDir];
  const from = () => ['--data-dir', elsewhere, '--kubeconfig', cluster.kubeconfig];
  const find = ({ findings }: Told, part: string) => findings.find((each) => each.part === part);

  it('finds a new cluster well: on its machine with its processes, with a kubeconfig from anywhere', async () => {
    const own = await eventually(60, async () => {
      const told = await tell('status', ...here());
      return told.findings.every(({ state }) => state === 'ok') && told;
    });
    expect(own).toMatchObject({ code: 0, healthy: true, port: 6443 });
    const parts = own.findings.map(({ part }) => part);
    for (const each of [
      'control plane',
      'agent',
      'containerd',
      'store',
      'certificates',
      'API server',
      'nodes',
      'pods',
      'queues',
    ])
      expect(parts).toContain(each);
    const other = await tell('status', ...from());
    expect(other).toMatchObject({ code: 0, healthy: true });
    expect(other.findings.map(({ part }) => part)).not.toContain('control plane');
    expect(find(other, 'your certificate')?.message).toMatch(/^good until/);
    const checked = await tell('doctor', 'cluster', ...from());
    expect(checked).toMatchObject({ code: 0, healthy: true });
    expect(find(checked, 'writes')?.message).toMatch(/^taken/);
  });

  it('says of the machine that it can be a node, and is one', async () => {
    const told = await tell('doctor', 'machine', ...here());
    for (const part of ['rights', 'kernel', 'cgroups', 'packages']) expect(find(told, part)?.state, part).toBe('ok');
    expect(find(told, 'ports')?.message).toContain('the agent of this machine');
    const away = await tell('doctor', 'machine', ...here(), '--server', 'https://127.0.0.1:9');
    expect(away.code).toBe(1);
    expect(find(away, 'the API server')?.message).toContain('https://127.0.0.1:9 is not reached');
  });

  it('says which pods wait, and for what', async () => {
    const pod = (name: string, image: string, cpu: string) => ({
      ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name } },
      spec: {
        containers: [
          {
            name: 'main',
            image,
            imagePullPolicy: 'Never',
            command: ['sleep', '1000'],
            resources: { requests: { cpu } },
          },
        ],
      },
    });
    await cluster.apply([pod('large', busybox, '1000'), pod('unknown', 'zeroplane.local/none:1', '1m')]);
    const told = await eventually(60, async () => {
      const now = await tell('status', ...here());
      return find(now, 'pod default/large') && find(now, 'pod default/unknown') && now;
    });
    expect(told.code).toBe(0);
    expect(find(told, 'pod default/large')?.message).toContain('Insufficient cpu');
    expect(find(told, 'pod default/unknown')?.message).toContain('container main: ErrImageNeverPull');
    expect(find(told, 'pod default/unknown')?.next).toBe('kubectl -n default describe pod unknown');
    await cluster.kubectl('delete', 'pods', '--all', '--now');
  });

  it('finds a webhook that nobody answers for', async () => {
    await cluster.apply([
      {
        ...{ apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingWebhookConfiguration' },
        metadata: { name: 'lonely' },
        webhooks: [
          {
            ...{ name: 'lonely.example.com', sideEffects: 'None', admissionReviewVersions: ['v1'] },
            clientConfig: { service: { namespace: 'default', name: 'nobody' } },
            rules: [{ apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['deployments'] }],
          },
        ],
      },
    ]);
    const told = await tell('doctor', 'cluster', ...from());
    expect(told).toMatchObject({ code: 1, healthy: false });
    expect(find(told, 'webhook lonely.example.com')).toMatchObject({
      state: 'fault',
      message: expect.stringContaining('Service default/nobody has no ready pod'),
    });
    await cluster.kubectl('delete', 'validatingwebhookconfiguration', 'lonely');
  });

  it('asks a node, and says which are none', async () => {
    const [name = ''] = (await cluster.kubectl('get', 'nodes', '-o', 'jsonpath={.items[*].metadata.name}')).split(' ');
    const told = await tell('doctor', 'node', name, ...from());
    expect(told.code, JSON.stringify(told.findings)).toBe(0);
    expect(find(told, 'agent')?.message).toContain('answers through the API');
    expect(find(told, 'heartbeat')?.state).toBe('ok');
    const none = await startProgram([...zeroplaneOn(cluster), 'doctor', 'node', 'nobody', ...from()], {}).ended;
    expect(none).toMatchObject({
      code: 1,
      stderr: 'zeroplane: there is no node nobody: `zeroplane node list` says which there are\n',
    });
  });

  it('shows what each part has logged, also while it grows', async () => {
    const shown = (...args: string[]) => startProgram([...zeroplaneOn(cluster), 'logs', ...here(), ...args], {});
    const all = await shown().ended;
    expect(all.code, all.stderr).toBe(0);
    for (const part of ['apiserver', 'agent', 'containerd'])
      expect(all.stdout).toMatch(new RegExp(`^${part} +\\S`, 'm'));
    const raw = await shown('apiserver', '-o', 'json', '--lines', '2').ended;
    const lines = raw.stdout.trim().split('\n');
    expect(lines.length).toBeLessThanOrEqual(2);
    for (const line of lines)
      expect(JSON.parse(line)).toMatchObject({ time: expect.any(Number), msg: expect.any(String) });
    const following = shown('agent', '--follow', '--lines', '0');
    // Its own new file counts as grown.
    const log = join(cluster.dataDir, 'log/agent.log');
    await eventually(60, async () => {
      appendFileSync(log, `${JSON.stringify({ level: 40, time: Date.now(), msg: 'said by the test' })}\n`);
      return Promise.race([
        following.said('WARN  said by the test'),
        new Promise<false>((no) => setTimeout(no, 1000, false)),
      ]);
    });
    following.process.kill('SIGINT');
    expect((await following.ended).code).toBe(0);
    const none = await startProgram([...zeroplaneOn(cluster), 'logs', 'scheduler', '--data-dir', elsewhere], {}).ended;
    expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining('there is no log of scheduler in') });
  });

  it('builds an image by the BuildKit that is there, and lists what the node has', async () => {
    const folder = join(elsewhere, 'context');
    const bin = join(elsewhere, 'bin');
    for (const each of [folder, bin]) mkdirSync(each);
    writeFileSync(join(folder, 'Dockerfile'), 'FROM scratch\n');
    const archive = join(elsewhere, 'made.tar');
    const [image] = busyboxImages;
    const spec = await image?.build(() => {});
    if (!spec) throw new Error('there are images of the examples');
    writeFileSync(archive, ociArchive({ ...spec, name: 'zeroplane.local/built:1' }));
    const build = (...args: string[]) =>
      startProgram(
        [...zeroplaneOn(cluster), 'image', 'build', ...here(), '--tag', 'zeroplane.local/built:1', ...args],
        {
          env: { PATH: `${bin}:${process.env['PATH']}` },
        },
      ).ended;
    const without = await build(folder);
    expect(without.code).toBe(1);
    expect(without.stderr).toContain('no BuildKit answers here');
    // No BuildKit runs where these tests do: what it would write is there already, and that it is asked rightly is looked at here.
    writeFileSync(
      join(bin, 'buildctl'),
      `#!/bin/sh\n[ "$1" = debug ] && exit\necho "$@" > ${elsewhere}/asked\nfor last; do :; done\ncp ${archive} "\${last##*dest=}"\n`,
      { mode: 0o755 },
    );
    const built = await build('--build-arg', 'A=1', '--target', 'web', folder);
    expect(built, built.stderr).toMatchObject({ code: 0, stdout: 'loaded zeroplane.local/built:1\n' });
    expect(readFileSync(join(elsewhere, 'asked'), 'utf8')).toMatch(
      /^build --frontend dockerfile\.v0 --local context=\S+ --local dockerfile=\S+ --opt filename=Dockerfile --opt build-arg:A=1 --opt target=web --output type=oci,name=zeroplane\.local\/built:1,dest=\S+\n$/,
    );
    const listed = await startProgram([...zeroplaneOn(cluster), 'image', 'list', ...here(), '-o', 'json'], {}).ended;
    expect(JSON.parse(listed.stdout)).toContainEqual({ node: expect.any(String), name: 'zeroplane.local/built:1' });
    await eventually(90, async () => {
      const { stdout } = await startProgram([...zeroplaneOn(cluster), 'image', 'list', ...from()], {}).ended;
      return stdout.includes('zeroplane.local/built:1');
    });
  });

  it('says what died, and how to start it again', async () => {
    cluster.kill('agent');
    const told = await eventually(60, async () => {
      const now = await tell('status', ...here());
      return now.code === 1 && now;
    });
    expect(find(told, 'agent')).toMatchObject({ state: 'fault', message: 'stopped' });
    cluster.kill('control-plane');
    const { code, stdout } = await eventually(60, async () => {
      const ran = await startProgram([...zeroplaneOn(cluster), 'status', ...here()], {}).ended;
      return ran.stdout.includes('control plane  FAULT') && ran;
    });
    expect(code).toBe(1);
    expect(stdout).toContain('next: zeroplane up --detach');
    const other = await tell('status', ...from());
    expect(other.code).toBe(1);
    expect(find(other, 'API server')?.state).toBe('fault');
  });
});
