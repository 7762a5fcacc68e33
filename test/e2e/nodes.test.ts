// What `npm run test:nodes` tries at length, in short, so that every run of all tests has it: machines join with the one line, one on the
// control plane's link and one in another network, their pods reach each other by routes and through WireGuard, and an agent upgrades
// itself under its pods.

import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type InstalledNode, prepareNode } from '../nodes/installed-node.ts';
import { offeredProgram, offerProgram, sha256 } from '../nodes/offered-program.ts';
import { daemonSet, type PlacedPod, type PodTraffic, podTraffic } from '../nodes/pod-traffic.ts';
import { eventually, startCluster, type TestCluster } from '../tools/cluster.ts';
import { createLink, type Link } from '../tools/link.ts';
import { forever, shell, web } from '../tools/manifests.ts';
import { removeAll } from '../tools/remove-all.ts';

describe.skipIf(process.getuid?.() !== 0)('machines of a cluster (needs root)', () => {
  let link: Link;
  let cluster: TestCluster;
  let near: InstalledNode;
  let far: InstalledNode;
  let traffic: PodTraffic;
  let controlPlane = '';

  beforeAll(async () => {
    link = createLink('zpmach', '10.210.95', 2, '10.2.95');
    const [first, second, apart] = link.hosts;
    if (!first || !second || !apart) throw new Error('a link without hosts');
    [near, far] = [prepareNode('near', second), prepareNode('far', apart)];
    cluster = await startCluster('zpmach', '10.210.95', first, '--node-external-ip', '10.210.95.1');
    traffic = podTraffic(cluster);
    controlPlane = (await cluster.read('nodes')).items[0].metadata.name;
    await cluster.apply([
      daemonSet('web', [{ name: 'main', image: web, ports: [{ name: 'http', containerPort: 8080 }] }]),
      daemonSet('client', [shell('main', forever)]),
    ]);
  });
  afterAll(async () => {
    await removeAll([() => near?.remove(), () => far?.remove(), () => cluster?.remove(), () => link?.remove()]);
  });

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
  const routes = async ({ host }: InstalledNode) =>
    (await host.run('ip', 'route', 'show', 'proto', '119')).stdout.split('\n');
  const rangeOf = async (node: string): Promise<string> => (await cluster.read('node', node)).spec.podCIDR;

  it('join with one line each, and run pods', { timeout: 900_000 }, async () => {
    for (const [each, flags] of [
      [near, ''],
      [far, ' --no-auto-upgrade'],
    ] as const) {
      const line = (await cluster.zeroplane('node token')).stdout.trim();
      const { code, stdout, stderr } = await each.install(line + flags);
      expect(code, stdout + stderr).toBe(0);
      await each.loadImages();
    }
    for (const each of ['web', 'client'])
      await cluster.kubectl('rollout', 'status', `daemonset/${each}`, '--timeout=300s');
    expect((await traffic.podsOf('web')).map(({ node }) => node).sort()).toEqual([controlPlane, 'far', 'near'].sort());
  });

  it('reach each other by routes where one link joins them', async () => {
    await reachEachOther(controlPlane, 'near');
    const range = await rangeOf(controlPlane);
    const route = (await routes(near)).find((each) => each.startsWith(`${range} `));
    expect(route).toMatch(/ via 10\.210\.95\.1 dev eth0 /);
  });

  it('and through WireGuard where none does', async () => {
    await reachEachOther(controlPlane, 'far');
    await reachEachOther('near', 'far');
    const range = await rangeOf(controlPlane);
    const route = (await routes(far)).find((each) => each.startsWith(`${range} `));
    expect(route).toMatch(/ dev zp-wg/);
  });

  it('upgrade their agents under their pods, where they are to', { timeout: 900_000 }, async () => {
    const ids = async () => {
      const { items } = await cluster.read('pods');
      return items
        .flatMap((each: { status: { containerStatuses: { containerID: string; restartCount: number }[] } }) =>
          each.status.containerStatuses.map(({ containerID, restartCount }) => `${containerID} ${restartCount}`),
        )
        .sort();
    };
    const before = await ids();
    const newer = Buffer.concat([offeredProgram(cluster), Buffer.from('another version')]);
    offerProgram(cluster, newer);
    await eventually(400, async () => {
      const { items } = await cluster.read('events', '--field-selector', 'reason=AgentUpgraded');
      return items.some((each: { involvedObject: { name: string } }) => each.involvedObject.name === 'near');
    });
    expect(sha256(readFileSync(near.program))).toBe(sha256(newer));
    expect(sha256(readFileSync(far.program))).not.toBe(sha256(newer));
    expect(await ids()).toEqual(before);
    await reachEachOther('near', 'far');
  });
});
