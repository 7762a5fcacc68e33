import { expect, it } from 'vitest';
import { noFaults } from './faults/rates.ts';
import { simulate } from './simulation.ts';

it('finds nothing wrong under faults, which it injects all', { timeout: 60_000 }, async () => {
  const report = await simulate({ seed: 7, events: 40_000 });
  expect(report.violations).toEqual([]);
  const { collectedEntries, outages, ...faults } = report.faults;
  for (const [fault, count] of Object.entries(faults)) expect(count, fault).toBeGreaterThan(0);
  expect(report.checks.commits).toBeGreaterThan(500);
  expect(report.checks.watchEvents).toBeGreaterThan(1000);
});

it('tells the same history for the same seed, and another one for another', { timeout: 60_000 }, async () => {
  const [once, again, other] = [
    await simulate({ seed: 3, events: 10_000 }),
    await simulate({ seed: 3, events: 10_000 }),
    await simulate({ seed: 4, events: 10_000 }),
  ];
  expect(again).toEqual(once);
  expect(other.digest).not.toBe(once.digest);
});

it('is calm without faults', { timeout: 60_000 }, async () => {
  const report = await simulate({ seed: 1, events: 20_000, rates: noFaults });
  expect(report.violations).toEqual([]);
  expect(report.faults.crashesAnytime).toBe(0);
});
