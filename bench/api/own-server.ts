// Our own API server as `up` starts it, on a free port, with a data directory of its own.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runTool } from '../../test/tools/kubectl.ts';
import type { Target } from './client.ts';

const ourCheckout = join(import.meta.dirname, '../..');

export interface OwnServer {
  readonly target: Target;
  readonly pid: number;
  remove(): Promise<void>;
}

/** `checkout`: the folder of another version of the project, whose packages are installed. */
export async function startOwnServer(checkout = ourCheckout): Promise<OwnServer> {
  const start = join(checkout, 'local/start.mjs');
  const dataDir = mkdtempSync(join(tmpdir(), 'zeroplane-bench-api-'));
  const port = await freePort();
  const zeroplane = async (...args: string[]) => {
    const { code, stderr } = await runTool(process.execPath, [start, ...args, '--data-dir', dataDir]);
    if (code !== 0) throw new Error(`zeroplane ${args[0]} exited ${code}: ${stderr}`);
  };
  const remove = async () => {
    await zeroplane('down', '--purge');
    rmSync(dataDir, { recursive: true, force: true });
  };
  try {
    await zeroplane('up', '--detach', '--no-agent', '--port', String(port));
  } catch (error) {
    await remove();
    throw error;
  }
  const read = (file: string) => readFileSync(join(dataDir, file), 'utf8').trim();
  return {
    target: {
      server: `https://127.0.0.1:${port}`,
      token: read('pki/admin.token'),
      insecure: false,
      ca: read('pki/ca.crt'),
    },
    pid: Number(read('run/control-plane.pid').split(' ')[0]),
    remove,
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}
