// The control plane under faults, for a few seeds. More of them: `npm run sim -- --cluster --seed N --seeds N`.

import { describe, expect, it } from 'vitest';
import { type ClusterSimulationReport, simulateCluster } from './simulation.ts';

describe('A simulated cluster', () => {
  it('keeps its promises at every commit, and comes to rest', { timeout: 60_000 }, async () => {
    const reports: ClusterSimulationReport[] = [];
    for (const seed of [1, 4]) reports.push(await simulateCluster({ seed, seconds: 240 }));
    for (const report of reports) {
      expect(report.violations).toEqual([]);
      expect(report.problems).toEqual([]);
      expect(report.faults.crashes).toBeGreaterThan(0);
    }
    // Each invariant was put to the test.
    const names = Object.keys(reports[0]?.checks ?? {});
    expect(names.length).toBeGreaterThan(0);
    expect(names.filter((name) => reports.every(({ checks }) => !checks[name]))).toEqual([]);
  });

  it('is the same for the same seed', { timeout: 60_000 }, async () => {
    const first = await simulateCluster({ seed: 7, seconds: 40 });
    const second = await simulateCluster({ seed: 7, seconds: 40 });
    expect(second.digest).toBe(first.digest);
    expect(second.events).toBe(first.events);
  });
});
