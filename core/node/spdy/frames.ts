// SPDY/3.1 frames between bytes and values. Header blocks stay compressed here (header-codec.ts).
// Source: SPDY Protocol, Draft 3.1, section 2.2 and 2.6.

export type Frame =
  | {
      readonly type: 'synStream';
      readonly streamId: number;
      readonly associatedTo: number;
      /** 0 (highest) to 7. */
      readonly priority: number;
      readonly fin: boolean;
      readonly unidirectional: boolean;
      readonly block: Uint8Array;
    }
  | { readonly type: 'synReply'; readonly streamId: number; readonly fin: boolean; readonly block: Uint8Array }
  | { readonly type: 'headers'; readonly streamId: number; readonly fin: boolean; readonly block: Uint8Array }
  | { readonly type: 'rstStream'; readonly streamId: number; readonly status: number }
  | { readonly type: 'settings'; readonly entries: readonly { readonly id: number; readonly value: number }[] }
  | { readonly type: 'ping'; readonly id: number }
  | { readonly type: 'goAway'; readonly lastStreamId: number; readonly status: number }
  | { readonly type: 'windowUpdate'; readonly streamId: number; readonly delta: number }
  | { readonly type: 'data'; readonly streamId: number; readonly fin: boolean; readonly data: Uint8Array }
  /** A control frame of a kind that the draft does not know: to be ignored. */
  | { readonly type: 'unknown'; readonly kind: number };

/** What a peer did against the protocol; the connection cannot go on. */
export class SpdyProtocolError extends Error {
  constructor(text: string) {
    super(text);
    this.name = 'SpdyProtocolError';
  }
}

export const resetStatus = { protocolError: 1, invalidStream: 2, refusedStream: 3, cancel: 5 } as const;
export const settingIds = { initialWindowSize: 7 } as const;

const kinds = {
  synStream: 1,
  synReply: 2,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  headers: 8,
  windowUpdate: 9,
} as const;
const finFlag = 1;
const unidirectionalFlag = 2;
const idMask = 0x7fffffff;
/** Larger control frames are refused: none that Kubernetes' clients send comes near. */
const maxControlBytes = 64 * 1024;

/** Throws RangeError for more than 2^24 - 1 bytes of data. */
export function encodeFrame(frame: Exclude<Frame, { type: 'unknown' }>): Buffer {
  switch (frame.type) {
    case 'data': {
      if (frame.data.length > 0xffffff) throw new RangeError('a data frame holds at most 16777215 bytes');
      const out = Buffer.allocUnsafe(8 + frame.data.length);
      out.writeUInt32BE(frame.streamId & idMask, 0);
      out.writeUInt32BE(((frame.fin ? finFlag : 0) << 24) | frame.data.length, 4);
      out.set(frame.data, 8);
      return out;
    }
    case 'synStream': {
      const body = Buffer.alloc(10 + frame.block.length);
      body.writeUInt32BE(frame.streamId & idMask, 0);
      body.writeUInt32BE(frame.associatedTo & idMask, 4);
      body.writeUInt8(frame.priority << 5, 8);
      body.set(frame.block, 10);
      return control(
        kinds.synStream,
        (frame.fin ? finFlag : 0) | (frame.unidirectional ? unidirectionalFlag : 0),
        body,
      );
    }
    case 'synReply':
    case 'headers': {
      const body = Buffer.alloc(4 + frame.block.length);
      body.writeUInt32BE(frame.streamId & idMask, 0);
      body.set(frame.block, 4);
      return control(kinds[frame.type], frame.fin ? finFlag : 0, body);
    }
    case 'rstStream':
      return control(kinds.rstStream, 0, words(frame.streamId & idMask, frame.status));
    case 'ping':
      return control(kinds.ping, 0, words(frame.id));
    case 'goAway':
      return control(kinds.goAway, 0, words(frame.lastStreamId & idMask, frame.status));
    case 'windowUpdate':
      return control(kinds.windowUpdate, 0, words(frame.streamId & idMask, frame.delta & idMask));
    case 'settings':
      return control(
        kinds.settings,
        0,
        words(frame.entries.length, ...frame.entries.flatMap(({ id, value }) => [id & 0xffffff, value])),
      );
  }
}

function words(...values: number[]): Buffer {
  const out = Buffer.allocUnsafe(values.length * 4);
  for (const [i, value] of values.entries()) out.writeUInt32BE(value >>> 0, i * 4);
  return out;
}

