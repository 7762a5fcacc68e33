import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { keepTexts, type Texts } from './kept-texts.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const textsOf = (json: string): Texts => ({ paths: [['/a', json]], schemas: [], refers: [] });

/** How often texts are made. */
function counted() {
  const kept = keepTexts();
  let made = 0;
  const ask = (key: string, source: unknown, json = '{}') => {
    kept.of(key, source, () => {
      made += 1;
      return textsOf(json);
    });
    return made;
  };
  return { kept, ask };
}

it('makes texts once of each source', () => {
  const { kept, ask } = counted();
  const [first, second] = [{}, {}];
  expect(ask('a', first)).toBe(1);
  expect(ask('a', first)).toBe(1);
  expect(ask('a', second)).toBe(2);
  expect(ask('b', first)).toBe(3);
  kept.forget((_, source) => source === first);
  expect(ask('a', second)).toBe(3);
  expect(ask('b', first)).toBe(4);
});

it('lets go of all when nobody asked for a minute', () => {
  const { ask } = counted();
  expect(ask('a', 1)).toBe(1);
  vi.advanceTimersByTime(59_000);
  expect(ask('a', 1)).toBe(1);
  vi.advanceTimersByTime(59_000);
  expect(ask('a', 1)).toBe(1);
  vi.advanceTimersByTime(61_000);
  expect(ask('a', 1)).toBe(2);
});

it('keeps no more than it may, and goes on with what it has', () => {
  const { kept, ask } = counted();
  const large = 'x'.repeat(9_000_000);
  expect(ask('a', 1, large)).toBe(1);
  expect(ask('b', 2, large)).toBe(2);
  expect(ask('b', 2, large)).toBe(3);
  expect(ask('a', 1, large)).toBe(3);
  kept.forget((key) => key === 'a');
  expect(ask('b', 2, large)).toBe(4);
  expect(ask('b', 2, large)).toBe(4);
});
