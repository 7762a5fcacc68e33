// A cluster whose machines stand apart: the control plane at a public address, a worker in another subnet behind a router, and two behind NATs
// whose inner networks are the same. Nothing routes pods' addresses between them; needs root.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, startCluster, type TestCluster } from '../tools/cluster.ts';
import { forever, service, shell, web } from '../tools/manifests.ts';
import { removeAll } from '../tools/remove-all.ts';
import { createSites, type Sites } from '../tools/sites.ts';
import { type InstalledNode, prepareNode } from './installed-node.ts';
import { daemonSet, type PlacedPod, type PodTraffic, podTraffic } from './pod-traffic.ts';
import { tunnelPeers } from './tunnel-peers.ts';

describe.skipIf(process.getuid?.() !== 0)('nodes in several networks (needs root)', () => {
  let sites: Sites;
  let cluster: TestCluster;
  let workers: readonly InstalledNode[] = [];
  let traffic: PodTraffic;
  let controlPlane = '';

  beforeAll(async () => {
    sites = createSites('zpovl', [
      { network: '203.0.113' },
      { network: '10.1.0' },
      { network: '192.168.1', behind: '198.51.100' },
      { network: '192.168.1', behind: '192.0.2' },
    ]);
    const [first, ...others] = sites.hosts;
    if (!first) throw new Error('no sites');
    const names = ['annex', 'office', 'home'];
    workers = others.map((host, at) => prepareNode(names[at] ?? '', host));
    cluster = await startCluster('zpovl', '203.0.113', first, '--node-external-ip', '203.0.113.1');
    traffic = podTraffic(cluster);
    const { items } = await cluster.read('nodes');
    controlPlane = items[0].metadata.name;
    expect(items[0].status.addresses).toContainEqual({ type: 'ExternalIP', address: '203.0.113.1' });
    await cluster.apply([
      daemonSet('web', [{ name: 'main', image: web, ports: [{ name: 'http', containerPort: 8080 }] }]),
      daemonSet('client', [shell('main', forever)]),
      service('web', 80, 8080),
    ]);
  });
  afterAll(async () => {
    await removeAll([...workers.map((each) => each.remove), () => cluster?.remove(), () => sites?.remove()]);
  });

  const join = async (name: string) => {
    const worker = workers.find((each) => each.name === name);
    if (!worker) throw new Error(`there is no worker ${name}`);
    const line = (await cluster.zeroplane('node token')).stdout.trim();
    const { code, stdout, stderr } = await worker.install(line);
    expect(code, stdout + stderr).toBe(0);
    await worker.loadImages();
    for (const each of ['web', 'client'])
      await cluster.kubectl('rollout', 'status', `daemonset/${each}`, '--timeout=300s');
    return worker;
  };
  const on = (pods: readonly PlacedPod[], node: string): PlacedPod => {
    const found = pods.find((each) => each.node === node);
    if (!found) throw new Error(`no pod on ${node}`);
    return found;
  };
  /** Each way, by address. */
  const reachEachOther = async (one: string, other: string) => {
    const [clients, webs] = [await traffic.podsOf('client'), await traffic.podsOf('web')];
    await traffic.answers(on(clients, one).name, `http://${on(webs, other).ip}:8080/`);
    await traffic.answers(on(clients, other).name, `http://${on(webs, one).ip}:8080/`);
  };
  const condition = async (node: string) => {
    const { status } = await cluster.read('node', node);
    return status.conditions.find((each: { type: string }) => each.type === 'NetworkUnavailable');
  };

  it('pods reach each other between two subnets whose router knows no pods, by address, Service and name, in large packets too', async () => {
    const worker = await join('annex');
    await reachEachOther(controlPlane, 'annex');
    const { stdout: routes } = await worker.host.run('ip', 'route', 'show', 'proto', '119');
    expect(routes).toMatch(/^10\.244\.\d+\.0\/24 dev zp-wg[0-9a-f]{4} .*src 10\.244\.\d+\.1/m);
    const clients = await traffic.podsOf('client');
    const webs = await traffic.podsOf('web');
    // Either endpoint answers, and each node has one: a dozen asks for both.
    for (const { name } of clients)
      for (let ask = 0; ask < 12; ask += 1) await traffic.answers(name, 'http://web.default.svc.cluster.local/');
    // What the node says itself: by an address that the other side takes, and larger than a packet.
    const { ip } = on(webs, controlPlane);
    const ask = () => worker.host.run('curl', '-sS', '--max-time', '10', `http://${ip}:8080/`);
    await eventually(180, async () => (await ask()).stdout.includes('works'));
    const receiver = on(clients, controlPlane);
    await traffic.carries(on(clients, 'annex').name, receiver.name, receiver.ip);
  });

  it('a NetworkPolicy holds over WireGuard, by the addresses that pods have', async () => {
    const clients = await traffic.podsOf('client');
    const target = `http://${on(await traffic.podsOf('web'), controlPlane).ip}:8080/`;
    const { name } = on(clients, 'annex');
    const from = [{ podSelector: { matchLabels: { chosen: 'yes' } } }];
    await cluster.apply([
      {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata: { name: 'web' },
        spec: { podSelector: { matchLabels: { app: 'web' } }, ingress: [{ from }] },
      },
    ]);
    await traffic.refused(name, target);
    await cluster.kubectl('label', 'pod', name, 'chosen=yes');
    await traffic.answers(name, target);
    await cluster.kubectl('delete', 'networkpolicy', 'web');
    await traffic.answers(on(clients, controlPlane).name, target);
  });

  it('who has taken a node over gets through another to pods, and to nothing else', async () => {
    const [routed] = workers;
    const [first] = sites.hosts;
    if (!routed || !first) throw new Error('no worker');
    // An address that stands for the network behind the other node.
    const out = '203.0.113.77';
    await first.run('ip', 'addr', 'add', `${out}/32`, 'dev', 'lo');
    const { stdout } = await routed.host.run('ip', 'route', 'show', 'proto', '119');
    const [, range = '', device = '', own = ''] = /^(10\.244\S+) dev (zp-wg\S+) .*src (\S+)/m.exec(stdout) ?? [];
    const [key = ''] = (await routed.host.run('wg', 'show', device, 'peers')).stdout.split('\n');
    const allow = (ranges: string) => routed.host.run('wg', 'set', device, 'peer', key, 'allowed-ips', ranges);
    await allow(`${range},${out}/32`);
    await routed.host.run('ip', 'route', 'add', `${out}/32`, 'dev', device, 'src', own);
    const goesOut = async () => (await routed.host.run('busybox', 'ping', '-c1', '-W2', out)).code === 0;
    await eventually(180, async () => {
      // It would, if nothing held it.
      await first.run('nft', 'delete', 'table', 'inet', 'zeroplane-guard');
      return goesOut();
    });
    await eventually(120, async () => !(await goesOut()));
    expect((await first.run('nft', 'list', 'tables')).stdout).toContain('zeroplane-guard');
    await routed.host.run('ip', 'route', 'del', `${out}/32`, 'dev', device);
    await first.run('ip', 'addr', 'del', `${out}/32`, 'dev', 'lo');
    await allow(range);
    await reachEachOther(controlPlane, 'annex');
  });

  it('a node behind NAT and one at a public address reach each other', async () => {
    await join('office');
    await reachEachOther(controlPlane, 'office');
    expect((await cluster.read('node', 'office')).metadata.annotations['zeroplane.dev/seen-from']).toBe('198.51.100.1');
  });

  it('of two behind NATs that nothing connects the cluster is told, and what to do', async () => {
    await join('home');
    await reachEachOther(controlPlane, 'home');
    const message = await eventually(240, async () => {
      const { items } = await cluster.read('events', '--field-selector', 'reason=PodNetworkUnreachable');
      const texts = items.map((each: { message: string }) => each.message);
      return texts.find((text: string) => /pods of node office are not reached from node home/.test(text));
    });
    expect(message).toContain('network.node-restriction.kubernetes.io/hub=true');
    expect(message).toContain('198.51.100.1');
    await eventually(120, async () => (await condition('home'))?.status === 'True');
    const clients = await traffic.podsOf('client');
    const { ip } = on(await traffic.podsOf('web'), 'home');
    expect(await traffic.fetch(on(clients, 'office').name, `http://${ip}:8080/`)).toBeUndefined();
  });

  it('they reach each other through a node that is made a hub, and the cluster is told', async () => {
    await cluster.kubectl('label', 'node', controlPlane, 'network.node-restriction.kubernetes.io/hub=true');
    await reachEachOther('office', 'home');
    await reachEachOther('annex', 'home');
    await reachEachOther(controlPlane, 'home');
    for (const node of ['home', 'office'])
      await eventually(120, async () => (await condition(node))?.status === 'False');
  });

  it('another hub takes over from one that fails', async () => {
    const [annex] = workers;
    if (!annex) throw new Error('no worker');
    const label = (node: string, value: string) =>
      cluster.kubectl('label', 'node', node, `network.node-restriction.kubernetes.io/hub${value}`);
    // Reached from the others, it says so by the line that is typed once more.
    const line = (await cluster.zeroplane('node token')).stdout.trim();
    const { code, stderr } = await annex.install(`${line} --node-external-ip 10.1.0.1`);
    expect(code, stderr).toBe(0);
    await label('annex', '=true');
    await label(controlPlane, '-');
    const usesHub = async (node: string, range: string, hub: string) => {
      const found = workers.find(({ name }) => name === node);
      const peers = found ? await tunnelPeers(found.host) : [];
      return peers.find(({ ranges }) => ranges.includes(range))?.endpoint === `${hub}:51820`;
    };
    const home = (await cluster.read('node', 'home')).spec.podCIDR;
    await eventually(120, () => usesHub('office', home, '10.1.0.1'));
    await reachEachOther('office', 'home');

    await label(controlPlane, '=true');
    // The first by name stays what is gone through.
    expect(['annex', controlPlane].sort()[0]).toBe('annex');
    const ruleset = (hook: string) =>
      `add table inet cut; add chain inet cut ${hook} { type filter hook ${hook} priority -300; policy drop; }`;
    for (const hook of ['input', 'output', 'forward']) await annex.host.run('nft', ruleset(hook));
    await eventually(240, () => usesHub('office', home, '203.0.113.1'));
    await reachEachOther('office', 'home');
    await annex.host.run('nft', 'delete', 'table', 'inet', 'cut');
    await eventually(240, () => usesHub('office', home, '10.1.0.1'));
    await reachEachOther('office', 'home');
    await reachEachOther(controlPlane, 'annex');
  });

  it('connections outlive the agent, and nothing is left of a node that goes', async () => {
    const [routed] = workers;
    if (!routed) throw new Error('no worker');
    routed.kill('agent');
    const { ip } = on(await traffic.podsOf('web'), 'annex');
    await traffic.answers(on(await traffic.podsOf('client'), controlPlane).name, `http://${ip}:8080/`);
    await routed.start();
    await reachEachOther(controlPlane, 'annex');
    await cluster.zeroplane('node drain', 'annex', '--force');
    await cluster.zeroplane('node remove', 'annex', '--force');
    const { code, stderr } = await routed.uninstall();
    expect(code, stderr).toBe(0);
    expect(await routed.leftovers()).toEqual([]);
  });
});
