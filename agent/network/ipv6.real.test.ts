// A node of a cluster of both families in a real kernel: Services, policies, DNS, host ports and routes over IPv6, beside IPv4.

import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { V1NetworkPolicy, V1Pod, V1Service } from '../../generated/kubernetes.ts';
import { cniPlugins, pluginsFor } from './testing/cni.ts';
import { pod, service, slice } from './testing/objects.ts';
import { createSandbox, dualStack, reasonToSkip, type Sandbox } from './testing/sandbox.ts';

const reason = reasonToSkip();

/** A TCP server on port 8080 of both families that says its name and who asks. */
const tcpServer = `require('net').createServer((s) => { s.on('error', () => {}); s.end(process.argv[1] + ' ' + s.remoteAddress); })
  .listen(8080, '::', () => console.log('ready'))`;
const udpServer = `const s = require('dgram').createSocket('udp6'); s.on('message', (m, r) => s.send(process.argv[1], r.port, r.address));
  s.bind(8080, () => console.log('ready'))`;
/** Connects count times; prints each answer, or the error's code. */
const tcpClient = `const [host, port, count, timeout] = process.argv.slice(1); const net = require('net');
  const ask = () => new Promise((done) => { let text = ''; const s = net.connect({ host, port: Number(port), timeout: Number(timeout) });
    s.on('data', (d) => { text += d; }); s.on('end', () => done(text)); s.on('error', (e) => done(e.code));
    s.on('timeout', () => { s.destroy(); done('TIMEOUT'); }); });
  (async () => { for (let i = 0; i < Number(count); i++) console.log(await ask()); })()`;

const address = (host: string) => `fd10:244:0:1::${host}`;
const [clientIP, aIP, bIP] = [address('10'), address('11'), address('12')];

