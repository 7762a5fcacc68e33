import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  labelSelectorOf,
  labelSelectorString,
  matchesLabels,
  parseLabelSelector,
  validateLabelSelector,
} from './labels.ts';
import { StatusError } from './status.ts';

describe('a label selector of a query', () => {
  it.each([
    ['a=b', { a: 'b' }, true],
    ['a==b', { a: 'c' }, false],
    ['a!=b', {}, true],
    ['a!=b', { a: 'b' }, false],
    ['a in (x, y)', { a: 'y' }, true],
    ['a in (x,)', { a: '' }, true],
    ['a notin (x)', {}, true],
    ['a', { a: '' }, true],
    ['!a', { a: '' }, false],
    ['a>3', { a: '4' }, true],
    ['a>3', { a: 'four' }, false],
    ['a<3,b', { a: '2', b: '' }, true],
    ['a=', { a: '' }, true],
    ['', { a: 'b' }, true],
    ['in in (in)', { in: 'in' }, true],
    ['toString', {}, false],
    ['!toString', {}, true],
  ])('%j on %j is %j', (text, labels, expected) => {
    expect(matchesLabels(parseLabelSelector(text), labels)).toBe(expected);
  });

  it.each([
    ['a=b,', "found '', expected: identifier after ','"],
    ['=b', "found '=', expected: !, identifier, or 'end of string'"],
    ['a b', "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
    ['a in ()', "for 'in', 'notin' operators, values set can't be empty"],
    ['a in (b', "unable to parse requirement: found '', expected: ',' or ')'"],
    ['a=b!', "found '!', expected: ',' or 'end of string'"],
    ['a>b', "for 'Gt', 'Lt' operators, the value must be an integer"],
    [
      '-a=b',
      'unable to parse requirement: key: Invalid value: "-a": name part must consist of alphanumeric characters',
    ],
    ['constructor b', 'expected: in, notin'],
  ])('%j is refused', (text, message) => {
    let error: unknown;
    try {
      parseLabelSelector(text);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(StatusError);
    expect(error).toMatchObject({ reason: 'BadRequest', message: expect.stringContaining(message) });
  });

  it('has one text for all spellings', () => {
    expect(labelSelectorString(parseLabelSelector(' b in (y,x,y) , a == 1,!c,d '))).toBe('a=1,b in (x,y),!c,d');
  });

  it('means the same when its text is read again', () => {
    const word = fc.stringMatching(/^[a-z]{1,3}$/);
    const requirement = fc.oneof(
      fc.tuple(word, fc.constantFrom('=', '!=', '=='), word).map((parts) => parts.join('')),
      fc
        .tuple(word, fc.constantFrom('in', 'notin'), fc.array(word, { minLength: 1, maxLength: 3 }))
        .map(([key, operator, values]) => `${key} ${operator} (${values.join(',')})`),
      word,
      word.map((key) => `!${key}`),
      fc.tuple(word, fc.constantFrom('>', '<'), fc.nat()).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(fc.array(requirement, { maxLength: 4 }), fc.dictionary(word, word), (parts, labels) => {
        const selector = parseLabelSelector(parts.join(','));
        const text = labelSelectorString(selector);
        const again = parseLabelSelector(text);
        expect(labelSelectorString(again)).toBe(text);
        expect(matchesLabels(again, labels)).toBe(matchesLabels(selector, labels));
      }),
    );
  });
});

describe('a metav1.LabelSelector', () => {
  it('selects nothing when absent and everything when empty', () => {
    expect(matchesLabels(labelSelectorOf(undefined), { a: 'b' })).toBe(false);
    expect(matchesLabels(labelSelectorOf({}), { a: 'b' })).toBe(true);
  });

  it('joins labels and expressions', () => {
    const selector = labelSelectorOf({
      matchLabels: { app: 'web' },
      matchExpressions: [{ key: 'tier', operator: 'In', values: ['b', 'a'] }],
    })!;
    expect(labelSelectorString(selector)).toBe('app=web,tier in (a,b)');
    expect(matchesLabels(selector, { app: 'web', tier: 'a' })).toBe(true);
    expect(matchesLabels(selector, { app: 'web' })).toBe(false);
  });

  it('names what is wrong with it', () => {
    const errors = validateLabelSelector(
      {
        matchLabels: { 'a/b/c': 'x y' },
        matchExpressions: [
          { key: 'a', operator: 'In' },
          { key: 'a', operator: 'Exists', values: ['b'] },
          { key: 'a', operator: 'Like' },
        ],
      },
      'spec.selector',
    );
    expect(errors.map(({ type, field }) => `${type} ${field}`)).toEqual([
      'FieldValueInvalid spec.selector.matchLabels',
      'FieldValueInvalid spec.selector.matchLabels',
      'FieldValueRequired spec.selector.matchExpressions[0].values',
      'FieldValueForbidden spec.selector.matchExpressions[1].values',
      'FieldValueInvalid spec.selector.matchExpressions[2].operator',
    ]);
  });
});
