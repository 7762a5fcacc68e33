import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openWatch, sealWatch, watchTicketKey } from './watch-ticket.ts';

const key = watchTicketKey('a signing key');
const ticket = { path: '/api/v1/pods', query: 'watch=true&labelSelector=a%3Db', username: 'jane', until: 100 };
const sealed = sealWatch(ticket, 'Bearer a', key) ?? '';

describe('a ticket of a watch', () => {
  it('says what was authorized, to who has the same credentials, for its time', () => {
    expect(openWatch(sealed, 'Bearer a', key, 99_999)).toEqual(ticket);
    expect(openWatch(sealed, 'Bearer a', key, 100_000)).toBeUndefined();
    expect(openWatch(sealed, 'Bearer b', key, 0)).toBeUndefined();
    expect(openWatch(sealed, '', key, 0)).toBeUndefined();
    expect(openWatch(sealed, 'Bearer a', watchTicketKey('another'), 0)).toBeUndefined();
  });

  it('is opened in no other form', () => {
    fc.assert(
      fc.property(fc.nat(sealed.length - 1), fc.string({ maxLength: 3 }), (at, put) => {
        const other = sealed.slice(0, at) + put + sealed.slice(at + put.length);
        fc.pre(other !== sealed);
        expect(openWatch(other, 'Bearer a', key, 0)).toBeUndefined();
      }),
    );
    const [said = ''] = sealed.split('.');
    for (const text of ['', '.', said, `${said}.`, `${sealed}.x`, `x${sealed}`])
      expect(openWatch(text, 'Bearer a', key, 0)).toBeUndefined();
  });

  it('is not made of what no path can hold', () => {
    expect(sealWatch({ ...ticket, query: 'x'.repeat(7000) }, 'Bearer a', key)).toBeUndefined();
  });
});
