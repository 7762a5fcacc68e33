import { expect, it } from 'vitest';
import { usageUnits } from './messages.ts';
import { volumeUseOf } from './volume-usage.ts';

const bytes = { total: 100, available: 40, used: 60, unit: usageUnits.bytes };
const inodes = { total: 10, available: 4, used: 6, unit: usageUnits.inodes };

it('takes bytes and inodes, whichever a driver says', () => {
  const ofBytes = { capacity: 100, available: 40, used: 60 };
  const ofInodes = { inodes: 10, inodesFree: 4, inodesUsed: 6 };
  expect(volumeUseOf({ usage: [inodes, bytes] })).toEqual({ ...ofBytes, ...ofInodes });
  expect(volumeUseOf({ usage: [bytes] })).toEqual(ofBytes);
  expect(volumeUseOf({ usage: [inodes] })).toEqual(ofInodes);
});

it('takes nothing that no volume can have', () => {
  expect(volumeUseOf({ usage: [] })).toBeUndefined();
  expect(volumeUseOf({ usage: [{ ...bytes, unit: 0 }] })).toBeUndefined();
  expect(volumeUseOf({ usage: [{ ...bytes, available: -1 }, inodes] })).toEqual(volumeUseOf({ usage: [inodes] }));
});
