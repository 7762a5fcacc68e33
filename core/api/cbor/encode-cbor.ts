// JSON values in CBOR as Kubernetes writes it (KEP-4222): strings and field names are byte strings, what JSON writes as base64 are
// byte strings under tag 22, whole numbers are integers, and the bytes of a value are always the same.
// Source: RFC 8949, section 3 (items), 3.4.5.2 (expected later encoding), 3.4.6 (self-described), 4.2.1 (deterministic encoding).

import { Buffer } from 'node:buffer';
import type { Steps } from '../../machinery/steps.ts';
import { type ByteFields, byteFieldsOf } from './byte-fields.ts';

/** A whole document: the self-described tag, then the value. Fails for what JSON has no form of (NaN, functions). */
export function encodeCbor(value: unknown): Uint8Array {
  const writer = new Writer();
  writer.bytes(selfDescribed);
  writeValue(writer, value, undefined);
  return writer.finish();
}

/** Items that are written in one step. */
const itemsAtOnce = 3000;

/** As `encodeCbor`, in steps, which take half as long again. */
export function* encodingCbor(value: unknown): Steps<Uint8Array> {
  const writer = new Writer();
  writer.bytes(selfDescribed);
  yield* writing(writer, value, undefined);
  return writer.finish();
}

/** One event of a watch: an item of a sequence (RFC 8742). */
export function encodeCborEvent(type: string, object: unknown): Uint8Array {
  return encodeCbor({ type, object });
}

/** As `encodeCborEvent`, in steps. */
export function encodingCborEvent(type: string, object: unknown): Steps<Uint8Array> {
  return encodingCbor({ type, object });
}

const selfDescribed = Uint8Array.of(0xd9, 0xd9, 0xf7);

const majors = { unsigned: 0, negative: 1, bytes: 2, array: 4, map: 5, tag: 6 } as const;

const laterBase64 = 22;

function writeValue(writer: Writer, value: unknown, bytes: ByteFields | undefined): void {
  if (typeof value !== 'object' || value === null) writeScalar(writer, value, bytes);
  else if (Array.isArray(value)) {
    writer.head(majors.array, value.length);
    // As JSON does: a hole is null.
    for (const each of value) writeValue(writer, each === undefined ? null : each, bytes?.each);
  } else {
    const fields = fieldsOf(value).sort(inOrder);
    const known = byteFieldsIn(value) ?? bytes;
    writer.head(majors.map, fields.length);
    for (const { key, name, each } of fields) {
      writeName(writer, key);
      writeValue(writer, each, known && (known.fields?.get(name) ?? known.each));
    }
  }
}

/** As `writeValue`. */
function* writing(writer: Writer, value: unknown, bytes: ByteFields | undefined): Steps<void> {
  if (typeof value !== 'object' || value === null) writeScalar(writer, value, bytes);
  else if (Array.isArray(value)) yield* writingArray(writer, value, bytes);
  else yield* writingMap(writer, value, bytes);
}

function writeScalar(writer: Writer, value: unknown, bytes: ByteFields | undefined): void {
  switch (typeof value) {
    case 'string':
      if (bytes?.self) writeBase64(writer, value);
      else writeString(writer, value);
      break;
    case 'number':
      writeNumber(writer, value);
      break;
    case 'bigint':
      writeInteger(writer, value);
      break;
    case 'boolean':
      writer.byte(value ? 0xf5 : 0xf4);
      break;
    case 'object':
      writer.byte(0xf6); // null
      break;
    default:
      throw new TypeError(`a ${typeof value} has no form in CBOR`);
  }
}

function* writingArray(writer: Writer, value: readonly unknown[], bytes: ByteFields | undefined): Steps<void> {
  writer.head(majors.array, value.length);
  for (const each of value) {
    if (writer.items++ % itemsAtOnce === itemsAtOnce - 1) yield;
    yield* writing(writer, each === undefined ? null : each, bytes?.each);
  }
}

function* writingMap(writer: Writer, value: object, known: ByteFields | undefined): Steps<void> {
  const fields = fieldsOf(value);
  if (fields.length > itemsAtOnce) yield;
  fields.sort(inOrder);
  if (fields.length > itemsAtOnce) yield;
  const bytes = byteFieldsIn(value) ?? known;
  writer.head(majors.map, fields.length);
  for (const { key, name, each } of fields) {
    if (writer.items++ % itemsAtOnce === itemsAtOnce - 1) yield;
    writeName(writer, key);
    yield* writing(writer, each, bytes && (bytes.fields?.get(name) ?? bytes.each));
  }
}

function writeName(writer: Writer, key: Uint8Array): void {
  writer.head(majors.bytes, key.length);
  writer.bytes(key);
}

interface Field {
  readonly key: Uint8Array;
  readonly name: string;
  readonly each: unknown;
}

/** The fields that are there. */
function fieldsOf(value: object): Field[] {
  const fields: Field[] = [];
  for (const [name, each] of Object.entries(value))
    if (each !== undefined) fields.push({ key: Buffer.from(name), name, each });
  return fields;
}

