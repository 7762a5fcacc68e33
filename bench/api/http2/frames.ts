// HTTP/2 frames between bytes and calls (RFC 9113, sections 4 and 6), those that a client sends and receives. Field blocks stay packed
// (hpack.ts).

/** A setting's identifier and value. */
export type Setting = readonly [id: number, value: number];

/** What a server's frames say, one call each. */
export interface FrameTarget {
  /** A part of a body, a view of the bytes pushed. `flow`: what it takes from the windows (6.9), more than its bytes where it is padded. */
  data(streamId: number, part: Buffer, flow: number, end: boolean): void;
  /** A whole field block, continuations joined. */
  headers(streamId: number, block: Buffer, end: boolean): void;
  reset(streamId: number, code: number): void;
  /** Of the peer; that ours were acknowledged is not told. */
  settings(settings: readonly Setting[]): void;
  /** To be answered. */
  ping(opaque: Buffer): void;
  goAway(lastStreamId: number, code: number, text: string): void;
  windowUpdate(streamId: number, increment: number): void;
}

export const settingIds = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
} as const;

/** What holds until a peer's settings say otherwise (6.5.2). */
export const defaults = { initialWindowSize: 65_535, maxFrameSize: 16_384 } as const;

/** Those of section 7 that we send. */
export const errorCodes = { noError: 0, cancel: 8 } as const;

const errorNames = [
  'NO_ERROR',
  'PROTOCOL_ERROR',
  'INTERNAL_ERROR',
  'FLOW_CONTROL_ERROR',
  'SETTINGS_TIMEOUT',
  'STREAM_CLOSED',
  'FRAME_SIZE_ERROR',
  'REFUSED_STREAM',
  'CANCEL',
  'COMPRESSION_ERROR',
  'CONNECT_ERROR',
  'ENHANCE_YOUR_CALM',
  'INADEQUATE_SECURITY',
  'HTTP_1_1_REQUIRED',
] as const;

export function errorName(code: number): string {
  return errorNames[code] ?? `error ${code}`;
}

/** What a server did against the protocol; the connection cannot go on. */
export class ProtocolError extends Error {
  constructor(text: string) {
    super(text);
    this.name = 'ProtocolError';
  }
}

