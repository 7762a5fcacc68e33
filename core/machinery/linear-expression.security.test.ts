// What a pattern of a user may cost before it is matched with anything: repetitions within repetitions are as many parts as they multiply to.

import { expect, it } from 'vitest';
import { tried } from '../../test/tools/tried.ts';
import { compileLinear } from './linear-expression.ts';

const large = [
  '(a{1000})'.repeat(1000),
  '((a{10}){10}){101}',
  'a{1000}'.repeat(11),
  '[^\\]]{1000}'.repeat(11),
  '\\d{1000}'.repeat(11),
  '(a|b{2}){1,999}'.repeat(11),
  '(?:x{9}){999,}'.repeat(3),
  'a'.repeat(20_000),
];
const usual = [
  '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$',
  '^(?:[a-z]{1,63}\\.){0,10}[a-z]{1,63}$',
  '^[^/]{1,253}/[]a-z{}]{1,63}$',
  '^\\{\\d{1,4},\\d{0,4}\\}$',
  'a{1000}',
  '{"a": [{}]}',
];

it.each(large)('%.40s is refused before anything is made of it', (pattern) => {
  const before = process.threadCpuUsage().user;
  expect(() => compileLinear(pattern)).toThrow('too large');
  expect(process.threadCpuUsage().user - before).toBeLessThan(50_000);
  tried('large patterns of users');
});

it.each(usual)('%s is compiled', (pattern) => {
  expect(() => compileLinear(pattern)).not.toThrow();
});
