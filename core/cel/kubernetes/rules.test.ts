import { describe, expect, it } from 'vitest';
import type { Schema } from '../../machinery/schema.ts';
import { compileCel } from './programs.ts';
import { ruleEnvironment } from './rules.ts';
import { schemaValue } from './values.ts';

const text: Schema = { type: 'string' };
const int: Schema = { type: 'integer' };
const schema: Schema = {
  type: 'object',
  properties: {
    i: int,
    n: { type: 'number' },
    s: { type: 'string', maxLength: 10 },
    b: { type: 'boolean' },
    ios: { 'x-kubernetes-int-or-string': true },
    dur: { type: 'string', format: 'duration' },
    dt: { type: 'string', format: 'date-time' },
    by: { type: 'string', format: 'byte' },
    l: { type: 'array', maxItems: 10, items: { type: 'string', maxLength: 10 } },
    li: { type: 'array', maxItems: 10, items: int },
    m: { type: 'object', maxProperties: 10, additionalProperties: int },
    o: { type: 'object', properties: { x: text } },
    lm: {
      type: 'array',
      maxItems: 10,
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['k'],
      items: { type: 'object', properties: { k: text, v: int } },
    },
    set: { type: 'array', 'x-kubernetes-list-type': 'set', items: text },
    nul: { type: 'object', nullable: true, properties: { a: text } },
    unk: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  },
};
const self = {
  ...{ i: 3, n: 1.5, s: 'abc', b: true, ios: '50%', dur: '1h30m', by: 'YWI=', l: ['a', 'b'], li: [1, 2, 3] },
  ...{ dt: '2011-08-18T19:03:37.010000000+01:00', m: { a: 1, b: 2 }, o: { x: 'y' }, set: ['x', 'y'], nul: null },
  lm: [
    { k: 'a', v: 1 },
    { k: 'b', v: 2 },
  ],
  unk: { q: 1 },
};
const rules = ruleEnvironment(schema, 'selfType', false)!;

