// The WireGuard device in a real kernel, or in user space where that has none: two nodes as network namespaces.

import { existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../run.ts';
import { createSandbox, reasonToSkip, type Sandbox } from '../testing/sandbox.ts';
import { overlayKey, overlayKeyFile } from './key.ts';
import type { Peer } from './plan.ts';
import { Tunnel } from './tunnel.ts';

const reason = reasonToSkip() ?? missing();

function missing(): string | undefined {
  return existsSync('/usr/bin/wg') ? undefined : 'needs wg';
}

const answer = `require('net').createServer((s) => s.end('ok')).listen(8080, '0.0.0.0', () => console.log('ready'))`;
const ask = `const s = require('net').connect({ host: process.argv[1], port: 8080, localAddress: process.argv[2] });
  const end = (text) => { console.log(text); process.exit(); };
  s.on('data', (d) => end(String(d))); s.on('error', (e) => end(e.code)); setTimeout(() => end('nothing'), 3000);`;

describe.skipIf(reason !== undefined)(`a tunnel${reason === undefined ? '' : ` (skipped: ${reason})`}`, () => {
  let sandbox: Sandbox;
  const ends = [
    { address: '10.244.1.1', outer: '192.168.77.1', range: '10.244.1.0/24' },
    { address: '10.244.2.1', outer: '192.168.77.2', range: '10.244.2.0/24' },
  ] as const;
  const keys: string[] = [];
  /** What was run to change it. */
  const commands: string[] = [];
  let looks = 0;

  beforeAll(() => {
    sandbox = createSandbox();
    for (const at of [0, 1] as const) {
      mkdirSync(dataDir(at));
      keys.push(overlayKey(dataDir(at)));
    }
  });
  afterAll(async () => {
    for (const at of [0, 1] as const) await tunnel(at).remove();
    sandbox?.close();
  });

  const dataDir = (at: 0 | 1) => join(sandbox.directory, `node-${at}`);
  const namespace = (at: 0 | 1) => (at === 0 ? sandbox.node : sandbox.outside);
  const tunnel = (at: 0 | 1) =>
    new Tunnel(
      (program, args) => {
        looks += 1;
        if (args[1] !== 'show' && args[0] !== 'show' && args[0] !== '-j') commands.push([program, ...args].join(' '));
        return run('nsenter', [`--net=/run/netns/${namespace(at)}`, program, ...args]);
      },
      {
        device: `${sandbox.node.slice(8, 11)}-wgtest${at}`,
        keyFile: overlayKeyFile(dataDir(at)),
        address: ends[at].address,
        nodeIP: ends[at].outer,
      },
    );
  const peer = (at: 0 | 1, more: Partial<Peer> = {}): Map<string, Peer> =>
    new Map([
      [
        keys[at] ?? '',
        { node: `node-${at}`, ranges: [ends[at].range], endpoint: `${ends[at].outer}:51820`, ready: true, ...more },
      ],
    ]);
  const route = (at: 0 | 1, device: string, range: string) =>
    sandbox.inside(namespace(at), 'ip', 'route', 'replace', range, 'dev', device, 'src', ends[at].address);

  it('makes a key once, for its owner alone', async () => {
    expect(overlayKey(dataDir(0))).toBe(keys[0]);
    expect(keys[0]).not.toBe(keys[1]);
    expect(statSync(overlayKeyFile(dataDir(0))).mode & 0o777).toBe(0o600);
    // What we call its public key is what WireGuard does.
    const stdout = await run('sh', ['-c', `wg pubkey < ${overlayKeyFile(dataDir(0))}`]);
    expect(stdout.trim()).toBe(keys[0]);
  });

  it('is not there before there is a peer, and then carries what is in the peer’s range', async () => {
    const [one, other] = [tunnel(0), tunnel(1)];
    expect(await one.apply(new Map())).toBe(false);
    expect(await one.isThere()).toBe(false);
    looks = 0;
    expect(await one.apply(new Map())).toBe(false);
    expect(looks).toBe(0);
    expect(await one.apply(peer(1))).toBe(true);
    // The other one waits to be dialled.
    expect(await other.apply(peer(0, { endpoint: undefined }))).toBe(true);
    await route(0, one.device, ends[1].range);
    await route(1, other.device, ends[0].range);
    await sandbox.serve(sandbox.outside, answer);
    await expect.poll(() => sandbox.script(sandbox.node, ask, ends[1].address, ends[0].address)).toBe('ok');
    expect((await one.handshakes()).get(keys[1] ?? '')).toBeGreaterThan(0);
    const { stdout } = await sandbox.inside(sandbox.node, 'ip', '-j', 'link', 'show', 'dev', one.device);
    expect(JSON.parse(stdout)[0]).toMatchObject({ mtu: 1420 });
    // From an address that is not the peer's to have nothing comes through.
    await sandbox.inside(sandbox.node, 'ip', 'addr', 'add', '10.244.7.1/32', 'dev', one.device);
    await sandbox.inside(sandbox.outside, 'ip', 'route', 'add', '10.244.7.1/32', 'dev', other.device);
    expect(await sandbox.script(sandbox.node, ask, ends[1].address, '10.244.7.1')).toBe('nothing');
  });

  it('is found again by another process, which changes nothing of what is right', async () => {
    const again = tunnel(0);
    await again.apply(peer(1));
    commands.length = 0;
    expect(await again.apply(peer(1))).toBe(false);
    expect(commands).toEqual([]);
    expect(await sandbox.script(sandbox.node, ask, ends[1].address, ends[0].address)).toBe('ok');
  });

  it('tells WireGuard what changed, and no more', async () => {
    const one = tunnel(0);
    await one.apply(peer(1));
    commands.length = 0;
    const strangers = Array.from({ length: 250 }, (_, at): [string, Peer] => [
      `${Buffer.from(String(at).padEnd(32, '.')).toString('base64')}`,
      { node: `n${at}`, ranges: [`10.245.${at}.0/24`], endpoint: undefined, ready: true },
    ]);
    await one.apply(new Map([...peer(1), ...strangers]));
    expect(commands).toHaveLength(3);
    expect(commands.join()).not.toContain(keys[1]);
    commands.length = 0;
    await one.apply(new Map([...peer(1), ...strangers.slice(1)]));
    expect(commands).toEqual([`wg set ${one.device} peer ${strangers[0]?.[0]} remove`]);
    await one.apply(peer(1));
    expect((await one.handshakes()).size).toBe(1);
    expect(await sandbox.script(sandbox.node, ask, ends[1].address, ends[0].address)).toBe('ok');
  });

  it('is made anew where somebody took it away, and goes when it is told to', async () => {
    const one = tunnel(0);
    await one.apply(peer(1));
    await sandbox.inside(sandbox.node, 'ip', 'link', 'del', one.device);
    one.forget();
    await expect.poll(() => one.isThere()).toBe(false);
    expect(await one.apply(peer(1))).toBe(true);
    await route(0, one.device, ends[1].range);
    await expect.poll(() => sandbox.script(sandbox.node, ask, ends[1].address, ends[0].address)).toBe('ok');
    await one.remove();
    expect(await one.isThere()).toBe(false);
  });
});
