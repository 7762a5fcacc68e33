// sig-network: Services, names and proxies in front of pods that say who they are.

import { expect } from 'vitest';
import type { V1Pod } from '../../../generated/kubernetes.ts';
import { conformance } from '../../conformance/conformance.ts';
import { eventually, type TestCluster } from '../../tools/cluster.ts';
import { forever, pod, service, shell } from '../../tools/manifests.ts';

/** Answers with its name on two ports. */
const whoAmI = [
  'mkdir /a /b; hostname > /a/index.html; hostname > /b/index.html',
  'httpd -p 8081 -h /b',
  "httpd -f -p 8080 -h /a & trap 'kill $!' TERM; wait $!",
].join('; ');
const server = shell('main', whoAmI, {
  ports: [
    { name: 'http', containerPort: 8080 },
    { name: 'other', containerPort: 8081 },
  ],
  readinessProbe: { httpGet: { path: '/', port: 8080 }, periodSeconds: 1 },
});

const workload = (kind: string, apiVersion: string, name: string, selector: object) => ({
  apiVersion,
  kind,
  metadata: { name },
  spec: {
    replicas: 2,
    selector,
    template: {
      metadata: { labels: { app: name } },
      spec: { terminationGracePeriodSeconds: 1, containers: [server] },
    },
  },
});

export async function startNetwork(cluster: TestCluster): Promise<void> {
  const ports = [
    { name: 'http', port: 80, targetPort: 'http' },
    { name: 'other', port: 81, targetPort: 'other' },
  ];
  await cluster.apply([
    workload('ReplicaSet', 'apps/v1', 'served', { matchLabels: { app: 'served' } }),
    workload('ReplicationController', 'v1', 'served-rc', { app: 'served-rc' }),
    service('served', 80, 8080, { ports }),
    service('headless', 80, 8080, { clusterIP: 'None', selector: { app: 'named' } }),
    pod('named', [server], { hostname: 'chosen', subdomain: 'headless' }, { app: 'named' }),
    pod('visitor', [shell('main', forever)]),
  ]);
}

