// Services in a real kernel: a node, pods and an outside client as network namespaces.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { service, slice } from '../testing/objects.ts';
import { createSandbox, reasonToSkip, type Sandbox } from '../testing/sandbox.ts';

const reason = reasonToSkip();

/** A TCP server on port 8080 that says its name and who asks. */
const tcpServer = `require('net').createServer((s) => { s.on('error', () => {}); s.end(process.argv[1] + ' ' + s.remoteAddress); })
  .listen(8080, '0.0.0.0', () => console.log('ready'))`;
/** A UDP server on port 8080 that answers with its name. */
const udpServer = `const s = require('dgram').createSocket('udp4'); s.on('message', (m, r) => s.send(process.argv[1], r.port, r.address));
  s.bind(8080, () => console.log('ready'))`;
/** Connects count times; prints each answer, or the error's code. */
const tcpClient = `const [host, port, count] = process.argv.slice(1); const net = require('net');
  const ask = () => new Promise((done) => { let text = ''; const s = net.connect({ host, port: Number(port), timeout: 1500 });
    s.on('data', (d) => { text += d; }); s.on('end', () => done(text)); s.on('error', (e) => done(e.code));
    s.on('timeout', () => { s.destroy(); done('TIMEOUT'); }); });
  (async () => { for (let i = 0; i < Number(count); i++) console.log(await ask()); })()`;