describe.skipIf(reason !== undefined)(
  `a node of both families in the kernel${reason === undefined ? '' : ` (skipped: ${reason})`}`,
  () => {
    let sandbox: Sandbox;
    let client: string;
    let a: string;

    const ask = async (from: string, host: string, port: number, count = 1, timeout = 1500) =>
      (await sandbox.script(from, tcpClient, host, String(port), String(count), String(timeout))).split('\n');
    const names = (answers: string[]) => [...new Set(answers.map((answer) => answer.split(' ')[0]))].sort();
    const both = [{ ip: aIP }, { ip: bIP }];
    const four = [{ ip: '10.244.1.11' }, { ip: '10.244.1.12' }];
    const dual = (name: string, last: string, spec: Partial<V1Service['spec']> = {}): V1Service =>
      service(name, `10.96.1.${last}`, {
        ipFamilies: ['IPv4', 'IPv6'],
        clusterIPs: [`10.96.1.${last}`, `fd10:96::${last}`],
        ...spec,
      });
    const slices = (name: string, endpoints = both) => [slice(name, four), slice(name, endpoints)];

    beforeAll(async () => {
      sandbox = createSandbox({ checkInterval: 500, ipv6: dualStack });
      // As on a machine with Docker: what is forwarded is dropped unless a rule says otherwise.
      for (const program of ['iptables', 'ip6tables'])
        await sandbox.inside(sandbox.node, program, '-P', 'FORWARD', 'DROP');
      await sandbox.start();
      client = sandbox.pod('10.244.1.10', clientIP);
      a = sandbox.pod('10.244.1.11', aIP);
      const b = sandbox.pod('10.244.1.12', bIP);
      await Promise.all([
        sandbox.serve(a, tcpServer, 'a'),
        sandbox.serve(b, tcpServer, 'b'),
        sandbox.serve(a, udpServer, 'a'),
        sandbox.serve(b, udpServer, 'b'),
        sandbox.serve(sandbox.outside, tcpServer, 'outside'),
      ]);
    });
    afterAll(() => sandbox?.close());

    it('spreads a cluster address of either family over its endpoints, from a pod and from the node, with the pod as client', async () => {
      await sandbox.apply({ services: [dual('web', '1')], endpointSlices: slices('web') });
      for (const from of [client, sandbox.node])
        for (const ip of ['10.96.1.1', 'fd10:96::1']) expect(names(await ask(from, ip, 80, 24))).toEqual(['a', 'b']);
      await sandbox.apply({ services: [dual('web', '1')], endpointSlices: slices('web', [{ ip: aIP }]) });
      expect(await ask(client, 'fd10:96::1', 80)).toEqual([`a ${clientIP}`]);
      // A pod reaches itself by its Service.
      expect(names(await ask(a, 'fd10:96::1', 80, 3))).toEqual(['a']);
    });

    it('refuses at once what has no endpoint of that family, a port that is none, and an address of no Service', async () => {
      await sandbox.apply({ services: [dual('idle', '2')], endpointSlices: [slice('idle', four)] });
      expect(names(await ask(client, '10.96.1.2', 80, 16))).toEqual(['a', 'b']);
      for (const from of [client, sandbox.node]) {
        expect(await ask(from, 'fd10:96::2', 80)).toEqual(['ECONNREFUSED']);
        expect(await ask(from, 'fd10:96::2', 81)).toEqual(['ECONNREFUSED']);
        expect(await ask(from, 'fd10:96::beef', 80)).toEqual(['ECONNREFUSED']);
      }
    });

    it('keeps clients with affinity at their endpoint, also after the network process was killed', async () => {
      const state = {
        services: [dual('sticky', '3', { sessionAffinity: 'ClientIP' })],
        endpointSlices: slices('sticky'),
      };
      await sandbox.apply(state);
      const before = names(await ask(client, 'fd10:96::3', 80, 8));
      expect(before).toHaveLength(1);
      sandbox.crash();
      await sandbox.start();
      await sandbox.apply(state);
      expect(names(await ask(client, 'fd10:96::3', 80, 8))).toEqual(before);
    });

    it('answers a node port, an external address and a load balancer’s, from outside, from a pod and from the node', async () => {
      const ports = [{ name: 'http', port: 80, protocol: 'TCP', nodePort: 30080 }];
      const balanced = (loadBalancerSourceRanges: string[]) => ({
        ...dual('web', '1', { type: 'LoadBalancer', ports, externalIPs: ['2001:db8::7'], loadBalancerSourceRanges }),
        status: { loadBalancer: { ingress: [{ ip: '2001:DB8:0::8' }] } },
      });
      await sandbox.apply({ services: [balanced(['fd77::/64', 'fd10::/16'])], endpointSlices: slices('web') });
      for (const from of [sandbox.outside, client, sandbox.node])
        for (const [host, port] of [
          ['fd77::1', 30080],
          ['192.168.77.1', 30080],
        ] as const)
          expect(names(await ask(from, host, port, 16)), `${from} ${host}`).toEqual(['a', 'b']);
      for (const from of [sandbox.outside, client])
        expect(names(await ask(from, '2001:db8::7', 80, 16)), from).toEqual(['a', 'b']);
      expect(names(await ask(sandbox.outside, '2001:db8::8', 80, 16))).toEqual(['a', 'b']);
      await sandbox.apply({ services: [balanced(['2001:db8:1::/48'])], endpointSlices: slices('web') });
      expect(await ask(sandbox.outside, '2001:db8::8', 80)).toEqual(['TIMEOUT']);
    });

    it('keeps the outside client under externalTrafficPolicy Local, drops without a local endpoint, and tells load balancers', async () => {
      const local = dual('local', '4', {
        type: 'LoadBalancer',
        externalTrafficPolicy: 'Local',
        healthCheckNodePort: 32000,
        ports: [{ name: 'http', port: 80, protocol: 'TCP', nodePort: 30081 }],
      });
      const health = () =>
        sandbox.script(sandbox.outside, `fetch('http://[fd77::1]:32000').then((r) => console.log(r.status))`);
      await sandbox.apply({ services: [local], endpointSlices: [slice('local', [{ ip: aIP }])] });
      expect(await ask(sandbox.outside, 'fd77::1', 30081)).toEqual(['a fd77::2']);
      expect(await health()).toBe('200');
      const far = [slice('local', [{ ip: aIP, nodeName: 'node-2' }])];
      await sandbox.apply({ services: [local], endpointSlices: far });
      expect(await ask(sandbox.outside, 'fd77::1', 30081)).toEqual(['TIMEOUT']);
      expect(names(await ask(client, 'fd77::1', 30081))).toEqual(['a']);
      expect(await health()).toBe('503');
      const inner = dual('local', '4', { internalTrafficPolicy: 'Local' });
      await sandbox.apply({ services: [inner], endpointSlices: far });
      expect(await ask(client, 'fd10:96::4', 80)).toEqual(['TIMEOUT']);
    });

    it('moves a UDP client that keeps its socket away from an endpoint that is gone', async () => {
      const udp = dual('udp', '7', { ports: [{ name: 'u', port: 53, protocol: 'UDP' }] });
      const only = (ip: string) => ({
        services: [udp],
        endpointSlices: [slice('udp', [{ ip }], [{ name: 'u', port: 8080, protocol: 'UDP' }])],
      });
      await sandbox.apply(only(aIP));
      const flag = `${sandbox.directory}/udp`;
      const talk = sandbox.script(
        client,
        `const fs = require('fs'); const s = require('dgram').createSocket('udp6'); const got = [];
       s.bind(4567, () => setInterval(() => s.send('x', 53, 'fd10:96::7'), 50));
       setTimeout(() => { console.log([...new Set(got)].join()); process.exit(); }, 8000);
       s.on('message', (m) => { got.push(String(m)); fs.writeFileSync(process.argv[1], '');
         if (String(m) === 'b') { console.log([...new Set(got)].join()); process.exit(); } });`,
        flag,
      );
      await expect.poll(() => existsSync(flag), { timeout: 5000 }).toBe(true);
      await sandbox.apply(only(bIP));
      expect(await talk).toBe('a,b');
    });

    it('masquerades pods that leave the cluster', async () => {
      expect(await ask(client, 'fd77::2', 8080)).toEqual(['outside fd77::1']);
    });

    it('enforces policies for both addresses of a pod: peers, blocks with exceptions, named ports', async () => {
      const of = (name: string, four: string, six: string, spec: Partial<V1Pod['spec']> = {}): V1Pod => {
        const made = pod(name, four, { app: name }, spec);
        return { ...made, status: { ...made.status, podIPs: [{ ip: four }, { ip: six }] } };
      };
      const named = { containers: [{ name: 'main', ports: [{ name: 'http', containerPort: 8080 }] }] };
      const pods = [of('client', '10.244.1.10', clientIP), of('a', '10.244.1.11', aIP, named)];
      const enforce = (spec: NonNullable<V1NetworkPolicy['spec']>) =>
        sandbox.apply({
          pods,
          namespaces: [{ metadata: { name: 'default' } }],
          networkPolicies: [{ metadata: { name: 'p', namespace: 'default' }, spec }],
          services: [dual('web', '1')],
          endpointSlices: slices('web', [{ ip: aIP }]),
        });
      const toA = { podSelector: { matchLabels: { app: 'a' } } };
      const isReached = async () => [
        ...(await ask(client, aIP, 8080, 1, 600)),
        ...(await ask(client, 'fd10:96::1', 80, 1, 600)),
        ...(await ask(client, '10.244.1.11', 8080, 1, 600)),
      ];
      const reached = [`a ${clientIP}`, `a ${clientIP}`, 'a ::ffff:10.244.1.10'];
      const refused = ['TIMEOUT', 'TIMEOUT', 'TIMEOUT'];

      await enforce(toA);
      expect(await isReached()).toEqual(refused);
      expect(names(await ask(sandbox.node, aIP, 8080))).toEqual(['a']);
      expect(names(await ask(a, 'fd10:96::1', 80))).toEqual(['a']);
      const from = [{ podSelector: { matchLabels: { app: 'client' } } }];
      await enforce({ ...toA, ingress: [{ from, ports: [{ port: 'http' }] }] });
      expect(await isReached()).toEqual(reached);
      await enforce({ ...toA, ingress: [{ from: [{ ipBlock: { cidr: 'fd10:244:0:1::/64' } }] }] });
      expect(await isReached()).toEqual([...reached.slice(0, 2), 'TIMEOUT']);
      await enforce({ ...toA, ingress: [{ from: [{ ipBlock: { cidr: '::/0', except: [`${clientIP}/128`] } }] }] });
      expect(await isReached()).toEqual(refused);
      await enforce({ ...toA, ingress: [{ from: [{ ipBlock: { cidr: '0.0.0.0/0' } }] }] });
      expect(await isReached()).toEqual([...refused.slice(0, 2), reached[2]]);

      const out = (to: object[]) => ({
        podSelector: { matchLabels: { app: 'client' } },
        policyTypes: ['Egress'],
        egress: [{ to }],
      });
      await enforce(out([{ ipBlock: { cidr: 'fd77::/64' } }]));
      expect(await isReached()).toEqual(refused);
      expect(names(await ask(client, 'fd77::2', 8080))).toEqual(['outside']);
      await enforce(out([toA]));
      // Who may be reached can be found on the link too.
      await sandbox.inside(client, 'ip', '-6', 'neigh', 'flush', 'dev', 'eth0');
      expect(await isReached()).toEqual(reached);
      expect(await ask(client, 'fd77::2', 8080)).toEqual(['TIMEOUT']);
    });

    it('answers names by both addresses, at both addresses, and the names of addresses', async () => {
      await sandbox.apply({
        namespaces: [{ metadata: { name: 'default' } }],
        services: [dual('web', '1'), service('db', 'None', { ipFamilies: ['IPv4', 'IPv6'] })],
        endpointSlices: [...slices('web'), slice('db', [{ ip: aIP, hostname: 'db-0' }])],
      });
      const resolve = (server: string, call: string, name: string) =>
        sandbox.script(
          client,
          `const r = new (require('dns').promises.Resolver)(); r.setServers([process.argv[1]]);
           r[process.argv[2]](process.argv[3]).then((a) => console.log(a.join()), (e) => console.log(e.code))`,
          server,
          call,
          name,
        );
      for (const server of ['10.96.0.10', '[fd10:96::a]']) {
        expect(await resolve(server, 'resolve4', 'web.default.svc.cluster.local')).toBe('10.96.1.1');
        expect(await resolve(server, 'resolve6', 'web.default.svc.cluster.local')).toBe('fd10:96::1');
        expect(await resolve(server, 'resolve6', 'db-0.db.default.svc.cluster.local')).toBe(aIP);
        expect(await resolve(server, 'resolve4', 'db-0.db.default.svc.cluster.local')).toBe('ENODATA');
        expect(await resolve(server, 'resolve6', 'none.default.svc.cluster.local')).toBe('ENOTFOUND');
        expect(await resolve(server, 'reverse', 'fd10:96::1')).toBe('web.default.svc.cluster.local');
        expect(await resolve(server, 'reverse', aIP)).toBe('db-0.db.default.svc.cluster.local');
        expect(await resolve(server, 'resolve6', 'fd10-244-0-1--11.default.pod.cluster.local')).toBe(aIP);
      }
    });

    it('routes to the pods of a node on its link by the address of each family', async () => {
      const far = {
        metadata: { name: 'node-2' },
        spec: { podCIDR: '10.244.2.0/24', podCIDRs: ['10.244.2.0/24', 'fd10:244:0:2::/64'] },
        status: {
          addresses: ['192.168.77.2', 'fd77::2'].map((each) => ({ type: 'InternalIP', address: each })),
        },
      };
      const route = async () =>
        (await sandbox.inside(sandbox.node, 'ip', '-6', 'route', 'show', 'fd10:244:0:2::/64')).stdout.trim();
      await sandbox.apply({ nodes: [far] });
      expect(await route()).toMatch(/^fd10:244:0:2::\/64 via fd77::2 dev up0 proto 119 /);
      await sandbox.apply({ nodes: [] });
      expect(await route()).toBe('');
    });

    it.skipIf(cniPlugins === undefined)(
      'gives a pod two addresses by the real plugins, and a host port of both',
      async () => {
        const fresh = sandbox.bare();
        const call = pluginsFor(sandbox, fresh);
        const began = Date.now();
        const result = await call('ADD', 'bridge');
        console.log(`the bridge plugin gave two addresses in ${Date.now() - began} ms`);
        expect(result.ips?.map(({ address }) => address)).toEqual([
          expect.stringMatching(/^10\.244\.1\.\d+\/24$/),
          expect.stringMatching(/^fd10:244:0:1::[0-9a-f]+\/64$/),
        ]);
        await call('ADD', 'portmap', result);
        await sandbox.serve(fresh, tcpServer, 'fresh');
        for (const host of ['fd77::1', '192.168.77.1'])
          expect(names(await ask(sandbox.outside, host, 8088)), host).toEqual(['fresh']);
        expect(names(await ask(client, 'fd77::1', 8088))).toEqual(['fresh']);
      },
    );

    it('leaves no table, device, route or rule of either family after teardown', async () => {
      await sandbox.teardown();
      for (const program of ['iptables', 'ip6tables'])
        await sandbox.inside(sandbox.node, program, '-P', 'FORWARD', 'ACCEPT');
      const { stdout: rules } = await sandbox.inside(sandbox.node, 'nft', 'list', 'ruleset');
      expect(rules).not.toMatch(/zeroplane|zp-|CNI-/);
      const { stdout: links } = await sandbox.inside(sandbox.node, 'ip', '-br', 'link');
      expect(links.split('\n').map((line) => line.split(/[\s@]/)[0])).toEqual(['lo', 'up0', '']);
      const { stdout: routes } = await sandbox.inside(sandbox.node, 'ip', '-6', 'route', 'show', 'proto', '119');
      expect(routes.trim()).toBe('');
    });
  },
);
