// Pods started on a cluster's host, by HTTP.

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { childEnvironment } from '../../core/process/child-environment.ts';
import type { TestCluster } from '../../test/tools/cluster.ts';
import type { PodKind } from './bench-pod.ts';
import type { SeenStart } from './over-http.ts';

export interface PodStarter {
  /** At once; they are gone when it resolves. */
  start(count: number, kind: PodKind): Promise<readonly SeenStart[]>;
  close(): void;
}

export function openPodStarter({ host, dataDir }: TestCluster): PodStarter {
  const [nsenter = '', ...rest] = host.enter;
  const child = spawn(nsenter, [...rest, process.execPath, join(import.meta.dirname, 'over-http.ts'), dataDir], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: childEnvironment(),
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async start(count, kind) {
      child.stdin.write(`${count} ${kind}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error(`over-http.ts ended with ${child.exitCode}`);
      // as: that is what it prints.
      return JSON.parse(value) as SeenStart[];
    },
    close: () => child.stdin.end(),
  };
}

/** Milliseconds from the first POST to the last that runs. */
export function timeOfAll(seen: readonly SeenStart[]): number {
  return Math.max(...seen.map(({ running }) => running)) - Math.min(...seen.map(({ posted }) => posted));
}
