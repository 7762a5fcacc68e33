import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestKinds, type TestKinds } from '../../../registry/testing-kinds.ts';

const type = 'networking.k8s.io/servicecidrs';
let kinds: TestKinds;

beforeAll(async () => {
  kinds = await openTestKinds();
});

afterAll(() => kinds.close());

const ranges = (...cidrs: string[]) => ({ spec: { cidrs } });

describe('a ServiceCIDR is refused', () => {
  it.each<[string, object, readonly string[]]>([
    ['no range', {}, ['spec.cidrs: Required value: at least one CIDR required']],
    [
      'three ranges',
      ranges('10.9.0.0/24', 'fd00::/112', 'fd01::/112'),
      ['spec.cidrs: Invalid value: {"cidrs":["10.9.0.0/24","fd00::/112","fd01::/112"]}: may only hold up to 2 values'],
    ],
    [
      'ranges in other forms',
      ranges('10.9.0.1/24', 'FD00::/112'),
      [
        'spec.cidrs[0]: Invalid value: "10.9.0.1/24": must not have bits set beyond the prefix length',
        'spec.cidrs[1]: Invalid value: "FD00::/112": must be in canonical form ("fd00::/112")',
      ],
    ],
    [
      'two ranges of a family',
      ranges('10.9.0.0/24', '10.10.0.0/24'),
      [
        'spec.cidrs: Invalid value: ["10.9.0.0/24","10.10.0.0/24"]: may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64',
      ],
    ],
  ])('for %s', async (_, object, expected) => {
    expect(await kinds.created(type, object)).toEqual(expected);
  });

  it.each<[string, object, object, readonly string[]]>([
    [
      'another range',
      ranges('10.9.0.0/24'),
      ranges('10.10.0.0/24'),
      ['spec.cidrs[0]: Invalid value: "10.10.0.0/24": field is immutable'],
    ],
    [
      'a range less',
      ranges('10.9.0.0/24', 'fd00::/112'),
      ranges('10.9.0.0/24'),
      ['spec.cidrs: Invalid value: ["10.9.0.0/24"]: field is immutable'],
    ],
    [
      'a second range that is none',
      ranges('10.9.0.0/24'),
      ranges('10.9.0.0/24', 'x'),
      ['spec.cidrs[1]: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'],
    ],
  ])('for %s, once it is there', async (_, object, change, expected) => {
    expect(await kinds.changed(type, object, change)).toEqual(expected);
  });
});

describe('a ServiceCIDR is taken', () => {
  it('with a second family, also later', async () => {
    expect(await kinds.created(type, ranges('10.9.0.0/24', 'fd00::/112'))).toEqual([]);
    expect(await kinds.changed(type, ranges('10.9.0.0/24'), ranges('10.9.0.0/24', 'fd00::/112'))).toEqual([]);
  });
});
