import { expect, it } from 'vitest';
import { StartLatency } from './start-latency.ts';

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

it('counts calls that overlap once, and tells the start once', async () => {
  let now = 1000;
  const clock = new StartLatency(() => now);
  const [first, second] = [deferred(), deferred()];
  now = 1010;
  const one = clock.time('create', first.promise);
  now = 1030;
  const two = clock.time('create', second.promise);
  now = 1050;
  first.resolve();
  await one;
  now = 1070;
  second.resolve();
  await two;
  now = 1100;
  expect(clock.finish()).toEqual({ ms: 100, runtimeMs: 60, steps: { create: [10, 70] } });
  expect(clock.finish()).toBeUndefined();
});

it('counts a call that failed, and begins anew for another sandbox', async () => {
  let now = 0;
  const clock = new StartLatency(() => now);
  const call = clock.time(
    'create',
    Promise.resolve().then(() => {
      now = 7;
      throw new Error('no');
    }),
  );
  await expect(call).rejects.toThrow('no');
  expect(clock.finish()).toEqual({ ms: 7, runtimeMs: 7, steps: { create: [0, 7] } });
  clock.restart();
  now = 9;
  expect(clock.finish()).toEqual({ ms: 2, runtimeMs: 0, steps: {} });
});
