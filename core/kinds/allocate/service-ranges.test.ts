import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openTestRegistry, type TestRegistry } from '../../registry/testing.ts';

const ranges = 'networking.k8s.io/servicecidrs';
let t: TestRegistry;

beforeEach(async () => {
  // Two addresses.
  t = await openTestRegistry({ serviceCIDR: '10.0.0.0/30' });
  await t.namespace('default');
});

afterEach(() => t.close());

async function reopen(serviceCIDR: string): Promise<void> {
  await t.close();
  t = await openTestRegistry({ serviceCIDR });
  await t.namespace('default');
}

async function addressOf(name: string, spec: object = {}): Promise<string> {
  const made = await t.create('services', 'default', { metadata: { name }, spec: { ports: [{ port: 80 }], ...spec } });
  return (made['spec'] as { clusterIP: string }).clusterIP;
}

async function addRange(name: string, cidrs: string[], ready = true): Promise<void> {
  await t.create(ranges, '', { metadata: { name }, spec: { cidrs } });
  if (!ready) return;
  const conditions = [{ type: 'Ready', status: 'True' }];
  await t.registry.patch(t.context, t.target(ranges, '', name, 'status'), 'merge', { status: { conditions } });
}

describe('cluster IPs', () => {
  it('come from a second range when the first is full, once that is ready', async () => {
    await addRange('kubernetes', ['10.0.0.0/30'], false);
    expect([await addressOf('a'), await addressOf('b')].sort()).toEqual(['10.0.0.1', '10.0.0.2']);
    await expect(addressOf('c')).rejects.toThrow(/range is full/);
    await addRange('more', ['10.1.0.0/30'], false);
    await expect(addressOf('c')).rejects.toThrow(/range is full/);
    const conditions = [{ type: 'Ready', status: 'True' }];
    await t.registry.patch(t.context, t.target(ranges, '', 'more', 'status'), 'merge', { status: { conditions } });
    expect(await addressOf('c')).toMatch(/^10\.1\.0\.[12]$/);
  });

  it('may be asked for in any ready range, and in no other', async () => {
    await addRange('more', ['10.1.0.0/24']);
    expect(await addressOf('a', { clusterIP: '10.1.0.77' })).toBe('10.1.0.77');
    await expect(addressOf('b', { clusterIP: '10.2.0.1' })).rejects.toThrow(
      /the provided IP \(10\.2\.0\.1\) is not in the valid range. The range of valid IPs is 10\.0\.0\.0\/30,10\.1\.0\.0\/24/,
    );
    await expect(addressOf('c', { clusterIP: '10.1.0.77' })).rejects.toThrow(/provided IP is already allocated/);
  });

  it('are not taken from a range that is going, and two of one service come from two families', async () => {
    await reopen('10.0.0.0/30,2001:db8:5::/126');
    await addRange('more', ['10.1.0.0/24', '2001:db8::/112']);
    const both = { ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv4', 'IPv6'] };
    const made = await t.create('services', 'default', {
      metadata: { name: 'two' },
      spec: { ports: [{ port: 1 }], ...both },
    });
    expect(made['spec']).toMatchObject({ clusterIPs: [expect.any(String), expect.stringMatching(/^2001:db8:/)] });
    const target = t.target(ranges, '', 'more');
    await t.registry.patch(t.context, target, 'merge', { metadata: { finalizers: ['example.com/held'] } });
    await t.registry.delete(t.context, target);
    await expect(addressOf('late', { clusterIP: '10.1.0.99' })).rejects.toThrow(/not in the valid range/);
  });
});
