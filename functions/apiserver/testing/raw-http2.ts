// A client of HTTP/2 that sends what it likes, frame by frame, for tests of what a server bears. Source: RFC 9113, RFC 7541.

import { once } from 'node:events';
import tls from 'node:tls';

export const frameTypes = {
  data: 0,
  headers: 1,
  reset: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const flags = { endStream: 1, ack: 1, endHeaders: 4 } as const;

interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

export interface RawHttp2 {
  send(type: number, flag: number, stream: number, payload?: Buffer): void;
  /** A request's head. `more`: a body follows. */
  request(stream: number, method: string, path: string, fields?: Record<string, string>, more?: boolean): void;
  /** All that came so far. */
  readonly frames: readonly Frame[];
  /** Bytes of bodies that came so far. */
  readonly dataBytes: number;
  answered(stream: number): boolean;
  /** Of all answers that came so far. */
  readonly statuses: readonly number[];
  /** No frame is taken from the socket until `read(true)`. */
  read(on: boolean): void;
  readonly closed: boolean;
  readonly whenClosed: Promise<void>;
  close(): void;
}

/** Resolves once TLS stands and the prefaces are sent. `settings`: identifiers and their values. */
export async function connectRaw(port: number, settings: Readonly<Record<number, number>> = {}): Promise<RawHttp2> {
  const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['h2'] });
  let closed = false;
  const whenClosed = new Promise<void>((resolve) => {
    socket.once('close', () => {
      closed = true;
      resolve();
    });
  });
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect');
  const frames: Frame[] = [];
  let rest = Buffer.alloc(0);
  let dataBytes = 0;
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    for (let length = rest.readUIntBE(0, 3); rest.length >= 9 + length; ) {
      const frame = {
        type: rest[3] ?? 0,
        flags: rest[4] ?? 0,
        stream: rest.readUInt32BE(5) & 0x7fffffff,
        payload: rest.subarray(9, 9 + length),
      };
      if (frame.type === frameTypes.data) dataBytes += length;
      frames.push(frame);
      rest = rest.subarray(9 + length);
      if (rest.length < 9) break;
      length = rest.readUIntBE(0, 3);
    }
  });
  const send: RawHttp2['send'] = (type, flag, stream, payload = Buffer.alloc(0)) => {
    if (!closed) socket.write(frameOf(type, flag, stream, payload));
  };
  socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  // Without a dynamic table the head of an answer can be read by itself.
  send(frameTypes.settings, 0, 0, settingsOf({ 1: 0, ...settings }));
  return {
    send,
    request(stream, method, path, fields = {}, more = false) {
      const all = { ':method': method, ':path': path, ':scheme': 'https', ':authority': 'test', ...fields };
      const block = Buffer.concat(Object.entries(all).map(([name, value]) => literalField(name, value)));
      send(frameTypes.headers, flags.endHeaders | (more ? 0 : flags.endStream), stream, block);
    },
    frames,
    get dataBytes() {
      return dataBytes;
    },
    get statuses() {
      return frames.filter((each) => each.type === frameTypes.headers).map(({ payload }) => statusOf(payload));
    },
    answered: (stream) => frames.some((each) => each.type === frameTypes.headers && each.stream === stream),
    read(on) {
      if (on) socket.resume();
      else socket.pause();
    },
    get closed() {
      return closed;
    },
    whenClosed,
    close: () => socket.destroy(),
  };
}

function frameOf(type: number, flag: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flag;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** RFC 9113, section 6.5.1. */
export function settingsOf(values: Readonly<Record<number, number>>): Buffer {
  return Buffer.concat(
    Object.entries(values).map(([identifier, value]) => {
      const bytes = Buffer.alloc(6);
      bytes.writeUInt16BE(Number(identifier), 0);
      bytes.writeUInt32BE(value, 2);
      return bytes;
    }),
  );
}

/** `:status` stands first: an index of the static table (RFC 7541, appendix A), or a value with the name of one. */
function statusOf(block: Buffer): number {
  let at = 0;
  // Updates of the table's size.
  while (((block[at] ?? 0) & 0xe0) === 0x20) at += 1;
  const first = block[at] ?? 0;
  if (first & 0x80) return [200, 204, 206, 304, 400, 404, 500][(first & 0x7f) - 8] ?? Number.NaN;
  const length = block[at + 1] ?? 0;
  const value = block.subarray(at + 2, at + 2 + (length & 0x7f));
  return Number(length & 0x80 ? digitsOf(value) : value.toString());
}

/** RFC 7541, appendix B, for digits: five bits for 0 to 2, six for the others. */
function digitsOf(bytes: Buffer): string {
  const bits = [...bytes].map((each) => each.toString(2).padStart(8, '0')).join('');
  let text = '';
  for (let at = 0; text.length < 3; ) {
    const short = Number.parseInt(bits.slice(at, at + 5), 2);
    text += short <= 2 ? short : Number.parseInt(bits.slice(at, at + 6), 2) - 0x19 + 3;
    at += short <= 2 ? 5 : 6;
  }
  return text;
}

/** RFC 7541, section 6.2.2: a literal that is not indexed, with a new name, without Huffman. */
export function literalField(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.from([0]), literal(name), literal(value)]);
}

function literal(text: string): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const length = [127];
  let left = bytes.length - 127;
  for (; left >= 128; left >>= 7) length.push((left & 127) | 128);
  return Buffer.concat([Buffer.from([...length, left]), bytes]);
}
