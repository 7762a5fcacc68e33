// A cluster of both families of three machines on one link, of which the third has no IPv6 of its own: pods have an address of each, and
// Services, names and policies hold between all of them over either. docs/workers.md says what holds; needs root.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, startCluster, type TestCluster } from '../tools/cluster.ts';
import { createLink, type Link } from '../tools/link.ts';
import { forever, pod, service, shell, web } from '../tools/manifests.ts';
import { removeAll } from '../tools/remove-all.ts';
import { type InstalledNode, prepareNode } from './installed-node.ts';
import { daemonSet, type PodTraffic, podTraffic } from './pod-traffic.ts';

interface DualPod {
  readonly name: string;
  readonly node: string;
  readonly six: string;
}

describe.skipIf(process.getuid?.() !== 0)('nodes of both families (needs root)', () => {
  let link: Link;
  let cluster: TestCluster;
  let workers: readonly InstalledNode[] = [];
  let traffic: PodTraffic;
  let controlPlane = '';

  beforeAll(async () => {
    link = createLink('zpdual', '10.210.96', 3, undefined, { network: 'fd10:210:96', hosts: 2 });
    const [first, ...others] = link.hosts;
    if (!first) throw new Error('a link without hosts');
    workers = others.map((host, at) => prepareNode(['beside', 'without'][at] ?? '', host));
    cluster = await startCluster(
      ...(['zpdual', '10.210.96', first] as const),
      ...['--pod-cidr', '10.244.0.0/16,fd00:10:244::/56', '--service-cidr', '10.96.0.0/16,fd00:10:96::/112'],
    );
    traffic = podTraffic(cluster);
    controlPlane = (await cluster.read('nodes')).items[0].metadata.name;
    for (const each of workers) {
      const line = (await cluster.zeroplane('node token')).stdout.trim();
      const { code, stdout, stderr } = await each.install(line);
      expect(code, stdout + stderr).toBe(0);
      await each.loadImages();
    }
    await cluster.apply([
      daemonSet('web', [{ name: 'main', image: web, ports: [{ name: 'http', containerPort: 8080, hostPort: 8089 }] }]),
      daemonSet('client', [shell('main', forever)]),
      dual('web', { ports: [{ name: 'http', port: 80, targetPort: 8080 }] }),
    ]);
    for (const each of ['web', 'client'])
      await cluster.kubectl('rollout', 'status', `daemonset/${each}`, '--timeout=300s');
  });
  afterAll(async () => {
    await removeAll([...workers.map((each) => each.remove), () => cluster?.remove(), () => link?.remove()]);
  });

  const dual = (name: string, spec: object = {}) => {
    const plain = service('web', 80, 8080);
    return {
      ...plain,
      metadata: { name },
      spec: { ...plain.spec, ipFamilyPolicy: 'RequireDualStack', ...spec },
    };
  };
  const podsOf = async (app: string): Promise<DualPod[]> => {
    const { items } = await cluster.read('pods', '-l', `app=${app}`);
    return items.map(
      (each: { metadata: { name: string }; spec: { nodeName: string }; status: { podIPs: { ip: string }[] } }) => ({
        name: each.metadata.name,
        node: each.spec.nodeName,
        six: each.status.podIPs[1]?.ip ?? '',
      }),
    );
  };
  const addressesOf = async (name: string): Promise<string[]> => (await cluster.read('service', name)).spec.clusterIPs;
  const everybody = async (url: string) => {
    for (const { name } of await podsOf('client')) await traffic.answers(name, url);
  };
  /** Clients whose machine has a way to addresses of IPv6 that are no pod's. */
  const onIpv6 = async () => (await podsOf('client')).filter(({ node }) => node !== 'without');

  it('nodes and pods have an address of each family, as the API, the pod itself and kubectl say', async () => {
    const { items } = await cluster.read('nodes');
    expect(items).toHaveLength(3);
    for (const { metadata, spec, status } of items) {
      expect(spec.podCIDRs).toEqual([
        expect.stringMatching(/^10\.244\.\d+\.0\/24$/),
        expect.stringMatching(/^fd00:10:244:[0-9a-f]*::\/64$|^fd00:10:244::\/64$/),
      ]);
      const inner = status.addresses.filter(({ type }: { type: string }) => type === 'InternalIP');
      expect(inner).toHaveLength(metadata.name === 'without' ? 1 : 2);
    }
    const fields = ['status.podIPs', 'status.hostIPs'].map((fieldPath) => ({
      name: fieldPath.slice(7),
      valueFrom: { fieldRef: { fieldPath } },
    }));
    await cluster.apply([
      pod('tells', [{ ...shell('main', 'echo "$podIPs $hostIPs"; cat /etc/hosts /etc/resolv.conf'), env: fields }], {
        nodeName: controlPlane,
        restartPolicy: 'Never',
      }),
      pod('host', [shell('main', forever)], {
        nodeName: controlPlane,
        hostNetwork: true,
        terminationGracePeriodSeconds: 1,
      }),
    ]);
    const { status } = await eventually(180, async () => {
      const found = await cluster.read('pod', 'tells');
      return found.status.phase === 'Succeeded' && found;
    });
    const [four, six] = status.podIPs.map(({ ip }: { ip: string }) => ip);
    expect(status.hostIPs).toEqual([{ ip: '10.210.96.1' }, { ip: 'fd10:210:96::1' }]);
    const said = await cluster.kubectl('logs', 'tells');
    expect(said).toContain(`${four},${six} 10.210.96.1,fd10:210:96::1`);
    for (const each of [four, six]) expect(said).toContain(`${each}\ttells`);
    expect(said).toMatch(/nameserver 10\.96\.0\.10\nnameserver fd00:10:96::a/);
    await cluster.kubectl('wait', '--for=condition=Ready', 'pod/host', '--timeout=180s');
    expect((await cluster.read('pod', 'host')).status.podIPs).toEqual(status.hostIPs);
    expect(await cluster.kubectl('describe', 'pod', 'tells')).toMatch(
      new RegExp(`IPs:\\n +IP: +${four}\\n +IP: +${six}`),
    );
  });

  it('pods of all nodes reach each other by IPv6, by routes where both have it on the link and through WireGuard where not', async () => {
    for (const client of await podsOf('client'))
      for (const { six } of await podsOf('web')) await traffic.answers(client.name, `http://[${six}]:8080/`);
    const routes = async (at: number) =>
      (await link.hosts[at]?.run('ip', '-6', 'route', 'show', 'proto', '119'))?.stdout ?? '';
    expect(await routes(0)).toMatch(/fd00:10:244\S*\/64 via fd10:210:96::2 dev eth0/);
    expect(await routes(0)).toMatch(/fd00:10:244\S*\/64 dev zp-wg[0-9a-f]{4} .*src fd00:10:244/);
    expect(await routes(2)).not.toMatch(/\/64 via/);
    // Of IPv4 all are on one link.
    expect((await link.hosts[0]?.run('ip', 'route', 'show', 'proto', '119'))?.stdout).not.toMatch(/\/24 dev zp-wg/);
    // Larger than a packet, to the node that is reached through WireGuard.
    const clients = await podsOf('client');
    const sender = clients.find(({ node }) => node === controlPlane);
    const receiver = clients.find(({ node }) => node === 'without');
    if (!sender || !receiver) throw new Error('pods on both nodes are missing');
    await traffic.carries(sender.name, receiver.name, receiver.six);
  });

  it('a Service has both addresses and slices of both families, and answers on each, by name too', async () => {
    const { spec } = await cluster.read('service', 'web');
    expect(spec).toMatchObject({ ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'RequireDualStack' });
    const [four, six] = spec.clusterIPs;
    expect(six).toMatch(/^fd00:10:96::/);
    const slices = await eventually(180, async () => {
      const { items } = await cluster.read('endpointslices', '-l', 'kubernetes.io/service-name=web');
      return items.every(({ endpoints }: { endpoints?: unknown[] }) => endpoints?.length === 3) && items;
    });
    expect(slices.map(({ addressType }: { addressType: string }) => addressType).sort()).toEqual(['IPv4', 'IPv6']);
    const ofSix = (await podsOf('web')).map((each) => each.six).sort();
    const told = slices.find(({ addressType }: { addressType: string }) => addressType === 'IPv6');
    expect(told.endpoints.flatMap(({ addresses }: { addresses: string[] }) => addresses).sort()).toEqual(ofSix);
    await everybody(`http://[${six}]/`);
    await everybody(`http://${four}/`);
    await everybody('http://web.default.svc.cluster.local/');
    const [client] = await podsOf('client');
    const look = async (name: string) =>
      (await cluster.attempt('exec', client?.name ?? '', '--', 'nslookup', name)).stdout;
    expect(await look('web.default.svc.cluster.local')).toContain(`Address: ${six}`);
    expect(await look(six)).toContain('web.default.svc.cluster.local');
    expect((await cluster.read('service', '-n', 'kube-system', 'kube-dns')).spec.clusterIPs).toEqual([
      '10.96.0.10',
      'fd00:10:96::a',
    ]);
  });

  it('Services of every type answer over IPv6: node ports, external addresses, Local policies, affinity, headless, host ports', async () => {
    const ports = (nodePort: number) => [{ name: 'http', port: 80, targetPort: 8080, nodePort }];
    await cluster.apply([
      dual('ports', { type: 'NodePort', ports: ports(30180) }),
      dual('local', { type: 'NodePort', ports: ports(30181), externalTrafficPolicy: 'Local' }),
      dual('external', { externalIPs: ['2001:db8::9'] }),
      dual('near', { internalTrafficPolicy: 'Local' }),
      dual('sticky', { sessionAffinity: 'ClientIP' }),
      dual('six', { ipFamilyPolicy: 'SingleStack', ipFamilies: ['IPv6'] }),
      dual('headless', { clusterIP: 'None' }),
    ]);
    for (const host of ['fd10:210:96::1', 'fd10:210:96::2'])
      for (const port of [30180, 30181, 8089])
        for (const { name } of await onIpv6()) await traffic.answers(name, `http://[${host}]:${port}/`);
    for (const name of ['near', 'sticky']) await everybody(`http://[${(await addressesOf(name))[1]}]/`);
    const only = await addressesOf('six');
    expect(only).toEqual([expect.stringMatching(/^fd00:10:96::/)]);
    await everybody(`http://[${only[0]}]/`);
    await everybody('http://[2001:db8::9]/');
    const [client] = await podsOf('client');
    const webs = await podsOf('web');
    const look = ['exec', client?.name ?? '', '--', 'nslookup', 'headless.default.svc.cluster.local'];
    await eventually(180, async () => {
      const { stdout } = await cluster.attempt(...look);
      return webs.every(({ six }) => stdout.includes(`Address: ${six}`));
    });
    // From the other machine on the link, who is no pod.
    const ask = async () => link.hosts[1]?.run('curl', '-sS', '--max-time', '10', 'http://[fd10:210:96::1]:30180/');
    await eventually(180, async () => (await ask())?.stdout.includes('works'));
  });

  it('a Service gets its second family and gives it back, and nobody takes its first', async () => {
    await cluster.apply([dual('turns', { ipFamilyPolicy: 'SingleStack' })]);
    const [four] = await addressesOf('turns');
    expect(await addressesOf('turns')).toEqual([expect.stringMatching(/^10\.96\./)]);
    const patch = (spec: object) =>
      cluster.attempt('patch', 'service', 'turns', '--type=merge', '-p', JSON.stringify({ spec }));
    expect((await patch({ ipFamilyPolicy: 'PreferDualStack' })).code).toBe(0);
    const [kept, six = ''] = await addressesOf('turns');
    expect(kept).toBe(four);
    await everybody(`http://[${six}]/`);
    expect((await patch({ ipFamilies: ['IPv6', 'IPv4'] })).stderr).toContain('expected an IPv6 value');
    expect((await patch({ clusterIPs: [four], ipFamilies: ['IPv4'] })).stderr).toContain(
      "must be set to 'SingleStack' when releasing",
    );
    expect((await patch({ ipFamilyPolicy: 'SingleStack' })).code).toBe(0);
    expect(await addressesOf('turns')).toEqual([four]);
    const [client] = await podsOf('client');
    await traffic.refused(client?.name ?? '', `http://[${six}]/`);
  });

  it('a NetworkPolicy holds for both addresses of a pod, between nodes and by blocks of IPv6', async () => {
    const clients = await podsOf('client');
    const [one, two] = clients;
    if (!one || !two) throw new Error('pods on three nodes are missing');
    const targets = await podsOf('web');
    const enforce = (from: object[]) =>
      cluster.apply([
        {
          apiVersion: 'networking.k8s.io/v1',
          kind: 'NetworkPolicy',
          metadata: { name: 'web' },
          spec: { podSelector: { matchLabels: { app: 'web' } }, ingress: [{ from }] },
        },
      ]);
    const urls = targets.map(({ six }) => `http://[${six}]:8080/`);
    await enforce([{ podSelector: { matchLabels: { chosen: 'yes' } } }]);
    for (const url of urls) await traffic.refused(one.name, url);
    await cluster.kubectl('label', 'pod', one.name, 'chosen=yes');
    for (const url of urls) await traffic.answers(one.name, url);
    for (const url of urls) await traffic.refused(two.name, url);
    await enforce([{ ipBlock: { cidr: `${two.six}/128` } }]);
    for (const url of urls) await traffic.answers(two.name, url);
    for (const url of urls) await traffic.refused(one.name, url);
    await cluster.kubectl('delete', 'networkpolicy', 'web');
    for (const url of urls) await traffic.answers(one.name, url);
  });

  it('pods and machines reach the API by the IPv6 of its machine, for which it has a certificate', async () => {
    const [client] = (await onIpv6()).filter(({ node }) => node === 'beside');
    // The TLS of a pod's busybox is none that the API server takes: that it is answered is enough.
    const script = 'timeout 10 nc fd10:210:96::1 6443 < /dev/null; echo "ended $?"';
    expect(await cluster.kubectl('exec', client?.name ?? '', '--', 'sh', '-c', script)).toContain('ended 0');
    const authority = `${cluster.dataDir}/pki/ca.crt`;
    const answer = await link.hosts[1]?.run(
      'curl',
      '-sS',
      '--cacert',
      authority,
      'https://[fd10:210:96::1]:6443/livez',
    );
    expect(answer).toMatchObject({ code: 0, stdout: 'ok' });
  });

  it('ranges that the cluster was not made with are refused, and nothing is left of a node that goes', async () => {
    const { code, stderr } = await cluster.zeroplane('up', '--detach', '--pod-cidr', '10.244.0.0/16');
    expect(code).not.toBe(0);
    expect(stderr).toMatch(
      /--pod-cidr: this cluster was made with 10\.244\.0\.0\/16,fd00:10:244::\/56 and cannot change/,
    );
    const [beside] = workers;
    if (!beside) throw new Error('no worker');
    await cluster.zeroplane('node drain', 'beside', '--force');
    await cluster.zeroplane('node remove', 'beside', '--force');
    const gone = await beside.uninstall();
    expect(gone.code, gone.stderr).toBe(0);
    expect(await beside.leftovers()).toEqual([]);
    expect((await beside.host.run('ip', '-6', 'route', 'show', 'proto', '119')).stdout.trim()).toBe('');
  });
});
