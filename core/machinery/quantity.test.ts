import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  quantityError,
  quantityMilliValue,
  quantityToNumber,
  quantityValue,
  subtractQuantities,
} from './quantity.ts';

describe('a quantity', () => {
  it.each([
    ['0', '0'],
    ['0Gi', '0'],
    ['0.5', '500m'],
    ['1000m', '1'],
    ['1024Mi', '1Gi'],
    ['1.5Gi', '1536Mi'],
    ['0.5Ki', '512'],
    ['1023', '1023'],
    ['1024', '1024'],
    ['2000', '2k'],
    ['1Ki', '1Ki'],
    ['1e3', '1e3'],
    ['12e5', '1200e3'],
    ['1E3', '1e3'],
    ['1E', '1E'],
    ['-1.5', '-1500m'],
    ['.5', '500m'],
    ['1.', '1'],
    ['+1', '1'],
    ['0.0000000001', '1n'],
    ['1n', '1n'],
    ['100u', '100u'],
    ['0.1Mi', '104857600m'],
    ['9e30', '9223372036854775807e0'.replace('e0', '')],
    [2, '2'],
    [0.25, '250m'],
  ])('%j is %j', (input, canonical) => {
    expect(canonicalQuantity(input)).toBe(canonical);
  });

  it.each(['', 'a', '1x', '1.2.3', '1 Gi', '1Kii', '--1', 'Gi', '1e', '1ki', '1e3Ki'])('%j is refused', (input) => {
    expect(quantityError(input)).toBeDefined();
    expect(() => parseQuantity(input)).toThrow(JSON.stringify(input));
  });

  it('counts up to whole units and thousandths', () => {
    expect(quantityValue(parseQuantity('1.1'))).toBe(2);
    expect(quantityValue(parseQuantity('-1.1'))).toBe(-1);
    expect(quantityMilliValue(parseQuantity('100u'))).toBe(1);
    expect(quantityMilliValue(parseQuantity('1.5'))).toBe(1500);
    expect(quantityToNumber(parseQuantity('250m'))).toBe(0.25);
  });

  it('adds in the format of what was there', () => {
    expect(formatQuantity(addQuantities(parseQuantity('1Gi'), parseQuantity('512Mi')))).toBe('1536Mi');
    expect(formatQuantity(addQuantities(parseQuantity('0'), parseQuantity('1Gi')))).toBe('1Gi');
    expect(formatQuantity(subtractQuantities(parseQuantity('1'), parseQuantity('1')))).toBe('0');
    expect(compareQuantities(parseQuantity('1Gi'), parseQuantity('1G'))).toBe(1);
  });

  const text = fc
    .tuple(
      fc.constantFrom('', '-', '+'),
      fc.bigInt({ min: 0n, max: 10n ** 12n }),
      fc.option(fc.integer({ min: 0, max: 999 })),
      fc.constantFrom('n', 'u', 'm', '', 'k', 'M', 'G', 'Ki', 'Mi', 'Gi', 'e2', 'e-3', 'E6'),
    )
    .map(([sign, whole, fraction, suffix]) => `${sign}${whole}${fraction === null ? '' : `.${fraction}`}${suffix}`);

  it('keeps its value in the canonical form', () => {
    fc.assert(
      fc.property(text, (input) => {
        const quantity = parseQuantity(input);
        const canonical = canonicalQuantity(input);
        expect(compareQuantities(parseQuantity(canonical), quantity)).toBe(0);
        // A binary quantity that no power of 1024 divides is written as a plain number, which is decimal when read again.
        if (quantity.format !== 'BinarySI') expect(canonicalQuantity(canonical)).toBe(canonical);
        expect(quantityError(input)).toBeUndefined();
      }),
    );
  });

  it('adds and subtracts to what it was', () => {
    fc.assert(
      fc.property(text, text, (left, right) => {
        const [a, b] = [parseQuantity(left), parseQuantity(right)];
        expect(compareQuantities(subtractQuantities(addQuantities(a, b), b), a)).toBe(0);
      }),
    );
  });
});
