import { expect, it } from 'vitest';
import { nearest } from './nearest.ts';

const words = ['up', 'down', 'status', 'node list', 'node token', 'backup', 'kubeconfig'];

it.each([
  ['staus', 'status'],
  ['sttaus', 'status'],
  ['statuss', 'status'],
  ['node lits', 'node list'],
  ['kubconfig', 'kubeconfig'],
  ['backpu', 'backup'],
  ['pu', 'up'],
  ['deploy', undefined],
  ['', undefined],
  ['x'.repeat(10_000), undefined],
])('%s: %s', (word, meant) => {
  expect(nearest(word, words)).toBe(meant);
});
