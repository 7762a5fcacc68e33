// The CNI configuration with the real plugins: a pod's address, its way in by host port, and what is left after teardown.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CallPlugin, cniPlugins, pluginsFor } from './testing/cni.ts';
import { createSandbox, reasonToSkip, type Sandbox } from './testing/sandbox.ts';

const reason = reasonToSkip() ?? (cniPlugins === undefined ? 'needs the CNI plugins' : undefined);

const server = `require('net').createServer((s) => { s.on('error', () => {}); s.end('pod'); })
  .listen(8080, '0.0.0.0', () => console.log('ready'))`;
const client = `const [host, port] = process.argv.slice(1); const s = require('net').connect({ host, port: Number(port) });
  const end = (text) => { console.log(text); process.exit(); };
  s.on('data', (d) => end(String(d))); s.on('error', (e) => end(e.code)); setTimeout(() => end('TIMEOUT'), 1500);`;

describe.skipIf(reason !== undefined)(
  `CNI with real plugins${reason === undefined ? '' : ` (skipped: ${reason})`}`,
  () => {
    let sandbox: Sandbox;
    let pod: string;
    let call: CallPlugin;

    beforeAll(async () => {
      sandbox = createSandbox();
      // As on a machine with Docker: what is forwarded is dropped unless a rule says otherwise.
      await sandbox.inside(sandbox.node, 'iptables', '-P', 'FORWARD', 'DROP');
      await sandbox.start();
      await sandbox.apply({});
      pod = sandbox.bare();
      call = pluginsFor(sandbox, pod);
    });
    afterAll(() => sandbox?.close());

    it('gives a pod an address of the node’s range and ways to node and world', async () => {
      const result = await call('ADD', 'bridge');
      expect(result.ips?.[0]?.address).toBe('10.244.1.2/24');
      await call('ADD', 'portmap', result);
      await sandbox.serve(pod, server);
      await sandbox.serve(sandbox.outside, server);
      expect(await sandbox.script(sandbox.node, client, '10.244.1.2', '8080')).toBe('pod');
      expect(await sandbox.script(pod, client, '192.168.77.2', '8080')).toBe('pod');
    });

    it('leads a host port to the pod', async () => {
      expect(await sandbox.script(sandbox.outside, client, '192.168.77.1', '8088')).toBe('pod');
      expect(await sandbox.script(sandbox.node, client, '127.0.0.1', '8088')).toBe('pod');
    });

    it('keeps the bridge’s hardware address as pods come and go', async () => {
      const link = async () =>
        JSON.parse((await sandbox.inside(sandbox.node, 'ip', '-j', 'link', 'show', 'zp-pods')).stdout)[0].address;
      expect(await link()).toBe('0a:5a:0a:f4:01:01');
    });

    it('leaves no rule, chain, device or lease after teardown, though the pod was never unplugged', async () => {
      await sandbox.teardown();
      const tables = (await sandbox.inside(sandbox.node, 'nft', 'list', 'tables')).stdout;
      expect(tables.trim()).toBe('table ip filter');
      expect((await sandbox.inside(sandbox.node, 'iptables', '-S')).stdout.split('\n')).toEqual([
        '-P INPUT ACCEPT',
        '-P FORWARD DROP',
        '-P OUTPUT ACCEPT',
        '',
      ]);
      expect((await sandbox.inside(sandbox.node, 'ip', '-br', 'link')).stdout).not.toContain('veth');
      expect(existsSync(join(sandbox.options.dataDir, 'cni-leases', 'zp-pods'))).toBe(false);
    });
  },
);
