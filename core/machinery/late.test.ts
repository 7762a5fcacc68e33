import { describe, expect, it } from 'vitest';
import { late } from './late.ts';

describe('late', () => {
  it('loads with the first call, and lets no later one wait', async () => {
    let loads = 0;
    const use = late(async () => {
      loads++;
      return { answer: 42 };
    });
    expect(loads).toBe(0);
    expect(await use(({ answer }) => answer)).toBe(42);
    expect(use(({ answer }) => answer + 1)).toBe(43);
    expect(loads).toBe(1);
  });

  it('fails where it cannot be loaded or the user fails, and loads again', async () => {
    let loads = 0;
    const use = late(async () => {
      if (++loads === 1) throw new Error('gone');
      return {};
    });
    await expect(use(() => 1)).rejects.toThrow('gone');
    await expect(
      use(() => {
        throw new Error('used');
      }),
    ).rejects.toThrow('used');
    expect(await use(() => 2)).toBe(2);
  });
});
