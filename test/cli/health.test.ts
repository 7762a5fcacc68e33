// `zeroplane status` and `zeroplane doctor` on a cluster with real containers: well, with what is wrong, and with a part that died.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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