function compiled(rule: string) {
  const result = compileCel(rule, rules.environment(false));
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

describe("Kubernetes' own rules over a typed object hold", () => {
  it.each([
    'self.i in [1, 2, 3] && !(self.i in [4])',
    'self.i == 3 && 3 == self.i && self.i != 4 && self.i >= 3 && dyn(self.i) == 3.0 && self.i < 3.5',
    "double(self.i) == 3.0 && int(self.n) == 1 && string(self.n) == '1.5' && uint(self.i) == 3u",
    "type(self.ios) == string ? self.ios == '50%' : self.ios == 5",
    "type(self.ios) == int || int(self.ios.replace('%', '')) < 60",
    "self.dur == duration('90m') && self.dur.getMinutes() == 90 && self.dur.getHours() == 1",
    "self.dt == timestamp('2011-08-18T18:03:37.01Z') && self.dt.getMilliseconds() == 10 && self.dt.getFullYear() == 2011",
    "timestamp('2011-08-18T00:00:00.000+01:00').getDayOfWeek('America/Los_Angeles') == 3",
    "string(self.by) == 'ab' && self.by == b'ab' && size(self.by) == 2",
    "self.l == ['a', 'b'] && 'a' in self.l && self.l[0] == 'a' && self.l.size() == 2 && self.l + ['c'] == ['a', 'b', 'c']",
    "self.l.join(',') == 'a,b' && self.l.isSorted() && self.li.sum() == 6 && self.li.max() == 3",
    "self.m == {'a': 1, 'b': 2} && 'a' in self.m && self.m['a'] == 1 && self.m.a == 1 && self.m.all(k, self.m[k] > 0)",
    "self.m.exists(k, k == 'a') && self.m.exists_one(k, self.m[k] == 2) && size(self.m.filter(k, self.m[k] > 1)) == 1",
    "self.lm == self.lm && self.lm.exists(e, e.k == 'a') && self.lm.filter(e, e.v > 1)[0].k == 'b'",
    "self.set == ['y', 'x'] && self.set + ['z'] == ['z', 'x', 'y']",
    '!has(self.nul) || self.nul == null',
    "has(self.unk) && self.o == self.o && self.?o.x.orValue('') == 'y' && self.o != null",
    "self.m[?'zz'].orValue(7) == 7 && !self.li[?9].hasValue() && optional.of(self.i).value() == 3",
    "'%d %s %f %s %s'.format([1, 'abc', 1.0, duration('1m'), timestamp('2000-01-01T00:00:00.000Z')]) == '1 abc 1.000000 60s 2000-01-01T00:00:00Z'",
    "'%o %o %o'.format([7, 8, 9]) == '7 10 11' && '%b'.format([7]) == '111'",
    "self.lm.sortBy(e, -e.v).map(e, e.k) == ['b', 'a'] && self.li.all(i, v, v == i + 1)",
    "has(self.lm[0].v) && has(self.lm.filter(e, true)[0].k) && self.m.transformMap(k, v, v * 2) == {'a': 2, 'b': 4}",
    "quantity('1') != null && ip('::1') != null && optional.none() != null && null == null",
    'type(self.i) == int && type(self.l) == list && type(self.dur) == google.protobuf.Duration && type(type(1)) == type',
    "string(duration('1h')) == '3600s' && string(timestamp('2011-08-18T00:00:00Z')) == '2011-08-18T00:00:00Z'",
  ])('%s', (rule) => {
    expect(compiled(rule).run(new Map([['self', schemaValue(self, schema)]]))).toEqual({ ok: true, value: true });
  });
});

describe('the estimate and the cost of a call', () => {
  // By the rules of cel-go and of k8s.io/apiserver: a path of two names is 2; texts of 10 characters are counted as 40.
  it.each<[string, number, number]>([
    ['self.s.contains("abcdefghijk")', 2 + 4 * 2, 2 + 1 * 2],
    ['self.s.startsWith("abcdefghijk")', 2 + 2, 2 + 2],
    ['self.s.matches("^[a-z]+$")', 2 + 5 * 2, 2 + 1 * 2],
    ['self.s.lowerAscii() == "a"', 2 + 4 + 1, 2 + 1 + 1],
    ['self.s.replace("a", "bb") == "a"', 2 + 8 + 1, 2 + 1 + 1],
    ['self.s.split("a").size() == 2', 2 + 8 + 1 + 1, 2 + 1 + 1 + 1],
    ['self.s.find("[0-9]+") == ""', 2 + 5 * 2 + 0, 2 + 1 * 2 + 0],
    ['self.s + self.s == "a"', 4 + 8 + 1, 4 + 1 + 1],
    ['self.s < "b"', 2 + 1, 2 + 1],
    ['self.l.isSorted()', 2 + 10 * (1 + 4), 2 + 0],
    ['self.li.sum() == 1', 2 + 10 + 1, 2 + 3 + 1],
    ['self.l.join(",") == "a"', 2 + 41 + 1, 2 + 1 + 1],
    ['"a" in self.l', 2 + 10, 2 + 2],
    ['self.l[0] == "a"', 2 + 1 + 1, 2 + 1 + 1],
    ['self.li.reverse().size() == 1', 2 + 11 + 10 + 1 + 1, 2 + 11 + 3 + 1 + 1],
    ['self.li.distinct().size() == 1', 2 + 11 + 200 + 1 + 1, 2 + 11 + 18 + 1 + 1],
    ['self.l.sort().size() == 1', 2 + 11 + 210 + 1 + 1, 2 + 11 + 8 + 1 + 1],
    ['lists.range(5).size() == 5', 16 + 1 + 1, 16 + 1 + 1],
    ['sets.contains(self.li, self.li)', 4 + 100 + 1, 4 + 9 + 1],
    ['sets.equivalent(self.li, self.li)', 4 + 200 + 1, 4 + 18 + 1],
    ['isQuantity(self.s)', 2 + 1, 2 + 1],
    ['isURL(self.s)', 2 + 1, 2 + 1],
    ['quantity("1").isGreaterThan(quantity("2"))', 1 + 1 + 1, 1 + 1 + 1],
    ['isIP(self.s)', 2 + 1, 2 + 1],
    ['has(self.o.x)', 2, 2],
    ['self.?o.hasValue()', 1 + 1 + 1, 2 + 1],
    ['{"a": 1}.size() == 1', 30 + 1 + 1, 1 + 1],
    ['self.b ? self.i == 1 : self.i == 2', 2 + 2, 2 + 3],
  ])('%s: %i, %i', (rule, estimate, cost) => {
    const program = compiled(rule);
    expect(program.estimate(new Map([['self', rules.declared]]))).toBe(estimate);
    const budget = { left: 1_000_000 };
    program.run(new Map([['self', schemaValue(self, schema)]]), budget);
    expect(1_000_000 - budget.left).toBe(cost);
  });
});
