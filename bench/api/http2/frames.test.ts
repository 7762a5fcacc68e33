import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  dataFrames,
  FrameReader,
  goAwayFrame,
  headersFrames,
  ProtocolError,
  pingAck,
  resetFrame,
  settingsAck,
  settingsFrame,
  windowUpdateFrame,
} from './frames.ts';

/** What was read, data of one frame joined. */
function read(chunks: readonly Buffer[]): unknown[] {
  const seen: unknown[] = [];
  let body: Buffer[] = [];
  let total = 0;
  const reader = new FrameReader({
    data(streamId, part, flow, end) {
      body.push(part);
      total += flow;
      if (!end) return;
      seen.push(['data', streamId, Buffer.concat(body).toString('hex'), total]);
      body = [];
      total = 0;
    },
    headers: (streamId, block, end) => void seen.push(['headers', streamId, block.toString('hex'), end]),
    reset: (...all) => void seen.push(['reset', ...all]),
    settings: (settings) => void seen.push(['settings', settings]),
    ping: (opaque) => void seen.push(['ping', opaque.toString('hex')]),
    goAway: (...all) => void seen.push(['goAway', ...all]),
    windowUpdate: (...all) => void seen.push(['windowUpdate', ...all]),
  });
  for (const chunk of chunks) reader.push(chunk);
  return seen;
}

const id = fc.integer({ min: 1, max: 0x7fffffff });
const word = fc.integer({ min: 0, max: 0xffffffff });
const bytes = fc.uint8Array({ minLength: 1, maxLength: 100 }).map((each) => Buffer.from(each));
/** Small, so that blocks and bodies take several frames. */
const limit = fc.integer({ min: 10, max: 60 });

/** The frames' bytes, and what they say. */
const frames: fc.Arbitrary<{ readonly sent: readonly Buffer[]; readonly expected: readonly unknown[] }> = fc.oneof(
  fc.tuple(id, bytes, limit).map(([stream, data, most]) => ({
    sent: dataFrames(stream, data, true, most),
    expected: [['data', stream, data.toString('hex'), data.length]],
  })),
  fc.tuple(id, bytes, bytes, limit, fc.boolean()).map(([stream, one, two, most, end]) => ({
    sent: headersFrames(stream, [one, two], end, most),
    expected: [['headers', stream, Buffer.concat([one, two]).toString('hex'), end]],
  })),
  fc
    .tuple(id, word)
    .map(([stream, code]) => ({ sent: [resetFrame(stream, code)], expected: [['reset', stream, code]] })),
  fc.tuple(id, id).map(([stream, by]) => ({
    sent: [windowUpdateFrame(stream, by)],
    expected: [['windowUpdate', stream, by]],
  })),
  fc
    .tuple(id, word)
    .map(([last, code]) => ({ sent: [goAwayFrame(last, code)], expected: [['goAway', last, code, '']] })),
  fc.array(fc.tuple(fc.integer({ min: 1, max: 6 }), word), { maxLength: 6 }).map((settings) => ({
    sent: [settingsFrame(settings)],
    expected: [['settings', settings]],
  })),
  fc.constant({ sent: [settingsAck], expected: [] }),
  fc.constant({ sent: [pingAck(Buffer.alloc(8))], expected: [] }),
);

describe('frames', () => {
  it('say what was said, wherever the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(frames, { maxLength: 8 }), fc.array(fc.nat(), { maxLength: 12 }), (all, cuts) => {
        const whole = Buffer.concat(all.flatMap(({ sent }) => sent));
        const at = cuts.map((cut) => cut % (whole.length + 1)).sort((a, b) => a - b);
        const chunks = [0, ...at].map((from, i) => whole.subarray(from, at[i] ?? whole.length));
        const expected = all.flatMap((each) => each.expected);
        expect(read([whole])).toEqual(expected);
        expect(read(chunks)).toEqual(expected);
      }),
    );
  });

  it('are read byte by byte', () => {
    const whole = Buffer.concat([
      ...headersFrames(1, [Buffer.from('a block')], false, 3),
      ...dataFrames(1, Buffer.from('a body'), true, 4),
      resetFrame(3, 8),
    ]);
    const single = [...whole].map((byte) => Buffer.of(byte));
    expect(read(single)).toEqual(read([whole]));
    expect(read(single)).toHaveLength(3);
  });

  it('pass data on as it comes, without copying it', () => {
    const parts: Buffer[] = [];
    const nothing = () => {};
    const reader = new FrameReader({
      data: (_, part) => void parts.push(part),
      headers: nothing,
      reset: nothing,
      settings: nothing,
      ping: nothing,
      goAway: nothing,
      windowUpdate: nothing,
    });
    const whole = Buffer.concat(dataFrames(1, Buffer.alloc(16_000, 'x'), true, 16_384));
    reader.push(whole.subarray(0, 5000));
    expect(parts.map(({ length }) => length)).toEqual([5000 - 9]);
    reader.push(whole.subarray(5000));
    expect(parts.map(({ buffer }) => buffer === whole.buffer)).toEqual([true, true]);
  });

  it('are read without their padding, which takes from the windows, and without their priority', () => {
    const data = Buffer.from('000007 00 09 00000001 02 61626364 0000'.replaceAll(' ', ''), 'hex');
    const headers = Buffer.from('000008 01 2c 00000001 01 80000003 10 88 00'.replaceAll(' ', ''), 'hex');
    for (const at of [3, 9, 12])
      expect(read([data.subarray(0, at), data.subarray(at), headers.subarray(0, at), headers.subarray(at)])).toEqual([
        ['data', 1, '61626364', 7],
        ['headers', 1, '88', false],
      ]);
  });

  it('are ignored where their kind is unknown, or a priority', () => {
    const priority = Buffer.from('000005 02 00 00000001 0000000010'.replaceAll(' ', ''), 'hex');
    const unknown = Buffer.from('000003 7f ff 00000001 010203'.replaceAll(' ', ''), 'hex');
    expect(read([priority, unknown, resetFrame(1, 2)])).toEqual([['reset', 1, 2]]);
  });

  it.each([
    ['larger than our settings allow', '004001 01 04 00000001'],
    ['a window update that is too short', '000003 08 00 00000001 000001'],
    ['settings that are cut short', '000005 04 00 00000000 0001000000'],
    ['padding longer than its frame', '000002 00 08 00000001 05 61'],
    ['a push', '000004 05 04 00000001 00000002'],
    ['a continuation of nothing', '000001 09 04 00000001 88'],
    ['a frame within a block', '000001 01 00 00000001 88 000008 06 00 00000000 0000000000000000'],
  ])('break the protocol: %s', (_, hex) => {
    expect(() => read([Buffer.from(hex.replaceAll(' ', ''), 'hex')])).toThrow(ProtocolError);
  });
});
