import { expect, it } from 'vitest';
import { createLog } from './log.ts';

function written(level: string, say: (log: ReturnType<typeof createLog>) => void): Record<string, unknown>[] {
  const lines: string[] = [];
  say(createLog(level, (line) => lines.push(line)));
  return lines.map((line) => JSON.parse(line));
}

it('writes a JSON line with level, time, fields and text', () => {
  const [line] = written('info', (log) => log.warn({ node: 'n1' }, 'it is late'));
  expect(line).toMatchObject({ level: 40, node: 'n1', msg: 'it is late' });
  expect(Math.abs(Date.now() - Number(line?.['time']))).toBeLessThan(60_000);
});

it('leaves out what is below its level, and takes an unknown level for info', () => {
  const all = (log: ReturnType<typeof createLog>) => {
    log.debug({}, 'd');
    log.info({}, 'i');
    log.error({}, 'e');
  };
  expect(written('error', all).map(({ msg }) => msg)).toEqual(['e']);
  expect(written('debug', all).map(({ msg }) => msg)).toEqual(['d', 'i', 'e']);
  expect(written('verbose', all).map(({ msg }) => msg)).toEqual(['i', 'e']);
});

it('writes an error with its stack', () => {
  const [line] = written('info', (log) => log.error({ err: new TypeError('no') }, 'failed'));
  expect(line?.['err']).toMatchObject({ type: 'TypeError', message: 'no', stack: expect.stringContaining('log.test') });
});
