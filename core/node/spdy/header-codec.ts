// Header blocks of SPDY/3: name and value pairs, compressed with one zlib stream a direction that lives as long as the connection.

import { constants, createDeflate, createInflate, type Deflate, type Inflate } from 'node:zlib';
import { dictionary } from './dictionary.ts';
import { SpdyProtocolError } from './frames.ts';

/** By lower-case name. */
export type Headers = Readonly<Record<string, string>>;

export interface HeaderCodec {
  /** Blocks must be sent in the order in which they were encoded. */
  encode(headers: Headers): Promise<Buffer>;
  /** Blocks must be decoded in the order in which they came. Throws SpdyProtocolError. */
  decode(block: Uint8Array): Promise<Headers>;
  close(): void;
}

/** What one block may grow to: a small block can be made to inflate to anything. Those of Kubernetes' clients have some hundred bytes. */
const maxBlockBytes = 16 * 1024;
/** Of a block. Kubernetes' clients send three. */
const maxHeaders = 100;

export function createHeaderCodec(): HeaderCodec {
  const deflate = createDeflate({ dictionary });
  const inflate = createInflate({ dictionary });
  const compress = passThrough(deflate);
  const decompress = passThrough(inflate);
  return {
    encode: (headers) => compress(pack(headers)),
    decode: async (block) => unpack(await decompress(block)),
    close: () => {
      deflate.destroy();
      inflate.destroy();
    },
  };
}

/** One call at a time is on its way; the others wait their turn. */
function passThrough(stream: Deflate | Inflate): (input: Uint8Array) => Promise<Buffer> {
  let out: Buffer[] = [];
  let size = 0;
  let fail: ((error: Error) => void) | undefined;
  let turn: Promise<unknown> = Promise.resolve();
  stream.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > maxBlockBytes) stream.destroy(new SpdyProtocolError('a header block is too large'));
    else out.push(chunk);
  });
  stream.on('error', (error) =>
    fail?.(error instanceof SpdyProtocolError ? error : new SpdyProtocolError(`header block: ${error.message}`)),
  );
  stream.on('close', () => fail?.(new SpdyProtocolError('the connection is closed')));
  const run = (input: Uint8Array) =>
    new Promise<Buffer>((resolve, reject) => {
      if (stream.destroyed) {
        reject(new SpdyProtocolError('the connection is closed'));
        return;
      }
      fail = reject;
      out = [];
      size = 0;
      stream.write(input);
      stream.flush(constants.Z_SYNC_FLUSH, () => resolve(Buffer.concat(out)));
    });
  return (input) => {
    const result = turn.then(() => run(input));
    turn = result.catch(() => undefined);
    return result;
  };
}

function pack(headers: Headers): Buffer {
  const entries = Object.entries(headers);
  const parts = [word(entries.length)];
  for (const each of entries.flat()) {
    const bytes = Buffer.from(each, 'utf8');
    parts.push(word(bytes.length), bytes);
  }
  return Buffer.concat(parts);
}

function unpack(block: Buffer): Headers {
  let at = 0;
  const length = () => {
    if (at + 4 > block.length) throw new SpdyProtocolError('a header block ends early');
    const value = block.readUInt32BE(at);
    at += 4;
    return value;
  };
  const text = () => {
    const size = length();
    if (at + size > block.length) throw new SpdyProtocolError('a header block ends early');
    at += size;
    return block.toString('utf8', at - size, at);
  };
  const headers: [string, string][] = [];
  const count = length();
  if (count > maxHeaders)
    throw new SpdyProtocolError(`a header block has ${count} headers: at most ${maxHeaders} are taken`);
  for (let left = count; left > 0; left -= 1) {
    const name = text();
    headers.push([name.toLowerCase(), text()]);
  }
  // fromEntries defines properties, so that a header named __proto__ is only a header.
  return Object.fromEntries(headers);
}

function word(value: number): Buffer {
  const out = Buffer.alloc(4);
  out.writeUInt32BE(value);
  return out;
}
