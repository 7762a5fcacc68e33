// What WireGuard costs between two nodes: throughput of one TCP connection and the time of a round trip, over the bare link and through the
// tunnel that the agent makes, in turns. Both nodes are on this machine, so the processor does both ends' work.

import { execFile } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { overlayKey, overlayKeyFile } from '../../agent/network/overlay/key.ts';
import { Tunnel } from '../../agent/network/overlay/tunnel.ts';
import { run as runProgram } from '../../agent/network/run.ts';
import { createSandbox, type Sandbox } from '../../agent/network/testing/sandbox.ts';

const turns = 3;
const seconds = 3;

const server = `const net = require('net');
  net.createServer((s) => { s.on('error', () => {}); s.resume(); }).listen(9000, '0.0.0.0', () =>
    net.createServer((s) => { s.setNoDelay(); s.on('error', () => {}); s.pipe(s); }).listen(9001, '0.0.0.0', () => console.log('ready')));`;
const flood = `const [host, seconds] = process.argv.slice(1); const s = require('net').connect({ host, port: 9000 });
  const block = Buffer.alloc(1 << 17); const began = performance.now();
  const go = () => { while (performance.now() - began < seconds * 1000) if (!s.write(block)) return s.once('drain', go);
    const took = (performance.now() - began) / 1000; console.log((s.bytesWritten - s.writableLength) * 8 / took / 1e9); process.exit(); };
  s.once('connect', go);`;
const pingPong = `const [host, count] = process.argv.slice(1); const s = require('net').connect({ host, port: 9001 }); s.setNoDelay();
  const times = []; let began;
  const next = () => { began = performance.now(); s.write('x'); };
  s.once('connect', next);
  s.on('data', () => { times.push((performance.now() - began) * 1000); if (times.length < Number(count)) return next();
    times.sort((a, b) => a - b); console.log(JSON.stringify([0.5, 0.99].map((at) => times[Math.floor(times.length * at)]))); process.exit(); });`;

export async function run() {
  const sandbox = createSandbox();
  const ends = [
    { namespace: sandbox.node, outer: '192.168.77.1', inner: '10.244.1.1' },
    { namespace: sandbox.outside, outer: '192.168.77.2', inner: '10.244.2.1' },
  ] as const;
  const tunnels: Tunnel[] = [];
  try {
    const dirs = ends.map((_, at) => join(sandbox.directory, `node-${at}`));
    const keys = dirs.map((dir) => {
      mkdirSync(dir);
      return overlayKey(dir);
    });
    for (const [at, { namespace, outer, inner }] of ends.entries()) {
      const tunnel = new Tunnel(
        (program, args) => runProgram('nsenter', [`--net=/run/netns/${namespace}`, program, ...args]),
        {
          device: `zp-wgbench${at}`,
          keyFile: overlayKeyFile(dirs[at] ?? ''),
          address: inner,
          nodeIP: outer,
        },
      );
      tunnels.push(tunnel);
      const other = ends[1 - at];
      if (!other) throw new Error('two ends');
      const peer = { node: 'other', ranges: [`${other.inner}/32`], endpoint: `${other.outer}:51820`, ready: true };
      await tunnel.apply(new Map([[keys[1 - at] ?? '', peer]]));
      await sandbox.inside(
        namespace,
        'ip',
        'route',
        'replace',
        `${other.inner}/32`,
        'dev',
        tunnel.device,
        'src',
        inner,
      );
    }
    await sandbox.serve(sandbox.outside, server);
    const kind = existsSync('/var/run/wireguard/zp-wgbench0.sock') ? 'wireguard-go' : "the kernel's";
    const found = new Map<string, { gbits: number[]; p50: number[]; p99: number[] }>();
    for (let turn = 0; turn < turns; turn += 1)
      for (const [path, host] of [
        ['bare link', ends[1].outer],
        [`WireGuard (${kind})`, ends[1].inner],
      ] as const) {
        const { gbits, p50, p99 } = found.get(path) ?? { gbits: [], p50: [], p99: [] };
        const [middle = 0, late = 0]: number[] = JSON.parse(await inside(sandbox, pingPong, host, '2000'));
        gbits.push(Number(await inside(sandbox, flood, host, String(seconds))));
        found.set(path, { gbits, p50: [...p50, middle], p99: [...p99, late] });
      }
    const rows = [...found].map(([path, { gbits, p50, p99 }]) => ({
      path,
      'Gbit/s': Number(median(gbits).toFixed(2)),
      'round trip p50, µs': Math.round(median(p50)),
      'round trip p99, µs': Math.round(median(p99)),
    }));
    console.table(rows);
    console.log(`medians of ${turns} turns; one TCP connection, and one byte there and back`);
    return rows;
  } finally {
    for (const tunnel of tunnels) await tunnel.remove();
    sandbox.close();
  }
}

async function inside({ node }: Sandbox, script: string, ...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('nsenter', [
    `--net=/run/netns/${node}`,
    process.execPath,
    '-e',
    script,
    ...args,
  ]);
  return stdout.trim();
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
