import fc from 'fast-check';
import { expect, it } from 'vitest';
import { jsonText } from './json-text.ts';
import { atOnce } from './steps.ts';

const data = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.string(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.constantFrom(null, true, false, undefined, 9007199254740993n),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('__proto__', 'toJSON', 'a"b')), tie('value'), { maxKeys: 5 }),
  ),
})).value;

it('writes what JSON.stringify writes', () => {
  fc.assert(
    fc.property(data, fc.constantFrom(0, 2), (value, indent) => {
      expect(atOnce(jsonText(value, indent))).toBe(JSON.stringify(value, null, indent) ?? 'null');
    }),
  );
});

it('pauses within a large map', () => {
  const map = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`v:"s${index}"`, {}]));
  const steps = jsonText(map);
  let pauses = 0;
  let result = steps.next();
  for (; !result.done; result = steps.next()) pauses++;
  expect(pauses).toBeGreaterThan(4);
  expect(result.value).toBe(JSON.stringify(map));
});
