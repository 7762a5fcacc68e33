import { expect, it } from 'vitest';
import { atOnce, runYielding, type Steps } from './steps.ts';

function* counted(seen: string[]): Steps<number> {
  for (let step = 1; step <= 3; step++) {
    seen.push(`step ${step}`);
    yield;
  }
  return 3;
}

it('does small work at once', () => {
  const seen: string[] = [];
  expect(runYielding(counted(seen), false)).toBe(3);
  expect(atOnce(counted(seen))).toBe(3);
  expect(seen).toHaveLength(6);
});

it('lets others run between the steps of large work', async () => {
  const seen: string[] = [];
  setImmediate(() => seen.push('another'));
  expect(await runYielding(counted(seen), true)).toBe(3);
  expect(seen.indexOf('another')).toBeLessThan(seen.indexOf('step 3'));
});

it('ends with the failure of a step', async () => {
  const failing = (function* (): Steps<never> {
    yield;
    throw new Error('in the middle');
  })();
  await expect(runYielding(failing, true)).rejects.toThrow('in the middle');
});
