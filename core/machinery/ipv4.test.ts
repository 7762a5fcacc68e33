import { describe, expect, it } from 'vitest';
import { contains, gatewayOf, rangeOf, toNumber, toText } from './ipv4.ts';

describe('IPv4 arithmetic', () => {
  it('reads and writes addresses, also those above 2^31', () => {
    for (const address of ['0.0.0.0', '10.96.0.10', '255.255.255.255'])
      expect(toText(toNumber(address)!)).toBe(address);
    for (const wrong of ['', '1.2.3', '1.2.3.4.5', '1.2.3.256', 'fd00::1', '1.2.3.x', '1.2..3', '01.2.3.4']) {
      expect(toNumber(wrong), wrong).toBeUndefined();
    }
  });

  it('knows the ends of a range, whatever address inside it names it', () => {
    const range = rangeOf('10.244.1.77/24')!;
    expect([toText(range.first), toText(range.last)]).toEqual(['10.244.1.0', '10.244.1.255']);
    expect(rangeOf('0.0.0.0/0')).toMatchObject({ first: 0, last: 2 ** 32 - 1 });
    for (const wrong of ['10.0.0.0/33', '10.0.0.0/', 'fd00::/8', '10.0.0.0/-1'])
      expect(rangeOf(wrong), wrong).toBeUndefined();
  });

  it('tells what is inside', () => {
    expect(contains('10.96.0.0/16', '10.96.255.255')).toBe(true);
    expect(contains('10.96.0.0/16', '10.97.0.0')).toBe(false);
    expect(contains('192.0.2.1', '192.0.2.1')).toBe(true);
  });

  it('gives a pod range its gateway, when the range has room for one and a pod', () => {
    expect(gatewayOf('10.244.1.0/24')).toBe('10.244.1.1/24');
    expect(gatewayOf('10.244.1.0/31')).toBeUndefined();
  });
});
