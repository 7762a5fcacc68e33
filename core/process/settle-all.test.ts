import { expect, it } from 'vitest';
import { settleAll } from './settle-all.ts';

it('keeps the order of what was begun', async () => {
  const late = new Promise<string>((resolve) => setImmediate(() => resolve('late')));
  expect(await settleAll([late, Promise.resolve('early')])).toEqual(['late', 'early']);
});

it('fails as the first that failed, after the others have ended', async () => {
  let ended = false;
  const slow = new Promise<void>((resolve) =>
    setImmediate(() => {
      ended = true;
      resolve();
    }),
  );
  await expect(settleAll([Promise.reject(new Error('refused')), slow])).rejects.toThrow('refused');
  expect(ended).toBe(true);
});
