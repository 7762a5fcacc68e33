// Protobuf read from a buffer, never beyond the message that is being read.
// Source: https://protobuf.dev/programming-guides/encoding/

import { integerOf } from '../../machinery/json.ts';
import { wireTypes } from './wire-writer.ts';

/** The bytes are no protobuf, or none of the message that they are read as. */
export class Malformed extends Error {}

export class WireReader {
  readonly #buffer: Buffer;
  #at = 0;
  /** Where the message that is being read ends. */
  #end: number;

  constructor(bytes: Uint8Array) {
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#end = bytes.length;
  }

  get done(): boolean {
    return this.#at >= this.#end;
  }

  /** Goes into a message in the message. Gives where the outer one ends, for `leave`. */
  enter(): number {
    const outer = this.#end;
    const length = this.#length();
    this.#end = this.#at + length;
    return outer;
  }

  /** Goes back to the outer message, when the inner one is read to its end. */
  leave(outer: number): void {
    this.#end = outer;
  }

  /** Calls `each` for every field of a message in the message. */
  message(each: (field: number, type: number) => void): void {
    const outer = this.enter();
    this.fields(each);
    this.leave(outer);
  }

  /** Calls `each` for every field of the message; `each` reads the field's value or skips it. */
  fields(each: (field: number, type: number) => void): void {
    while (this.#at < this.#end) {
      const tag = this.#varint32();
      const field = tag >>> 3;
      if (field === 0) throw new Malformed('a field has the number 0');
      each(field, tag & 7);
    }
  }

  /** A signed number of 64 bits; beyond 2^53 the nearest double: a length, a tag, a count of seconds. */
  int(): number {
    return Number(this.int64());
  }

  /** A signed number of 64 bits. */
  int64(): number | bigint {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    let wide = BigInt(value);
    for (let shift = 28n; shift < 70n; shift += 7n) {
      const byte = this.#byte();
      wide |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return integerOf(BigInt.asIntN(64, wide));
    }
    throw new Malformed('a number is longer than ten bytes');
  }

  double(): number {
    return this.#buffer.readDoubleLE(this.#take(8));
  }

  bytes(): Buffer {
    const length = this.#length();
    const start = this.#take(length);
    return this.#buffer.subarray(start, start + length);
  }

  string(): string {
    const length = this.#length();
    const start = this.#take(length);
    const text = this.#buffer.toString('utf8', start, start + length);
    // What cannot be decoded becomes U+FFFD, which may also stand in a text of its own right.
    if (text.includes('\ufffd') && !Buffer.from(text).equals(this.#buffer.subarray(start, start + length)))
      throw new Malformed('a string is no UTF-8');
    return text;
  }

  skip(type: number): void {
    if (type === wireTypes.varint) this.int();
    else if (type === wireTypes.fixed64) this.#take(8);
    else if (type === wireTypes.bytes) this.#take(this.#length());
    else if (type === wireTypes.fixed32) this.#take(4);
    else throw new Malformed(`wire type ${type} is not used`);
  }

  #length(): number {
    const length = this.int();
    if (length < 0 || length > this.#end - this.#at) throw new Malformed('a field is longer than its message');
    return length;
  }

  #take(length: number): number {
    if (length > this.#end - this.#at) throw new Malformed('a field is longer than its message');
    this.#at += length;
    return this.#at - length;
  }

  #varint32(): number {
    const value = this.int();
    if (value < 0 || value >= 2 ** 32) throw new Malformed('a field has no number of its kind');
    return value;
  }

  #byte(): number {
    if (this.#at >= this.#end) throw new Malformed('it ends within a number');
    // Within the buffer by the check above.
    return this.#buffer[this.#at++] ?? 0;
  }
}
