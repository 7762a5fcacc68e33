import { describe, expect, it } from 'vitest';
import { type BackoffCause, StepBackoff } from './step-backoff.ts';

/** The pauses of one attempt after the other, in seconds. */
function pausesOf(cause: BackoffCause, attempts: number, random = 0): number[] {
  const holds = new StepBackoff(() => random);
  return Array.from({ length: attempts }, () => holds.hold('step', cause, 0) / 1000);
}

const starts = ['network', 'runtime', 'sandbox', 'volume', 'config', 'container', 'resize'] as const;

describe('What failed', () => {
  it.each(starts)('is tried again after 10 to 15 s, and then ever later: %s', (cause) => {
    expect(pausesOf(cause, 7)).toEqual([10, 20, 40, 80, 160, 300, 300]);
    expect(pausesOf(cause, 1, 1)).toEqual([15]);
  });

  it('waits for as long of an image, by the second, and less of an end', () => {
    expect(pausesOf('image', 6, 1)).toEqual([10, 20, 40, 80, 160, 300]);
    expect(pausesOf('end', 6)).toEqual([1, 2, 4, 8, 15, 15]);
  });

  it('is tried at once when what it may wait for changes, and waits on for longer when that was not it', () => {
    const all = [...starts, 'image', 'end'] as const;
    const freed = (what: Parameters<StepBackoff['changed']>[0]) => {
      const holds = new StepBackoff(() => 0);
      for (const cause of all) holds.hold(cause, cause, 0);
      holds.changed(what);
      return all.filter((cause) => holds.until(cause) === 0);
    };
    expect(freed('objects')).toEqual(['volume', 'config']);
    expect(freed('network')).toEqual(['network']);
    expect(freed('runtime')).toEqual(['runtime']);
    expect(freed('pod')).toEqual(starts);
    const holds = new StepBackoff(() => 0);
    holds.hold('a', 'config', 0);
    holds.changed('objects');
    expect(holds.hold('a', 'config', 0)).toBe(20_000);
  });

  it('begins anew with another pod or another cause, and is forgotten once it went well', () => {
    const holds = new StepBackoff(() => 0);
    holds.hold('a', 'container', 0);
    expect(holds.hold('a', 'config', 0)).toBe(10_000);
    holds.changed('pod');
    expect(holds.hold('a', 'config', 0)).toBe(10_000);
    expect(holds.next(0)).toBe(10_000);
    expect(holds.next(10_000)).toBeUndefined();
    holds.release('a');
    expect(holds.until('a')).toBe(0);
  });
});
