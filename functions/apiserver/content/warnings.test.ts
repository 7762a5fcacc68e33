import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { warningHeaders } from './warnings.ts';

describe('warnings', () => {
  it('are told once each, quoted, in the bytes of UTF-8', () => {
    expect(warningHeaders(['a "b"\n', 'ä', 'a "b"\n'])).toEqual(['299 - "a \\"b\\" "', '299 - "\u00c3\u00a4"']);
  });

  it('are cut, and left out, once they are too long together', () => {
    const texts = Array.from({ length: 10_000 }, (_, i) => `unknown field "${i}${'x'.repeat(300)}"`);
    const headers = warningHeaders(texts);
    expect(headers.length).toBeGreaterThan(10);
    expect(headers[0]).toMatch(/^299 - "unknown field \\"0x+\.\.\."$/);
    expect(warningHeaders(['x'.repeat(1000)])[0]).toHaveLength(1000 + '299 - ""'.length);
    expect(warningHeaders(['x'.repeat(20_000), 'y'])).toHaveLength(2);
  });

  it('never have more than 4 KB together', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 400 }), { maxLength: 30 }), (texts) => {
        const headers = warningHeaders(texts);
        expect(headers.join('').length).toBeLessThanOrEqual(4096);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what may not be there.
        for (const each of headers) expect(each).toMatch(/^299 - "[^\u0000-\u001f\u007f\u0100-\uffff]*"$/);
      }),
      { numRuns: 40 },
    );
  });
});
