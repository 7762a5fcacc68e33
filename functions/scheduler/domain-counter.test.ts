import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DomainCounter, type Domains } from './domain-counter.ts';

function domains(of: readonly number[]): Domains {
  return { topologyKey: 'zone', ids: new Map(), of: [...of] };
}

describe('DomainCounter', () => {
  it('counts by domain, and tells the least of the present ones', () => {
    const counter = new DomainCounter(domains([0, 0, 1, -1]), true);
    for (const slot of [0, 1, 2, 3]) counter.addNode(slot, true);
    expect([counter.present, counter.least]).toEqual([2, 0]);
    counter.add(0, 1);
    counter.add(1, 1);
    counter.add(2, 1);
    counter.add(3, 1);
    expect([counter.at(0), counter.at(2), counter.at(3), counter.least, counter.total]).toEqual([2, 1, 0, 1, 3]);
    counter.add(2, -1);
    counter.removeNode(2);
    expect([counter.present, counter.least]).toEqual([1, 2]);
  });

  it('ignores what is not eligible', () => {
    const counter = new DomainCounter(domains([0, 1]), true);
    counter.addNode(0, true);
    counter.addNode(1, false);
    counter.add(0, 1);
    counter.add(1, 5);
    expect([counter.present, counter.least, counter.at(1), counter.total]).toEqual([1, 1, 0, 1]);
  });

  it('agrees with counting anew, whatever comes and goes', () => {
    const step = fc.record({ slot: fc.nat({ max: 7 }), what: fc.constantFrom('add', 'remove', 'node', 'no node') });
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -1, max: 3 }), { minLength: 8, maxLength: 8 }),
        fc.array(step),
        (of, steps) => {
          const counter = new DomainCounter(domains(of), true);
          const pods = of.map(() => 0);
          const nodes = of.map(() => false);
          for (const { slot, what } of steps) {
            const here = pods[slot] ?? 0;
            if (what === 'node' && !nodes[slot]) {
              counter.addNode(slot, true);
              nodes[slot] = true;
            } else if (what === 'no node' && nodes[slot]) {
              counter.add(slot, -here);
              counter.removeNode(slot);
              nodes[slot] = false;
              pods[slot] = 0;
            } else if (what === 'add' && nodes[slot]) {
              counter.add(slot, 1);
              pods[slot] = here + 1;
            } else if (what === 'remove' && nodes[slot] && here > 0) {
              counter.add(slot, -1);
              pods[slot] = here - 1;
            }
            const present = [...new Set(of.filter((domain, i) => domain >= 0 && nodes[i]))];
            const counts = present.map((domain) => pods.reduce((sum, n, i) => sum + (of[i] === domain ? n : 0), 0));
            expect(counter.present).toBe(present.length);
            expect(counter.least).toBe(counts.length === 0 ? 0 : Math.min(...counts));
            expect(counter.total).toBe(counts.reduce((a, b) => a + b, 0));
          }
        },
      ),
    );
  });
});
