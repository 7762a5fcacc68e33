import { describe, expect, it } from 'vitest';
import { ipAddressRepairController } from './ip-address-repair.ts';
import { serviceCIDRController } from './service-cidr.ts';
import { TestCluster } from './testing/cluster.ts';

const ranges = 'networking.k8s.io/servicecidrs';
const addresses = 'networking.k8s.io/ipaddresses';
const finalizer = 'networking.k8s.io/service-cidr-finalizer';

function range(name: string, ...cidrs: string[]) {
  return { apiVersion: 'networking.k8s.io/v1', kind: 'ServiceCIDR', metadata: { name }, spec: { cidrs } };
}

function address(name: string, service = 'web') {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IPAddress',
    metadata: { name, labels: { 'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io' } },
    spec: { parentRef: { group: '', resource: 'services', namespace: 'default', name: service } },
  };
}

function service(name: string, ...clusterIPs: string[]) {
  const metadata = { name, namespace: 'default' };
  return { apiVersion: 'v1', kind: 'Service', metadata, spec: { clusterIPs, clusterIP: clusterIPs[0] } };
}

function deleted(each: TestCluster, name: string) {
  each.change(ranges, '', name, ({ metadata }) => {
    metadata.deletionTimestamp = new Date(each.now).toISOString();
  });
}

const readyOf = (each: TestCluster, name: string) => each.state.get(ranges, '', name)?.status?.conditions?.[0];

describe('a ServiceCIDR', () => {
  it('is held by its finalizer, and then ready', async () => {
    const each = new TestCluster([serviceCIDRController]);
    each.put(range('more', '10.1.0.0/24'));
    await each.settle();
    expect(each.state.get(ranges, '', 'more')?.metadata.finalizers).toEqual([finalizer]);
    expect(readyOf(each, 'more')).toMatchObject({ type: 'Ready', status: 'True' });
  });

  it('goes after its grace when nothing of it is taken', async () => {
    const each = new TestCluster([serviceCIDRController]);
    each.put(range('more', '10.1.0.0/24'));
    await each.settle();
    deleted(each, 'more');
    await each.settle();
    expect(readyOf(each, 'more')).toMatchObject({ status: 'False', reason: 'Terminating' });
    each.advance(10_000);
    await each.settle();
    expect(each.state.get(ranges, '', 'more')).toBeUndefined();
  });

  it('stays while an address of it is taken, unless another range has that one too', async () => {
    const each = new TestCluster([serviceCIDRController]);
    each.put(range('more', '10.1.0.0/24'));
    each.put(address('10.1.0.9'));
    await each.settle();
    deleted(each, 'more');
    each.advance(60_000);
    await each.settle();
    expect(each.state.get(ranges, '', 'more')?.metadata.finalizers).toEqual([finalizer]);
    each.put(range('wider', '10.1.0.0/16'));
    await each.settle();
    each.advance(10_000);
    await each.settle();
    expect(each.state.list(ranges).map(({ metadata }) => metadata.name)).toEqual(['wider']);
  });

  it('goes when its last address does', async () => {
    const each = new TestCluster([serviceCIDRController]);
    each.put(range('more', '2001:db8::/112'));
    each.put(address('2001:db8::9'));
    await each.settle();
    deleted(each, 'more');
    each.advance(60_000);
    await each.settle();
    each.remove(addresses, '', '2001:db8::9');
    await each.settle();
    expect(each.state.get(ranges, '', 'more')).toBeUndefined();
  });
});

describe('IPAddresses', () => {
  const names = (each: TestCluster) => each.state.list(addresses).map(({ metadata }) => metadata.name);

  it('are made again for a Service that has them', async () => {
    const each = new TestCluster([ipAddressRepairController]);
    each.put(service('web', '10.0.0.7', '2001:db8::7'));
    await each.settle();
    expect(names(each).sort()).toEqual(['10.0.0.7', '2001:db8::7']);
    each.remove(addresses, '', '10.0.0.7');
    await each.settle();
    expect(each.state.get(addresses, '', '10.0.0.7')?.spec?.parentRef).toEqual({
      group: '',
      resource: 'services',
      namespace: 'default',
      name: 'web',
    });
  });

  it('of no Service go after a minute, and those that others keep stay', async () => {
    const each = new TestCluster([ipAddressRepairController]);
    each.put(service('web', '10.0.0.7'));
    each.put(address('10.0.0.8'));
    each.put({ ...address('10.0.0.9'), metadata: { name: '10.0.0.9' } });
    await each.settle();
    expect(names(each)).toHaveLength(3);
    each.advance(60_000);
    await each.settle();
    expect(names(each).sort()).toEqual(['10.0.0.7', '10.0.0.9']);
    expect(each.events.map(({ reason }) => reason)).toEqual(['IPAddressNotAllocated']);
  });
});
