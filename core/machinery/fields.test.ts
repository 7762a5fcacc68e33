import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fieldSelectorString, matchesFields, parseFieldSelector, requiredFieldValue } from './fields.ts';

describe('a field selector', () => {
  const read = (field: string) => ({ 'metadata.name': 'a,b', 'status.phase': 'Running' })[field] ?? '';

  it.each([
    ['metadata.name=a\\,b', true],
    ['status.phase==Running,spec.nodeName=', true],
    ['status.phase!=Running', false],
    ['', true],
  ])('%j matches: %j', (text, expected) => {
    expect(matchesFields(parseFieldSelector(text), read)).toBe(expected);
  });

  it.each([
    ['metadata.name', "invalid selector: 'metadata.name'; can't understand 'metadata.name'"],
    ['a=b\\c', 'invalid field selector: invalid escape sequence: \\c'],
    ['a=b=c', 'invalid field selector: unescaped character in value: ='],
  ])('%j is refused', (text, message) => {
    expect(() => parseFieldSelector(text)).toThrow(message);
  });

  it('gives the value that a field must have', () => {
    const selector = parseFieldSelector('metadata.name=x,metadata.namespace!=y');
    expect(requiredFieldValue(selector, 'metadata.name')).toBe('x');
    expect(requiredFieldValue(selector, 'metadata.namespace')).toBeUndefined();
  });

  it('reads its own text, with any value', () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom('=' as const, '!=' as const), (value, operator) => {
        const selector = [{ field: 'spec.x', operator, value }];
        expect(parseFieldSelector(fieldSelectorString(selector))).toEqual(selector);
      }),
    );
  });
});
