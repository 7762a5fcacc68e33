import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSeats, type LevelConfig, type Seats } from './seats.ts';
import { dealHand } from './shuffle-shard.ts';

const queuing = { queues: 8, handSize: 3, queueLengthLimit: 50 };
const level = (name: string, more: Partial<LevelConfig> = {}): LevelConfig => ({
  name,
  nominal: 4,
  lendable: 0,
  borrowable: 0,
  queuing,
  ...more,
});

/** Requests that run until they are told to end. */
class Load {
  readonly seats: Seats;
  readonly running: { level: string; flow: string; seats: number }[] = [];
  /** What was granted, in order. */
  readonly served: string[] = [];
  readonly cancels: (() => boolean)[] = [];
  refused = 0;

  constructor(levels: readonly LevelConfig[]) {
    this.seats = createSeats();
    this.seats.configure(levels);
  }

  ask(name: string, flow: string, wanted = 1): void {
    const seats = Math.min(wanted, this.seats.widest(name));
    const run = () => {
      this.running.push({ level: name, flow, seats });
      this.served.push(flow);
    };
    if (this.seats.take(name, seats)) {
      run();
      return;
    }
    const place = this.seats.wait(name, flow, { seats, granted: run });
    if (typeof place === 'string') this.refused += 1;
    else this.cancels.push(place.leave);
  }

  /** Ends the request that runs at this place. */
  end(at = 0): void {
    const [one] = this.running.splice(at, 1);
    if (one) this.seats.release(one.level, one.seats);
  }

  inUse(name: string): number {
    return [...this.seats.levels].find((each) => each.name === name)?.inUse ?? 0;
  }
}

describe('seats', () => {
  it('let no more run than there are seats, and the next when one is free', () => {
    const load = new Load([level('a')]);
    for (let i = 0; i < 6; i++) load.ask('a', `f${i}`);
    expect(load.running).toHaveLength(4);
    load.end();
    expect(load.running).toHaveLength(4);
    expect(load.served).toHaveLength(5);
  });

  it('refuse at once where a level does not queue, and what finds its queue full', () => {
    const load = new Load([
      level('reject', { nominal: 1, queuing: undefined }),
      level('short', { nominal: 1, queuing: { queues: 1, handSize: 1, queueLengthLimit: 2 } }),
    ]);
    load.ask('reject', 'f');
    expect(load.seats.wait('reject', 'f', { seats: 1, granted: () => {} })).toBe('concurrency-limit');
    for (let i = 0; i < 3; i++) load.ask('short', 'f');
    expect(load.seats.wait('short', 'f', { seats: 1, granted: () => {} })).toBe('queue-full');
  });

  it('tell whoever waits how long its queue is', () => {
    const load = new Load([level('a', { nominal: 1, queuing: { queues: 1, handSize: 1, queueLengthLimit: 5 } })]);
    load.ask('a', 'f');
    const lengths = [1, 2, 3].map(() => load.seats.wait('a', 'f', { seats: 1, granted: () => {} }));
    expect(lengths).toMatchObject([{ queueLength: 1 }, { queueLength: 2 }, { queueLength: 3 }]);
  });

  it('do not let a flow that floods keep others from their turn', () => {
    const load = new Load([level('a', { nominal: 1, queuing: { queues: 64, handSize: 6, queueLengthLimit: 50 } })]);
    for (let i = 0; i < 200; i++) load.ask('a', 'flood');
    load.ask('a', 'small');
    for (let i = 0; i < 10; i++) load.end();
    expect(load.served.indexOf('small')).toBeGreaterThan(0);
    expect(load.served.indexOf('small')).toBeLessThan(9);
  });

  it('are lent while their level is idle, and go back to it first', () => {
    const load = new Load([level('a', { borrowable: 100 }), level('b', { lendable: 3 })]);
    for (let i = 0; i < 20; i++) load.ask('a', `f${i % 5}`);
    expect(load.inUse('a')).toBe(7);
    load.ask('b', 'x');
    expect(load.inUse('b')).toBe(1);
    load.ask('b', 'y');
    load.ask('b', 'z');
    expect(load.inUse('b')).toBe(1);
    load.end();
    load.end();
    expect([load.inUse('a'), load.inUse('b')]).toEqual([5, 3]);
  });

  it('are not given to narrow requests while a wide one waits for its own', () => {
    const load = new Load([level('a', { borrowable: 100 }), level('b', { lendable: 4 })]);
    for (let i = 0; i < 40; i++) load.ask('a', `f${i % 7}`);
    load.ask('b', 'wide', 4);
    for (let i = 0; i < 4; i++) load.end();
    expect(load.served.at(-1)).toBe('wide');
  });

  it('keep who waits when the queues change, and when the level goes', () => {
    const load = new Load([level('a', { nominal: 1 })]);
    for (let i = 0; i < 4; i++) load.ask('a', `f${i}`);
    load.seats.configure([level('a', { nominal: 1, queuing: { ...queuing, queues: 2, handSize: 1 } })]);
    load.end();
    expect(load.served).toHaveLength(2);
    load.seats.configure([level('b')]);
    while (load.running.length > 0) load.end();
    expect(load.served).toHaveLength(4);
    expect([...load.seats.levels].map(({ name }) => name)).toEqual(['b']);
    expect(load.seats.total).toBe(4);
  });
});

