// Swaps a directory for a link to another one, back and forth as fast as it can, in a thread of its own: what a hostile container does
// while the node looks at its volume.

import { Worker } from 'node:worker_threads';

export interface Swap {
  /** How often the link was there so far. */
  readonly times: () => number;
  /** Ends it; the directory is in its place then. */
  stop(): Promise<void>;
}

const program = `
  const { renameSync, rmSync, symlinkSync } = require('node:fs');
  const { workerData: { place, elsewhere, state } } = require('node:worker_threads');
  const aside = place + '.aside';
  while (Atomics.load(state, 1) === 0) {
    renameSync(place, aside);
    attempt(() => symlinkSync(elsewhere, place));
    Atomics.add(state, 0, 1);
    while (!attempt(() => renameSync(aside, place))) attempt(() => rmSync(place, { recursive: true, force: true }));
  }
  // The other side may have made a directory meanwhile.
  function attempt(step) {
    try {
      step();
      return true;
    } catch {
      return false;
    }
  }
`;

/** Resolves once it swaps. `place` is the directory, `elsewhere` what the link names. */
export async function startSwap(place: string, elsewhere: string): Promise<Swap> {
  const state = new Int32Array(new SharedArrayBuffer(8));
  const worker = new Worker(program, { eval: true, workerData: { place, elsewhere, state } });
  const ended = new Promise<void>((resolve, reject) => {
    worker.on('error', reject);
    worker.on('exit', () => resolve());
  });
  const times = () => Atomics.load(state, 0);
  while (times() === 0) await Promise.race([ended, new Promise((resolve) => setImmediate(resolve))]);
  return {
    times,
    stop: async () => {
      Atomics.store(state, 1, 1);
      await ended;
    },
  };
}
