// The control plane under faults, for a few seeds. More of them: `npm run sim -- --cluster --seed N --seeds N`.

import { describe, expect, it } from 'vitest';
import { simulateCluster } from './simulation.ts';

describe('A simulated cluster', () => {
  it.each([1, 4])(
    'keeps its promises at every commit, and comes to rest (seed %i)',
    { timeout: 60_000 },
    async (seed) => {
      const report = await simulateCluster({ seed, seconds: 240 });
      expect(report.violations).toEqual([]);
      expect(report.problems).toEqual([]);
      const idle = Object.entries(report.checks).filter(([, count]) => count === 0);
      // Each invariant was put to the test, but for those that need what few seeds bring about in so short a time.
      expect(idle.map(([name]) => name).filter((name) => name !== 'ordinals in order')).toEqual([]);
      expect(report.faults.crashes).toBeGreaterThan(0);
    },
  );

  it('is the same for the same seed', { timeout: 60_000 }, async () => {
    const [first, second] = [
      await simulateCluster({ seed: 7, seconds: 40 }),
      await simulateCluster({ seed: 7, seconds: 40 }),
    ];
    expect(second.digest).toBe(first.digest);
    expect(second.events).toBe(first.events);
  });
});
