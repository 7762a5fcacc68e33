import { afterEach, describe, expect, it } from 'vitest';
import { openTestRegistry, type TestRegistry } from '../../../registry/testing.ts';

let t: TestRegistry;

async function open(serviceCIDR: string): Promise<void> {
  t = await openTestRegistry({ serviceCIDR });
  await t.namespace('default');
}
afterEach(() => t.close());

const one = '10.96.0.0/24';
const both = '10.96.0.0/24,fd00:96::/112';
const four = expect.stringMatching(/^10\.96\.0\./);
const six = expect.stringMatching(/^fd00:96::/);

const make = async (name: string, spec: object = {}) =>
  (await t.create('services', 'default', { metadata: { name }, spec: { ports: [{ port: 80 }], ...spec } }))['spec'];
const change = async (name: string, spec: object) =>
  (await t.registry.patch(t.context, t.target('services', 'default', name), 'merge', { spec })).object['spec'];
const taken = async () => {
  const { entries } = await t.registry.list(t.context, t.target('networking.k8s.io/ipaddresses'), {});
  return entries.length;
};

describe('a Service in a cluster of one family', () => {
  it('has that one, prefers two in vain, and is refused what it demands of the other', async () => {
    await open(one);
    expect(await make('plain')).toMatchObject({ ipFamilyPolicy: 'SingleStack', ipFamilies: ['IPv4'] });
    expect(await make('prefers', { ipFamilyPolicy: 'PreferDualStack' })).toMatchObject({
      ipFamilies: ['IPv4'],
      clusterIPs: [four],
    });
    await expect(make('demands', { ipFamilyPolicy: 'RequireDualStack' })).rejects.toThrow(
      /spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services/,
    );
    await expect(make('six', { ipFamilies: ['IPv6'] })).rejects.toThrow(
      /spec.ipFamilies\[0\]: Invalid value: "IPv6": not configured on this cluster/,
    );
    await expect(make('address', { clusterIP: 'fd00:96::9' })).rejects.toThrow(
      /spec.ipFamilies\[0\]: Invalid value: "IPv6": not configured on this cluster/,
    );
  });

  it('may have both where it is headless and has no selector: who writes its endpoints knows', async () => {
    await open(one);
    const free = { ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv4', 'IPv6'] };
    expect(await make('free', { clusterIP: 'None' })).toMatchObject(free);
    const chosen = { clusterIP: 'None', selector: { app: 'x' } };
    expect(await make('chosen', chosen)).toMatchObject({ ipFamilyPolicy: 'SingleStack', ipFamilies: ['IPv4'] });
    await expect(make('both', { ...chosen, ipFamilyPolicy: 'RequireDualStack' })).rejects.toThrow(/not configured/);
  });
});

describe('a Service in a cluster of both families', () => {
  it('has the first alone unless it says otherwise, in the order that it says', async () => {
    await open(both);
    expect(await make('plain')).toMatchObject({ ipFamilies: ['IPv4'], clusterIPs: [four] });
    for (const ipFamilyPolicy of ['PreferDualStack', 'RequireDualStack'])
      expect(await make(ipFamilyPolicy.toLowerCase(), { ipFamilyPolicy })).toMatchObject({
        ipFamilies: ['IPv4', 'IPv6'],
        clusterIPs: [four, six],
      });
    expect(await make('six', { ipFamilies: ['IPv6'] })).toMatchObject({ clusterIP: six, clusterIPs: [six] });
    expect(await make('first-six', { ipFamilies: ['IPv6'], ipFamilyPolicy: 'PreferDualStack' })).toMatchObject({
      ipFamilies: ['IPv6', 'IPv4'],
      clusterIPs: [six, four],
    });
    expect(await make('asked', { clusterIP: 'fd00:96::77' })).toMatchObject({ ipFamilies: ['IPv6'] });
    const pair = { clusterIP: '10.96.0.77', clusterIPs: ['10.96.0.77', 'fd00:96::78'] };
    expect(await make('pair', { ...pair, ipFamilyPolicy: 'PreferDualStack' })).toMatchObject({
      ...pair,
      ipFamilies: ['IPv4', 'IPv6'],
    });
    await expect(make('no-word', pair)).rejects.toThrow(/when multiple cluster IPs are specified/);
    const headless = { clusterIP: 'None', selector: { app: 'x' }, ipFamilyPolicy: 'RequireDualStack' };
    expect(await make('headless', headless)).toMatchObject({ ipFamilies: ['IPv4', 'IPv6'], clusterIPs: ['None'] });
  });

  it('is refused two addresses of one family, `None` beside another, and an address in the wrong place', async () => {
    await open(both);
    const ipFamilyPolicy = 'RequireDualStack';
    await expect(
      make('a', { ipFamilyPolicy, clusterIP: '10.96.0.7', clusterIPs: ['10.96.0.7', '10.96.0.8'] }),
    ).rejects.toThrow(/may specify no more than one IP for each IP family/);
    await expect(make('b', { ipFamilyPolicy, clusterIP: 'None', clusterIPs: ['None', 'fd00:96::8'] })).rejects.toThrow(
      /'None' must be the first and only value/,
    );
    await expect(make('c', { ipFamilies: ['IPv6'], clusterIP: '10.96.0.7' })).rejects.toThrow(
      /expected an IPv6 value as indicated by `ipFamilies\[0\]`/,
    );
  });

  it('gets its second family and gives it back with its address, and keeps the first', async () => {
    await open(both);
    await make('s');
    const up = await change('s', { ipFamilyPolicy: 'PreferDualStack' });
    expect(up).toMatchObject({ ipFamilies: ['IPv4', 'IPv6'], clusterIPs: [four, six] });
    expect(await taken()).toBe(2);
    const [first = '', second = ''] = (up as { clusterIPs: string[] }).clusterIPs;
    await expect(change('s', { ipFamilies: ['IPv6', 'IPv4'] })).rejects.toThrow(
      /spec.clusterIPs\[0\].*expected an IPv6 value as indicated by `ipFamilies\[0\]`/,
    );
    await expect(change('s', { clusterIPs: [first, 'fd00:96::99'] })).rejects.toThrow(
      /spec.clusterIPs\[1\].*may not change once set/,
    );
    await expect(change('s', { clusterIPs: [first] })).rejects.toThrow(
      /must be set to 'SingleStack' when releasing the secondary clusterIP/,
    );
    await expect(change('s', { ipFamilies: ['IPv4'] })).rejects.toThrow(
      /must be set to 'SingleStack' when releasing the secondary ipFamily/,
    );
    // A client that knows nothing of families changes nothing of them.
    expect(await change('s', { sessionAffinity: 'ClientIP' })).toMatchObject({ clusterIPs: [first, second] });
    expect(await change('s', { ipFamilyPolicy: 'SingleStack' })).toMatchObject({
      ipFamilies: ['IPv4'],
      clusterIPs: [first],
    });
    expect(await taken()).toBe(1);
    // The second may be asked for by its address.
    const again = { ipFamilyPolicy: 'RequireDualStack', clusterIPs: [first, second] };
    expect(await change('s', again)).toMatchObject({ ipFamilies: ['IPv4', 'IPv6'], clusterIPs: [first, second] });
    await change('s', { type: 'ExternalName', externalName: 'example.org', clusterIP: null, clusterIPs: null });
    expect(await taken()).toBe(0);
  });

  it('that prefers two stays as it is when its cluster comes to have another number of them', async () => {
    await open(one);
    await make('s', { ipFamilyPolicy: 'PreferDualStack' });
    const { store, replicas } = t;
    const later = await openTestRegistry({ serviceCIDR: both, store, replicas });
    const target = later.target('services', 'default', 's');
    const touched = await later.registry.patch(later.context, target, 'merge', { metadata: { labels: { a: 'b' } } });
    expect(touched.object['spec']).toMatchObject({ ipFamilies: ['IPv4'], clusterIPs: [four] });
    const moved = await later.registry.patch(later.context, target, 'merge', {
      spec: { ipFamilyPolicy: 'RequireDualStack' },
    });
    expect(moved.object['spec']).toMatchObject({ ipFamilies: ['IPv4', 'IPv6'] });
    await later.close();
  });
});
