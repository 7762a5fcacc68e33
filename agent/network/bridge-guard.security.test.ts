// What a pod could say past the rules of NetworkPolicies, in a real kernel: pods as network namespaces.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tried } from '../../test/tools/tried.ts';
import type { NetworkState } from './contract.ts';
import { pod } from './testing/objects.ts';
import { createSandbox, dualStack, reasonToSkip, type Sandbox } from './testing/sandbox.ts';

const reason = reasonToSkip();

const server = `require('net').createServer((s) => { s.on('error', () => {}); s.end('ok'); }).listen(8080, '::', () => {
    const u = require('dgram').createSocket('udp4'); const heard = [];
    u.on('message', (m, from) => m.equals(Buffer.from('tell')) ? u.send(heard.join(','), from.port, from.address) : heard.push(String(m)));
    u.bind(8081, '0.0.0.0', () => console.log('ready')); });`;
const client = `const [host, port] = process.argv.slice(1); const s = require('net').connect({ host, port: Number(port) });
  const end = (text) => { console.log(text); process.exit(); };
  s.on('data', (d) => end(String(d))); s.on('error', (e) => end(e.code)); setTimeout(() => end('dropped'), 1500);`;
const send = `const [from, to, text] = process.argv.slice(1); const u = require('dgram').createSocket('udp4');
  u.bind(0, from, () => { u.setBroadcast(true); u.send(text, 8081, to, () => u.close()); });`;
const ask = `const u = require('dgram').createSocket('udp4'); u.on('message', (m) => { console.log('heard ' + m); process.exit(); });
  u.send('tell', 8081, process.argv[1]); setTimeout(() => { console.log('no answer'); process.exit(); }, 2000);`;

describe.skipIf(reason !== undefined)(`a pod${reason === undefined ? '' : ` (skipped: ${reason})`}`, () => {
  let sandbox: Sandbox;
  let front: string;
  let back: string;
  let state: Partial<NetworkState>;
  const tables = async () => (await sandbox.inside(sandbox.node, 'nft', 'list', 'tables', 'inet')).stdout;
  const ofPod = (namespace: string, ...args: string[]) => sandbox.inside(namespace, 'ip', ...args);
  const linkLocal = async (namespace: string): Promise<string> => {
    const listing = JSON.parse(
      (await ofPod(namespace, '-j', '-6', 'addr', 'show', 'dev', 'eth0', 'scope', 'link')).stdout,
    );
    const { local = '', tentative = false } = listing[0]?.addr_info?.[0] ?? {};
    return tentative ? '' : local;
  };

  beforeAll(async () => {
    sandbox = createSandbox({ checkInterval: 200 });
    await sandbox.start();
    front = sandbox.pod('10.244.1.10');
    back = sandbox.pod('10.244.1.12');
    await sandbox.serve(back, server);
    state = {
      namespaces: [{ metadata: { name: 'default' } }],
      pods: [pod('front', '10.244.1.10', { app: 'front' }), pod('back', '10.244.1.12', { app: 'back' })],
    };
  }, 60_000);
  afterAll(() => sandbox?.close());

  it('reaches its neighbour by IPv4, and would by an address of IPv6 that nobody gave it', async () => {
    for (const each of [front, back]) await expect.poll(() => linkLocal(each), { timeout: 15_000 }).toMatch(/^fe80:/);
    expect(await sandbox.script(front, client, '10.244.1.12', '8080')).toBe('ok');
    await sandbox.inside(sandbox.node, 'nft', 'delete', 'table', 'inet', 'zeroplane-guard');
    expect(await sandbox.script(front, client, `${await linkLocal(back)}%eth0`, '8080')).toBe('ok');
    // What somebody takes away comes back.
    await sandbox.apply(state);
    await expect.poll(tables, { timeout: 15_000 }).toContain('zeroplane-guard');
  });

  it('does not reach it, nor its node, over the link-local addresses that no policy knows', async () => {
    const found = await sandbox.script(front, client, `${await linkLocal(back)}%eth0`, '8080');
    expect(found).not.toBe('ok');
    await sandbox.serve(sandbox.node, server);
    const bridge = JSON.parse(
      (await sandbox.inside(sandbox.node, 'ip', '-j', '-6', 'addr', 'show', 'dev', 'zp-pods')).stdout,
    );
    const address = bridge[0]?.addr_info?.find((each: { scope: string }) => each.scope === 'link')?.local;
    expect(address).toMatch(/^fe80:/);
    expect(await sandbox.script(front, client, `${address}%eth0`, '8080')).not.toBe('ok');
    tried('ways around network policies', 2);
  });

  it('says nothing under an address that is no pod of its node, and nothing to all at once', async () => {
    await ofPod(front, 'addr', 'add', '203.0.113.5/32', 'dev', 'eth0');
    await sandbox.script(front, send, '10.244.1.10', '10.244.1.12', 'own');
    await sandbox.script(front, send, '203.0.113.5', '10.244.1.12', 'forged');
    for (const all of ['224.0.0.1', '255.255.255.255', '10.244.1.255'])
      await sandbox.script(front, send, '10.244.1.10', all, 'to-all');
    await sandbox.script(front, send, '10.244.1.10', '10.244.1.12', 'own-again');
    await expect.poll(() => sandbox.script(front, ask, '10.244.1.12'), { timeout: 20_000 }).toBe('heard own,own-again');
    tried('ways around network policies');
  });

  it('is held again after somebody flushed the rules of the machine', async () => {
    await sandbox.inside(sandbox.node, 'nft', 'flush', 'ruleset');
    await expect.poll(tables, { timeout: 15_000 }).toContain('zeroplane-guard');
    expect(await sandbox.script(front, client, `${await linkLocal(back)}%eth0`, '8080')).not.toBe('ok');
    await sandbox.teardown();
    const left = await sandbox.inside(sandbox.node, 'nft', 'list', 'tables', 'inet');
    expect(left.stdout).toBe('');
  });
});

