import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';

// A thread of its own: what else runs in this one keeps it from idling.
const program = (module: string) => `
  const { parentPort } = require('node:worker_threads');
  import(${JSON.stringify(module)}).then(({ giveBackIdleMemory }) => {
    let kept = Array.from({ length: 200_000 }, (_, i) => String(i).padStart(64, 'x'));
    const registry = new FinalizationRegistry(() => parentPort.postMessage('collected'));
    registry.register(kept);
    // Keeps the thread alive, without anything to do, and the registry.
    parentPort.on('message', () => registry);
    giveBackIdleMemory(() => {
      kept = undefined;
      parentPort.postMessage('released');
    }, 100);
  });
`;

it('lets go of what can be made again, and of garbage, once the thread idles', { timeout: 60_000 }, async () => {
  const worker = new Worker(program(new URL('./idle-memory.ts', import.meta.url).href), { eval: true });
  try {
    const said: unknown[] = [];
    await new Promise<void>((resolve, reject) => {
      worker.once('error', reject);
      worker.on('message', (message) => {
        said.push(message);
        if (message === 'collected') resolve();
      });
    });
    expect(said.slice(0, 2)).toEqual(['released', 'collected']);
  } finally {
    await worker.terminate();
  }
});
