// Selectors as long as a request may be: matching an object looks at what it has, and says the same as going through them does.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fuzzRuns } from '../../test/tools/fuzz-runs.ts';
import { tried } from '../../test/tools/tried.ts';
import { matchesFields, parseFieldSelector } from './fields.ts';
import type { LabelRequirement } from './label-syntax.ts';
import { labelSelectorOf, matchesLabels, parseLabelSelector } from './labels.ts';
import { isAmong } from './large-selector.ts';

const key = fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor');
const value = fc.constantFrom('', '1', '2', '-3', '+2', 'x', '9007199254740993');
const requirement: fc.Arbitrary<LabelRequirement> = fc.oneof(
  fc.record({ key, operator: fc.constantFrom('=' as const, '!=' as const), values: fc.tuple(value) }),
  fc.record({
    key,
    operator: fc.constantFrom('in' as const, 'notin' as const),
    values: fc.array(value, { minLength: 1 }),
  }),
  fc.record({ key, operator: fc.constantFrom('exists' as const, '!' as const), values: fc.constant([]) }),
  fc.record({
    key,
    operator: fc.constantFrom('gt' as const, 'lt' as const),
    values: fc.tuple(fc.constantFrom('1', '-3')),
  }),
);
/** Does not change what a selector means, and makes it a large one. */
const padding: LabelRequirement[] = Array.from({ length: 20 }, (_, i) => ({ key: `p${i}`, operator: '!', values: [] }));

describe('a requirement of many values', () => {
  it('finds what is among them', () => {
    const texts = fc.uniqueArray(fc.string({ maxLength: 3 }), { minLength: 17, maxLength: 60 });
    fc.assert(
      fc.property(texts, fc.string({ maxLength: 3 }), (values, other) => {
        const sorted = [...values].sort();
        for (const each of [...values, other]) expect(isAmong(sorted, each)).toBe(values.includes(each));
      }),
      { numRuns: fuzzRuns(200) },
    );
  });
});

describe('a selector of many requirements', () => {
  it('matches what each of them matches', () => {
    const labels = fc.array(fc.tuple(key, value)).map((pairs) => Object.fromEntries(pairs));
    fc.assert(
      fc.property(fc.array(requirement, { maxLength: 6 }), labels, (selector, given) => {
        const each = selector.every((one) => matchesLabels([one], given));
        expect(matchesLabels([...selector, ...padding], given)).toBe(each);
        expect(matchesLabels(selector, given)).toBe(each);
        tried('selectors by chance');
      }),
      { numRuns: fuzzRuns(1000) },
    );
  });

  it('of fields matches what each of them matches', () => {
    const term = fc
      .tuple(key, fc.constantFrom('=', '!='), fc.constantFrom('1', '2', 'x'))
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(
        fc.array(term, { minLength: 9, maxLength: 30 }),
        fc.constantFrom('1', '2', 'x', ''),
        (terms, read) => {
          const each = terms.every((one) => matchesFields(parseFieldSelector(one), () => read));
          expect(matchesFields(parseFieldSelector(terms.join(',')), () => read)).toBe(each);
          tried('selectors by chance');
        },
      ),
      { numRuns: fuzzRuns(1000) },
    );
  });

  it('is not gone through for each object', () => {
    const many = Array.from({ length: 10_000 }, (_, i) => `k${i}`);
    const texts = [many.map((each) => `!${each}`).join(','), `app notin (${many.join(',')})`, `app in (web,${many})`];
    const selectors = [
      ...texts.map(parseLabelSelector),
      labelSelectorOf({ matchExpressions: many.map((each) => ({ key: 'app', operator: 'NotIn', values: [each] })) }),
    ];
    for (const selector of selectors) {
      let looks = 0;
      const labels = new Proxy(
        { app: 'web', tier: 'x' },
        {
          getOwnPropertyDescriptor(target, name) {
            looks += 1;
            return Reflect.getOwnPropertyDescriptor(target, name);
          },
        },
      );
      expect(matchesLabels(selector, labels)).toBe(true);
      expect(looks).toBeLessThan(20);
      tried('selectors of ten thousand requirements or values');
    }
  });
});
