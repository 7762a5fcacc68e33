// Header fields as HPACK packs them (RFC 7541), as much as a client needs that keeps no dynamic table on either side: literals out, the
// status in.

import { ProtocolError } from './frames.ts';

/** Entries of the static table (appendix A) whose names a request uses. */
export const names = {
  authority: 1,
  method: 2,
  path: 4,
  accept: 19,
  authorization: 23,
  contentLength: 28,
  contentType: 31,
} as const;

export const schemeHttps = Buffer.of(0x87);
/** Dynamic table size update to 0 (6.3): must come first once the peer has lowered its limit (RFC 9113, 4.3.1). */
export const noTable = Buffer.of(0x20);

const methods: Readonly<Record<string, Buffer>> = { GET: Buffer.of(0x82), POST: Buffer.of(0x83) };

export function method(name: string): Buffer {
  return methods[name] ?? literal(names.method, name);
}

/** Without indexing (6.2.2), not Huffman coded: nothing to look up or compute on either side. */
export function literal(nameIndex: number, value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([integer(nameIndex, 4), integer(bytes.length, 7), bytes]);
}

/**
 * The status of a response's block: its first field (RFC 9113, 8.3), so the others are never looked at. That a block may be left
 * unread needs a dynamic table of size 0, which we announce. Undefined where no status comes first (trailers). Throws ProtocolError.
 */
export function readStatus(block: Buffer): number | undefined {
  let at = 0;
  while (at < block.length) {
    const first = byteAt(block, at);
    if (first >= 0x80) return statuses[readInteger(block, at, 7).value];
    if (first >= 0x20 && first < 0x40) {
      at = readInteger(block, at, 5).end;
      continue;
    }
    const name = readInteger(block, at, first >= 0x40 ? 6 : 4);
    if (statuses[name.value] === undefined) return undefined;
    const length = readInteger(block, name.end, 7);
    const value = block.subarray(length.end, length.end + length.value);
    return Number(byteAt(block, name.end) >= 0x80 ? huffmanDigits(value) : value.toString('latin1'));
  }
  return undefined;
}

/** By index in the static table (appendix A): all of the name `:status`. */
const statuses: readonly (number | undefined)[] = [...Array(8), 200, 204, 206, 304, 400, 404, 500];

/** Section 5.1, the bits before the prefix 0. */
function integer(value: number, bits: number): Buffer {
  const most = (1 << bits) - 1;
  if (value < most) return Buffer.of(value);
  const bytes = [most];
  let left = value - most;
  for (; left >= 0x80; left >>>= 7) bytes.push((left & 0x7f) | 0x80);
  return Buffer.from([...bytes, left]);
}

function readInteger(block: Buffer, from: number, bits: number): { value: number; end: number } {
  const most = (1 << bits) - 1;
  let value = byteAt(block, from) & most;
  let end = from + 1;
  if (value < most) return { value, end };
  for (let shift = 0; shift < 28; shift += 7) {
    const next = byteAt(block, end++);
    value += (next & 0x7f) << shift;
    if (next < 0x80) return { value, end };
  }
  throw new ProtocolError('a field block holds too large a number');
}

function byteAt(block: Buffer, at: number): number {
  const byte = block[at];
  if (byte === undefined) throw new ProtocolError('a field block is cut short');
  return byte;
}

/** Appendix B, the digits: 0 to 2 have the codes 0 to 2 of five bits, 3 to 9 the codes 25 to 31 of six. What follows is padding. */
function huffmanDigits(bytes: Buffer): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  let digits = '';
  for (let at = 0; at + 5 <= bits.length; ) {
    const five = Number.parseInt(bits.slice(at, at + 5), 2);
    const six = Number.parseInt(bits.slice(at, at + 6), 2);
    if (five > 2 && (six < 25 || six > 31 || at + 6 > bits.length)) break;
    digits += five > 2 ? six - 22 : five;
    at += five > 2 ? 6 : 5;
  }
  return digits;
}