export function services(cluster: () => TestCluster): void {
  const visit = async (script: string): Promise<string[]> => {
    const { stdout } = await cluster().attempt('exec', 'visitor', '--', 'sh', '-c', script);
    return stdout.trim().split('\n').filter(Boolean);
  };
  let started: Promise<unknown> | undefined;
  const ready = () => {
    started ??= (async () => {
      await cluster().kubectl('wait', '--for=condition=Ready', 'pod/visitor', 'pod/named', '--timeout=150s');
      for (const app of ['served', 'served-rc'])
        await cluster().kubectl('wait', '--for=condition=Ready', 'pod', '-l', `app=${app}`, '--timeout=150s');
    })();
    return started;
  };
  const podsOf = async (app: string): Promise<V1Pod[]> => {
    await ready();
    return (await cluster().read('pods', '-l', `app=${app}`)).items;
  };
  const namesOf = async (app: string) => (await podsOf(app)).map(({ metadata }) => metadata?.name ?? '').sort();
  const proxied = (path: string) => cluster().kubectl('get', '--raw', `/api/v1/namespaces/default/${path}`);
  const fetchAll = (url: string, times: number) =>
    visit(`for i in $(seq ${times}); do timeout 3 wget -q -O - ${url}; done`);
  /** Resolves when so many requests are answered by all of them, and by nobody else. */
  const reachesAll = (url: string, names: readonly string[], times = 10) =>
    eventually(60, async () => [...new Set(await fetchAll(url, times))].sort().join() === names.join());
  const reachesOne = async (url: string, names: readonly string[]) => {
    await eventually(60, async () => new Set(await fetchAll(url, 8)).size === 1);
    expect(names).toEqual(expect.arrayContaining([...new Set(await fetchAll(url, 8))]));
  };
  const answers = (url: string) => eventually(60, async () => (await fetchAll(url, 1)).length === 1);
  const patch = (name: string, spec: object) =>
    cluster().kubectl('patch', 'service', name, '--type=merge', '-p', JSON.stringify({ spec }));
  const nodeUrl = async (name: string) => {
    const { spec } = await cluster().read('service', name);
    return `http://${cluster().host.address}:${spec.ports[0].nodePort}/`;
  };

  const serves = (app: string) => async () => {
    const names = await namesOf(app);
    expect(names).toHaveLength(2);
    for (const name of names) expect(await proxied(`pods/${name}:8080/proxy/`)).toBe(`${name}\n`);
  };
  conformance('ReplicaSet should serve a basic image on each replica with a public image', serves('served'));
  conformance(
    'ReplicationController should serve a basic image on each replica with a public image',
    serves('served-rc'),
  );

  conformance(
    'Networking Granular Checks: Pods should function for intra-pod communication: http [NodeConformance]',
    async () => {
      for (const { metadata, status } of await podsOf('served'))
        expect(await fetchAll(`http://${status?.podIP}:8080/`, 1)).toEqual([metadata?.name]);
    },
  );
  conformance(
    'Networking Granular Checks: Pods should function for node-pod communication: http [LinuxOnly] [NodeConformance]',
    async () => {
      for (const { metadata, status } of await podsOf('served')) {
        const { stdout } = await cluster().host.run(
          '/bin/busybox',
          'wget',
          '-q',
          '-O',
          '-',
          `http://${status?.podIP}:8080/`,
        );
        expect(stdout.trim()).toBe(metadata?.name);
      }
    },
  );

  conformance('Services should serve a basic endpoint from pods', async () => {
    await reachesAll('http://served/', await namesOf('served'));
    const addresses = (await podsOf('served')).map(({ status }) => status?.podIP).sort();
    const { subsets } = await cluster().read('endpoints', 'served');
    expect(
      subsets.flatMap((each: { addresses: { ip: string }[] }) => each.addresses.map(({ ip }) => ip)).sort(),
    ).toEqual(addresses);
  });
  conformance('Services should serve multiport endpoints from pods', async () => {
    const names = await namesOf('served');
    for (const port of [80, 81]) await reachesAll(`http://served:${port}/`, names);
    const { subsets } = await cluster().read('endpoints', 'served');
    expect(subsets[0].ports.map(({ port }: { port: number }) => port).sort()).toEqual([8080, 8081]);
  });
  conformance('Services should be able to create a functioning NodePort service', async () => {
    const names = await namesOf('served');
    await cluster().apply([service('on-nodes', 80, 8080, { type: 'NodePort', selector: { app: 'served' } })]);
    await reachesAll(await nodeUrl('on-nodes'), names);
    await reachesAll('http://on-nodes/', names);
  });

  const slice = (service: string, index: number, address: string, ports: object[]) => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: `${service}-${index}`, labels: { 'kubernetes.io/service-name': service } },
    addressType: 'IPv4',
    endpoints: [{ addresses: [address], conditions: { ready: true } }],
    ports,
  });
  /** A Service whose endpoints are somebody else's work. */
  const unselected = (name: string, of: object[]) => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name },
    spec: { ports: of },
  });
  conformance(
    'EndpointSlice should support a Service with multiple endpoint IPs specified in multiple EndpointSlices',
    async () => {
      const pods = await podsOf('served');
      const of = [{ name: 'http', port: 8080, protocol: 'TCP' }];
      await cluster().apply([
        unselected('by-hand', [{ name: 'http', port: 80, targetPort: 8080 }]),
        ...pods.map(({ status }, i) => slice('by-hand', i, status?.podIP ?? '', of)),
      ]);
      await reachesAll('http://by-hand/', await namesOf('served'));
    },
  );
  conformance(
    'EndpointSlice should support a Service with multiple ports specified in multiple EndpointSlices',
    async () => {
      const pods = await podsOf('served');
      const numbers = [8080, 8081];
      await cluster().apply([
        unselected(
          'by-port',
          numbers.map((port) => ({ name: `p${port}`, port, targetPort: port })),
        ),
        ...pods.map(({ status }, i) =>
          slice('by-port', i, status?.podIP ?? '', [{ name: `p${numbers[i]}`, port: numbers[i], protocol: 'TCP' }]),
        ),
      ]);
      // Each port is one pod's.
      for (const [i, port] of numbers.entries())
        await reachesAll(`http://by-port:${port}/`, [pods[i]?.metadata?.name ?? '']);
    },
  );

  const affine = (name: string, type: string) =>
    service(name, 80, 8080, { type, selector: { app: 'served' }, sessionAffinity: 'ClientIP' });
  conformance('Services should have session affinity work for service with type clusterIP [LinuxOnly]', async () => {
    const names = await namesOf('served');
    await cluster().apply([affine('affine', 'ClusterIP')]);
    await reachesOne('http://affine/', names);
  });
  conformance('Services should have session affinity work for NodePort service [LinuxOnly]', async () => {
    const names = await namesOf('served');
    await cluster().apply([affine('affine-nodes', 'NodePort')]);
    await reachesOne(await nodeUrl('affine-nodes'), names);
  });
  const switches = (name: string, type: string, url: () => Promise<string>) => async () => {
    const names = await namesOf('served');
    await cluster().apply([service(name, 80, 8080, { type, selector: { app: 'served' } })]);
    await reachesAll(await url(), names);
    await patch(name, { sessionAffinity: 'ClientIP' });
    await reachesOne(await url(), names);
    await patch(name, { sessionAffinity: 'None' });
    await reachesAll(await url(), names);
  };
  conformance(
    'Services should be able to switch session affinity for service with type clusterIP [LinuxOnly]',
    switches('switched', 'ClusterIP', async () => 'http://switched/'),
  );
  conformance(
    'Services should be able to switch session affinity for NodePort service [LinuxOnly]',
    switches('switched-nodes', 'NodePort', () => nodeUrl('switched-nodes')),
  );

  const external = { type: 'ExternalName', externalName: 'served.default.svc.cluster.local' };
  const ports = [{ name: 'http', port: 80, targetPort: 8080 }];
  const isAlias = (name: string) =>
    eventually(60, async () =>
      (await visit(`nslookup ${name}.default.svc.cluster.local`)).join().includes('canonical name'),
    );
  const becomesExternal = (name: string, type: string) => async () => {
    await ready();
    await cluster().apply([service(name, 80, 8080, { type, ports, selector: { app: 'served' } })]);
    await answers(`http://${name}/`);
    await patch(name, { ...external, clusterIP: null, clusterIPs: null, ports: [{ ...ports[0], nodePort: null }] });
    await isAlias(name);
  };
  const stopsBeingExternal = (name: string, type: string) => async () => {
    await ready();
    const { externalName } = external;
    await cluster().apply([
      { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { type: 'ExternalName', externalName } },
    ]);
    await isAlias(name);
    await patch(name, { type, externalName: null, ports, selector: { app: 'served' } });
    await answers(`http://${name}/`);
    if (type === 'NodePort') await answers(await nodeUrl(name));
    expect((await cluster().read('service', name)).spec.clusterIP).toMatch(/^10\./);
  };
  conformance(
    'Services should be able to change the type from ClusterIP to ExternalName',
    becomesExternal('a1', 'ClusterIP'),
  );
  conformance(
    'Services should be able to change the type from NodePort to ExternalName',
    becomesExternal('a2', 'NodePort'),
  );
  conformance(
    'Services should be able to change the type from ExternalName to ClusterIP',
    stopsBeingExternal('b1', 'ClusterIP'),
  );
  conformance(
    'Services should be able to change the type from ExternalName to NodePort',
    stopsBeingExternal('b2', 'NodePort'),
  );

  const resolves = async (name: string) => {
    await ready();
    const text = (await visit(`nslookup ${name}`)).slice(2).join('\n');
    return [...text.matchAll(/Address(?: \d+)?: ([\d.]+)$/gm)].map(([, address = '']) => address).sort();
  };
  const ipOf = async (name: string) => [(await cluster().read('service', name)).spec.clusterIP];
  conformance('DNS should provide DNS for the cluster', async () => {
    expect(await resolves('kubernetes.default.svc.cluster.local')).toEqual(await ipOf('kubernetes'));
    // Through TCP and UDP alike, and from the search path of a pod.
    expect((await visit('cat /etc/resolv.conf')).join('\n')).toMatch(
      /search default\.svc\.cluster\.local svc\.cluster\.local cluster\.local/,
    );
  });
  conformance('DNS should provide DNS for services', async () => {
    const domain = 'default.svc.cluster.local';
    expect(await resolves(`served.${domain}`)).toEqual(await ipOf('served'));
    const { podIP } = (await cluster().read('pod', 'named')).status;
    expect(await resolves(`headless.${domain}`)).toEqual([podIP]);
    const records = (await visit(`nslookup -type=srv _http._tcp.served.${domain}`)).join('\n');
    expect(records).toMatch(/service = 0 \d+ 80 served\.default\.svc\.cluster\.local/);
    const [address = ''] = await ipOf('served');
    expect((await visit(`nslookup ${address}`)).join('\n')).toContain(`served.${domain}`);
  });
  conformance('DNS should resolve DNS of partial qualified names for services [LinuxOnly]', async () => {
    const names = await namesOf('served');
    for (const name of ['served', 'served.default', 'served.default.svc']) await reachesAll(`http://${name}/`, names);
  });
  conformance('DNS should provide DNS for pods for Hostname', async () => {
    await ready();
    const { podIP } = (await cluster().read('pod', 'named')).status;
    expect(await resolves('chosen.headless.default.svc.cluster.local')).toEqual([podIP]);
  });
  conformance('DNS should provide DNS for pods for Subdomain', async () => {
    await ready();
    expect(await fetchAll('http://chosen.headless:8080/', 1)).toEqual(['chosen']);
    const full = await cluster().kubectl('exec', 'named', '--', 'hostname', '-f');
    expect(full.trim()).toBe('chosen.headless.default.svc.cluster.local');
  });
  conformance('DNS should provide /etc/hosts entries for the cluster', async () => {
    await ready();
    const { podIP } = (await cluster().read('pod', 'named')).status;
    const hosts = await cluster().kubectl('exec', 'named', '--', 'cat', '/etc/hosts');
    expect(hosts).toContain(`${podIP}\tchosen.headless.default.svc.cluster.local\tchosen`);
  });
  conformance('DNS should provide DNS for ExternalName services', async () => {
    await ready();
    const named = (externalName: string) => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'elsewhere' },
      spec: { type: 'ExternalName', externalName },
    });
    const alias = async () => (await visit('nslookup -type=cname elsewhere.default.svc.cluster.local')).join('\n');
    await cluster().apply([named('foo.example.com')]);
    await eventually(60, async () => (await alias()).includes('canonical name = foo.example.com'));
    await cluster().apply([named('bar.example.com')]);
    await eventually(60, async () => (await alias()).includes('canonical name = bar.example.com'));
    await patch('elsewhere', { type: 'ClusterIP', externalName: null, ports: [{ port: 80 }] });
    const ip = await ipOf('elsewhere');
    await eventually(60, async () => (await resolves('elsewhere.default.svc.cluster.local')).join() === ip.join());
  });
}
