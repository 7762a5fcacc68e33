import { describe, expect, it } from 'vitest';
import type { Schema } from '../machinery/schema.ts';
import { withVariables } from './check/environment.ts';
import { kubernetes } from './kubernetes/environment.ts';
import { celOutput } from './kubernetes/output.ts';
import { compileCel } from './kubernetes/programs.ts';
import { ruleEnvironment } from './kubernetes/rules.ts';
import { plainValue, schemaValue } from './kubernetes/values.ts';
import { authorizerType, authorizerValues, type CelAccess } from './libraries/authorizer.ts';
import { dyn } from './types/types.ts';

const untyped = withVariables(kubernetes, [['self', dyn]]);

function evaluate(expression: string, self: unknown = {}): unknown {
  const compiled = compileCel(expression, untyped);
  if (!compiled.ok) return compiled.error;
  const result = compiled.value.run(new Map([['self', plainValue(self)]]));
  return result.ok ? celOutput(result.value) : result.error;
}

const hex = 'a1'.repeat(32);

describe('an expression of Kubernetes holds', () => {
  it.each<[string, unknown?]>([
    ['self.replicas <= self.max', { replicas: 1, max: 2 }],
    ['has(self.a) && !has(self.b)', { a: null }],
    ['has(self.l[0].x) && !has(self.l[0].y)', { l: [{ x: 1 }] }],
    ['!self.items.all(x, x.name.startsWith("a"))', { items: [{ name: 'ab' }, { name: 'b' }] }],
    ['self.items.map(x, x * 2).sum() == 6', { items: [1, 2] }],
    ['self.?missing.orValue("x") == "x" && self.?a.b.hasValue() == false'],
    ['self.?s.optMap(v, v.size()).orValue(0) == 3 && self.?t.optMap(v, v.size()).orValue(0) == 0', { s: 'abc' }],
    ['self.?s.optFlatMap(v, v == "a" ? optional.of(1) : optional.none()).orValue(7) == 7', { s: 'b' }],
    ['optional.ofNonZeroValue("") == optional.none() && optional.ofNonZeroValue(2).value() == 2'],
    ['[?optional.of(1), ?optional.none()] == [1] && {?"a": optional.of(1), ?"b": optional.none()} == {"a": 1}'],
    ['self["constructor"]', { constructor: true }],
    ['self.a == 9007199254740993 && self.a + 1 == 9007199254740994', { a: 9007199254740993n }],
    ['self.text.matches("^a+$") && matches(self.text, "^a")', { text: 'aaa' }],
    [
      '"a1b22".findAll("[0-9]+") == ["1", "22"] && "a1b22".find("[0-9]+") == "1" && "a1b2".findAll("[0-9]", 1) == ["1"]',
    ],
    ['"banana".replace("a", "o", 2) == "bonona" && "ab".replace("", "-") == "-a-b-"'],
    ['[1, 2, 3].isSorted() && [3, 1].min() == 1 && [3, 1].max() == 3 && [1.5, 2.5].sum() == 4.0'],
    ['[[1], [2]].indexOf([2]) == 1 && [1, 2, 1].lastIndexOf(1) == 2'],
    ['lists.range(3) == [0, 1, 2] && [3, 1].sort() == [1, 3] && [1, 2, 3].slice(1, 2) == [2]'],
    ['[[1], [2, 3]].flatten() == [1, 2, 3] && [1, 1, 2].distinct() == [1, 2] && [1, 2].reverse() == [2, 1]'],
    ['self.l.sortBy(e, e.n).map(e, e.n) == [1, 2, 3]', { l: [{ n: 3 }, { n: 1 }, { n: 2 }] }],
    ['["b", "a"].first().value() == "b" && [1, 2].last() == optional.of(2)'],
    ['quantity("1Gi").isGreaterThan(quantity("1G")) && isQuantity("1m") && !isQuantity("x")'],
    ['quantity("1k").sub(quantity("1")).asInteger() == 999 && quantity("1").add(2) == quantity("3")'],
    [
      'quantity("1000m") == quantity("1") && quantity("-1").sign() == -1 && quantity("1.5").asApproximateFloat() == 1.5',
    ],
    ['url("https://a.b:8080/c?d=e").getHostname() == "a.b" && url("https://a.b:8080/").getPort() == "8080"'],
    ['url("/absolute/path with space").getEscapedPath() == "/absolute/path%20with%20space" && isURL("/a")'],
    ['!isURL("../a") && !isURL("https://a:b:c/") && url("https://[::1]:80/").getHost() == "[::1]:80"'],
    ['url("https://e.com/p?k=a&l=b&l=c").getQuery() == {"k": ["a"], "l": ["b", "c"]} && url("/p").getHost() == ""'],
    ['ip("10.0.0.1").family() == 4 && !isIP("10.0.0.01") && ip("::ffff") != ip("::1") && ip.isCanonical("::1")'],
    ['cidr("10.0.0.0/8").containsIP("10.1.2.3") && !cidr("10.0.0.0/8").containsCIDR("10.0.0.0/7")'],
    ['cidr("10.1.2.3/8").masked() == cidr("10.0.0.0/8") && string(cidr("10.1.2.3/8").masked()) == "10.0.0.0/8"'],
    ['cidr("10.0.0.0/8").ip() == ip("10.0.0.0") && cidr("::/0").prefixLength() == 0 && !isCIDR("::/129")'],
    ['ip("::1").isLoopback() && ip("ff02::1").isLinkLocalMulticast() && ip("10.0.0.1").isGlobalUnicast()'],
    [
      'sets.contains(self.a, ["x"]) && !sets.intersects(self.a, ["z"]) && sets.equivalent([1, 2], [2, 1, 1])',
      { a: ['x', 'y'] },
    ],
    ['jsonpatch.escapeKey("a/b~c") == "a~1b~0c"'],
    ['strings.quote("a\\"b\\\\c\\n\\u0007é") == "\\"a\\\\\\"b\\\\\\\\c\\\\n\\\\aé\\""'],
    ['image("nginx").registry() + "/" + image("nginx").repository() == "index.docker.io/library/nginx"'],
    ['image("r.io/ab:v1@sha256:" + self).tag() == "" && image("r.io/ab@sha256:" + self).containsDigest()', hex],
    ['["r.io//ab", "r.io/AB", "ab:", "", "ab/ab:x y"].all(x, !isImage(x))'],
    ['"AbÄß".lowerAscii() + "AbÄß".upperAscii() == "abÄßABÄß" && "a😀b".size() == 3 && "a😀b".charAt(1) == "😀"'],
    [
      '"a😀b".substring(1, 2) == "😀" && "a😀b".indexOf("b") == 2 && " \\t x ".trim() == "x" && "a,b".split(",") == ["a", "b"]',
    ],
    ['dyn(1) in {1: "a"} && !(dyn("1") in {1: "a"}) && {1: "a"}[dyn(1.0)] == "a" && {1u: "a"}[1u] == "a"'],
    ['semver("1.2.3-rc.2").isLessThan(semver("1.2.3-rc.10")) && semver("1.10.0").compareTo(semver("1.9.9")) == 1'],
    [
      '!isSemver("v1.2") && isSemver("v1.2", true) && semver("v01.2", true) == semver("1.2.0") && semver("1.2.3").minor() == 2',
    ],
    ['format.dns1123Label().validate("my-name") == optional.none() && !format.dns1123Label().validate("a").hasValue()'],
    ['format.dns1123Label().validate("my_name").value().size() == 1 && format.dns1123Label().validate("a") != null'],
    [
      'format.named("uuid").hasValue() && !format.named("none").hasValue() && format.date().validate("2026-02-30").hasValue()',
    ],
    ['"%s is %d, %.2f or %x".format(["a", 3, 1.5, 255]) == "a is 3, 1.50 or ff"'],
    ['"%e".format([3.14]) == "3.140000\u202f×\u202f10⁰⁰" && "%f".format([12345.5]) == "12,345.500000"'],
    ['"%s".format([[1, "a", duration("90s")]]) == "[1, \\"a\\", duration(\\"90s\\")]"'],
    [
      'duration("1h") > duration("59m") && timestamp("2026-01-01T00:00:00Z") - timestamp("2025-12-31T23:00:00Z") == duration("1h")',
    ],
    [
      'timestamp("2026-01-01T00:30:00Z").getHours("+02:00") == 2 && timestamp("2026-01-01T00:30:00Z").getDate("-01:00") == 31',
    ],
    ['timestamp("2026-07-01T00:00:00Z").getHours("Europe/Berlin") == 2'],
    ['{"a": 1, "b": 2}.all(k, v, k != "c" && v > 0) && [1, 2].transformList(i, v, i * v) == [0, 2]'],
    ['{"a": "x"}.transformMapEntry(k, v, {v: k}) == {"x": "a"} && [1, 2].transformMap(i, v, i > 0, v) == {1: 2}'],
    ['self.exists(k, v, v.missing == 1)', { a: {}, b: { missing: 1 } }],
    [
      'string(1e6) == "1e+06" && string(123456.5) == "123456.5" && string(0.00001) == "1e-05" && string(0.0001) == "0.0001"',
    ],
    ['type(self) == map && type(1u) == uint && type(quantity("1")) == kubernetes.Quantity'],
  ])('%s', (expression, self) => {
    expect(evaluate(expression, self)).toBe(true);
  });

  it.each<[string, string, unknown?]>([
    ['self.missing', 'no such key: missing'],
    ['self.l[3]', 'index out of bounds: 3', { l: [1] }],
    ['1 / self == 1', 'division by zero', 0],
    ['9223372036854775807 + self > 0', 'integer overflow', 1],
    ['self.all(k, v, v.missing == 1)', 'no such key: missing', { a: {} }],
    ['self.transformMapEntry(k, v, {v: k}).size() == 0', 'insert failed: key x already exists', { a: 'x', b: 'x' }],
    ['optional.none().value() == 1', 'optional.none() dereference'],
    ['quantity(self).isInteger()', 'quantities must match the regular expression', 'x'],
    ['cidr(self).ip() == ip("::")', 'network address parse error during conversion from string', '1.2.3.4/33'],
    ['self < 1', 'no such overload', 'a'],
  ])('%s fails where it runs: %s', (expression, message, self) => {
    expect(evaluate(expression, self)).toMatchObject({ code: 'evaluation', message: expect.stringContaining(message) });
  });

  it.each([
    ['1 +', "ERROR: <input>:1:4: Syntax error: mismatched input '<EOF>' expecting {"],
    [
      '"a" + 1 == 2',
      "ERROR: <input>:1:5: found no matching overload for '_+_' applied to '(string, int)'\n | \"a\" + 1 == 2\n | ....^",
    ],
    ['nothing', "ERROR: <input>:1:1: undeclared reference to 'nothing' (in container '')\n | nothing\n | ^"],
    ['"a".matches("(")', 'ERROR: <input>:1:13: invalid matches argument'],
    ['duration("1x") == duration("1s")', 'ERROR: <input>:1:10: invalid duration argument'],
    ['timestamp("x") == timestamp("y")', 'invalid timestamp argument'],
    ['[1, "a"].size() == 2', "ERROR: <input>:1:5: expected type 'int' but found 'string'"],
    ['{"a": 1, "b": "c"}.size() == 2', "expected type 'int' but found 'string'"],
    ['authorizer.path("/").check("get").allowed()', "undeclared reference to 'authorizer'"],
  ])('%s is refused when it is written', (expression, message) => {
    expect(evaluate(expression)).toMatchObject({ code: 'type', message: expect.stringContaining(message) });
  });
});

