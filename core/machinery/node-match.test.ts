import { describe, expect, it } from 'vitest';
import { tolerates, untoleratedTaint } from './node-match.ts';

const taint = { key: 'k', value: '5', effect: 'NoSchedule' };

describe('tolerates', () => {
  it.each([
    ['the same key and value', { key: 'k', operator: 'Equal', value: '5' }, true],
    ['the same key and value, with Equal understood', { key: 'k', value: '5' }, true],
    ['another value', { key: 'k', value: '6' }, false],
    ['the key, whatever the value', { key: 'k', operator: 'Exists' }, true],
    ['another key', { key: 'other', operator: 'Exists' }, false],
    ['everything', { operator: 'Exists' }, true],
    ['nothing: neither key nor Exists', {}, false],
    ['the effect', { key: 'k', operator: 'Exists', effect: 'NoSchedule' }, true],
    ['another effect', { key: 'k', operator: 'Exists', effect: 'NoExecute' }, false],
    ['values above', { key: 'k', operator: 'Gt', value: '4' }, true],
    ['values above, which it is not', { key: 'k', operator: 'Gt', value: '5' }, false],
    ['values below', { key: 'k', operator: 'Lt', value: '6' }, true],
    ['values below what is no number', { key: 'k', operator: 'Lt', value: 'many' }, false],
  ])('%s', (_what, toleration, expected) => {
    expect(tolerates(toleration, taint)).toBe(expected);
  });
});

describe('untoleratedTaint', () => {
  it('is the first of these effects that no toleration covers', () => {
    const soft = { key: 'soft', effect: 'PreferNoSchedule' };
    const evicting = { key: 'evicting', effect: 'NoExecute' };
    const hard = ['NoSchedule', 'NoExecute'];
    expect(untoleratedTaint([soft, taint, evicting], [{ key: 'k', operator: 'Exists' }], hard)).toBe(evicting);
    expect(untoleratedTaint([soft], [], hard)).toBeUndefined();
  });
});
