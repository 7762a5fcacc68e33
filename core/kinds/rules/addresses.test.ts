import { describe, expect, it } from 'vitest';
import { warnOfAddress, warnOfCidr } from './address-warnings.ts';
import { addressFault, validateAddress, validateCanonicalCidr, validateCidr } from './addresses.ts';

const invalid = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';
const mapped = 'must not be an IPv4-mapped IPv6 address';

describe('an address', () => {
  it.each([
    ['10.9.8.7', undefined],
    ['0.0.0.0', undefined],
    ['fd00::1', undefined],
    ['FD00:0::1', undefined],
    ['010.9.8.7', 'must not have leading 0s'],
    ['10.9.8.00', 'must not have leading 0s'],
    ['1::10.9.8.07', 'must not have leading 0s'],
    ['::ffff:10.9.8.7', mapped],
    ['::FFFF:a09:807', mapped],
    ['', invalid],
    ['10.9.8', invalid],
    ['10.9.8.256', invalid],
    ['010.9.8.256', invalid],
    ['fe80::1%eth0', invalid],
    ['10.9.8.7/32', invalid],
  ])('%j: %s', (value, why) => {
    expect(addressFault(value)).toBe(why);
  });

  it('that was there may stay', () => {
    expect(validateAddress('010.9.8.7', 'ip', ['010.9.8.7'])).toEqual([]);
    expect(validateAddress('010.9.8.7', 'ip', ['10.9.8.7'])).toHaveLength(1);
    expect(validateCidr('10.9.8.7/8', 'cidr', ['10.9.8.7/8'])).toEqual([]);
    expect(warnOfCidr('10.1.2.3/8', 'cidr')).toEqual([
      'cidr: CIDR value "10.1.2.3/8" is ambiguous in this context (should be "10.0.0.0/8" or "10.1.2.3/32"?)',
    ]);
    expect(warnOfAddress('::ffff:10.0.0.1', 'ip')).toEqual([
      'ip: non-standard IP address "::ffff:10.0.0.1" will be considered invalid in a future Kubernetes release: use "10.0.0.1"',
    ]);
  });
});

describe('a range', () => {
  it.each([
    ['10.0.0.0/8', []],
    ['::/0', []],
    ['10.0.0.0/08', ['must not have leading 0s in IP or prefix length']],
    ['010.0.0.0/8', ['must not have leading 0s in IP or prefix length']],
    ['::ffff:10.0.0.0/104', ['must not have an IPv4-mapped IPv6 address']],
    ['10.0.0.1/8', ['must not have bits set beyond the prefix length']],
    ['10.0.0.0/8/8', ['must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)']],
    ['10.0.0.0/33', ['must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)']],
    ['fe80::%eth0/64', ['must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)']],
  ])('%j: %j', (value, why) => {
    expect(validateCidr(value, 'cidr').map(({ message }) => message)).toEqual(
      why.map((each) => `Invalid value: ${JSON.stringify(value)}: ${each}`),
    );
  });

  it('has one form where a field demands it', () => {
    expect(validateCanonicalCidr('FD00::/64', 'cidr')[0]?.message).toBe(
      'Invalid value: "FD00::/64": must be in canonical form ("fd00::/64")',
    );
    expect(validateCanonicalCidr('fd00::/64', 'cidr')).toEqual([]);
  });
});