const levelNames = ['a', 'b', 'c'];
const configs = fc.tuple(
  ...levelNames.map((name) =>
    fc
      .record({
        nominal: fc.integer({ min: 1, max: 6 }),
        lent: fc.double({ min: 0, max: 1, noNaN: true }),
        borrowable: fc.integer({ min: 0, max: 20 }),
        queues: fc.integer({ min: 1, max: 8 }),
      })
      .map(({ nominal, lent, borrowable, queues }) =>
        level(name, {
          nominal,
          lendable: Math.floor(nominal * lent),
          borrowable,
          queuing: { queues, handSize: Math.min(3, queues), queueLengthLimit: 20 },
        }),
      ),
  ),
);
type Step =
  | { readonly do: 'ask'; readonly level: string; readonly flow: number; readonly seats: number }
  | { readonly do: 'end' | 'cancel'; readonly at: number };
const small = (max: number) => fc.integer({ min: 1, max });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('ask' as const),
    level: fc.constantFrom(...levelNames),
    flow: small(9),
    seats: small(8),
  }),
  fc.record({ do: fc.constantFrom('end' as const, 'cancel' as const), at: fc.nat() }),
);
const steps = fc.array(step, { maxLength: 200 });

function play(load: Load, all: readonly Step[], check: () => void): void {
  for (const step of all) {
    if (step.do === 'ask') load.ask(step.level, `${step.level}${step.flow}`, step.seats);
    else if (step.do === 'end') load.end(load.running.length === 0 ? 0 : step.at % load.running.length);
    else if (load.cancels.length > 0) load.cancels.splice(step.at % load.cancels.length, 1)[0]?.();
    check();
  }
}

describe('under any load', () => {
  it('seats never exceed the total, nor what a level may have, and a level gets what it does not lend', () => {
    fc.assert(
      fc.property(configs, steps, (levels, all) => {
        const load = new Load(levels);
        play(load, all, () => {
          const states = [...load.seats.levels];
          const used = states.reduce((sum, each) => sum + each.inUse, 0);
          expect(used).toBe(load.running.reduce((sum, each) => sum + each.seats, 0));
          expect(used).toBeLessThanOrEqual(load.seats.total);
          for (const { config, inUse, waiting } of states) {
            expect(inUse).toBeLessThanOrEqual(config.nominal + config.borrowable);
            // Nobody of one seat waits while seats that are never lent are free: the widest request may need all of them.
            if (waiting > 0) expect(inUse + 8).toBeGreaterThan(config.nominal - config.lendable);
          }
        });
      }),
      { numRuns: 300 },
    );
  });

  it('everything that waited and was not given up runs, and every seat comes back', () => {
    fc.assert(
      fc.property(configs, steps, (levels, all) => {
        const load = new Load(levels);
        play(load, all, () => {});
        for (let left = 10_000; load.running.length > 0; left--) {
          expect(left).toBeGreaterThan(0);
          load.end();
        }
        for (const { inUse, waiting } of load.seats.levels) expect([inUse, waiting]).toEqual([0, 0]);
      }),
      { numRuns: 300 },
    );
  });

  it('no flow starves, however much others ask for', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 6 }),
        fc.array(fc.nat({ max: 4 }), { minLength: 400, maxLength: 400 }),
        (nominal, others, order) => {
          const load = new Load([level('a', { nominal, queuing: { queues: 32, handSize: 4, queueLengthLimit: 50 } })]);
          for (let i = 0; i < nominal; i++) load.ask('a', 'first');
          // Floods are always there: each that ends is asked for again.
          for (let i = 0; i < others * 20; i++) load.ask('a', `flood${i % others}`);
          load.ask('a', 'small');
          for (const each of order) {
            load.end(each % nominal);
            load.ask('a', `flood${each % others}`);
          }
          // At worst it shares the shortest queue of its hand with a part of every flood.
          expect(load.served).toContain('small');
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe('a hand', () => {
  it('is of different queues, the same for a flow each time, and spread over all', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.integer({ min: 1, max: 128 }),
        fc.integer({ min: 1, max: 8 }),
        (flow, queues, size) => {
          const hand = dealHand(flow, queues, size);
          expect(new Set(hand).size).toBe(Math.min(size, queues));
          for (const each of hand) expect(each >= 0 && each < queues).toBe(true);
          expect(dealHand(flow, queues, size)).toEqual(hand);
        },
      ),
    );
    const counts = new Array<number>(64).fill(0);
    for (let i = 0; i < 6400; i++)
      for (const each of dealHand(`user-${i}`, 64, 6)) counts[each] = (counts[each] ?? 0) + 1;
    for (const each of counts) expect(Math.abs(each - 600)).toBeLessThan(150);
  });
});
