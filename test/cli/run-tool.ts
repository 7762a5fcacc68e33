// `zeroplane run` as a pipeline starts it, on the host of a test's cluster.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { TestCluster } from '../tools/cluster.ts';

export const busybox = 'zeroplane.local/busybox:1';

export interface RunResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly process: ChildProcess;
  readonly ended: Promise<RunResult>;
  /** Resolves once this stands in its standard output, with all that does. */
  said(text: string): Promise<string>;
}

/** The words that start the command line on the cluster's host. */
export function zeroplaneOn(cluster: TestCluster): string[] {
  return [...cluster.host.enter, process.execPath, join(import.meta.dirname, '../../cli/main.ts')];
}

export interface RunnerOptions {
  /** Of a pipeline's job; nothing else is in its environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** `zeroplane run` with the administrator's kubeconfig, unless the environment says otherwise. */
export function startRun(cluster: TestCluster, args: readonly string[], options: RunnerOptions = {}): Running {
  return startProgram([...zeroplaneOn(cluster), 'run', ...args], {
    env: { KUBECONFIG: cluster.kubeconfig },
    ...options,
  });
}

export function startProgram(words: readonly string[], { env, cwd }: RunnerOptions): Running {
  const [program = '', ...rest] = words;
  const { PATH = '' } = process.env;
  const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH, ...env }, ...(cwd && { cwd }) });
  let [stdout, stderr] = ['', ''];
  const waiting = new Set<() => void>();
  child.stdout?.on('data', (chunk) => {
    stdout += chunk;
    for (const each of waiting) each();
  });
  child.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  const ended = once(child, 'close').then(([code]) => ({ code, stdout, stderr }));
  return {
    process: child,
    ended,
    said: (text) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (!stdout.includes(text)) return;
          waiting.delete(look);
          resolve(stdout);
        };
        waiting.add(look);
        look();
        void ended.then((result) => reject(new Error(`it ended first: ${JSON.stringify(result)}`)));
      }),
  };
}

export function runToEnd(cluster: TestCluster, args: readonly string[], options?: RunnerOptions): Promise<RunResult> {
  return startRun(cluster, args, options).ended;
}
