// A whole cluster as its user starts it, on a host of the tests' own: `zeroplane up --detach`, kubectl, `zeroplane down --purge`.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createHost, type Host } from './host.ts';
import { type Ran, runTool, tool } from './kubectl.ts';
import { writeDownEnd } from './namespaces.ts';

const here = join(import.meta.dirname, '../..');

export interface TestCluster {
  readonly host: Host;
  readonly dataDir: string;
  readonly kubeconfig: string;
  /** kubectl to its end; throws with its stderr when it exits non-zero. */
  kubectl(...args: string[]): Promise<string>;
  /** The same, never throwing. */
  attempt(...args: string[]): Promise<Ran>;
  /** kubectl apply -f - with a manifest, or with objects. */
  apply(manifest: string | readonly object[], ...args: string[]): Promise<string>;
  /** The object, or list, that `kubectl get ARGS -o json` shows; its type is the caller's knowledge. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into many kinds of objects, and an absent field fails them.
  read(...args: string[]): Promise<any>;
  /** kill -9 of one of its processes. */
  kill(program: 'control-plane' | 'agent' | 'containerd'): void;
  /** The command line of zeroplane, such as `image load`, with this cluster's data directory. */
  zeroplane(command: string, ...args: string[]): Promise<Ran>;
  /** Stops it and removes everything. */
  remove(): Promise<void>;
}

/** `name` of at most 9 characters and `network` such as 10.210.1, unique among the test files. `host`: one that is there already. `flags`: of `up`. */
export function startCluster(
  name: string,
  network: string,
  host = createHost(name, `${network}.1`),
  ...flags: string[]
): Promise<TestCluster> {
  return startClusterOf(here, name, host, ...flags);
}

/** The cluster that another checkout makes. */
export async function startClusterOf(
  checkout: string,
  name: string,
  host: Host,
  ...flags: string[]
): Promise<TestCluster> {
  const start = join(checkout, 'local/start.mjs');
  const dataDir = mkdtempSync(join(tmpdir(), `${name}-`));
  const kubeconfig = join(dataDir, 'admin.kubeconfig');
  const zeroplane = (command: string, ...args: string[]) =>
    host.run(process.execPath, start, ...command.split(' '), '--data-dir', dataDir, ...args);
  const attempt = (...args: string[]) => host.run(tool('kubectl'), '--kubeconfig', kubeconfig, ...args);
  const ended = writeDownEnd(host, {
    command: [process.execPath, start, 'down', '--purge', '--data-dir', dataDir],
    folder: dataDir,
  });
  const remove = async () => {
    const { code, stdout, stderr } = await zeroplane('down', '--purge');
    // What is left then is what somebody must look at: no file of a running process is deleted.
    if (code !== 0) throw new Error(`zeroplane down exited ${code}: ${stdout}\n${stderr}`);
    ended();
    host.remove();
    rmSync(dataDir, { recursive: true, force: true });
  };
  const { code, stdout, stderr } = await zeroplane('up', '--detach', ...flags);
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
    kill: (program) => {
      const file = program === 'containerd' ? 'agent/containerd/containerd.pid' : `run/${program}.pid`;
      const [pid] = readFileSync(join(dataDir, file), 'utf8').split(' ');
      process.kill(Number(pid), 'SIGKILL');
    },
    kubectl: async (...args) => checked(args, await attempt(...args)),
    apply: async (manifest, ...more) => {
      const args = ['--kubeconfig', kubeconfig, 'apply', '-f', '-', ...more];
      const text =
        typeof manifest === 'string' ? manifest : JSON.stringify({ apiVersion: 'v1', kind: 'List', items: manifest });
      const [nsenter = '', ...rest] = host.enter;
      return checked(['apply'], await runTool(nsenter, [...rest, tool('kubectl'), ...args], text));
    },
    read: async (...args) => JSON.parse(checked(args, await attempt('get', ...args, '-o', 'json'))),
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
    await delay(200);
  }
  throw new Error(
    `not within ${seconds} s${last === undefined ? '' : `: ${last instanceof Error ? last.message : String(last)}`}`,
  );
}

function checked(args: readonly string[], { code, stdout, stderr }: Ran): string {
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')} exited ${code}: ${stderr}`);
  return stdout;
}
