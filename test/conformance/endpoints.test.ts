// Where Services lead, and where their addresses come from: over a cluster with its controllers.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Body } from './cluster/client.ts';
import { type Cluster, openCluster } from './cluster/cluster.ts';
import { pathsOf, pod } from './cluster/objects.ts';
import { conformance } from './conformance.ts';

let cluster: Cluster;
let client: Cluster['client'];

beforeAll(async () => {
  cluster = await openCluster({ nodes: [{ name: 'n1' }] });
  client = cluster.client;
});

afterAll(async () => {
  await cluster.close();
});

const fresh = async () => {
  const namespace = await cluster.namespace();
  return {
    namespace,
    ...pathsOf(namespace),
    endpoints: `/api/v1/namespaces/${namespace}/endpoints`,
    slices: `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`,
  };
};

const service = (
  name: string,
  selector: Record<string, string>,
  ports: object[] = [{ port: 80, targetPort: 8080 }],
) => ({
  metadata: { name },
  spec: { selector, ports },
});
const ofService = (name: string) => `labelSelector=kubernetes.io%2Fservice-name%3D${name}`;
const addresses = (slices: readonly Body[]): string[] =>
  slices.flatMap((slice) => slice.endpoints ?? []).flatMap((each: { addresses: string[] }) => each.addresses);
const addressesOf = (endpoints: Body): string[] =>
  (endpoints.subsets ?? []).flatMap((each: { addresses?: { ip: string }[] }) =>
    (each.addresses ?? []).map(({ ip }) => ip),
  );

describe('endpoints', () => {
  const withoutPods = async (read: (paths: Awaited<ReturnType<typeof fresh>>) => Promise<void>) => {
    const paths = await fresh();
    await client.create(paths.services, service('empty', { does: 'not-match' }));
    await read(paths);
    await client.delete(`${paths.services}/empty`);
    await client.whenAll(paths.slices, ofService('empty'), 'no slice is left', (items) => items.length === 0);
    await client.whenAll(paths.endpoints, '', 'no endpoints are left', (items) => items.length === 0);
  };

  conformance(
    'EndpointSlice should create and delete EndpointSlices for a Service with a selector that matches no pods',
    () =>
      withoutPods(async ({ slices }) => {
        const [slice] = await client.whenAll(slices, ofService('empty'), 'a slice', (items) => items.length === 1);
        expect(slice.endpoints ?? []).toEqual([]);
      }),
  );

  conformance(
    'EndpointsController should create and delete Endpoints for a Service with a selector that matches no pods',
    () =>
      withoutPods(async ({ endpoints }) => {
        const [found] = await client.whenAll(endpoints, '', 'endpoints', (items) => items.length === 1);
        expect(found).toMatchObject({ metadata: { name: 'empty' } });
        expect(addressesOf(found)).toEqual([]);
      }),
  );

  /** Two pods, of which one Service takes both and another only the first. */
  const withPods = async () => {
    const paths = await fresh();
    const port = { name: 'example-name', containerPort: 3000 };
    for (const [name, label] of [
      ['pod1', 'one'],
      ['pod2', 'two'],
    ] as const)
      await client.create(
        paths.pods,
        pod(name, { labels: { app: 'both', which: label }, container: { ports: [port] } }),
      );
    const ports = [{ name: 'example', port: 80, targetPort: 'example-name', protocol: 'TCP' }];
    await client.create(paths.services, service('one', { which: 'one' }, ports));
    await client.create(paths.services, service('both', { app: 'both' }, ports));
    const ready = await client.whenAll(
      paths.pods,
      '',
      'two pods with addresses',
      (items) => items.length === 2 && items.every((each) => each.status?.podIP && each.status.phase === 'Running'),
    );
    const ip = (name: string): string => ready.find((each) => each.metadata.name === name)?.status.podIP;
    return { ...paths, both: [ip('pod1'), ip('pod2')].sort(), one: [ip('pod1')] };
  };

  conformance('EndpointSlice should create Endpoints and EndpointSlices for Pods matching a Service', async () => {
    const { slices, endpoints, both, one } = await withPods();
    const follows = (wanted: readonly string[]) => (items: Body[]) =>
      addresses(items).sort().join() === wanted.join() &&
      items.every((each) => each.ports?.[0]?.port === 3000 && each.ports[0].name === 'example');
    await client.whenAll(slices, ofService('one'), 'the first pod', follows(one));
    await client.whenAll(slices, ofService('both'), 'both pods', follows(both));
    await client.when(`${endpoints}/both`, 'both pods', (each) => addressesOf(each).sort().join() === both.join());
  });

  conformance('EndpointsController should create Endpoints for Pods matching a Service', async () => {
    const { endpoints, both, one } = await withPods();
    const follows = (wanted: readonly string[]) => (each: Body) =>
      addressesOf(each).sort().join() === wanted.join() && each.subsets[0].ports[0].port === 3000;
    await client.when(`${endpoints}/one`, 'the first pod', follows(one));
    await client.when(`${endpoints}/both`, 'both pods', follows(both));
  });

  conformance(
    'EndpointSliceMirroring should mirror a custom Endpoints resource through create update and delete',
    async () => {
      const { services, endpoints, slices } = await fresh();
      await client.create(services, { metadata: { name: 'custom' }, spec: { ports: [{ port: 80 }] } });
      const subset = (ip: string) => [{ addresses: [{ ip }], ports: [{ port: 80 }] }];
      await client.create(endpoints, { metadata: { name: 'custom' }, subsets: subset('10.1.2.3') });
      const mirrors = (ip: string) => (items: Body[]) => addresses(items).join() === ip;
      await client.whenAll(slices, ofService('custom'), 'the address', mirrors('10.1.2.3'));
      await client.change(`${endpoints}/custom`, (each) => {
        each.subsets = subset('10.2.3.4');
      });
      await client.whenAll(slices, ofService('custom'), 'the next address', mirrors('10.2.3.4'));
      await client.delete(`${endpoints}/custom`);
      await client.whenAll(slices, ofService('custom'), 'no address', (items) => addresses(items).length === 0);
    },
  );
});

describe('ranges of cluster IPs', () => {
  const ranges = '/apis/networking.k8s.io/v1/servicecidrs';

  it('serve once their controller holds them, and go when their last address does', async () => {
    const { services } = await fresh();
    await client.create(ranges, { metadata: { name: 'more' }, spec: { cidrs: ['10.97.0.0/28'] } });
    const isReady = (status: string) => (each: Body) =>
      each.status?.conditions?.some(
        (one: { type: string; status: string }) => one.type === 'Ready' && one.status === status,
      );
    const held = await client.when(`${ranges}/more`, 'it is ready', (each) => isReady('True')(each) ?? false);
    expect(held.metadata.finalizers).toEqual(['networking.k8s.io/service-cidr-finalizer']);
    const made = await client.create(services, {
      metadata: { name: 'there' },
      spec: { clusterIP: '10.97.0.5', ports: [{ port: 80 }] },
    });
    expect(made.spec.clusterIP).toBe('10.97.0.5');
    expect((await client.read('/apis/networking.k8s.io/v1/ipaddresses/10.97.0.5')).spec.parentRef).toMatchObject({
      resource: 'services',
      name: 'there',
    });
    await client.delete(`${ranges}/more`);
    await client.when(`${ranges}/more`, 'it waits for its address', (each) => isReady('False')(each) ?? false);
    await client.delete(`${services}/there`);
    await cluster.idle();
    await cluster.clock.advance(10_000);
    await client.whenGone(`${ranges}/more`);
  });
});