function control(kind: number, flags: number, body: Buffer): Buffer {
  const head = Buffer.allocUnsafe(8);
  head.writeUInt16BE(0x8003, 0);
  head.writeUInt16BE(kind, 2);
  head.writeUInt32BE(((flags << 24) | body.length) >>> 0, 4);
  return Buffer.concat([head, body]);
}

/** Cuts a byte stream into frames. Data is handed on as it arrives: one data frame may come as several, the last with its `fin`. */
export class FrameReader {
  #buffer: Buffer = Buffer.alloc(0);
  #data: { streamId: number; left: number; fin: boolean } | undefined;

  /** Throws SpdyProtocolError. */
  push(chunk: Uint8Array): Frame[] {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    this.#buffer = this.#buffer.length === 0 ? bytes : Buffer.concat([this.#buffer, bytes]);
    const frames: Frame[] = [];
    for (let frame = this.#next(); frame; frame = this.#next()) frames.push(frame);
    // What is left over must not hold on to a chunk that others may reuse.
    this.#buffer = Buffer.from(this.#buffer);
    return frames;
  }

  #next(): Frame | undefined {
    if (this.#data) return this.#nextData(this.#data);
    const buffer = this.#buffer;
    if (buffer.length < 8) return undefined;
    const first = buffer.readUInt32BE(0);
    const flags = buffer.readUInt8(4);
    const length = buffer.readUIntBE(5, 3);
    if (first >>> 31 === 0) {
      this.#buffer = buffer.subarray(8);
      this.#data = { streamId: first, left: length, fin: (flags & finFlag) !== 0 };
      return this.#nextData(this.#data, length === 0);
    }
    if (((first >>> 16) & 0x7fff) !== 3) throw new SpdyProtocolError('not a frame of SPDY version 3');
    if (length > maxControlBytes) throw new SpdyProtocolError(`a control frame of ${length} bytes is too large`);
    if (buffer.length < 8 + length) return undefined;
    this.#buffer = buffer.subarray(8 + length);
    return decodeControl(first & 0xffff, flags, buffer.subarray(8, 8 + length));
  }

  #nextData(data: { streamId: number; left: number; fin: boolean }, empty = false): Frame | undefined {
    const part = this.#buffer.subarray(0, data.left);
    if (part.length === 0 && !empty) return undefined;
    this.#buffer = this.#buffer.subarray(part.length);
    data.left -= part.length;
    if (data.left === 0) this.#data = undefined;
    return { type: 'data', streamId: data.streamId, fin: data.fin && data.left === 0, data: part };
  }
}

function decodeControl(kind: number, flags: number, body: Buffer): Frame {
  const word = (at: number) => {
    if (body.length < at + 4) throw new SpdyProtocolError(`a control frame of kind ${kind} is too short`);
    return body.readUInt32BE(at);
  };
  const fin = (flags & finFlag) !== 0;
  switch (kind) {
    case kinds.synStream:
      if (body.length < 10) throw new SpdyProtocolError('SYN_STREAM is too short');
      return {
        type: 'synStream',
        streamId: word(0) & idMask,
        associatedTo: word(4) & idMask,
        priority: body.readUInt8(8) >>> 5,
        fin,
        unidirectional: (flags & unidirectionalFlag) !== 0,
        block: body.subarray(10),
      };
    case kinds.synReply:
      return { type: 'synReply', streamId: word(0) & idMask, fin, block: body.subarray(4) };
    case kinds.headers:
      return { type: 'headers', streamId: word(0) & idMask, fin, block: body.subarray(4) };
    case kinds.rstStream:
      return { type: 'rstStream', streamId: word(0) & idMask, status: word(4) };
    case kinds.ping:
      return { type: 'ping', id: word(0) };
    case kinds.goAway:
      return { type: 'goAway', lastStreamId: word(0) & idMask, status: word(4) };
    case kinds.windowUpdate:
      return { type: 'windowUpdate', streamId: word(0) & idMask, delta: word(4) & idMask };
    case kinds.settings: {
      const count = word(0);
      if (body.length < 4 + count * 8) throw new SpdyProtocolError('SETTINGS is too short');
      return {
        type: 'settings',
        entries: Array.from({ length: count }, (_, i) => ({ id: word(4 + i * 8) & 0xffffff, value: word(8 + i * 8) })),
      };
    }
    default:
      return { type: 'unknown', kind };
  }
}
