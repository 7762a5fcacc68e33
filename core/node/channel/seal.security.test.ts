import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import type { StreamRequest } from '../protocol.ts';
import { createSealer } from './seal.ts';

const request: StreamRequest = {
  ...{ type: 'exec', namespace: 'n', pod: 'p', uid: 'u', container: 'c', command: ['id'] },
  ...{ stdin: true, stdout: true, stderr: true, tty: false },
};
const secret = randomBytes(32);
const client = { secret, id: 'a', request, end: 'client' } as const;
const node = { ...client, end: 'node' } as const;
const packet = Buffer.from('rm -rf /data');

test('an end takes what the other end says, which nobody between them can read', () => {
  const sealed = createSealer(client).seal(packet);
  expect(Buffer.from(sealed, 'base64url').includes(packet)).toBe(false);
  expect(createSealer(node).open(sealed)).toEqual(packet);
});

test('no text is sealed as another one: the same packet, sent again, says nothing about itself', () => {
  const sealer = createSealer(client);
  expect(new Set(Array.from({ length: 100 }, () => sealer.seal(packet))).size).toBe(100);
});

test.each([
  ['its own words', createSealer(node).seal(packet)],
  ['another stream', createSealer({ ...client, id: 'b' }).seal(packet)],
  ['another secret', createSealer({ ...client, secret: randomBytes(32) }).seal(packet)],
  ['another command', createSealer({ ...client, request: { ...request, command: ['sh'] } }).seal(packet)],
  ['another pod', createSealer({ ...client, request: { ...request, uid: 'v' } }).seal(packet)],
  ['nothing', ''],
  ['no base64', '%%%'],
  ['a few bytes', 'AAAA'],
])('an agent takes nothing of %s', (_, text) => {
  expect(createSealer(node).open(text)).toBeUndefined();
});

test('a bit that was changed anywhere is noticed', () => {
  const sealed = Buffer.from(createSealer(client).seal(packet), 'base64url');
  for (let bit = 0; bit < sealed.length * 8; bit++) {
    const changed = Buffer.from(sealed);
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(createSealer(node).open(changed.toString('base64url'))).toBeUndefined();
  }
});
