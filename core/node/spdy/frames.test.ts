import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeFrame, type Frame, FrameReader, SpdyProtocolError } from './frames.ts';

const id = fc.integer({ min: 1, max: 0x7fffffff });
const word = fc.integer({ min: 0, max: 0xffffffff });
const bytes = fc.uint8Array({ maxLength: 300 }).map((each) => Buffer.from(each));
const anyFrame: fc.Arbitrary<Exclude<Frame, { type: 'unknown' }>> = fc.oneof(
  fc.record({
    type: fc.constant('synStream' as const),
    streamId: id,
    associatedTo: fc.integer({ min: 0, max: 0x7fffffff }),
    priority: fc.integer({ min: 0, max: 7 }),
    fin: fc.boolean(),
    unidirectional: fc.boolean(),
    block: bytes,
  }),
  fc.record({ type: fc.constant('synReply' as const), streamId: id, fin: fc.boolean(), block: bytes }),
  fc.record({ type: fc.constant('headers' as const), streamId: id, fin: fc.boolean(), block: bytes }),
  fc.record({ type: fc.constant('rstStream' as const), streamId: id, status: word }),
  fc.record({ type: fc.constant('ping' as const), id: word }),
  fc.record({ type: fc.constant('goAway' as const), lastStreamId: id, status: word }),
  fc.record({ type: fc.constant('windowUpdate' as const), streamId: id, delta: id }),
  fc.record({
    type: fc.constant('settings' as const),
    entries: fc.array(fc.record({ id: fc.integer({ min: 0, max: 0xffffff }), value: word }), { maxLength: 5 }),
  }),
  fc.record({ type: fc.constant('data' as const), streamId: id, fin: fc.boolean(), data: bytes }),
);

/** Data comes in pieces: joins those of one frame. */
function joined(frames: readonly Frame[], whole: readonly Frame[]): Frame[] {
  const out: Frame[] = [];
  let at = 0;
  for (const expected of whole) {
    let frame = frames[at++];
    if (frame?.type === 'data' && expected.type === 'data') {
      let { data } = frame;
      while (data.length < expected.data.length && frames[at]?.type === 'data') {
        const next = frames[at++];
        if (next?.type !== 'data') break;
        data = Buffer.concat([data, next.data]);
        frame = { ...next, data };
      }
    }
    if (frame) out.push(frame);
  }
  return at === frames.length ? out : [];
}

describe('SPDY frames', () => {
  it('come back from their bytes, however those are cut', () => {
    fc.assert(
      fc.property(
        fc.array(anyFrame, { minLength: 1, maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 }),
        (frames, cuts) => {
          const wire = Buffer.concat(frames.map(encodeFrame));
          const reader = new FrameReader();
          const read: Frame[] = [];
          for (let at = 0, i = 0; at < wire.length; i += 1) {
            const size = cuts[i % cuts.length] ?? 1;
            // Memory that is used again, as a socket's may be.
            const chunk = Buffer.from(wire.subarray(at, at + size));
            read.push(...reader.push(chunk).map((frame) => structuredClone(frame)));
            chunk.fill(0);
            at += size;
          }
          const plain = (list: readonly Frame[]) => list.map((frame) => JSON.stringify(frame, replaceBytes));
          expect(plain(joined(read, frames))).toEqual(plain(frames));
        },
      ),
    );
  });

  it('have the bytes that the protocol gives', () => {
    expect(encodeFrame({ type: 'ping', id: 1 }).toString('hex')).toBe('800300060000000400000001');
    expect(encodeFrame({ type: 'data', streamId: 3, fin: true, data: Buffer.from('hi') }).toString('hex')).toBe(
      '00000003010000026869',
    );
  });

  it('of another version, too large, or too short are refused', () => {
    const push = (hex: string) => () => new FrameReader().push(Buffer.from(hex, 'hex'));
    expect(push('800200060000000400000001')).toThrow(SpdyProtocolError);
    expect(push('8003000100ffffff')).toThrow(SpdyProtocolError);
    expect(push('800300060000000200')).not.toThrow();
    expect(push('80030006000000020000')).toThrow(SpdyProtocolError);
  });

  it('of an unknown kind are told apart, and what follows is read', () => {
    const wire = Buffer.concat([Buffer.from('8003000b0000000100', 'hex'), encodeFrame({ type: 'ping', id: 7 })]);
    expect(new FrameReader().push(wire)).toEqual([
      { type: 'unknown', kind: 11 },
      { type: 'ping', id: 7 },
    ]);
  });
});

function replaceBytes(_: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  const { type, data } = (value ?? {}) as { type?: string; data?: unknown };
  return type === 'Buffer' && Array.isArray(data) ? Buffer.from(data).toString('hex') : value;
}
