// What a CSI driver says of itself becomes labels of the node, which the node could not report any more; and one that does not answer is
// waited for by nobody but itself.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type CsiDriver, startCsiDriver } from '../../test/tools/csi-driver.ts';
import { tried } from '../../test/tools/tried.ts';
import { createDrivers, type Driver, type Drivers } from './drivers.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** A node that looks for drivers when it is told to. */
function node(publish: (drivers: readonly Driver[]) => Promise<void> = async () => {}) {
  const kubeletDir = mkdtempSync(join(tmpdir(), 'zp-csi-'));
  const registry = join(kubeletDir, 'plugins_registry');
  mkdirSync(registry);
  const log = { info() {}, warn() {}, error() {}, debug() {} };
  const drivers: Drivers = createDrivers({ registry, publish, log });
  ends.push(
    () => rmSync(kubeletDir, { recursive: true, force: true }),
    () => drivers.stop(),
  );
  const start = async (name: string, topology: Record<string, string> = {}): Promise<CsiDriver> => {
    const driver = await startCsiDriver({ name, kubeletDir, nodeId: 'n', topology });
    ends.push(() => driver.stop());
    return driver;
  };
  return { registry, drivers, start };
}

const labels = (count: number, prefix: string) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`${prefix}.example/l${i}`, 'x']));

describe('the topology of a CSI driver', () => {
  it('is refused where the node could not say it of itself', async () => {
    const { drivers, start } = node();
    const hostile: Record<string, string>[] = [
      { 'a b': 'x' },
      { 'zone.example/a/b': 'x' },
      { '../../etc': 'x' },
      { zone: 'no spaces' },
      { zone: 'x'.repeat(64) },
      { ['z'.repeat(64)]: 'x' },
      { 'node-role.kubernetes.io/control-plane': '' },
      { 'network.node-restriction.kubernetes.io/hub': 'true' },
      { 'kubernetes.io/role': 'x' },
      labels(201, 'many'),
    ];
    for (const [i, topology] of hostile.entries()) {
      const driver = await start(`hostile-${i}.example`, topology);
      await drivers.look();
      expect(drivers.all()).toEqual([]);
      expect(driver.registered).toContain(false);
      tried('topologies of hostile drivers');
      await driver.stop();
      await drivers.look();
    }
    await start('good.example', { 'topology.kubernetes.io/zone': 'a', 'good.example/rack': '1' });
    await drivers.look();
    expect(drivers.get('good.example')?.node.topology).toEqual({
      'topology.kubernetes.io/zone': 'a',
      'good.example/rack': '1',
    });
  });

  it('does not say otherwise than another driver, and all have room together', async () => {
    const { drivers, start } = node();
    await start('a.example', { 'topology.kubernetes.io/zone': 'a', ...labels(150, 'a') });
    await drivers.look();
    await start('b.example', { 'topology.kubernetes.io/zone': 'b' });
    await start('c.example', labels(100, 'c'));
    await start('d.example', { 'topology.kubernetes.io/zone': 'a', ...labels(40, 'd') });
    await drivers.look();
    expect(drivers.all().map(({ name }) => name)).toEqual(['a.example', 'd.example']);
    tried('topologies of hostile drivers', 2);
  });
});

describe('a plugin that does not answer', () => {
  it('holds up no other, and what is published last is what there is', async () => {
    let published: readonly string[] = [];
    const { registry, drivers, start } = node(async (all) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      published = all.map(({ name }) => name).sort();
    });
    for (let i = 0; i < 5; i++) {
      const silent = net.createServer(() => {});
      await new Promise<void>((resolve) => void silent.listen(join(registry, `a-silent-${i}.sock`), resolve));
      ends.push(() => silent.close());
      tried('plugins that do not answer');
    }
    const names = ['x.example', 'y.example', 'z.example'];
    for (const name of names) await start(name);
    await drivers.look();
    expect(
      drivers
        .all()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(names);
    expect(published).toEqual(names);
  });
});
