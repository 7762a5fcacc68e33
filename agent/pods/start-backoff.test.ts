import { describe, expect, it } from 'vitest';
import { type BackoffCause, StartBackoff } from './start-backoff.ts';

/** The pauses of one attempt after the other. */
function pausesOf(cause: BackoffCause, attempts: number, random = 0): number[] {
  const holds = new StartBackoff(() => random);
  return Array.from({ length: attempts }, () => {
    holds.hold('app', cause, 0);
    return holds.until('app') / 1000;
  });
}

describe('What could not be started', () => {
  it.each(['container', 'config'] as const)('is tried again after 10 to 15 s, and then ever later: %s', (cause) => {
    expect(pausesOf(cause, 7)).toEqual([10, 20, 40, 80, 160, 300, 300]);
    expect(pausesOf(cause, 1, 1)).toEqual([15]);
  });

  it('is tried again soon where a sandbox or a volume may be there a moment later', () => {
    for (const cause of ['sandbox', 'volume'] as const)
      expect(pausesOf(cause, 9)).toEqual([0.5, 1, 2, 4, 8, 16, 32, 60, 60]);
  });

  it('is tried at once when an object changes that it may wait for, and waits on for longer when that was not it', () => {
    const holds = new StartBackoff(() => 0);
    for (const cause of ['config', 'volume', 'container', 'image', 'sandbox'] as const) holds.hold(cause, cause, 0);
    holds.objectsChanged();
    expect([...holds.all()]).toEqual([
      ['config', 0],
      ['volume', 0],
      ['container', 10_000],
      ['image', 10_000],
      ['sandbox', 500],
    ]);
    holds.hold('config', 'config', 0);
    expect(holds.until('config')).toBe(20_000);
  });

  it('begins anew with another pod or another cause, and is forgotten once it runs', () => {
    const holds = new StartBackoff(() => 0);
    holds.hold('a', 'container', 0);
    holds.hold('a', 'config', 0);
    expect(holds.until('a')).toBe(10_000);
    holds.hold('b', 'image', 0);
    holds.podChanged();
    expect([...holds.all()]).toEqual([['b', 10_000]]);
    holds.release('b');
    expect(holds.until('b')).toBe(0);
  });
});