describe('what an expression may cost', () => {
  const costOf = (expression: string, self: unknown) => {
    const compiled = compileCel(expression, untyped);
    if (!compiled.ok) throw new Error(compiled.error.message);
    const budget = { left: 1_000_000 };
    compiled.value.run(new Map([['self', plainValue(self)]]), budget);
    return 1_000_000 - budget.left;
  };

  it.each<[string, unknown, number]>([
    ['self.a == 1', { a: 1 }, 3],
    ['has(self.a)', { a: 1 }, 1],
    ['has(self.a.b)', { a: { b: 1 } }, 2],
    ['(has(self.a) && !has(self.b)) || (!has(self.a) && has(self.b))', { a: 1 }, 3],
    ['self in ["a", "b"]', 'a', 1],
    ['self.all(x, x > 0)', [1, 2, 3], 1 + 3 * (2 + 1 + 2) + 1],
    ['self.exists(x, x == 1)', [1, 2, 3], 1 + (3 + 1 + 2) + 3 + 1],
    ['self.map(x, x).size() == 3', [1, 2, 3], 1 + 3 * 13 + 1 + 1 + 1],
    ['self.filter(x, x > 1).size() == 2', [1, 2, 3], 1 + (2 + 0) + 2 * (2 + 13) + 1 + 1 + 1],
    ['self.contains("b")', 'a'.repeat(1000), 1 + 100],
    ['self.matches("^[a-z]+$")', 'a'.repeat(99), 1 + 10 * 2],
    ['self == "abc"', 'a'.repeat(100), 2],
    ['lists.range(10).size() == 10', {}, 21 + 1 + 1],
    ['self ? self : self', true, 1],
    ['duration("1h") == duration("1h")', {}, 1],
  ])('%s on %j: %i', (expression, self, cost) => {
    expect(costOf(expression, self)).toBe(cost);
  });

  it('ends a run that costs too much, whatever comes after it', () => {
    const items = Array.from({ length: 1000 }, (_, index) => index);
    for (const expression of [
      'self.all(a, self.all(b, self.all(c, a + b + c >= 0))) || true',
      'self.map(a, self.map(b, [a, b])).size() > 0 && self.map(a, self.map(b, [a, b])).size() > 0',
      'lists.range(9000000).size() > 0',
      '"a".replace("", self[0] == 0 ? "aaaaaaaaaa" : "").replace("", "aaaaaaaaaaaaaaaaaaaaaaaaaaa").replace("", self.map(x, string(x)).join()).replace("", self.map(x, string(x)).join()).size() > 0',
    ])
      expect(evaluate(expression, items)).toMatchObject({ code: 'cost' });
  });

  it('is not evaded by values that stand in themselves many times', () => {
    const doubled = Array.from({ length: 60 }, (_, index) => `.optMap(v${index}, [v${index}, v${index}])`).join('');
    const nested = `optional.of([self])${doubled}.value()`;
    const started = performance.now();
    for (const expression of [
      `${nested} == ${nested}`,
      `"%s".format([${nested}]).size() > 0`,
      `${nested}.flatten(100).size() > 0`,
    ])
      expect(evaluate(expression, 1)).toMatchObject({ code: expect.stringMatching(/cost|type|evaluation/) });
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  it('is bounded before it runs: depth, length, types', () => {
    for (const expression of [
      `${'('.repeat(5000)}1${')'.repeat(5000)} == 1`,
      `${'['.repeat(300)}${']'.repeat(300)} == []`,
      `self${'.a'.repeat(20_000)} == 1`,
      `1${' + 1'.repeat(20_000)} == 1`,
      `"${'a'.repeat(100_001)}" == ""`,
      `optional.of(self)${Array.from({ length: 40 }, (_, i) => `.optMap(a${i}, {a${i}: a${i}})`).join('')}.hasValue()`,
    ])
      expect(evaluate(expression)).toMatchObject({ code: expect.stringMatching(/type|evaluation/) });
    expect(evaluate(`self${' || self'.repeat(10_000)}`, true)).toBe(true);
  });
});

describe('the estimate of a rule', () => {
  const estimateOf = (expression: string, schema: Schema) => {
    const rules = ruleEnvironment(schema, 'self', false);
    if (!rules) throw new Error('no type');
    const compiled = compileCel(expression, rules.environment(false));
    if (!compiled.ok) throw new Error(compiled.error.message);
    return compiled.value.estimate(new Map([['self', rules.declared]]));
  };
  const object = (properties: Record<string, Schema>): Schema => ({ type: 'object', properties });
  const list = (items: Schema, maxItems?: number): Schema => ({
    type: 'array',
    items,
    ...(maxItems !== undefined && { maxItems }),
  });
  const text = (maxLength?: number): Schema => ({ type: 'string', ...(maxLength !== undefined && { maxLength }) });

  it.each<[string, Schema, number]>([
    ['(has(self.a) && !has(self.b)) || (!has(self.a) && has(self.b))', object({ a: text(), b: text() }), 6],
    [
      'self.all(key, size(key) < 63 && key.matches("^[a-z]+$"))',
      { type: 'object', maxProperties: 128, additionalProperties: { type: 'integer' } },
      1 + 128 * (2 + 1 + (2 + 1) + (1 + 1 * 2)) + 1,
    ],
    ['self.a == 1', object({ a: { type: 'integer' } }), 2],
    ['self.a == "abcdefghijklmnopqrstuvwxyz"', object({ a: text(10) }), 2 + 3],
    ['self.all(x, x != "a")', list(text(10), 10), 1 + 10 * (3 + 1 + 1) + 1],
    ['self.all(x, true)', list({ type: 'number' }), 1 + 1572863 * 3 + 1],
    ['self.all(x, true)', list(text()), 1 + 1048575 * 3 + 1],
    ['self.contains("abc")', text(100), 1 + 40],
    ['self.size() == 0', text(), 1 + 1 + 1],
    ['self.startsWith("abcdefghijk")', text(), 1 + 2],
    ['[1, 2, 3].all(x, x > 0)', text(), 10 + 3 * (3 + 2) + 1],
    ['self.map(x, x).size() > 0', list(text(1), 5), 1 + 10 + 5 * (1 + 1 + 10 + 1) + 1 + 1 + 1],
    ['self in ["a", "b"]', text(), 1 + 10 + 2],
  ])('%s', (expression, schema, cost) => {
    expect(estimateOf(expression, schema)).toBe(cost);
  });

  it('is never less than what a run costs', () => {
    const schema = object({ list: list(text(8), 12) });
    const rules = ruleEnvironment(schema, 'self', false)!;
    for (const expression of [
      'self.list.all(x, x.size() < 5)',
      'self.list.exists(x, x == "abc")',
      'self.list.all(i, x, i < x.size())',
      'self.list.transformList(i, x, i % 2 == 0, x + "d").filter(y, y.contains("a")).size() > 1',
      'self.list.map(x, x + "d").filter(y, y.contains("a")).size() > 1',
      'self.list.all(x, self.list.exists(y, x == y))',
      'self.list.size() > 1 && self.list[0].startsWith("a") ? "a" in self.list : self.list.isSorted()',
      'self.list.sort() == self.list && self.list.distinct().size() > 0',
    ]) {
      const compiled = compileCel(expression, rules.environment(false));
      if (!compiled.ok) throw new Error(compiled.error.message);
      const most = compiled.value.estimate(new Map([['self', rules.declared]]));
      for (const length of [1, 3, 12]) {
        const self = schemaValue({ list: Array.from({ length }, (_, index) => 'ab'.repeat(index % 5)) }, schema);
        const budget = { left: 1_000_000 };
        compiled.value.run(new Map([['self', self]]), budget);
        expect(1_000_000 - budget.left).toBeLessThanOrEqual(most);
      }
    }
  });
});

describe('values of a schema', () => {
  const schema: Schema = {
    type: 'object',
    properties: {
      set: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
      map: {
        type: 'array',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['k'],
        items: { type: 'object', properties: { k: { type: 'string' }, v: { type: 'integer' } } },
      },
      time: { type: 'string', format: 'date-time' },
      day: { type: 'string', format: 'date' },
      wait: { type: 'string', format: 'duration' },
      data: { type: 'string', format: 'byte' },
      half: { type: 'number' },
      either: { 'x-kubernetes-int-or-string': true },
      none: { type: 'string', nullable: true },
      namespace: { type: 'string' },
      'a-b.c/d__e': { type: 'string' },
      free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true, properties: { known: { type: 'string' } } },
      o: { type: 'object', properties: { a: { type: 'string' } } },
    },
  };
  const holds = (expression: string, self: object) => {
    const compiled = compileCel(expression, ruleEnvironment(schema, 'self', false)!.environment(false));
    if (!compiled.ok) return compiled.error.message;
    const result = compiled.value.run(new Map([['self', schemaValue(self, schema)]]));
    return result.ok ? result.value : result.error.message;
  };

  it.each<[string, object]>([
    [
      'self.set == ["b", "a"] && self.set != ["a", "c"] && self.set + ["a", "c"] == ["c", "b", "a"]',
      { set: ['a', 'b'] },
    ],
    [
      'self.map == self.map && (self.map + self.map).size() == 2',
      {
        map: [
          { k: 'a', v: 1 },
          { k: 'b', v: 2 },
        ],
      },
    ],
    [
      'self.time < timestamp("2026-06-01T00:00:00Z") && self.day == timestamp("2026-01-01T00:00:00Z")',
      { time: '2026-01-01T00:00:00Z', day: '2026-01-01' },
    ],
    [
      'self.wait < duration("2h") && self.data == b"abc" && self.half + 0.5 == 2.5',
      { wait: '90m', data: 'YWJj', half: 2 },
    ],
    ['type(self.either) == int && self.either < 5 && !has(self.none)', { either: 3, none: null }],
    [
      'self.__namespace__ == "n" && self.a__dash__b__dot__c__slash__d__underscores__e == "x"',
      { namespace: 'n', 'a-b.c/d__e': 'x' },
    ],
    ['has(self.free.known) && !has(self.o) || self.o != null', { free: { known: 'a', other: 1 } }],
  ])('%s', (expression, self) => {
    expect(holds(expression, self)).toBe(true);
  });

  it('are what the schema says and nothing else', () => {
    expect(holds('self.free.other == 1', {})).toContain("undefined field 'other'");
    expect(holds('self.namespace == ""', {})).toContain("undefined field 'namespace'");
    expect(holds('self.half == "a"', {})).toContain(
      "found no matching overload for '_==_' applied to '(double, string)'",
    );
  });
});

describe('the authorizer', () => {
  const environment = withVariables(kubernetes, [['authorizer', authorizerType]]);
  const run = (expression: string, known: readonly string[] = []) => {
    const asked: CelAccess[] = [];
    const { authorizer } = authorizerValues(
      (access) => {
        if (known.includes(access.verb)) return { allowed: true, reason: `may ${access.verb}`, error: '' };
        asked.push(access);
        return undefined;
      },
      { group: 'apps', resource: 'deployments', subresource: 'scale', namespace: 'n', name: 'd' },
    );
    const compiled = compileCel(expression, environment);
    if (!compiled.ok) throw new Error(compiled.error.message);
    return { result: compiled.value.run(new Map([['authorizer', authorizer]])), asked };
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
  });

  it.each([
    ['authorizer.path(" ").check("get").allowed()', 'path must not be empty'],
    ['authorizer.group("").resource("").check("get").allowed()', 'resource must not be empty'],
    ['authorizer.serviceAccount("a.b", "c").path("/").check("get").allowed()', 'Invalid service account namespace'],
    ['authorizer.serviceAccount("a", "c@").path("/").check("get").allowed()', 'Invalid service account name'],
  ])('%s fails', (expression, message) => {
    expect(run(expression, ['get']).result).toMatchObject({ ok: false, error: { message } });
  });
});
