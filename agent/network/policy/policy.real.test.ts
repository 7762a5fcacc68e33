// NetworkPolicies and cluster DNS in a real kernel: pods as network namespaces.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { V1NetworkPolicy } from '../../../generated/kubernetes.ts';
import { pod, service, slice } from '../testing/objects.ts';
import { createSandbox, reasonToSkip, type Sandbox } from '../testing/sandbox.ts';

const reason = reasonToSkip();

const servers = `for (const port of [8080, 8081]) require('net').createServer((s) => { s.on('error', () => {}); s.end('ok'); })
  .listen(port, '0.0.0.0', () => { if (port === 8081) console.log('ready'); })`;
const client = `const [host, port] = process.argv.slice(1); const s = require('net').connect({ host, port: Number(port) });
  const end = (text) => { console.log(text); process.exit(); };
  s.on('data', (d) => end(String(d))); s.on('error', (e) => end(e.code)); setTimeout(() => end('dropped'), 700);`;
const resolve = `const r = new (require('dns').promises.Resolver)(); r.setServers(['10.96.0.10']);
  r.resolve4(process.argv[1]).then((a) => console.log(a.length + ' ' + a[0]), (e) => console.log(e.code))`;

function policy(name: string, spec: NonNullable<V1NetworkPolicy['spec']>): V1NetworkPolicy {
  return { metadata: { name, namespace: 'default' }, spec };
}

