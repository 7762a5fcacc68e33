import { BlockList } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressAt, canonicalAddress, contains, parseCidr } from './cidr.ts';
import { formatIp, type Ip, parseIp } from './ip.ts';

const ips: fc.Arbitrary<Ip> = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 32n - 1n }).map((bits) => ({ family: 4 as const, bits })),
  fc
    .array(fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 0xffffn })), { minLength: 8, maxLength: 8 })
    .map((groups) => ({ family: 6 as const, bits: groups.reduce((sum, group) => (sum << 16n) | group, 0n) })),
);

describe('addresses', () => {
  it('are read as they were written, in the form that they have as names', () => {
    fc.assert(
      fc.property(ips, (ip) => {
        const text = formatIp(ip);
        expect(parseIp(text)).toEqual(ip);
        expect(canonicalAddress(text)).toBe(text);
      }),
    );
  });

  it('are in a range as the system says', () => {
    fc.assert(
      fc.property(ips, ips, fc.nat(128), (base, ip, bits) => {
        const length = base.family === 4 ? bits % 33 : bits;
        const range = parseCidr(`${formatIp(base)}/${length}`)!;
        const list = new BlockList();
        list.addSubnet(formatIp(base), length, base.family === 4 ? 'ipv4' : 'ipv6');
        const same = base.family === ip.family;
        expect(contains(range, formatIp(ip))).toBe(same && list.check(formatIp(ip), ip.family === 4 ? 'ipv4' : 'ipv6'));
        expect(contains(range, addressAt(range, range.size - 1n))).toBe(true);
        expect(contains(range, addressAt(range, 0n))).toBe(true);
      }),
    );
  });
});
