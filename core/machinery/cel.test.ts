import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileCel } from './cel.ts';
import { celInput } from './cel-input.ts';
import { formatIp, parseIp } from './ip.ts';

function evaluate(expression: string, self: unknown = {}): unknown {
  const compiled = compileCel(expression, { self: 'dyn', oldSelf: 'dyn' });
  if (!compiled.ok) return compiled.error;
  const result = compiled.value.run({ self: celInput(self), oldSelf: celInput(self) });
  return result.ok ? result.value : result.error;
}

describe('a CEL expression', () => {
  it.each([
    ['self.replicas <= self.max', { replicas: 1, max: 2 }, true],
    ['self == oldSelf', { a: [1, { b: 'c' }] }, true],
    ['has(self.a) && !has(self.b)', { a: null }, true],
    ['self.items.all(x, x.name.startsWith("a"))', { items: [{ name: 'ab' }, { name: 'b' }] }, false],
    ['self.labels.exists(k, k == "app")', { labels: { app: 'x' } }, true],
    ['self.items.map(x, x * 2).sum() == 6', { items: [1, 2] }, true],
    ['self.?missing.orValue("x") == "x"', {}, true],
    ['self["constructor"]', { constructor: true }, true],
    ['self.text.matches("^a+$")', { text: 'aaa' }, true],
    ['"a1b22".findAll("[0-9]+") == ["1", "22"]', {}, true],
    ['"banana".replace("a", "o", 2)', {}, 'bonona'],
    ['[1, 2, 3].isSorted() && [3, 1].min() == 1 && [3, 1].max() == 3', {}, true],
    ['quantity("1Gi").isGreaterThan(quantity("1G")) && isQuantity("1m") && !isQuantity("x")', {}, true],
    ['quantity("1k").sub(quantity("1")).asInteger()', {}, 999n],
    ['url("https://a.b:8080/c?d=e").getHostname() == "a.b" && url("https://a.b:8080/").getPort() == "8080"', {}, true],
    ['ip("10.0.0.1").family() == 4 && !isIP("10.0.0.01")', {}, true],
    ['cidr("10.0.0.0/8").containsIP("10.1.2.3") && !cidr("10.0.0.0/8").containsCIDR("10.0.0.0/7")', {}, true],
    ['string(cidr("10.1.2.3/8").masked())', {}, '10.0.0.0/8'],
    ['ip("::1").isLoopback()', {}, true],
    ['sets.contains(self.a, ["x"]) && !sets.intersects(self.a, ["z"])', { a: ['x', 'y'] }, true],
    ['sets.equivalent([1, 2], [2, 1, 1])', {}, true],
    ['jsonpatch.escapeKey("a/b~c")', {}, 'a~1b~0c'],
  ])('%s', (expression, self, expected) => {
    expect(evaluate(expression, self)).toEqual(expected);
  });

  it.each([
    ['1 +', { code: 'syntax', start: 3 }],
    ['"a" + 1', { code: 'type', start: 0, end: 7 }],
    ['nothing', { code: 'type', start: 0, end: 7 }],
    ['self.missing', { code: 'evaluation', start: 5, end: 12 }],
    ['self.__proto__', { code: 'evaluation' }],
    ['quantity("x")', { code: 'evaluation' }],
    ['"a".matches("(")', { code: 'evaluation' }],
    ['cidr("1.2.3.4/33")', { code: 'evaluation' }],
  ])('%s fails with its place', (expression, error) => {
    expect(evaluate(expression)).toMatchObject(error);
  });

  it('says what its result is', () => {
    const compiled = compileCel('self.a == 1', { self: 'dyn' });
    expect(compiled.ok && compiled.value.type).toBe('bool');
  });

  it('takes numbers as the schema says', () => {
    const compiled = compileCel('self.a + 0.5 == 1.5', { self: 'dyn' });
    const schema = { properties: { a: { type: 'number' } } } as const;
    expect(compiled.ok && compiled.value.run({ self: celInput({ a: 1 }, schema) })).toEqual({ ok: true, value: true });
  });

  it('is refused before it runs for too long', () => {
    const items = Array.from({ length: 1000 }, (_, index) => index);
    expect(
      evaluate('self.items.all(a, self.items.all(b, self.items.all(c, a + b + c >= 0)))', { items }),
    ).toMatchObject({ code: 'cost' });
    expect(evaluate('self.items.all(a, a >= 0)', { items })).toBe(true);
  });

  it('matches in linear time', () => {
    expect(evaluate('self.text.matches("^(a+)+$")', { text: `${'a'.repeat(200)}b` })).toBe(false);
  });
});

describe('IP addresses', () => {
  it.each([
    ['1.2.3.4', '1.2.3.4'],
    ['::', '::'],
    ['1::', '1::'],
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:0:0:0:1', '2001:db8:0:1::1'],
    ['1:0:2:0:3:0:4:0', '1:0:2:0:3:0:4:0'],
    ['1:0:0:2:0:0:0:0', '1:0:0:2::'],
  ])('%s is %s', (text, canonical) => {
    expect(formatIp(parseIp(text)!)).toBe(canonical);
  });

  it('are read as they were written', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(0n, 0n, 1n, 0x10n, 0xffffn), { minLength: 8, maxLength: 8 }), (groups) => {
        const bits = groups.reduce<bigint>((sum, group) => (sum << 16n) | group, 0n);
        expect(parseIp(formatIp({ family: 6, bits }))).toEqual({ family: 6, bits });
      }),
    );
  });
});
