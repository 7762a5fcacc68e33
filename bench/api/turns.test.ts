import { expect, it } from 'vitest';
import { alone, takeTurns } from './turns.ts';

it('runs one slice at a time, each once a round, the other first in the next', async () => {
  const log: string[] = [];
  const turns = takeTurns(2);
  const flow = async (who: number) => {
    for (let i = 0; i < 3; i++)
      await turns[who]?.(async () => {
        log.push(`${who} begins`);
        await new Promise(setImmediate);
        log.push(`${who} ends`);
      });
  };
  await Promise.all([flow(0), flow(1)]);
  const order = log.filter((line) => line.endsWith('begins')).map((line) => line[0]);
  expect(order).toEqual(['0', '1', '1', '0', '0', '1']);
  for (let i = 0; i < log.length; i += 2) expect(log[i + 1]).toBe(log[i]?.replace('begins', 'ends'));
});

it('gives what the slice gave, or its failure, and goes on', async () => {
  const [a, b] = takeTurns(2);
  const failed = a?.(() => Promise.reject(new Error('no')));
  await expect(Promise.all([failed, b?.(async () => 1)])).rejects.toThrow('no');
  await expect(Promise.all([a?.(async () => 2), b?.(async () => 3)])).resolves.toEqual([2, 3]);
  await expect(alone(async () => 4)).resolves.toBe(4);
});
