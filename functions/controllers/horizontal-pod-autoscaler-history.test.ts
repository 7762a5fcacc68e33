import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  historyAnnotation,
  type Recommendation,
  readHistory,
  recent,
  recommend,
} from './horizontal-pod-autoscaler-history.ts';

const roundMs = 15_000;

describe('What an autoscaler remembers', () => {
  it('gives the same highest and lowest as a list of every single recommendation', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 0, max: 30 }),
        fc.integer({ min: 0, max: 30 }),
        (numbers, upRounds, downRounds) => {
          // Between two rounds, so that no recommendation is just as old as a window is long.
          const [up, down] = [upRounds, downRounds].map((rounds) => rounds * roundMs + 7000) as [number, number];
          const keepMs = Math.max(up, down);
          let history: Recommendation[] = [];
          const every: { at: number; replicas: number }[] = [];
          numbers.forEach((replicas, round) => {
            const now = 1_000_000 + round * roundMs;
            const confirmedAt = now - roundMs;
            const plain = (windowMs: number) =>
              every.filter(({ at }) => at > now - windowMs).map((each) => each.replicas);
            const kept = (windowMs: number) => recent(history, windowMs, now, confirmedAt);
            expect(Math.max(replicas, ...kept(down))).toBe(Math.max(replicas, ...plain(down)));
            expect(Math.min(replicas, ...kept(up))).toBe(Math.min(replicas, ...plain(up)));
            every.push({ at: now, replicas });
            history = recommend(history, replicas, { now, confirmedAt, keepMs });
          });
          expect(history.length).toBeLessThanOrEqual(12);
        },
      ),
    );
  });

  it('does not change while the same is recommended', () => {
    const at = (round: number) => ({ now: round * roundMs, confirmedAt: (round - 1) * roundMs, keepMs: 300_000 });
    let history = recommend([], 3, at(1));
    history = recommend(history, 2, at(2));
    const before = history;
    expect(recommend(history, 2, at(3))).toEqual(before);
    expect(recommend(history, 2, at(40))).toEqual([{ replicas: 2 }]);
  });

  it.each(['', '7', '{}', '{"recommendations":[{"replicas":"x"}],"ups":[],"downs":[]}', 'null'])(
    'is nothing when the annotation says %j',
    (text) => {
      expect(readHistory({ [historyAnnotation]: text })).toEqual({ recommendations: [], ups: [], downs: [] });
    },
  );
});
