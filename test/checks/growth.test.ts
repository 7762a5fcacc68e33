import { expect, it } from 'vitest';
import { growth } from '../tools/growth.ts';

const list = (size: number) => Array.from({ length: size }, (_, index) => `x/${index}`);

it('a cost that grows with the square of its input is told from one that grows with it', () => {
  const linear = (size: number) => void new Set(list(size)).size;
  const square = (size: number) => {
    const all = list(size);
    for (const each of all) all.includes(`${each}?`);
  };
  expect(growth(linear, 1_000, 30_000)).toBeLessThan(8);
  expect(growth(square, 150, 4_500)).toBeGreaterThan(8);
});
