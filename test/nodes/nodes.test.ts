// A cluster of three machines on one link, each a network namespace with a containerd of its own: they join with the one line, their pods
// reach each other, and they come back from what happens to machines. docs/workers.md has the commands; needs root.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, startCluster, type TestCluster } from '../tools/cluster.ts';
import { createLink, type Link } from '../tools/link.ts';
import { busybox, forever, pod, service, shell, web } from '../tools/manifests.ts';
import { removeAll } from '../tools/remove-all.ts';
import { type InstalledNode, prepareNode } from './installed-node.ts';
import { daemonSet, type PodTraffic, podTraffic } from './pod-traffic.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/workers.md'), 'utf8');

describe.skipIf(process.getuid?.() !== 0)('nodes (needs root)', () => {
  let link: Link;
  let cluster: TestCluster;
  let workers: readonly InstalledNode[] = [];
  let traffic: PodTraffic;

  beforeAll(async () => {
    link = createLink('zpnod', '10.210.90', 3);
    const [first, ...others] = link.hosts;
    if (!first) throw new Error('a link without hosts');
    workers = others.map((host, at) => prepareNode(`worker-${at + 1}`, host));
    cluster = await startCluster('zpnod', '10.210.90', first);
    traffic = podTraffic(cluster);
  });
  afterAll(async () => {
    await removeAll([...workers.map((each) => each.remove), () => cluster?.remove(), () => link?.remove()]);
  });

  /** A command that the page tells people to type, on the control plane's machine. */
  const documented = async (command: string, ...args: string[]) => {
    expect(page).toContain(`\nzeroplane ${command}`);
    const ran = await cluster.zeroplane(command, ...args);
    if (ran.code !== 0) throw new Error(`zeroplane ${command} exited ${ran.code}: ${ran.stderr}`);
    return ran;
  };
  const newLine = async (...args: string[]) => (await documented('node token', ...args)).stdout.trim();
  const worker = (at: number): InstalledNode => {
    const found = workers[at];
    if (!found) throw new Error(`there is no worker ${at}`);
    return found;
  };
  const isReady = async (name: string) => {
    const node = await cluster.read('node', name);
    return node.status.conditions.some(
      (each: { type: string; status: string }) => each.type === 'Ready' && each.status === 'True',
    );
  };
  const containers = async (selector: string) => {
    const { items } = await cluster.read('pods', '-l', selector);
    return items.map(
      (each: { status: { containerStatuses: { containerID: string }[] } }) =>
        each.status.containerStatuses[0]?.containerID,
    );
  };

  it('a machine joins with one line', async () => {
    const line = await newLine();
    // What the page shows is what is printed, with another address and token.
    expect(line).toMatch(
      /^curl -fsSLk --pinnedpubkey 'sha256\/\/[^']+' https:\/\/10\.210\.90\.1:\d+\/install-agent \| ZEROPLANE_TOKEN=\S+ sh -s -- --server https:\/\/10\.210\.90\.1:\d+$/,
    );
    const began = Date.now();
    const { code, stdout, stderr } = await worker(0).install(line);
    expect(code, stdout + stderr).toBe(0);
    expect(stdout).toContain('node worker-1 is Ready');
    console.log(`from the one line to a Ready node, packages present: ${((Date.now() - began) / 1000).toFixed(1)} s`);
    expect((await documented('node list')).stdout).toMatch(/worker-1 +Ready +10\.210\.90\.2/);

    const again = await worker(1).install(line);
    expect(again.code).not.toBe(0);
    expect(again.stderr).toContain('was used up by node "worker-1": make another with `zeroplane node token`');
  });

  it('a token that is wrong, over or of another cluster is refused with what to do, and one that failed is still good', async () => {
    const line = await newLine();
    const attempt = async (from: RegExp | string, to: string) =>
      (await worker(1).install(line.replace(from, to))).stderr;
    expect(await attempt(/TOKEN=\w{6}/, 'TOKEN=zzzzzz')).toMatch(/not known here.*`zeroplane node token`/);
    expect(await attempt(/\.[0-9a-f]{64} /, `.${'0'.repeat(64)} `)).toMatch(
      /of another cluster than https.*zeroplane node token/,
    );
    expect(await attempt(/TOKEN=\S+/, 'TOKEN=nonsense')).toMatch(/none that joins: copy it whole/);
    const over = await newLine('--hours', '0.0003');
    await eventually(180, async () =>
      /(expired|was known|not known).*`zeroplane node token`/s.test((await worker(1).install(over)).stderr),
    );
    // The name is taken: nothing was used up by that.
    const taken = await worker(1).install(line, 'worker-1');
    expect(taken.stderr).toContain('there is a node "worker-1" already: choose another name');
    const { code, stderr } = await worker(1).install(line);
    expect(code, stderr).toBe(0);
  });

  it('pods run on all nodes and reach each other, Services and names, and are reached', async () => {
    for (const each of workers) await each.loadImages();
    await cluster.apply([
      daemonSet('web', [{ name: 'main', image: web, ports: [{ name: 'http', containerPort: 8080 }] }]),
      daemonSet('client', [shell('main', forever)]),
      service('web', 80, 8080),
    ]);
    for (const each of ['web', 'client'])
      await cluster.kubectl('rollout', 'status', `daemonset/${each}`, '--timeout=300s');
    const webs = await traffic.podsOf('web');
    const clients = await traffic.podsOf('client');
    expect(new Set(clients.map(({ node }) => node)).size).toBe(3);
    for (const client of clients) {
      for (const { ip } of webs) await traffic.answers(client.name, `http://${ip}:8080/`);
      await traffic.answers(client.name, 'http://web.default.svc.cluster.local/');
      expect(await cluster.kubectl('exec', client.name, '--', 'cat', '/etc/hostname')).toContain(client.name);
      await cluster.kubectl('logs', client.name);
    }
  });

  it('a NetworkPolicy holds between nodes, by address, by labels of pods and of namespaces, and by names of ports', async () => {
    const [one, two] = await traffic.podsOf('client');
    const target = (await traffic.podsOf('web')).find(({ node }) => node !== one?.node && node !== two?.node);
    if (!one || !two || !target) throw new Error('pods on three nodes are missing');
    const url = `http://${target.ip}:8080/`;
    const enforce = (spec: object) =>
      cluster.apply([
        { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name: 'between' }, spec },
      ]);
    const toWeb = { podSelector: { matchLabels: { app: 'web' } }, policyTypes: ['Ingress'] };
    const refused = (from: string) => traffic.refused(from, url);

    await enforce({ ...toWeb, ingress: [{ from: [{ ipBlock: { cidr: `${one.ip}/32` } }] }] });
    await refused(two.name);
    await traffic.answers(one.name, url);

    await enforce({ ...toWeb, ingress: [{ from: [{ podSelector: { matchLabels: { chosen: 'yes' } } }] }] });
    await refused(one.name);
    await cluster.kubectl('label', 'pod', one.name, 'chosen=yes');
    await traffic.answers(one.name, url);
    await refused(two.name);
    await cluster.kubectl('label', 'pod', one.name, 'chosen-');
    await refused(one.name);

    const team = { namespaceSelector: { matchLabels: { team: 'a' } }, podSelector: { matchLabels: { app: 'client' } } };
    await enforce({ ...toWeb, ingress: [{ from: [team], ports: [{ port: 'http' }] }] });
    await refused(one.name);
    await cluster.kubectl('label', 'namespace', 'default', 'team=a');
    for (const { name } of [one, two]) await traffic.answers(name, url);
    await cluster.kubectl('label', 'namespace', 'default', 'team-');
    await refused(two.name);

    // What a port is called, the pod on the other node says.
    const egress = (port: string) => ({
      podSelector: { matchLabels: { app: 'client' } },
      policyTypes: ['Egress'],
      egress: [{ to: [{ podSelector: { matchLabels: { app: 'web' } } }], ports: [{ port }] }],
    });
    await enforce(egress('other'));
    await refused(one.name);
    await enforce(egress('http'));
    for (const { name } of [one, two]) await traffic.answers(name, url);

    await cluster.kubectl('delete', 'networkpolicy', 'between');
    await traffic.answers(two.name, url);
  });

  it('pods run on when the agent, or containerd too, is killed, and are found again', async () => {
    const before = await containers('app=client');
    worker(0).kill('agent');
    await worker(0).start();
    worker(1).kill('containerd');
    worker(1).kill('agent');
    await worker(1).start();
    await newPodRuns('after-kill', 'worker-1');
    await newPodRuns('after-kill-2', 'worker-2');
    expect(await containers('app=client')).toEqual(before);
  });

  it('a node whose credential ended while it was away comes back by itself', async () => {
    const before = await containers('app=client');
    link.cut(worker(0).host);
    // Whatever they signed is refused now: the node was away for longer than its credential.
    for (const command of ['rotate', 'retire'])
      expect((await cluster.zeroplane(`keys ${command}`, 'service-account')).code).toBe(0);
    await eventually(180, async () => !(await isReady('worker-1')));
    link.heal(worker(0).host);
    await eventually(240, () => isReady('worker-1'));
    await eventually(180, () => isReady('worker-2'));
    await newPodRuns('after-absence', 'worker-1');
    expect(await containers('app=client')).toEqual(before);
  });

  it('a node is drained as budgets allow, removed, and leaves nothing on its machine', async () => {
    await cluster.apply([
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'moves' },
        spec: {
          replicas: 3,
          selector: { matchLabels: { app: 'moves' } },
          template: {
            metadata: { labels: { app: 'moves' } },
            spec: { terminationGracePeriodSeconds: 1, containers: [{ ...shell('main', forever), image: busybox }] },
          },
        },
      },
      {
        apiVersion: 'policy/v1',
        kind: 'PodDisruptionBudget',
        metadata: { name: 'moves' },
        spec: { maxUnavailable: 1, selector: { matchLabels: { app: 'moves' } } },
      },
    ]);
    await cluster.kubectl('rollout', 'status', 'deployment/moves', '--timeout=180s');
    const unmanaged = await cluster.zeroplane('node drain', 'worker-2');
    expect(unmanaged.stderr).toMatch(/--force is needed.*\n.*after-kill-2: nobody makes it again/);
    await documented('node drain', 'worker-2', '--force');
    expect((await traffic.podsOf('moves')).filter(({ node }) => node === 'worker-2')).toEqual([]);
    await documented('node remove', 'worker-2', '--force');
    expect((await cluster.attempt('get', 'node', 'worker-2')).stderr).toContain('NotFound');
    expect(page).toContain('zeroplane agent uninstall');
    const { code, stderr } = await worker(1).uninstall();
    expect(code, stderr).toBe(0);
    expect(await worker(1).leftovers()).toEqual([]);
  });

  const newPodRuns = async (name: string, nodeName: string) => {
    await cluster.apply([pod(name, [shell('main', forever)], { nodeName, terminationGracePeriodSeconds: 1 })]);
    await cluster.kubectl('wait', '--for=condition=Ready', `pod/${name}`, '--timeout=240s');
  };
});
