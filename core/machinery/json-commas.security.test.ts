// How many values a text has is known before it is parsed, whatever they are in.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fuzzRuns } from '../../test/tools/fuzz-runs.ts';
import { tried } from '../../test/tools/tried.ts';
import { holdsMore } from './depth.ts';
import { decodeJsonStrict } from './json-body.ts';
import { hasMoreValues } from './json-commas.ts';

describe('the values of a JSON text', () => {
  it('are as many as those of what it says, however it is written', () => {
    const value = fc.jsonValue({ maxDepth: 5 });
    fc.assert(
      fc.property(value, fc.constantFrom(undefined, 1, '\t'), fc.nat(20), (said, space, most) => {
        const text = JSON.stringify(said, undefined, space);
        // A text that is shorter than its values are many has fewer.
        if (text.length > most) expect(hasMoreValues(text, most)).toBe(holdsMore(said, most + 1));
        tried('texts whose values are counted');
      }),
      { numRuns: fuzzRuns(2000) },
    );
  });

  it('are refused before they are made, lists in lists too', () => {
    for (const [text, reason] of [
      ['['.repeat(3e6), 'BadRequest'],
      ['[['.repeat(7e5) + ']]'.repeat(7e5), 'BadRequest'],
      ['{"a":'.repeat(5e5), 'BadRequest'],
      [`[${'[],'.repeat(1e6)}1]`, 'RequestEntityTooLarge'],
      [`[${'[[1]],'.repeat(5e5)}1]`, 'RequestEntityTooLarge'],
    ] as const) {
      expect(() => decodeJsonStrict(text)).toThrow(expect.objectContaining({ reason }));
      tried('texts of more values than a body may have');
    }
  });
});
