import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileCel } from './cel.ts';
import { authorizerType, type CelAccess, celAuthorizer } from './cel-authorizer.ts';
import { celInput } from './cel-input.ts';
import { formatIp, parseIp } from './ip.ts';
import type { Schema } from './schema.ts';

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
    ['ip("ff02::1").isLinkLocalMulticast() && !ip("ff02::1").isGlobalUnicast()', {}, true],
    ['ip("10.0.0.1").isGlobalUnicast() && ip.isCanonical("2001:db8::1") && !ip.isCanonical("2001:DB8::1")', {}, true],
    ['sets.contains(self.a, ["x"]) && !sets.intersects(self.a, ["z"])', { a: ['x', 'y'] }, true],
    ['sets.equivalent([1, 2], [2, 1, 1])', {}, true],
    ['jsonpatch.escapeKey("a/b~c")', {}, 'a~1b~0c'],
    ['strings.quote("a\\"b\\\\c\\n\\u0007é")', {}, '"a\\"b\\\\c\\n\\aé"'],
    ['image("nginx").registry() + "/" + image("nginx").repository()', {}, 'index.docker.io/library/nginx'],
    ['image("localhost:5000/a/b:v1").registry() + image("localhost:5000/a/b:v1").identifier()', {}, 'localhost:5000v1'],
    ['image("r.io/ab:v1@sha256:" + self.hex).digest() == "sha256:" + self.hex', { hex: 'a1'.repeat(32) }, true],
    ['image("r.io/ab:v1@sha256:" + self.hex).tag() == ""', { hex: 'a1'.repeat(32) }, true],
    [
      'image("r.io/ab@sha256:" + self.hex).containsDigest() && !image("r.io/ab").containsDigest()',
      { hex: 'a1'.repeat(32) },
      true,
    ],
    ['"AbÄß".lowerAscii() + "AbÄß".upperAscii() + self.lowerAscii()', 'ÉX', 'abÄßABÄßÉx'],
    ['1 in {1: "a"} && !(dyn("1") in {1: "a"}) && {1: "a"}[1] == "a" && {1: "a"}[self] == "a"', 1, true],
    ['{1: "a", true: "b", "1": "c"}.map(k, k)', {}, [1n, true, '1']],
    ['{1u: "a"}[1u] + {1: "b"}[1u] + {1: "c"}[1.0]', {}, 'abc'],
    ['{1: "a"} == {1: "a"} && {1: "a"} != dyn({"1": "a"}) && {"a": {2: self}}.a[2] == self', [1], true],
    ['{"a": 1, "b": self}.b', 'x', 'x'],
    ['{"a": 1} == self && {} != self', { a: 1 }, true],
    ['["r.io//ab", "r.io/AB", "ab:", "r.io/ab@sha256:1", "", "ab/ab:x y"].exists(x, isImage(x))', {}, false],
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

  it.each([
    ['[1, 2, 3].all(i, v, i < v) && !{"a": "a", "b": "c"}.all(k, v, k == v)', {}, true],
    ['self.all(k, list, list.all(v, v.startsWith(k)))', { h: ['hi'], j: ['jo', 'ja'] }, true],
    ['self.exists(k, v, k.startsWith("good") || v.endsWith("bye"))', { greeting: 'hi', farewell: 'goodbye' }, true],
    ['[1, 2, 4].exists(i, v, v == 8)', {}, false],
    ['[1, 1, 2, 2].existsOne(i, v, i == 2 && v == 2) && ![1, 2, 1].exists_one(i, v, v == 1)', {}, true],
    ['[1, 2].existsOne(v, v == 1) && self.existsOne(k, k == "a")', { a: 1 }, true],
    ['[1, 2, 3].transformList(i, v, i * v + v) == [1, 4, 9]', {}, true],
    ['[1, 2, 3].transformList(i, v, i % 2 == 0, i * v + v) == [1, 9]', {}, true],
    ['self.transformList(k, _, k)', { a: 1, b: 2 }, ['a', 'b']],
    ['[1, 2, 3].transformMap(i, v, i % 2 == 0, v * v)[2]', {}, 9n],
    ['self.transformMap(k, v, v + "!")["greeting"] == "hello!"', { greeting: 'hello' }, true],
    ['self.transformMapEntry(k, v, {v: k}) == {"hello": "greeting"}', { greeting: 'hello' }, true],
    ['[7, 8].transformMapEntry(i, v, v > 7, {v: i})[8]', {}, 1n],
    [
      'self.transformMapEntry(k, v, {v: k}).size()',
      { a: 'x', b: 'x' },
      { code: 'evaluation', message: 'insert failed: key x already exists' },
    ],
    // An element that decides wins over one that fails.
    ['self.exists(k, v, v.missing == 1)', { a: {}, b: { missing: 1 } }, true],
    ['self.all(k, v, v.missing == 1)', { a: {}, b: { missing: 2 } }, false],
    ['self.exists(k, v, v.missing == 1)', { a: {}, b: { missing: 2 } }, { code: 'evaluation' }],
    ['self.transformList(k, v, v.missing)', { a: {} }, { code: 'evaluation' }],
    ['self.all(k, v, k)', { a: 1 }, { code: 'evaluation' }],
    ['[1].all(i, v, v.x.y)', {}, { code: 'type' }],
    ['[1].all(i, v, i)', {}, { code: 'type' }],
    ['[1].transformList(i, "v", i)', {}, { code: 'syntax' }],
    ['1.all(i, v, true)', {}, { code: 'type' }],
    ['self.all(i, v, true)', 'text', { code: 'evaluation' }],
    ['self.all(i, v, self.all(j, w, i == j || v != w)) && self.all(v, v > 0)', [1, 2, 3], true],
  ])('of two variables: %s', (expression, self, expected) => {
    const result = evaluate(expression, self);
    if (typeof expected === 'object' && !Array.isArray(expected)) expect(result).toMatchObject(expected);
    else expect(result).toEqual(expected);
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

  it('ends when it has run for too long', () => {
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

describe('the cost of an expression', () => {
  const program = (expression: string) => {
    const compiled = compileCel(expression, { self: 'dyn' });
    if (!compiled.ok) throw new Error(compiled.error.message);
    return compiled.value;
  };
  const costOf = (expression: string, self: unknown) => {
    const budget = { left: 1_000_000 };
    program(expression).run({ self: celInput(self) }, budget);
    return 1_000_000 - budget.left;
  };
  const list = (items: Schema, maxItems?: number): Schema => ({
    type: 'object',
    properties: { list: { type: 'array', items, ...(maxItems !== undefined && { maxItems }) } },
  });
  const text = (maxLength?: number): Schema => ({ type: 'string', ...(maxLength !== undefined && { maxLength }) });

  it('is one for a name, a field and an operation, and grows with what is gone through', () => {
    expect(costOf('self.a == 1', { a: 1 })).toBe(3);
    expect(costOf('self.a == 1', { a: 1 })).toBe(costOf('self.a == 1', { a: 2 }));
    const per = costOf('self.all(x, x > 0)', [1, 1]) - costOf('self.all(x, x > 0)', [1]);
    expect(costOf('self.all(x, x > 0)', Array(101).fill(1)) - costOf('self.all(x, x > 0)', [1])).toBe(100 * per);
    expect(costOf('self.contains("b")', 'a'.repeat(1000))).toBeGreaterThan(costOf('self.contains("b")', 'a') + 90);
  });

  it('is what really ran: a loop that ends early is cheap', () => {
    const self = Array(1000).fill(1);
    expect(costOf('self.exists(x, x == 1)', self)).toBeLessThan(30);
    expect(costOf('self.exists(x, x == 2)', self)).toBeGreaterThan(5000);
  });

  it('is taken from a budget that many share, and the run that exceeds it fails', () => {
    const all = program('self.all(x, x > 0)');
    const budget = { left: 10_000 };
    const self = celInput(Array(1000).fill(1));
    expect(all.run({ self }, budget)).toEqual({ ok: true, value: true });
    expect(all.run({ self }, budget)).toMatchObject({ ok: false, error: { code: 'cost' } });
    expect(budget.left).toBeLessThan(0);
    // The same program is as good as new with another budget.
    expect(all.run({ self }, { left: 10_000 })).toEqual({ ok: true, value: true });
  });

  it('of a loop of two variables is that of its rounds', () => {
    const per = costOf('self.all(i, x, x > 0)', [1, 1]) - costOf('self.all(i, x, x > 0)', [1]);
    expect(per).toBeGreaterThanOrEqual(5);
    expect(costOf('self.all(i, x, x > 0)', Array(101).fill(1)) - costOf('self.all(i, x, x > 0)', [1])).toBe(100 * per);
    const endless = program('self.transformMap(i, x, self.transformList(j, y, self.exists(k, z, x + y + z < 0)))');
    expect(endless.run({ self: celInput(Array(300).fill(1)) })).toMatchObject({ ok: false, error: { code: 'cost' } });
    const rule = program('self.list.all(i, x, self.list.all(j, y, i == j || x != y))');
    expect(rule.estimate({ self: list(text(10), 100) })).toBeLessThan(10_000_000);
    expect(rule.estimate({ self: list(text()) })).toBeGreaterThan(1e11);
  });

  it('is not hidden by what comes after it', () => {
    const self = celInput(Array(1000).fill(1));
    const either = program('self.all(x, self.all(y, self.all(z, x + y + z > 0))) || true');
    expect(either.run({ self })).toMatchObject({ ok: false, error: { code: 'cost' } });
  });

  it('is estimated from the bounds of the schema', () => {
    const all = program('self.list.all(x, x != "a")');
    const bounded = all.estimate({ self: list(text(10), 10) });
    expect(bounded).toBeLessThan(200);
    expect(all.estimate({ self: list(text(10), 1000) })).toBeGreaterThan(bounded * 50);
    expect(all.estimate({ self: list(text()) })).toBeGreaterThan(5_000_000);
    const twice = program('self.list.all(x, self.list.all(y, x == y))');
    expect(twice.estimate({ self: list(text(10), 100) })).toBeLessThan(10_000_000);
    expect(twice.estimate({ self: list(text()) })).toBeGreaterThan(1e11);
  });

  it('is never more than its estimate', () => {
    const expressions = [
      'self.list.all(x, x.size() < 5)',
      'self.list.exists(x, x == "abc")',
      'self.list.all(i, x, i < x.size())',
      'self.list.transformMapEntry(i, x, {string(i): x}).exists(k, v, k == v)',
      'self.list.transformList(i, x, i % 2 == 0, x + "d").filter(y, y.contains("a")).size() > 1',
      'self.list.transformMap(i, x, x + "d").all(i, x, x.endsWith("d"))',
      'self.list.map(x, x + "d").filter(y, y.contains("a")).size() > 1',
      'self.list.all(x, self.list.exists(y, x == y))',
      'self.list.size() > 1 && self.list[0].startsWith("a") ? "a" in self.list : self.list.isSorted()',
    ];
    const schema = list(text(8), 12);
    const value = fc.record({ list: fc.array(fc.string({ maxLength: 8 }), { minLength: 1, maxLength: 12 }) });
    fc.assert(
      fc.property(fc.constantFrom(...expressions), value, (expression, self) => {
        expect(costOf(expression, self)).toBeLessThanOrEqual(program(expression).estimate({ self: schema }));
      }),
    );
  });
});

describe('the authorizer', () => {
  const run = (expression: string, known: readonly string[] = []) => {
    const asked: CelAccess[] = [];
    const decide = (access: CelAccess) => {
      if (known.includes(access.verb)) return { allowed: true, reason: `may ${access.verb}`, error: '' };
      asked.push(access);
      return undefined;
    };
    const resource = { group: 'apps', resource: 'deployments', subresource: 'scale', namespace: 'n', name: 'd' };
    const compiled = compileCel(expression, { authorizer: authorizerType });
    if (!compiled.ok) throw new Error(compiled.error.message);
    return { result: compiled.value.run({ authorizer: celAuthorizer(decide, resource) }), asked };
  };

  it('tells what was asked, and answers once that is known', () => {
    const check =
      'authorizer.serviceAccount("a", "b").group("g").resource("r").subresource("s").namespace("n").name("m").fieldSelector("f=1").labelSelector("l=2").check("get").allowed()';
    expect(run(check)).toMatchObject({ result: { ok: false } });
    expect(run(check).asked).toEqual([
      {
        ...{ isResource: true, path: '', group: 'g', resource: 'r', subresource: 's', namespace: 'n', name: 'm' },
        ...{ fieldSelector: 'f=1', labelSelector: 'l=2', verb: 'get' },
        serviceAccount: { namespace: 'a', name: 'b' },
      },
    ]);
    expect(run(check, ['get'])).toEqual({ result: { ok: true, value: true }, asked: [] });
    expect(run('authorizer.path("/x").check("get").reason()', ['get']).result).toEqual({ ok: true, value: 'may get' });
    expect(run('authorizer.requestResource.check("get").error()').asked).toMatchObject([
      { group: 'apps', resource: 'deployments', subresource: 'scale', namespace: 'n', name: 'd' },
    ]);
  });

  it.each([
    ['authorizer.path(" ").check("get").allowed()', 'path must not be empty'],
    ['authorizer.group("").resource("").check("get").allowed()', 'resource must not be empty'],
    ['authorizer.serviceAccount("a.b", "c").path("/").check("get").allowed()', 'Invalid service account namespace'],
    ['authorizer.serviceAccount("a", "c@").path("/").check("get").allowed()', 'Invalid service account name'],
    ['authorizer.serviceAccount("a", "c").requestResource.check("get").allowed()', 'No such key: requestResource'],
  ])('%s fails', (expression, message) => {
    expect(run(expression, ['get']).result).toMatchObject({ ok: false, error: { message } });
  });

  it('shows nothing of what is inside, and is not there for rules of custom resources', () => {
    for (const expression of ['authorizer.base', 'authorizer.path("/").question'])
      expect(compileCel(expression, { authorizer: authorizerType })).toMatchObject({ ok: false });
    expect(compileCel('authorizer.path("/").check("get").allowed()', { self: 'dyn' })).toMatchObject({ ok: false });
  });
});

describe('libraries', () => {
  it.each([
    ['semver("1.2.3-rc.1+b").major() == 1 && semver("1.2.3").minor() == 2 && semver("1.2.3").patch() == 3'],
    ['semver("1.2.3-rc.2").isLessThan(semver("1.2.3-rc.10")) && semver("1.2.3").isGreaterThan(semver("1.2.3-rc"))'],
    ['semver("1.10.0").compareTo(semver("1.9.9")) == 1'],
    ['!isSemver("v1.2") && isSemver("v1.2", true) && semver("v01.2", true).compareTo(semver("1.2.0")) == 0'],
    ['!format.dns1123Label().validate("my-name").hasValue()'],
    ['format.dns1123Label().validate("my_name").value().size() == 1'],
    ['format.named("uuid").hasValue() && !format.named("none").hasValue()'],
    ['format.date().validate("2026-02-30").hasValue() && !format.date().validate("2026-02-28").hasValue()'],
    ['"%s is %d, %.2f or %x".format(["a", 3, 1.5, 255]) == "a is 3, 1.50 or ff"'],
  ])('%s', (expression) => {
    expect(evaluate(expression)).toBe(true);
  });
});
