// exec through `zeroplane connect` and the channel: how soon a keystroke's echo is there, and what a command and an open terminal take.

import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { connectTo } from '../../test/aws/harness/connected.ts';
import type { AwsWorker } from '../../test/aws/harness/worker.ts';
import { eventually } from '../../test/tools/cluster.ts';
import { difference, type Measured, measure, medianOf, share } from './measure.ts';

export interface ExecMeasured {
  /** Median at the client, warm, from a byte that kubectl reads to the same byte that it writes. */
  readonly echoMs: number;
  readonly command: Measured;
  /** A minute of an exec in which nothing is said. */
  readonly idle: Measured;
}

const times = 5;
const keystrokes = 100;
const warmUps = 10;
/** Slower than anybody types fast: each waits for the one before. */
const betweenMs = 50;
/** A third of a minute. */
const windowMs = 20_000;

/** The worker has a channel; `pod` has one container, with a shell. */
export async function measureExec(worker: AwsWorker, pod: string): Promise<ExecMeasured> {
  const user = await connectTo(worker);
  const cat = spawn(...user.kubectlCommand('exec', '-i', pod, '--', 'cat'));
  try {
    const commands: Measured[] = [];
    for (let i = 0; i <= times; i++)
      commands.push(await measure('kubectl exec', worker.counted, () => user.kubectl('exec', pod, '--', 'true')));
    let said = 0;
    let heard: () => void = () => undefined;
    cat.stdout.on('data', (chunk: Buffer) => {
      said += chunk.length;
      heard();
    });
    const echo = (): Promise<number> => {
      const began = performance.now();
      const before = said;
      return new Promise((resolve) => {
        heard = () => {
          if (said > before) resolve(performance.now() - began);
        };
        cat.stdin.write('x');
      });
    };
    const taken: number[] = [];
    for (let i = 0; i < warmUps + keystrokes; i++) {
      const ms = await echo();
      if (i >= warmUps) taken.push(ms);
      await delay(betweenMs);
    }
    const before = await worker.counted();
    await delay(windowMs);
    const idle = share(difference(await worker.counted(), before), 1 / 3);
    const echoMs = taken.sort((a, b) => a - b)[Math.floor(taken.length / 2)] ?? Number.NaN;
    return {
      echoMs,
      command: medianOf('kubectl exec, a command without output', commands.slice(1)),
      idle: { name: 'a minute of kubectl exec, nothing said', ...idle },
    };
  } finally {
    cat.kill();
    await eventually(10, async () => cat.exitCode !== null || cat.signalCode !== null);
    user.stop();
  }
}
