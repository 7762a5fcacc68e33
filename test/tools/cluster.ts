// A whole cluster as its user starts it, on a host of the tests' own: `zeroplane up --detach`, kubectl, `zeroplane down --purge`.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createHost, type Host } from './host.ts';
import { type Ran, runTool, tool } from './kubectl.ts';

const start = join(import.meta.dirname, '../../local/start.mjs');

export interface TestCluster {
  readonly host: Host;
  readonly dataDir: string;
  readonly kubeconfig: string;
  /** kubectl to its end; throws with its stderr when it exits non-zero. */
  kubectl(...args: string[]): Promise<string>;
  /** The same, never throwing. */
  attempt(...args: string[]): Promise<Ran>;
  /** kubectl apply -f - with a manifest. */
  apply(manifest: string): Promise<string>;
  /** The command line of zeroplane with this cluster's data directory. */
  zeroplane(command: string, ...args: string[]): Promise<Ran>;
  /** Stops it and removes everything. */
  remove(): Promise<void>;
}

/** `name` of at most 9 characters and `network` such as 10.210.1, unique among the test files. */
export async function startCluster(name: string, network: string): Promise<TestCluster> {
  const host = createHost(name, `${network}.1`);
  const dataDir = mkdtempSync(join(tmpdir(), `${name}-`));
  const kubeconfig = join(dataDir, 'admin.kubeconfig');
  const zeroplane = (command: string, ...args: string[]) =>
    host.run(process.execPath, start, command, '--data-dir', dataDir, ...args);
  const attempt = (...args: string[]) => host.run(tool('kubectl'), '--kubeconfig', kubeconfig, ...args);
  const remove = async () => {
    const { code, stderr } = await zeroplane('down', '--purge');
    host.remove();
    rmSync(dataDir, { recursive: true, force: true });
    if (code !== 0) throw new Error(`zeroplane down exited ${code}: ${stderr}`);
  };
  const { code, stdout, stderr } = await zeroplane('up', '--detach');
  if (code !== 0) {
    await remove().catch(() => {});
    throw new Error(`zeroplane up exited ${code}: ${stdout}\n${stderr}`);
  }
  return {
    host,
    dataDir,
    kubeconfig,
    attempt,
    zeroplane,
    remove,
    kubectl: async (...args) => checked(args, await attempt(...args)),
    apply: async (manifest) => {
      const args = ['--kubeconfig', kubeconfig, 'apply', '-f', '-'];
      const [nsenter = '', ...rest] = host.enter;
      return checked(['apply'], await runTool(nsenter, [...rest, tool('kubectl'), ...args], manifest));
    },
  };
}

/** Asks until the answer is there; throws what it last saw after `seconds`. */
export async function eventually<T>(seconds: number, ask: () => Promise<T | undefined | false>): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  let last: unknown;
  while (Date.now() < deadline) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
    } catch (error) {
      last = error;
    }
    await delay(100);
  }
  throw new Error(
    `not within ${seconds} s${last === undefined ? '' : `: ${last instanceof Error ? last.message : String(last)}`}`,
  );
}

function checked(args: readonly string[], { code, stdout, stderr }: Ran): string {
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')} exited ${code}: ${stderr}`);
  return stdout;
}
