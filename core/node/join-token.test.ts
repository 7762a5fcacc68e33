import { expect, it } from 'vitest';
import { joinTokenText, readJoinToken } from './join-token.ts';

const bearer = 'abcdef.0123456789abcdef';
const expires = new Date('2026-11-30T12:00:00Z');
const authority = 'ab'.repeat(32);

it.each([{ bearer }, { bearer, expires }, { bearer, expires, authority }])('is read as it was written: %j', (token) => {
  expect(readJoinToken(joinTokenText(token))).toEqual(token);
});

it.each([
  '',
  'abcdef',
  'abcdef.0123456789abcde',
  `${bearer}.`,
  `${bearer}.x`,
  `${bearer}.1`.repeat(2),
  `${bearer}.1.${'AB'.repeat(32)}`,
  `${bearer}.1.${authority}0`,
  `${bearer}.1.${authority}.1`,
  ` ${bearer}`,
])('is none: %j', (text) => {
  expect(readJoinToken(text)).toBeUndefined();
});