const dualServer = `const net = require('net'); net.createServer((s) => { s.on('error', () => {}); s.end('ok'); }).listen(8080, '::', () => {
    const u = require('dgram').createSocket('udp6'); const heard = [];
    u.on('message', (m, from) => m.equals(Buffer.from('tell')) ? u.send(heard.join(','), from.port, from.address) : heard.push(String(m)));
    u.bind(8081, '::', () => { u.addMembership('ff02::1', '::%eth0'); console.log('ready'); }); });`;
const dualSend = `const [from, to, text] = process.argv.slice(1); const u = require('dgram').createSocket('udp6');
  u.bind(0, from, () => { u.setMulticastInterface('::%eth0'); u.send(text, 8081, to, () => u.close()); });`;
const dualAsk = ask.replace("'udp4'", "'udp6'");

describe.skipIf(reason !== undefined)(
  `a pod of both families${reason === undefined ? '' : ` (skipped: ${reason})`}`,
  () => {
    const [own, neighbour] = ['fd10:244:0:1::10', 'fd10:244:0:1::12'];
    let sandbox: Sandbox;
    let front: string;
    let back: string;
    const linkLocal = async (namespace: string): Promise<string> => {
      const { stdout } = await sandbox.inside(
        namespace,
        'ip',
        '-6',
        '-o',
        'addr',
        'show',
        'dev',
        'eth0',
        'scope',
        'link',
      );
      return stdout.includes('tentative') ? '' : (/inet6 (fe80::[0-9a-f:]+)/.exec(stdout)?.[1] ?? '');
    };

    beforeAll(async () => {
      sandbox = createSandbox({ checkInterval: 60_000, ipv6: dualStack });
      await sandbox.start();
      front = sandbox.pod('10.244.1.10', own);
      back = sandbox.pod('10.244.1.12', neighbour);
      await sandbox.serve(back, dualServer);
    }, 60_000);
    afterAll(() => sandbox?.close());

    const attempts = async () => {
      const [mine, theirs] = [await linkLocal(front), await linkLocal(back)];
      await sandbox.inside(front, 'ip', 'addr', 'add', 'fd99::5/128', 'dev', 'eth0', 'nodad');
      const over = await sandbox.script(front, client, `${theirs}%eth0`, '8080');
      for (const [from, to, text] of [
        [own, neighbour, 'own'],
        [`${mine}%eth0`, `${theirs}%eth0`, 'link'],
        [own, `${theirs}%eth0`, 'to-link'],
        [own, 'ff02::1%eth0', 'to-all'],
        [`${mine}%eth0`, neighbour, 'from-link'],
        ['fd99::5', neighbour, 'forged'],
        [own, neighbour, 'own-again'],
      ] as const)
        await sandbox.script(front, dualSend, from, to, text);
      const heard = await sandbox.script(front, dualAsk, neighbour);
      return { over, heard: heard.replace('heard ', '').split(',') };
    };

    it('speaks under the address that policies know, to such an address, and nothing else', async () => {
      for (const each of [front, back]) await expect.poll(() => linkLocal(each), { timeout: 15_000 }).toMatch(/^fe80:/);
      expect(await attempts()).toEqual({ over: 'dropped', heard: ['own', 'own-again'] });
      tried('ways around network policies', 6);
    });

    it('would be heard in all these ways if nothing held it', async () => {
      await sandbox.inside(sandbox.node, 'nft', 'delete', 'table', 'inet', 'zeroplane-guard');
      const { over, heard } = await attempts();
      expect(over).toBe('ok');
      expect(heard).toEqual(expect.arrayContaining(['link', 'to-link', 'to-all', 'from-link', 'forged']));
    });
  },
);
