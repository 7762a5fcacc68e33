import { MessageChannel, Worker } from 'node:worker_threads';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Family } from '../../core/metrics/family.ts';
import { createHistogram, observe } from '../../core/metrics/histogram.ts';
import { Query } from '../../functions/apiserver/query.ts';
import { createHealth } from '../../functions/apiserver/system/health.ts';
import { workerChecks, workerFamilies } from './worker-checks.ts';
import { type AskWorker, answerQuestions, askWorker } from './worker-port.ts';

let channel: MessageChannel;
let worker: AskWorker;

beforeEach(() => {
  channel = new MessageChannel();
  worker = askWorker(channel.port1);
});

afterEach(() => {
  channel.port1.close();
});

const readyz = async () => {
  const health = createHealth(workerChecks(worker));
  return Buffer.from(
    (await health.respond(['readyz'], new Query(new URLSearchParams('verbose'))))?.body as Uint8Array,
  ).toString();
};

const working = { started: () => true, quiet: () => false, nextDue: () => undefined };

it('The other thread says what it counted, histograms too', async () => {
  const value = createHistogram([1, 2]);
  observe(value, 1.5);
  const family: Family = { name: 'a', help: 'A.', type: 'histogram', series: [{ labels: 'name="x"', value }] };
  answerQuestions(channel.port2, { ...working, families: () => [family] });
  expect(await workerFamilies(worker)).toEqual([family]);
});

it('It is alive once it answers, and ready once it has started', async () => {
  let started = false;
  answerQuestions(channel.port2, { ...working, started: () => started, families: () => [] });
  expect(await readyz()).toContain('[+]scheduler-and-controllers ok\n[-]scheduler-and-controllers-sync failed');
  started = true;
  expect(await readyz()).toContain('readyz check passed');
});

it('A thread that is stuck is no health, and keeps no scrape waiting', async () => {
  const stuck = new Worker('for (;;) {}', { eval: true, workerData: channel.port2, transferList: [channel.port2] });
  try {
    const [check] = workerChecks(worker).map((each) => ({ ...each, timeoutMs: 50 }));
    const health = createHealth(check ? [check] : []);
    expect(await health.respond(['livez'], new Query(new URLSearchParams()))).toMatchObject({ status: 500 });
    expect(await workerFamilies(worker, 50)).toEqual([]);
  } finally {
    await stuck.terminate();
  }
});

it('It says whether there is work, and when there will be', async () => {
  answerQuestions(channel.port2, { ...working, quiet: () => true, nextDue: () => 17, families: () => [] });
  expect(await worker.work()).toMatchObject({ quiet: true, nextDue: 17 });
});
