// Protobuf written from its end to its beginning: a message is written before its length, which is then known.
// Source: https://protobuf.dev/programming-guides/encoding/

export const wireTypes = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

const maxCopied = 40;

export class WireWriter {
  #buffer = Buffer.allocUnsafe(1024);
  #at = 1024;

  /** How many bytes are written: the end of a message that is about to be written. */
  get size(): number {
    return this.#buffer.length - this.#at;
  }

  tag(field: number, type: number): void {
    this.varint(field * 8 + type);
  }

  /** A whole number of at most 64 bits; a negative one takes ten bytes. What is no whole number is cut to one. */
  varint(value: number | bigint): void {
    if (typeof value === 'bigint') {
      this.#wideVarint(value);
      return;
    }
    if (value >= 0 && value < 0x80) {
      this.#reserve(1);
      this.#buffer[this.#at] = value;
      return;
    }
    if (value >= 0 && value < 2 ** 31) {
      this.#reserve(value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : value < 0x1000_0000 ? 4 : 5);
      let at = this.#at;
      let rest = value;
      for (; rest > 0x7f; rest >>>= 7) this.#buffer[at++] = (rest & 0x7f) | 0x80;
      this.#buffer[at] = rest;
      return;
    }
    this.#wideVarint(BigInt(Number.isFinite(value) ? Math.trunc(value) : 0));
  }

  #wideVarint(value: bigint): void {
    const bytes: number[] = [];
    let rest = BigInt.asUintN(64, value);
    for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
    bytes.push(Number(rest));
    this.raw(bytes);
  }

  double(value: number): void {
    this.#reserve(8);
    this.#buffer.writeDoubleLE(value, this.#at);
  }

  /** The text and the length before it. */
  string(text: string): void {
    const { length } = text;
    // Most texts are short and ASCII, which is quicker to copy than to hand over.
    if (length < maxCopied) {
      this.#reserve(length);
      const buffer = this.#buffer;
      const at = this.#at;
      let index = 0;
      for (; index < length; index += 1) {
        const code = text.charCodeAt(index);
        if (code > 0x7f) break;
        buffer[at + index] = code;
      }
      if (index === length) {
        this.varint(length);
        return;
      }
      this.#at += length;
    }
    const size = Buffer.byteLength(text);
    this.#reserve(size);
    this.#buffer.write(text, this.#at);
    this.varint(size);
  }

  /** The bytes and the length before them. */
  bytes(bytes: Uint8Array): void {
    this.raw(bytes);
    this.varint(bytes.length);
  }

  raw(bytes: ArrayLike<number>): void {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#at);
  }

  /** The tag and length of the message whose bytes were written since `size` was `end`. */
  close(field: number, end: number): void {
    this.varint(this.size - end);
    this.tag(field, wireTypes.bytes);
  }

  finish(): Uint8Array {
    return this.#buffer.subarray(this.#at);
  }

  #reserve(length: number): void {
    if (length > this.#at) {
      const grown = Buffer.allocUnsafe(Math.max(2 * this.#buffer.length, this.size + length));
      this.#buffer.copy(grown, grown.length - this.size, this.#at);
      this.#at += grown.length - this.#buffer.length;
      this.#buffer = grown;
    }
    this.#at -= length;
  }
}