/** The order of the encoded keys, which begin with their length. */
function inOrder(a: Field, b: Field): number {
  const longer = a.key.length - b.key.length;
  if (longer !== 0) return longer;
  // Of ASCII the names have the order of their bytes, and are compared many times as quickly.
  if (a.key.length === a.name.length && b.key.length === b.name.length) return a.name < b.name ? -1 : 1;
  return Buffer.compare(a.key, b.key);
}

/** Every object of a built-in kind, wherever it is embedded, says what its fields are. */
function byteFieldsIn(value: object): ByteFields | undefined {
  const { apiVersion, kind } = value as { apiVersion?: unknown; kind?: unknown };
  return typeof apiVersion === 'string' && typeof kind === 'string' ? byteFieldsOf(apiVersion, kind) : undefined;
}

function writeString(writer: Writer, text: string): void {
  const bytes = Buffer.from(text);
  writer.head(majors.bytes, bytes.length);
  writer.bytes(bytes);
}

/** What is not the base64 of anything stays the text that it is. */
function writeBase64(writer: Writer, text: string): void {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') !== text) {
    writeString(writer, text);
    return;
  }
  writer.head(majors.tag, laterBase64);
  writer.head(majors.bytes, bytes.length);
  writer.bytes(bytes);
}

/** One that is no safe `number` takes all of the eight bytes. */
function writeInteger(writer: Writer, value: bigint): void {
  if (BigInt.asIntN(64, value) !== value) throw new TypeError(`${value} has more than 64 signed bits`);
  if (value >= 0n) writer.head(majors.unsigned, value);
  else writer.head(majors.negative, -1n - value);
}

function writeNumber(writer: Writer, value: number): void {
  if (!Number.isFinite(value)) throw new TypeError(`${value} has no form in JSON, and none in CBOR here`);
  if (Number.isSafeInteger(value)) {
    // Minus zero too, which JSON writes as 0.
    if (value >= 0) writer.head(majors.unsigned, value);
    else writer.head(majors.negative, -1 - value);
    return;
  }
  writeFloat(writer, value);
}

/** In the smallest of the three widths that keeps the value. */
function writeFloat(writer: Writer, value: number): void {
  const half = halfOf(value);
  if (half !== undefined) {
    writer.byte(0xf9);
    writer.bytes(Uint8Array.of(half >> 8, half & 0xff));
    return;
  }
  const short = Math.fround(value) === value;
  const out = Buffer.allocUnsafe(short ? 4 : 8);
  if (short) out.writeFloatBE(value);
  else out.writeDoubleBE(value);
  writer.byte(short ? 0xfa : 0xfb);
  writer.bytes(out);
}

/** The bits of a half-precision number, or undefined where it cannot hold the value. RFC 8949, appendix D, the other way. */
function halfOf(value: number): number | undefined {
  const sign = value < 0 ? 0x8000 : 0;
  const size = Math.abs(value);
  if (size > 65504) return undefined;
  const exponent = Math.max(-14, Math.floor(Math.log2(size)));
  // Steps of the exponent's range: 2^-10 of it.
  const steps = size / 2 ** (exponent - 10);
  if (!Number.isInteger(steps)) return undefined;
  // Below 2^-14 the numbers are subnormal: there is no leading one to leave out.
  return steps < 1024 ? sign | steps : sign | ((exponent + 15) << 10) | (steps - 1024);
}

/** Grows as it is written. */
class Writer {
  #out = Buffer.allocUnsafe(1024);
  #size = 0;
  /** Written so far. */
  items = 0;

  byte(value: number): void {
    this.#reserve(1);
    this.#out[this.#size++] = value;
  }

  bytes(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#out.set(value, this.#size);
    this.#size += value.length;
  }

  /** The first bytes of an item: its major type and its number, as short as it goes. */
  head(major: number, value: number | bigint): void {
    this.#reserve(9);
    const type = major << 5;
    const out = this.#out;
    if (typeof value === 'bigint') {
      out[this.#size++] = type | 27;
      this.#size = out.writeBigUInt64BE(value, this.#size);
    } else if (value < 24) out[this.#size++] = type | value;
    else if (value < 0x100) {
      out[this.#size++] = type | 24;
      out[this.#size++] = value;
    } else if (value < 0x10000) {
      out[this.#size++] = type | 25;
      this.#size = out.writeUInt16BE(value, this.#size);
    } else if (value < 0x100000000) {
      out[this.#size++] = type | 26;
      this.#size = out.writeUInt32BE(value, this.#size);
    } else {
      out[this.#size++] = type | 27;
      this.#size = out.writeBigUInt64BE(BigInt(value), this.#size);
    }
  }

  finish(): Uint8Array {
    return this.#out.subarray(0, this.#size);
  }

  #reserve(more: number): void {
    if (this.#size + more <= this.#out.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#out.length * 2, this.#size + more));
    this.#out.copy(larger, 0, 0, this.#size);
    this.#out = larger;
  }
}
