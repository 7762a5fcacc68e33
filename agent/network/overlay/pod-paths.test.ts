// What a node does about the ways to others, and what it tells of them, over programs that the test plays.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { seenFrom, wireGuardKey } from '../../../core/node/pod-network.ts';
import { CommandError } from '../../../core/process/run.ts';
import type { V1Node } from '../../../generated/kubernetes.ts';
import type { Run } from '../run.ts';
import type { Unreached } from './plan.ts';
import { createPodPaths, type PodPaths } from './pod-paths.ts';

const key = (name: string) => Buffer.from(name.padEnd(32, '.')).toString('base64');
const node = (name: string, at: number, address: string, seen = address): V1Node => ({
  metadata: { name, annotations: { [wireGuardKey]: key(name), [seenFrom]: seen } },
  spec: { podCIDR: `10.244.${at}.0/24` },
  status: {
    addresses: [{ type: 'InternalIP', address }],
    conditions: [{ type: 'Ready', status: 'True' }],
  },
});
const self = node('self', 1, '10.0.0.1');
const near = node('near', 2, '10.0.0.2');
const far = node('far', 3, '10.0.1.1');

let folder: string;
let commands: string[];
let told: (readonly Unreached[])[];
let broken: string | undefined;
let there: boolean;
/** Unix seconds. */
let handshake: number;

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse('2026-01-01T00:00:00Z') });
  folder = mkdtempSync(join(tmpdir(), 'pod-paths-'));
  [commands, told, broken, there, handshake] = [[], [], undefined, false, 0];
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true, force: true });
});

const run: Run = async (program, args) => {
  const line = [program, ...args].join(' ');
  const fails = () => new CommandError(program, args, { code: 1, stdout: '', stderr: 'Operation not supported' });
  if (line.startsWith('ip -j -4 addr'))
    return '[{"ifname":"eth0","mtu":1500,"addr_info":[{"local":"10.0.0.1","prefixlen":24}]}]';
  if (line.startsWith('ip -j -4 route')) return '[]';
  if (line.startsWith('ip link show')) {
    if (!there) throw fails();
    return '';
  }
  if (line.startsWith('wg show') && line.endsWith('latest-handshakes')) return `${key('far')}\t${handshake}\n`;
  if (line.startsWith('wg show')) return '';
  commands.push(line);
  if (broken !== undefined && line.startsWith(broken)) throw fails();
  if (line.startsWith('wireguard-go')) there = true;
  if (line.includes('type wireguard')) throw fails();
  return '';
};
const paths = (): PodPaths =>
  createPodPaths({
    run,
    nodeName: 'self',
    nodeIP: '10.0.0.1',
    dataDir: folder,
    prefix: 'zp',
    gateway: '10.244.1.1',
    overlayKeyFile: join(folder, 'key'),
    onUnreached: (nodes) => told.push(nodes),
  });
const lookIn = async (seconds: number, made: PodPaths) => {
  vi.setSystemTime(Date.now() + seconds * 1000);
  return made.check();
};
const routes = () =>
  commands.filter((line) => line.startsWith('ip route')).map((line) => line.replace(/zp-wg\w{4}/, 'WG'));

describe('the ways to other nodes’ pods', () => {
  it('are routes on the link and WireGuard beyond it', async () => {
    await paths().apply([self, near, far]);
    expect(routes()).toEqual([
      'ip route replace 10.244.2.0/24 via 10.0.0.2 proto 119',
      'ip route replace 10.244.3.0/24 dev WG src 10.244.1.1 proto 119',
    ]);
    expect(commands.filter((line) => line.startsWith('wg set')).at(-1)).toContain(
      `peer ${key('far')} allowed-ips 10.244.3.0/24 endpoint 10.0.1.1:51820 persistent-keepalive 25`,
    );
  });

  it('on the link hold where WireGuard cannot be set up, and what is missing is told', async () => {
    broken = 'wireguard-go';
    const made = paths();
    await expect(made.apply([self, near, far])).rejects.toThrow(CommandError);
    expect(routes()).toEqual(['ip route replace 10.244.2.0/24 via 10.0.0.2 proto 119']);
    // Only what lasts is told.
    expect(await lookIn(30, made)).toBe(false);
    expect(told).toEqual([]);
    await lookIn(30, made);
    expect(told).toEqual([[{ node: 'far', why: expect.stringMatching(/Operation not supported.*wireguard-go/) }]]);
    broken = undefined;
    handshake = Date.now() / 1000;
    await made.apply([self, near, far]);
    await lookIn(30, made);
    expect(told.at(-1)).toEqual([]);
  });

  it('are told when a Ready node has been silent for long, and when it is heard again', async () => {
    const made = paths();
    await made.apply([self, far]);
    await lookIn(30, made);
    await lookIn(30, made);
    expect(told).toEqual([]);
    await lookIn(30, made);
    expect(told).toEqual([[{ node: 'far', why: expect.stringContaining('open UDP to 10.0.1.1:51820') }]]);
    await lookIn(30, made);
    expect(told).toHaveLength(1);
    handshake = Date.now() / 1000;
    await lookIn(30, made);
    expect(told.at(-1)).toEqual([]);
    // One that is not Ready need not answer.
    await made.apply([self, { ...far, status: { ...far.status, conditions: [{ type: 'Ready', status: 'Unknown' }] } }]);
    for (let times = 0; times < 20; times += 1) await lookIn(30, made);
    expect(told).toHaveLength(2);
  });
});
