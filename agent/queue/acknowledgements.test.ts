import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createAcknowledgements } from './acknowledgements.ts';

const receipts = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => `r${from + at}`);

describe('acknowledgements', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('go together, a second after the first, ten at most at a time', async () => {
    const sent: (readonly string[])[] = [];
    const { add } = createAcknowledgements({ acknowledge: async (all) => void sent.push(all) });
    add(receipts(0, 1));
    add(receipts(1, 3));
    await vi.advanceTimersByTimeAsync(999);
    expect(sent).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(sent).toEqual([receipts(0, 3)]);
    add(receipts(3, 15));
    expect(sent.slice(1)).toEqual([receipts(3, 13)]);
    await vi.advanceTimersByTimeAsync(1000);
    expect(sent.slice(2)).toEqual([receipts(13, 15)]);
    await vi.advanceTimersByTimeAsync(5000);
    expect(sent).toHaveLength(3);
  });

  it('that fail keep none after them', async () => {
    let asked = 0;
    const { add } = createAcknowledgements({
      acknowledge: () => {
        asked += 1;
        return Promise.reject(new Error('away'));
      },
    });
    add(['one']);
    await vi.advanceTimersByTimeAsync(1000);
    add(['two']);
    await vi.advanceTimersByTimeAsync(1000);
    expect(asked).toBe(2);
  });
});