describe.skipIf(reason !== undefined)(
  `Services in the kernel${reason === undefined ? '' : ` (skipped: ${reason})`}`,
  () => {
    let sandbox: Sandbox;
    let client: string;
    let a: string;

    const ask = async (from: string, host: string, port: number, count = 1) =>
      (await sandbox.script(from, tcpClient, host, String(port), String(count))).split('\n');
    const names = (answers: string[]) => [...new Set(answers.map((answer) => answer.split(' ')[0]))].sort();

    beforeAll(async () => {
      sandbox = createSandbox({ checkInterval: 500 });
      await sandbox.start();
      client = sandbox.pod('10.244.1.10');
      a = sandbox.pod('10.244.1.11');
      const b = sandbox.pod('10.244.1.12');
      await Promise.all([
        sandbox.serve(a, tcpServer, 'a'),
        sandbox.serve(b, tcpServer, 'b'),
        sandbox.serve(a, udpServer, 'a'),
        sandbox.serve(b, udpServer, 'b'),
      ]);
    });
    afterAll(() => sandbox?.close());

    const both = [{ ip: '10.244.1.11' }, { ip: '10.244.1.12' }];

    it('spreads a cluster address over its endpoints, from a pod and from the node', async () => {
      await sandbox.apply({ services: [service('web', '10.96.1.1')], endpointSlices: [slice('web', both)] });
      expect(names(await ask(client, '10.96.1.1', 80, 24))).toEqual(['a', 'b']);
      expect(names(await ask(sandbox.node, '10.96.1.1', 80, 24))).toEqual(['a', 'b']);
    });

    it('keeps the client address of a pod', async () => {
      await sandbox.apply({ services: [service('web', '10.96.1.1')], endpointSlices: [slice('web', [both[0]!])] });
      expect(await ask(client, '10.96.1.1', 80)).toEqual(['a 10.244.1.10']);
    });

    it('lets a pod reach itself through its Service', async () => {
      await sandbox.apply({ services: [service('web', '10.96.1.1')], endpointSlices: [slice('web', [both[0]!])] });
      expect(names(await ask(a, '10.96.1.1', 80, 3))).toEqual(['a']);
    });

    it('refuses at once what has no endpoint, a port that the Service does not have, an address of no Service', async () => {
      await sandbox.apply({
        services: [service('idle', '10.96.1.2'), service('web', '10.96.1.1')],
        endpointSlices: [slice('web', both)],
      });
      for (const from of [client, sandbox.node]) {
        expect(await ask(from, '10.96.1.2', 80)).toEqual(['ECONNREFUSED']);
        expect(await ask(from, '10.96.1.1', 81)).toEqual(['ECONNREFUSED']);
        expect(await ask(from, '10.96.200.1', 80)).toEqual(['ECONNREFUSED']);
      }
    });

    it('sends a client with affinity to the same endpoint, also after the network process was killed', async () => {
      const state = {
        services: [service('sticky', '10.96.1.3', { sessionAffinity: 'ClientIP' })],
        endpointSlices: [slice('sticky', both)],
      };
      await sandbox.apply(state);
      const before = names(await ask(client, '10.96.1.3', 80, 8));
      expect(before).toHaveLength(1);
      sandbox.crash();
      await sandbox.start();
      await sandbox.apply(state);
      expect(names(await ask(client, '10.96.1.3', 80, 8))).toEqual(before);
    });

    it('answers a node port from outside, from a pod, from the node and on its localhost', async () => {
      const port = { name: 'http', port: 80, protocol: 'TCP', nodePort: 30080 };
      await sandbox.apply({
        services: [service('web', '10.96.1.1', { type: 'NodePort', ports: [port] })],
        endpointSlices: [slice('web', both)],
      });
      for (const from of [sandbox.outside, client, sandbox.node]) {
        expect(names(await ask(from, '192.168.77.1', 30080, 16)), from).toEqual(['a', 'b']);
      }
      expect(names(await ask(sandbox.node, '127.0.0.1', 30080, 16))).toEqual(['a', 'b']);
    });

    it('keeps the outside client address under externalTrafficPolicy Local, and drops without a local endpoint', async () => {
      const port = { name: 'http', port: 80, protocol: 'TCP', nodePort: 30081 };
      const local = service('local', '10.96.1.4', { type: 'NodePort', externalTrafficPolicy: 'Local', ports: [port] });
      await sandbox.apply({ services: [local], endpointSlices: [slice('local', [both[0]!])] });
      expect(await ask(sandbox.outside, '192.168.77.1', 30081)).toEqual(['a 192.168.77.2']);
      await sandbox.apply({
        services: [local],
        endpointSlices: [slice('local', [{ ...both[0]!, nodeName: 'node-2' }])],
      });
      expect(await ask(sandbox.outside, '192.168.77.1', 30081)).toEqual(['TIMEOUT']);
      expect(names(await ask(client, '192.168.77.1', 30081))).toEqual(['a']);
    });

    it('lets only the source ranges reach a load balancer address', async () => {
      const balanced = (ranges: string[]) => ({
        ...service('lb', '10.96.1.5', { type: 'LoadBalancer', loadBalancerSourceRanges: ranges }),
        status: { loadBalancer: { ingress: [{ ip: '203.0.113.5' }] } },
      });
      await sandbox.apply({ services: [balanced(['192.168.77.0/24'])], endpointSlices: [slice('lb', both)] });
      expect(names(await ask(sandbox.outside, '203.0.113.5', 80, 16))).toEqual(['a', 'b']);
      await sandbox.apply({ services: [balanced(['192.0.2.0/24'])], endpointSlices: [slice('lb', both)] });
      expect(await ask(sandbox.outside, '203.0.113.5', 80)).toEqual(['TIMEOUT']);
    });

    it('keeps an open connection when its endpoint leaves the Service', async () => {
      await sandbox.serve(
        a,
        `require('net').createServer((s) => { s.on('error', () => {}); s.on('data', (d) => s.write(d)); })
        .listen(9090, '0.0.0.0', () => console.log('ready'))`,
      );
      const web = service('echo', '10.96.1.6');
      const port = [{ name: 'http', port: 9090, protocol: 'TCP' }];
      await sandbox.apply({ services: [web], endpointSlices: [slice('echo', [both[0]!], port)] });
      // Says `one` at once; `two` when it is told to by a file that appears.
      const flag = `${sandbox.directory}/go`;
      const talk = sandbox.script(
        client,
        `const fs = require('fs'); const s = require('net').connect(80, '10.96.1.6', () => s.write('one'));
       s.once('data', () => { fs.writeFileSync(process.argv[1] + '.open', ''); const wait = setInterval(() => {
         if (!fs.existsSync(process.argv[1])) return; clearInterval(wait);
         s.once('data', (d) => { console.log(String(d)); s.destroy(); }); s.write('two'); }, 20); });`,
        flag,
      );
      const { existsSync, writeFileSync } = await import('node:fs');
      await expect.poll(() => existsSync(`${flag}.open`), { timeout: 5000 }).toBe(true);
      await sandbox.apply({ services: [web], endpointSlices: [] });
      expect(await ask(client, '10.96.1.6', 80)).toEqual(['ECONNREFUSED']);
      writeFileSync(flag, '');
      expect(await talk).toBe('two');
    });

    it('loses no request of a rolling update: one endpoint comes, another terminates, then is gone', async () => {
      const web = service('rolling', '10.96.1.8');
      const [one, two] = ['10.244.1.11', '10.244.1.12'];
      const leaving = { ready: false, serving: true, terminating: true };
      const steps = [
        [{ ip: one }],
        [{ ip: one }, { ip: two, ready: false }],
        [{ ip: one }, { ip: two }],
        [{ ip: one, ...leaving }, { ip: two }],
        [{ ip: two }],
        [{ ip: two, ...leaving }],
        [{ ip: two, ...leaving }, { ip: one }],
        [{ ip: one }],
      ];
      const show = (endpoints: (typeof steps)[number]) =>
        sandbox.apply({ services: [web], endpointSlices: [slice('rolling', endpoints)] });
      await show([{ ip: one }]);
      const asking = ask(client, '10.96.1.8', 80, 1500);
      let done = false;
      void asking.finally(() => {
        done = true;
      });
      let rounds = 0;
      while (!done) {
        for (const step of steps) await show(step);
        rounds += 1;
      }
      expect(rounds).toBeGreaterThan(1);
      expect(names(await asking)).toEqual(['a', 'b']);
    });

    it('tells load balancers whether this node has endpoints of a Service', async () => {
      const local = service('health', '10.96.1.9', {
        type: 'LoadBalancer',
        externalTrafficPolicy: 'Local',
        healthCheckNodePort: 32000,
      });
      const status = (nodeName: string) =>
        sandbox
          .apply({ services: [local], endpointSlices: [slice('health', [{ ip: '10.244.1.11', nodeName }])] })
          .then(() =>
            sandbox.script(sandbox.outside, `fetch('http://192.168.77.1:32000').then((r) => console.log(r.status))`),
          );
      expect(await status('node-1')).toBe('200');
      expect(await status('node-2')).toBe('503');
    });

    it('moves a UDP client that keeps its socket away from an endpoint that is gone', async () => {
      const udp = service('udp', '10.96.1.7', { ports: [{ name: 'u', port: 53, protocol: 'UDP' }] });
      const port = [{ name: 'u', port: 8080, protocol: 'UDP' }];
      const only = (ip: string) => ({ services: [udp], endpointSlices: [slice('udp', [{ ip }], port)] });
      await sandbox.apply(only('10.244.1.11'));
      const flag = `${sandbox.directory}/udp`;
      const talk = sandbox.script(
        client,
        `const fs = require('fs'); const s = require('dgram').createSocket('udp4'); const got = [];
       s.bind(4567, () => setInterval(() => s.send('x', 53, '10.96.1.7'), 50));
       setTimeout(() => { console.log([...new Set(got)].join()); process.exit(); }, 8000);
       s.on('message', (m) => { got.push(String(m)); fs.writeFileSync(process.argv[1], '');
         if (String(m) === 'b') { console.log([...new Set(got)].join()); process.exit(); } });`,
        flag,
      );
      const { existsSync } = await import('node:fs');
      await expect.poll(() => existsSync(flag), { timeout: 5000 }).toBe(true);
      await sandbox.apply(only('10.244.1.12'));
      expect(await talk).toBe('a,b');
    });

    it('masquerades pods that leave the cluster', async () => {
      await sandbox.serve(sandbox.outside, tcpServer, 'outside');
      expect(await ask(client, '192.168.77.2', 8080)).toEqual(['outside 192.168.77.1']);
    });

    it('loads everything again when somebody deleted the table', async () => {
      const state = { services: [service('web', '10.96.1.1')], endpointSlices: [slice('web', both)] };
      await sandbox.apply({ services: [], endpointSlices: [] });
      await sandbox.inside(sandbox.node, 'nft', 'delete', 'table', 'ip', 'zeroplane-services');
      await sandbox.apply(state);
      expect(names(await ask(client, '10.96.1.1', 80, 16))).toEqual(['a', 'b']);
    });

    it('notices that somebody flushed all tables', async () => {
      await sandbox.apply({ services: [service('web', '10.96.1.1')], endpointSlices: [slice('web', both)] });
      await sandbox.inside(sandbox.node, 'nft', 'flush', 'ruleset');
      await expect.poll(async () => names(await ask(client, '10.96.1.1', 80, 16))).toEqual(['a', 'b']);
    });

    it('leaves no table, device or route after teardown', async () => {
      await sandbox.teardown();
      const { stdout: tables } = await sandbox.inside(sandbox.node, 'nft', 'list', 'ruleset');
      expect(tables).toBe('');
      const { stdout: links } = await sandbox.inside(sandbox.node, 'ip', '-br', 'link');
      expect(links.split('\n').map((line) => line.split(/[\s@]/)[0])).toEqual(['lo', 'up0', '']);
      const { stdout: routes } = await sandbox.inside(sandbox.node, 'ip', 'route');
      expect(routes.trim()).toMatch(/^192\.168\.77\.0\/24 dev up0[^\n]*$/);
    });
  },
);
