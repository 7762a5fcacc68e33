import { describe, expect, it } from 'vitest';
import { mutations } from './faults/mutations.ts';
import { simulate } from './simulation.ts';

describe('a protocol with a rule less is found out:', () => {
  for (const [name, mutate] of Object.entries(mutations))
    it(name, { timeout: 120_000 }, async () => {
      const found: string[] = [];
      for (let seed = 1; seed <= 20 && found.length === 0; seed++) {
        const { violations } = await simulate({ seed, events: 60_000, mutate, stopAtViolation: true });
        found.push(...violations);
      }
      expect(found).not.toEqual([]);
    });
});