const kinds = {
  data: 0,
  headers: 1,
  reset: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;
/** Bytes of payload without which a frame says nothing (6.4 to 6.9). */
const least: Readonly<Record<number, number>> = {
  [kinds.reset]: 4,
  [kinds.ping]: 8,
  [kinds.goAway]: 8,
  [kinds.windowUpdate]: 4,
};
const endStream = 1;
const ack = 1;
const endHeaders = 4;
const padded = 8;
const prioritized = 0x20;
const headBytes = 9;
const idMask = 0x7fffffff;

/** What a client says first (3.4), before its settings. */
export const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** HEADERS of a block that comes in parts, and CONTINUATION where it is larger than one frame may be. Nothing is copied into one. */
export function headersFrames(
  streamId: number,
  block: readonly Buffer[],
  end: boolean,
  maxFrameSize: number,
): Buffer[] {
  const bytes = block.reduce((sum, { length }) => sum + length, 0);
  const flags = end ? endStream : 0;
  if (bytes <= maxFrameSize) return [head(bytes, kinds.headers, flags | endHeaders, streamId), ...block];
  const whole = Buffer.concat(block);
  const out: Buffer[] = [];
  for (let at = 0; at < bytes; at += maxFrameSize) {
    const part = whole.subarray(at, at + maxFrameSize);
    const last = at + maxFrameSize >= bytes ? endHeaders : 0;
    out.push(head(part.length, at ? kinds.continuation : kinds.headers, (at ? 0 : flags) | last, streamId), part);
  }
  return out;
}

export function dataFrames(streamId: number, data: Buffer, end: boolean, maxFrameSize: number): Buffer[] {
  const out: Buffer[] = [];
  for (let at = 0; at < data.length; at += maxFrameSize) {
    const part = data.subarray(at, at + maxFrameSize);
    const last = end && at + maxFrameSize >= data.length ? endStream : 0;
    out.push(head(part.length, kinds.data, last, streamId), part);
  }
  return out;
}

export function settingsFrame(settings: readonly Setting[]): Buffer {
  const out = Buffer.alloc(settings.length * 6);
  for (const [i, [id, value]] of settings.entries()) {
    out.writeUInt16BE(id, i * 6);
    out.writeUInt32BE(value, i * 6 + 2);
  }
  return Buffer.concat([head(out.length, kinds.settings, 0, 0), out]);
}

export const settingsAck = head(0, kinds.settings, ack, 0);

export function pingAck(opaque: Buffer): Buffer {
  return Buffer.concat([head(opaque.length, kinds.ping, ack, 0), opaque]);
}

export function windowUpdateFrame(streamId: number, increment: number): Buffer {
  return Buffer.concat([head(4, kinds.windowUpdate, 0, streamId), words(increment)]);
}

export function resetFrame(streamId: number, code: number): Buffer {
  return Buffer.concat([head(4, kinds.reset, 0, streamId), words(code)]);
}

export function goAwayFrame(lastStreamId: number, code: number): Buffer {
  return Buffer.concat([head(8, kinds.goAway, 0, 0), words(lastStreamId, code)]);
}

function head(length: number, kind: number, flags: number, streamId: number): Buffer {
  const out = Buffer.allocUnsafe(headBytes);
  out.writeUInt32BE(length * 256 + kind, 0);
  out.writeUInt8(flags, 4);
  out.writeUInt32BE(streamId, 5);
  return out;
}

function words(...values: number[]): Buffer {
  const out = Buffer.allocUnsafe(values.length * 4);
  for (const [i, value] of values.entries()) out.writeUInt32BE(value, i * 4);
  return out;
}

/**
 * Cuts a byte stream into frames. Data is handed on as it arrives: one DATA frame may come as several calls, the last with its `end`.
 * Of frames that are cut by the end of a chunk only those bytes are copied that are needed to have them in one piece.
 */
export class FrameReader {
  readonly #target: FrameTarget;
  /** Of a frame whose end has not come yet. */
  #rest: Buffer = Buffer.alloc(0);
  /** Of the DATA frame that is passing. */
  #data = { streamId: 0, left: 0, end: false };
  /** Of a block whose continuation must follow. */
  #block: { readonly streamId: number; readonly end: boolean; readonly parts: Buffer[] } | undefined;

  constructor(target: FrameTarget) {
    this.#target = target;
  }

  /** Throws ProtocolError, and what the target throws. */
  push(chunk: Buffer): void {
    let at = 0;
    while (this.#rest.length > 0 && at < chunk.length) {
      const missing = chunk.subarray(at, at + sizeNeeded(this.#rest, 0) - this.#rest.length);
      at += missing.length;
      const joined = Buffer.concat([this.#rest, missing]);
      this.#rest = joined.subarray(0, 0);
      this.#take(joined, 0);
    }
    while (at < chunk.length) at = this.#take(chunk, at);
  }

  /** Where the next frame begins. */
  #take(bytes: Buffer, at: number): number {
    if (this.#data.left > 0) return this.#passData(bytes, at);
    const end = at + sizeNeeded(bytes, at);
    if (end <= bytes.length) this.#frame(bytes, at);
    else this.#rest = bytes.subarray(at);
    return Math.min(end, bytes.length);
  }

  #passData(bytes: Buffer, at: number): number {
    const data = this.#data;
    const part = bytes.subarray(at, at + data.left);
    data.left -= part.length;
    this.#target.data(data.streamId, part, part.length, data.end && data.left === 0);
    return at + part.length;
  }

  /** All of the frame is there, or its head where it is DATA that may pass. */
  #frame(bytes: Buffer, at: number): void {
    const length = lengthAt(bytes, at);
    const kind = bytes.readUInt8(at + 3);
    const flags = bytes.readUInt8(at + 4);
    const streamId = bytes.readUInt32BE(at + 5) & idMask;
    const end = (flags & endStream) !== 0;
    if (this.#block && (kind !== kinds.continuation || streamId !== this.#block.streamId))
      throw new ProtocolError('the server broke into a field block');
    if (kind === kinds.data && !(flags & padded)) {
      if (length === 0) this.#target.data(streamId, bytes.subarray(0, 0), 0, end);
      this.#data = { streamId, left: length, end };
      return;
    }
    if (length < (least[kind] ?? 0)) throw new ProtocolError(`a frame of kind ${kind} is too short`);
    const payload = bytes.subarray(at + headBytes, at + headBytes + length);
    const isAck = (flags & ack) !== 0;
    const target = this.#target;
    if (kind === kinds.data) target.data(streamId, withoutPadding(payload, flags), length, end);
    else if (kind === kinds.headers)
      this.#headers(streamId, withoutPadding(payload, flags).subarray(flags & prioritized ? 5 : 0), end, flags);
    else if (kind === kinds.continuation) this.#continuation(payload, flags);
    else if (kind === kinds.reset) target.reset(streamId, payload.readUInt32BE(0));
    else if (kind === kinds.settings && !isAck) target.settings(readSettings(payload));
    else if (kind === kinds.ping && !isAck) target.ping(payload);
    else if (kind === kinds.goAway)
      target.goAway(payload.readUInt32BE(0) & idMask, payload.readUInt32BE(4), payload.toString('utf8', 8));
    else if (kind === kinds.windowUpdate) target.windowUpdate(streamId, payload.readUInt32BE(0) & idMask);
    else if (kind === kinds.pushPromise) throw new ProtocolError('the server pushed, which our settings forbid');
    // PRIORITY, and kinds of extensions, are to be ignored (5.5).
  }

  #headers(streamId: number, block: Buffer, end: boolean, flags: number): void {
    if (flags & endHeaders) this.#target.headers(streamId, block, end);
    else this.#block = { streamId, end, parts: [block] };
  }

  #continuation(part: Buffer, flags: number): void {
    const block = this.#block;
    if (!block) throw new ProtocolError('the server continued no field block');
    block.parts.push(part);
    if (!(flags & endHeaders)) return;
    this.#block = undefined;
    this.#target.headers(block.streamId, Buffer.concat(block.parts), block.end);
  }
}

/** How many bytes from `at` on must be there before there is something to do. Padded data is taken whole: rare, and simpler. */
function sizeNeeded(bytes: Buffer, at: number): number {
  if (bytes.length - at < headBytes) return headBytes;
  if (bytes.readUInt8(at + 3) === kinds.data && !(bytes.readUInt8(at + 4) & padded)) return headBytes;
  const length = lengthAt(bytes, at);
  if (length > defaults.maxFrameSize)
    throw new ProtocolError(`a frame of ${length} bytes is larger than our settings allow`);
  return headBytes + length;
}

function lengthAt(bytes: Buffer, at: number): number {
  return bytes.readUInt32BE(at) >>> 8;
}

function withoutPadding(payload: Buffer, flags: number): Buffer {
  if (!(flags & padded)) return payload;
  const end = payload.length - (payload[0] ?? 0);
  if (end < 1) throw new ProtocolError('padding is longer than its frame');
  return payload.subarray(1, end);
}

function readSettings(payload: Buffer): Setting[] {
  const out: Setting[] = [];
  if (payload.length % 6) throw new ProtocolError('SETTINGS is cut short');
  for (let at = 0; at < payload.length; at += 6) out.push([payload.readUInt16BE(at), payload.readUInt32BE(at + 2)]);
  return out;
}
