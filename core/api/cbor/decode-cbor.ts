// CBOR bodies as JSON values, by Kubernetes' rules (KEP-4222): byte strings and text strings are strings, bytes under an expected
// later encoding (tags 21 to 23) are that encoding's text, times under tags 0 and 1 are RFC 3339, and other tags say nothing.
// Refused: duplicate keys, keys that are no strings, invalid UTF-8, NaN and infinities, integers of more than 64 signed bits,
// big numbers, undefined and other simple values, and more than one item.
// Source: RFC 8949, sections 3 and 5.

import { Buffer } from 'node:buffer';
import { integerOf } from '../../machinery/json.ts';
import { setOwn } from '../../machinery/own.ts';
import { badRequest } from '../../machinery/status.ts';
import { withoutEnd } from '../../machinery/text-ends.ts';

/** As deep as Kubernetes takes it; its own objects come to 16. */
const maxDepth = 64;

/** Throws BadRequest, which says what is wrong and at which byte. */
export function decodeCbor(bytes: Uint8Array): unknown {
  const reader = new Reader(bytes);
  const value = reader.value(0);
  if (reader.at < bytes.length) throw reader.fault('more follows after the first item');
  return value;
}

const breakCode = 0xff;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

class Reader {
  at = 0;
  readonly #bytes: Buffer;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  fault(what: string): Error {
    return badRequest(`the body is no valid CBOR: ${what} (at byte ${this.at})`);
  }

  value(depth: number): unknown {
    if (depth > maxDepth) throw this.fault(`items are nested deeper than ${maxDepth} levels`);
    const initial = this.#byte();
    const major = initial >> 5;
    const info = initial & 31;
    switch (major) {
      case 0:
        return this.#integer(info);
      case 1:
        return this.#integer(info, true);
      case 2:
      case 3:
        return this.#text(this.#string(major, info));
      case 4:
        return this.#array(info, depth);
      case 5:
        return this.#map(info, depth);
      case 6:
        return this.#tagged(this.#size(info), depth);
      default:
        return this.#simple(info);
    }
  }

  #byte(): number {
    const byte = this.#bytes[this.at];
    if (byte === undefined) throw this.fault('it ends inside an item');
    this.at += 1;
    return byte;
  }

  #take(length: number): Buffer {
    if (length > this.#bytes.length - this.at) throw this.fault('it ends inside an item');
    const taken = this.#bytes.subarray(this.at, this.at + length);
    this.at += length;
    return taken;
  }

  /** The number that follows an initial byte: a length, a count, a tag, an integer. */
  #number(info: number): bigint | number {
    if (info < 24) return info;
    if (info === 24) return this.#byte();
    if (info === 25) return this.#take(2).readUInt16BE();
    if (info === 26) return this.#take(4).readUInt32BE();
    if (info === 27) return this.#take(8).readBigUInt64BE();
    throw this.fault('an initial byte is reserved');
  }

  #integer(info: number, negative = false): number | bigint {
    const value = this.#number(info);
    if (typeof value === 'number') return negative ? -1 - value : value;
    if (value > 0x7fff_ffff_ffff_ffffn) throw this.fault('an integer has more than 64 signed bits');
    return integerOf(negative ? -1n - value : value);
  }

  #size(info: number): number {
    const size = this.#number(info);
    // No body is that long; a tag may be, and then says nothing to us.
    return typeof size === 'bigint' ? Number(size) : size;
  }

  #string(major: number, info: number): Buffer {
    if (info !== 31) return this.#take(this.#size(info));
    const chunks: Buffer[] = [];
    for (let initial = this.#byte(); initial !== breakCode; initial = this.#byte()) {
      if (initial >> 5 !== major || (initial & 31) === 31)
        throw this.fault('a string of indefinite length has a chunk that is no string of its type');
      const chunk = this.#take(this.#size(initial & 31));
      // Each chunk of a text is a text.
      if (major === 3) this.#text(chunk);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }

  #text(bytes: Buffer): string {
    try {
      return utf8.decode(bytes);
    } catch {
      throw this.fault('a string is no valid UTF-8');
    }
  }

  #array(info: number, depth: number): unknown[] {
    const items: unknown[] = [];
    if (info === 31) while (!this.#atBreak()) items.push(this.value(depth + 1));
    // The count is only believed as far as there are bytes.
    else for (let left = this.#size(info); left > 0; left--) items.push(this.value(depth + 1));
    return items;
  }

  #map(info: number, depth: number): Record<string, unknown> {
    const result: Record<string, unknown> = {};
    const entry = () => {
      const key = this.#key();
      if (Object.hasOwn(result, key)) throw this.fault(`the field ${JSON.stringify(key)} stands twice in a map`);
      const value = this.value(depth + 1);
      setOwn(result, key, value);
    };
    if (info === 31) while (!this.#atBreak()) entry();
    else for (let left = this.#size(info); left > 0; left--) entry();
    return result;
  }

  #key(): string {
    const initial = this.#byte();
    const major = initial >> 5;
    if (major !== 2 && major !== 3) throw this.fault('a key of a map is no string');
    return this.#text(this.#string(major, initial & 31));
  }

  #atBreak(): boolean {
    if (this.#bytes[this.at] !== breakCode) return false;
    this.at += 1;
    return true;
  }

  #tagged(tag: number, depth: number): unknown {
    if (tag === 2 || tag === 3) throw this.fault('a big number has no place in a Kubernetes object');
    if (tag === 0 || tag === 1) return this.#time(tag, this.value(depth + 1));
    const later = laterEncodings[tag];
    if (later) {
      const initial = this.#bytes[this.at];
      // Of an array or a map the tag speaks of the strings within, which nothing here sends.
      if (initial !== undefined && initial >> 5 === 2) return later(this.#string(2, this.#byte() & 31));
    }
    return this.value(depth + 1);
  }

  #time(tag: number, content: unknown): string {
    const milliseconds =
      tag === 1 && typeof content === 'number'
        ? content * 1000
        : tag === 0 && typeof content === 'string' && rfc3339.test(content)
          ? Date.parse(content)
          : Number.NaN;
    // The years that RFC 3339 can write.
    if (!(milliseconds >= minTime && milliseconds <= maxTime)) throw this.fault('a tagged time is no time');
    if (typeof content === 'string') return content;
    const [whole, fraction = ''] = new Date(milliseconds).toISOString().slice(0, -1).split('.');
    const digits = withoutEnd(fraction, '0');
    return digits === '' ? `${whole}Z` : `${whole}.${digits}Z`;
  }

  #simple(info: number): unknown {
    switch (info) {
      case 20:
        return false;
      case 21:
        return true;
      case 22:
        return null;
      case 25:
        return this.#finite(halfValue(this.#take(2).readUInt16BE()));
      case 26:
        return this.#finite(this.#take(4).readFloatBE());
      case 27:
        return this.#finite(this.#take(8).readDoubleBE());
      case 31:
        throw this.fault('a break stands where an item belongs');
      default:
        throw this.fault('a simple value is none of false, true and null');
    }
  }

  #finite(value: number): number {
    if (!Number.isFinite(value)) throw this.fault('NaN and infinities have no form in JSON');
    return value;
  }
}

const laterEncodings: Readonly<Record<number, (bytes: Buffer) => string>> = {
  21: (bytes) => bytes.toString('base64url'),
  22: (bytes) => bytes.toString('base64'),
  23: (bytes) => bytes.toString('hex').toUpperCase(),
};

const rfc3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;
const minTime = -62_135_596_800_000;
const maxTime = 253_402_300_799_999;

/** RFC 8949, appendix D. */
function halfValue(half: number): number {
  const exponent = (half >> 10) & 31;
  const mantissa = half & 1023;
  const size =
    exponent === 0
      ? mantissa * 2 ** -24
      : exponent === 31
        ? mantissa === 0
          ? Number.POSITIVE_INFINITY
          : Number.NaN
        : (mantissa + 1024) * 2 ** (exponent - 25);
  return half & 0x8000 ? -size : size;
}
