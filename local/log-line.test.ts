import { expect, it } from 'vitest';
import { logLine } from './log-line.ts';

const time = Date.parse('2030-01-02T03:04:05.678Z');

it('shows what a line says, and its fields', () => {
  expect(logLine(JSON.stringify({ level: 30, time, port: 6443, names: ['a'], msg: 'serves' }))).toBe(
    '2030-01-02T03:04:05.678Z info  serves port=6443 names=["a"]',
  );
});

it('shows why something failed, and of an error where', () => {
  const err = { type: 'Error', message: 'no room', stack: 'Error: no room\n    at work (file.ts:1:2)' };
  expect(logLine(JSON.stringify({ level: 40, time, part: 'scheduler', err, msg: 'not now' }))).toBe(
    '2030-01-02T03:04:05.678Z WARN  not now: no room',
  );
  expect(logLine(JSON.stringify({ level: 50, time, err, msg: 'cannot' }))).toBe(
    '2030-01-02T03:04:05.678Z ERROR cannot: no room\n    at work (file.ts:1:2)',
  );
});

it.each([
  ['plain text', 'plain text'],
  ['{"a":1}', '{"a":1}'],
  ['[1]', '[1]'],
  ['a\u001b[2Jb', 'a [2Jb'],
  ['{"time":1e300,"msg":"x"}', '{"time":1e300,"msg":"x"}'],
])('leaves %s', (line, shown) => expect(logLine(line)).toBe(shown));
