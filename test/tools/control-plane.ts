// A control plane alone, as its user starts it: `zeroplane up --no-agent --detach`, kubectl as its administrator, `zeroplane down --purge`.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Kubectl, kubectlFor, type Ran, runTool } from './kubectl.ts';

const start = join(import.meta.dirname, '../../local/start.mjs');

export interface ControlPlane {
  readonly dataDir: string;
  readonly url: string;
  /** PEM. */
  readonly caCertificate: string;
  readonly kubectl: Kubectl;
  up(...flags: string[]): Promise<Ran>;
  down(): Promise<Ran>;
  /** The command line of zeroplane, such as `backup`, with this cluster's data directory. */
  zeroplane(...args: string[]): Promise<Ran>;
  remove(): Promise<void>;
}

/** Not started yet: `up` does. */
export async function planControlPlane(): Promise<ControlPlane> {
  const dataDir = mkdtempSync(join(tmpdir(), 'control-plane-'));
  const port = await freePort();
  const zeroplane = (...args: string[]) => runTool(process.execPath, [start, ...args, '--data-dir', dataDir]);
  return {
    dataDir,
    url: `https://127.0.0.1:${port}`,
    get caCertificate() {
      return readFileSync(join(dataDir, 'pki', 'ca.crt'), 'utf8');
    },
    kubectl: kubectlFor(join(dataDir, 'admin.kubeconfig')),
    zeroplane,
    up: (...flags) => zeroplane('up', '--no-agent', '--detach', '--port', String(port), ...flags),
    down: () => zeroplane('down'),
    async remove() {
      await zeroplane('down', '--purge');
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A TCP server that listens has an address with a port.
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
