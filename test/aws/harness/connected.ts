// A user's own way to a cluster of the harness: a home with the kubeconfig of `zeroplane kubeconfig --aws`, which starts `zeroplane connect`.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Kubectl, kubectlBy, runTool, tool } from '../../tools/kubectl.ts';

const root = join(import.meta.dirname, '../../..');

export interface Connected {
  readonly home: string;
  readonly kubectl: Kubectl;
  /** A program and its arguments, as this user runs it beside the cluster. */
  command(file: string, ...args: string[]): [file: string, args: string[]];
  /** The same with kubectl. */
  kubectlCommand(...args: string[]): [file: string, args: string[]];
  /** Processes of `zeroplane connect`. */
  processes(): number[];
  stop(): void;
}

export async function connectTo(worker: { enter: readonly string[]; url: string; caFile: string }): Promise<Connected> {
  const home = mkdtempSync(join(tmpdir(), 'zeroplane-home-'));
  const kubeconfig = join(home, 'kubeconfig');
  const variables = {
    HOME: home,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'AKIAADMIN',
    AWS_SECRET_ACCESS_KEY: 'secret',
    NODE_EXTRA_CA_CERTS: worker.caFile,
    KUBECONFIG: kubeconfig,
  };
  const env = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  const command = (file: string, ...args: string[]): [string, string[]] => {
    const [enter = '', ...rest] = worker.enter;
    return [enter, [...rest, 'env', ...env, file, ...args]];
  };
  const kubectlCommand = (...args: string[]) => command(tool('kubectl'), ...args);
  const made = await runTool(
    ...command(
      ...([process.execPath, join(root, 'cli/main.ts'), 'kubeconfig', '--aws', '--server', worker.url] as const),
      ...['--cluster', 'test', '--region', 'us-east-1', '--to', kubeconfig],
    ),
  );
  if (made.code !== 0) throw new Error(`zeroplane kubeconfig --aws: ${made.stderr}`);
  return {
    home,
    kubectl: kubectlBy((args, input) => runTool(...kubectlCommand(...args), input)),
    command,
    kubectlCommand,
    processes: () => connectionsOf(home),
    stop() {
      for (const pid of connectionsOf(home)) process.kill(pid);
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** The processes of `zeroplane connect` that kubectl started: those with this home. */
export function connectionsOf(home: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        return line.includes('connect') && readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`HOME=${home}\0`);
      } catch {
        return false;
      }
    })
    .map(Number);
}