describe.skipIf(reason !== undefined)(
  `NetworkPolicies in the kernel${reason === undefined ? '' : ` (skipped: ${reason})`}`,
  () => {
    let sandbox: Sandbox;
    let front: string;
    let back: string;

    const named = { containers: [{ name: 'main', ports: [{ name: 'http', containerPort: 8080 }] }] };
    const pods = [
      pod('front', '10.244.1.10', { app: 'front' }),
      pod('other', '10.244.1.11', { app: 'other' }),
      pod('back', '10.244.1.12', { app: 'back' }, named),
    ];
    const namespaces = [{ metadata: { name: 'default', labels: { team: 'a' } } }];
    const services = [service('back', '10.96.1.1'), service('many', 'None')];
    const endpointSlices = [
      slice('back', [{ ip: '10.244.1.12' }]),
      slice(
        'many',
        Array.from({ length: 150 }, (_, index) => ({ ip: `10.244.9.${index + 1}` })),
      ),
    ];
    const enforce = (...networkPolicies: V1NetworkPolicy[]) =>
      sandbox.apply({ networkPolicies, pods, namespaces, services, endpointSlices });
    const reach = (from: string, host: string, port: number) => sandbox.script(from, client, host, String(port));
    let other: string;

    beforeAll(async () => {
      sandbox = createSandbox();
      await sandbox.start();
      front = sandbox.pod('10.244.1.10');
      other = sandbox.pod('10.244.1.11');
      back = sandbox.pod('10.244.1.12');
      await Promise.all([sandbox.serve(back, servers), sandbox.serve(sandbox.outside, servers)]);
    });
    afterAll(() => sandbox?.close());

    const toBack = { matchLabels: { app: 'back' } };
    const fromFront = { from: [{ podSelector: { matchLabels: { app: 'front' } } }] };

    it('changes nothing while there is none', async () => {
      await enforce();
      expect(await reach(other, '10.244.1.12', 8080)).toBe('ok');
    });

    it('drops ingress of isolated pods, not what the node sends or a pod sends itself', async () => {
      await enforce(policy('deny', { podSelector: toBack }));
      expect(await reach(front, '10.244.1.12', 8080)).toBe('dropped');
      expect(await reach(front, '10.96.1.1', 80)).toBe('dropped');
      expect(await reach(sandbox.node, '10.244.1.12', 8080)).toBe('ok');
      expect(await reach(back, '10.96.1.1', 80)).toBe('ok');
      expect(await reach(back, '192.168.77.2', 8080)).toBe('ok');
    });

    it('lets in the selected pods only, on the ports that are named, numbered or in range', async () => {
      await enforce(
        policy('deny', { podSelector: {}, policyTypes: ['Ingress'] }),
        policy('front', { podSelector: toBack, ingress: [fromFront] }),
      );
      expect(await reach(front, '10.96.1.1', 80)).toBe('ok');
      expect(await reach(other, '10.96.1.1', 80)).toBe('dropped');
      for (const port of [{ port: 'http' }, { port: 8080 }, { port: 8000, endPort: 8080 }]) {
        await enforce(policy('front', { podSelector: toBack, ingress: [{ ...fromFront, ports: [port] }] }));
        expect(await reach(front, '10.244.1.12', 8080), JSON.stringify(port)).toBe('ok');
        expect(await reach(front, '10.244.1.12', 8081), JSON.stringify(port)).toBe('dropped');
      }
    });

    it('selects by namespace', async () => {
      const from = (team: string) => ({ from: [{ namespaceSelector: { matchLabels: { team } } }] });
      await enforce(policy('team', { podSelector: toBack, ingress: [from('a')] }));
      expect(await reach(other, '10.244.1.12', 8080)).toBe('ok');
      await enforce(policy('team', { podSelector: toBack, ingress: [from('b')] }));
      expect(await reach(other, '10.244.1.12', 8080)).toBe('dropped');
    });

    it('drops egress but to what is allowed, block and exception', async () => {
      const egress = (...except: string[]) =>
        policy('out', {
          podSelector: { matchLabels: { app: 'front' } },
          policyTypes: ['Egress'],
          egress: [{ to: [{ ipBlock: { cidr: '192.168.0.0/16', except } }] }],
        });
      await enforce(egress());
      expect(await reach(front, '192.168.77.2', 8080)).toBe('ok');
      expect(await reach(front, '10.244.1.12', 8080)).toBe('dropped');
      expect(await reach(other, '10.244.1.12', 8080)).toBe('ok');
      await enforce(egress('192.168.77.0/24'));
      expect(await reach(front, '192.168.77.2', 8080)).toBe('dropped');
    });

    it('is gone with its policy', async () => {
      await enforce();
      expect(await reach(front, '10.244.1.12', 8080)).toBe('ok');
    });

    it('leaves cluster DNS to pods and node, over UDP and TCP, also when a Service claims its address', async () => {
      const dns = service('kube-dns', '10.96.0.10', {
        ports: [
          { name: 'dns', port: 53, protocol: 'UDP' },
          { name: 'dns-tcp', port: 53, protocol: 'TCP' },
        ],
      });
      await sandbox.apply({ pods, namespaces, services: [...services, dns], endpointSlices });
      for (const from of [front, sandbox.node]) {
        expect(await sandbox.script(from, resolve, 'back.default.svc.cluster.local')).toBe('1 10.96.1.1');
        // Too many for a datagram: the resolver comes again over TCP.
        expect(await sandbox.script(from, resolve, 'many.default.svc.cluster.local')).toMatch(/^150 10\.244\.9\./);
        expect(await sandbox.script(from, resolve, 'none.default.svc.cluster.local')).toBe('ENOTFOUND');
      }
    });

    it('routes to the pods of other nodes through them, and no longer when they are gone', async () => {
      const far = {
        metadata: { name: 'node-2' },
        spec: { podCIDR: '10.244.2.0/24' },
        status: { addresses: [{ type: 'InternalIP', address: '192.168.77.2' }] },
      };
      const route = async () =>
        (await sandbox.inside(sandbox.node, 'ip', 'route', 'show', '10.244.2.0/24')).stdout.trim();
      await sandbox.apply({ nodes: [far] });
      expect(await route()).toBe('10.244.2.0/24 via 192.168.77.2 dev up0 proto 119');
      await sandbox.apply({ nodes: [] });
      expect(await route()).toBe('');
    });
  },
);
