// A machine that joined upgrades its agent by itself while its pods run and are asked, and goes back from one that does not work; needs root.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, startCluster, type TestCluster } from '../tools/cluster.ts';
import { createLink, type Link } from '../tools/link.ts';
import { deployment, forever, pod, service, shell, web } from '../tools/manifests.ts';
import { removeAll } from '../tools/remove-all.ts';
import { type InstalledNode, prepareNode } from './installed-node.ts';
import { offeredProgram, offerProgram, sha256 } from './offered-program.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/workers.md'), 'utf8');
const podCount = 20;

describe.skipIf(process.getuid?.() !== 0)('upgrades of agents (needs root)', () => {
  let link: Link;
  let cluster: TestCluster;
  let workers: readonly InstalledNode[] = [];
  let before: string[];

  beforeAll(async () => {
    link = createLink('zpnup', '10.210.92', 3);
    const [first, ...others] = link.hosts;
    if (!first) throw new Error('a link without hosts');
    workers = others.map((host, at) => prepareNode(`worker-${at + 1}`, host));
    cluster = await startCluster('zpnup', '10.210.92', first);
    for (const [at, flags] of ['', ' --no-auto-upgrade'].entries()) {
      const line = (await cluster.zeroplane('node token')).stdout.trim();
      const { code, stderr } = await worker(at).install(line + flags);
      if (code !== 0) throw new Error(`worker-${at + 1} did not join: ${stderr}`);
      await worker(at).loadImages();
    }
    const ports = [{ name: 'http', containerPort: 8080 }];
    const spec = { nodeName: 'worker-1', terminationGracePeriodSeconds: 1 };
    await cluster.apply([
      service('web', 80, 8080),
      deployment('web', podCount, { ...spec, containers: [{ name: 'main', image: web, ports }] }),
    ]);
    await cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=300s');
    const { clusterIP } = (await cluster.read('service', 'web')).spec;
    // On both sides: each node has rules of its own for the Service.
    const ask = `while true; do timeout 10 wget -q -O /dev/null http://${clusterIP}/ && echo ok || echo lost; done`;
    for (const nodeName of ['worker-1', 'worker-2'])
      await cluster.apply([pod(`asks-${nodeName}`, [shell('main', ask)], { nodeName })]);
    for (const name of ['asks-worker-1', 'asks-worker-2'])
      await cluster.kubectl('wait', '--for=condition=Ready', `pod/${name}`, '--timeout=180s');
    before = await containers();
  });
  afterAll(async () => {
    await removeAll([...workers.map((each) => each.remove), () => cluster?.remove(), () => link?.remove()]);
  });

  const worker = (at: number): InstalledNode => {
    const found = workers[at];
    if (!found) throw new Error(`there is no worker ${at}`);
    return found;
  };
  const documented = (text: string) => expect(page).toContain(text);
  /** What runs, and how often it was started. */
  const containers = async (): Promise<string[]> => {
    const { items } = await cluster.read('pods');
    return items
      .flatMap(
        (each: { status: { containerStatuses: { containerID: string; restartCount: number }[] } }) =>
          each.status.containerStatuses,
      )
      .map((each: { containerID: string; restartCount: number }) => `${each.containerID} ${each.restartCount}`)
      .sort();
  };
  const answers = async () => {
    const logs = await Promise.all(['worker-1', 'worker-2'].map((each) => cluster.kubectl('logs', `asks-${each}`)));
    const lines = logs.join('').split('\n');
    return { ok: lines.filter((each) => each === 'ok').length, lost: lines.filter((each) => each === 'lost').length };
  };
  const events = async (reason: string): Promise<string[]> => {
    const { items } = await cluster.read('events', '--field-selector', `reason=${reason}`);
    return items.map((each: { message: string; involvedObject: { name: string } }) => each.involvedObject.name);
  };
  const current = () => offeredProgram(cluster);
  const offer = (program: Buffer) => offerProgram(cluster, program);
  const installed = (at: number) => sha256(readFileSync(worker(at).program));
  const unharmed = async () => {
    const asked = await answers();
    // Asked on, all along.
    const later = await eventually(180, async () => {
      const now = await answers();
      return now.ok > asked.ok + 20 && now;
    });
    expect(later.lost).toBe(0);
    expect(await containers()).toEqual(before);
    return later.ok;
  };

  it('an agent replaces itself by the one that the control plane offers, and its pods notice nothing', async () => {
    const newer = Buffer.concat([current(), Buffer.from('another version')]);
    offer(newer);
    await eventually(300, async () => (await events('AgentUpgraded')).includes('worker-1'));
    expect(installed(0)).toBe(sha256(newer));
    const answered = await unharmed();
    console.log(`upgrade under ${podCount} pods: 0 restarts, 0 of ${answered} requests lost`);
    expect(installed(1)).not.toBe(sha256(newer));
    const lease = await cluster.read('lease', 'zeroplane-agent-upgrade', '-n', 'kube-system');
    expect(lease.spec.holderIdentity).toBeUndefined();
    // It is the new one that is upgraded next, and started by the service.
    worker(0).kill('agent');
    expect((await worker(0).start()).code).toBe(0);
    await cluster.apply([pod('after-upgrade', [shell('main', forever)], { nodeName: 'worker-1' })]);
    await cluster.kubectl('wait', '--for=condition=Ready', 'pod/after-upgrade', '--timeout=180s');
    await cluster.kubectl('delete', 'pod', 'after-upgrade');
  });

  it.each([
    ['ends', 'exit 1'],
    ['hangs', 'sleep 100000'],
  ])('and goes back from one that %s', async (_, then) => {
    const good = installed(0);
    const failed = (await events('AgentUpgradeFailed')).length;
    offer(Buffer.from(`#!/bin/sh\n[ "$1" != --version ] || exit 0\n${then}\n`));
    await eventually(480, async () => (await events('AgentUpgradeFailed')).length > failed);
    expect(installed(0)).toBe(good);
    await unharmed();
    await cluster.apply([pod('after-failure', [shell('main', forever)], { nodeName: 'worker-1' })]);
    await cluster.kubectl('wait', '--for=condition=Ready', 'pod/after-failure', '--timeout=180s');
    await cluster.kubectl('delete', 'pod', 'after-failure');
  });

  it('is offered the version of the checkout by `up`, and takes it by hand where it is not to by itself', async () => {
    const original = installed(1);
    expect(installed(0)).not.toBe(original);
    documented('npm run up -- --detach');
    const { code, stderr } = await cluster.zeroplane('up', '--detach');
    expect(code, stderr).toBe(0);
    await eventually(300, async () => installed(0) === original);
    await unharmed();
    documented('kubectl get lease -n kube-system zeroplane-agent-upgrade');
    await eventually(180, async () => {
      const lease = await cluster.read('lease', '-n', 'kube-system', 'zeroplane-agent-upgrade');
      return lease.spec.holderIdentity === undefined;
    });
    documented('kubectl get events --field-selector involvedObject.kind=Node');
    expect(await cluster.kubectl('get', 'events', '--field-selector', 'involvedObject.kind=Node')).toContain(
      'AgentUpgradeFailed',
    );

    const other = Buffer.concat([current(), Buffer.from('yet another')]);
    documented('--no-auto-upgrade');
    // Which offers what the checkout makes, as `up` does.
    const line = (await cluster.zeroplane('node token')).stdout.trim();
    offer(other);
    const again = await worker(1).install(line);
    expect(again.code, again.stderr).toBe(0);
    expect(installed(1)).toBe(sha256(other));
    expect(await containers()).toEqual(before);
  });
});
