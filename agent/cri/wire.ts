// Protocol buffers by field tables: a message is a table of field numbers and types, its TypeScript type follows from the table, and
// one encoder and one decoder serve all. No generated code, and a few kilobytes of memory where a library takes megabytes.
// Source: https://protobuf.dev/programming-guides/encoding/

import { getOwn, setOwn } from '../../core/machinery/own.ts';

export type Scalar = 'string' | 'bool' | 'int32' | 'int64' | 'time' | 'bytes' | 'double';

/**
 * `int64` is a number (exact to 2^53: bytes, shares, ids); `time` is a 64-bit count of nanoseconds as a bigint; `map` is
 * map<string, string>; `[T]` is repeated.
 */
export type FieldType = Scalar | 'map' | Message | readonly [Scalar | Message];
export type Fields = { readonly [name: string]: readonly [number: number, type: FieldType] };

export interface Message<F extends Fields = Fields> {
  readonly fields: F;
  /** Field number -> name, for the decoder. */
  readonly names: ReadonlyMap<number, string>;
}

type ScalarValue = {
  string: string;
  bool: boolean;
  int32: number;
  int64: number;
  time: bigint;
  bytes: Uint8Array;
  double: number;
};

type DecodedField<T> = T extends keyof ScalarValue
  ? ScalarValue[T]
  : T extends 'map'
    ? Record<string, string>
    : T extends readonly [infer E]
      ? DecodedField<E>[]
      : T extends Message<infer F>
        ? DecodedFields<F>
        : never;
type DecodedFields<F extends Fields> = {
  [K in keyof F as F[K][1] extends Message ? never : K]: DecodedField<F[K][1]>;
} & { [K in keyof F as F[K][1] extends Message ? K : never]?: DecodedField<F[K][1]> };

type InputField<T> = T extends keyof ScalarValue
  ? ScalarValue[T]
  : T extends 'map'
    ? Readonly<Record<string, string>>
    : T extends readonly [infer E]
      ? readonly InputField<E>[]
      : T extends Message<infer F>
        ? InputFields<F>
        : never;
type InputFields<F extends Fields> = { readonly [K in keyof F]?: InputField<F[K][1]> | undefined };

/** What decoding yields: every scalar, list and map with proto3's default, sub-messages only when present. */
export type Decoded<M> = M extends Message<infer F> ? DecodedFields<F> : never;
/** What encoding takes: every field may be left out. */
export type Input<M> = M extends Message<infer F> ? InputFields<F> : never;

export function message<const F extends Fields>(fields: F): Message<F> {
  return { fields, names: new Map(Object.entries(fields).map(([name, [number]]) => [number, name])) };
}

export function encode<M extends Message>(type: M, value: Input<M>): Buffer {
  const sink: number[] = [];
  // `Input<M>` is a record of this table's fields; the generic form is hidden from the compiler here.
  writeMessage(sink, type, value as Record<string, unknown>);
  return Buffer.from(sink);
}

/** Throws a RangeError when `bytes` is not a message. Unknown fields are skipped. */
export function decode<M extends Message>(type: M, bytes: Uint8Array): Decoded<M> {
  const source = { buffer: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), at: 0 };
  // The table drives both the value and its type.
  return readMessage(source, type, source.buffer.length) as Decoded<M>;
}

function writeMessage(sink: number[], type: Message, value: Record<string, unknown>): void {
  for (const [name, [number, field]] of Object.entries(type.fields)) {
    const each = getOwn(value, name);
    if (each === undefined || each === null) continue;
    if (Array.isArray(field)) {
      const element: Scalar | Message = field[0];
      // A repeated field's value is an array by its type. Numbers are packed, as proto3 does.
      const items = each as unknown[];
      if (items.length === 0) continue;
      if (element === 'int64' || element === 'int32') {
        const packed: number[] = [];
        for (const item of items) writeVarint(packed, BigInt(item as number));
        writeBytes(sink, number, packed);
      } else for (const item of items) writeField(sink, number, element, item, true);
    } else if (field === 'map') {
      for (const [key, text] of Object.entries(each as Record<string, string>)) {
        const entry: number[] = [];
        writeField(entry, 1, 'string', key, true);
        writeField(entry, 2, 'string', text, true);
        writeBytes(sink, number, entry);
      }
      // What is neither a list nor a map is one scalar or one message.
    } else writeField(sink, number, field as Scalar | Message, each, false);
  }
}

/** `always` writes defaults too: inside lists and maps a default value still counts as an element. */
function writeField(sink: number[], number: number, type: Scalar | Message, value: unknown, always: boolean): void {
  if (typeof type === 'object') {
    const body: number[] = [];
    writeMessage(body, type, value as Record<string, unknown>);
    writeBytes(sink, number, body);
  } else if (type === 'string') {
    if (value !== '' || always) writeBytes(sink, number, Buffer.from(String(value)));
  } else if (type === 'bytes') {
    if (always || (value as Uint8Array).length > 0) writeBytes(sink, number, value as Uint8Array);
  } else if (type === 'bool') {
    if (value || always) sink.push(number << 3, value ? 1 : 0);
  } else if (type === 'double') {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(Number(value));
    writeVarint(sink, BigInt((number << 3) | 1));
    sink.push(...bytes);
  } else {
    const integer = BigInt(value as number | bigint);
    if (integer === 0n && !always) return;
    writeVarint(sink, BigInt(number << 3));
    writeVarint(sink, integer);
  }
}

function writeBytes(sink: number[], number: number, bytes: ArrayLike<number>): void {
  writeVarint(sink, BigInt((number << 3) | 2));
  writeVarint(sink, BigInt(bytes.length));
  for (let i = 0; i < bytes.length; i += 1) sink.push(bytes[i] ?? 0);
}

function writeVarint(sink: number[], value: bigint): void {
  let rest = BigInt.asUintN(64, value);
  while (rest > 0x7fn) {
    sink.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  sink.push(Number(rest));
}

interface Source {
  readonly buffer: Buffer;
  at: number;
}

function readMessage(source: Source, type: Message, end: number): Record<string, unknown> {
  const value: Record<string, unknown> = {};
  for (const [name, [, field]] of Object.entries(type.fields)) {
    const initial = initialValue(field);
    if (initial !== undefined) setOwn(value, name, initial);
  }
  while (source.at < end) {
    const tag = Number(readVarint(source));
    const wireType = tag & 7;
    const name = type.names.get(tag >>> 3);
    if (name === undefined) {
      skip(source, wireType);
      continue;
    }
    const field = getOwn(type.fields, name)?.[1];
    if (field === 'map') {
      const [key, text] = readEntry(source);
      setOwn(getOwn(value, name) as Record<string, string>, key, text);
    } else if (Array.isArray(field)) {
      const element: Scalar | Message = field[0];
      const items = getOwn(value, name) as unknown[];
      if (wireType === 2 && (element === 'int64' || element === 'int32' || element === 'bool')) {
        const last = Number(readVarint(source)) + source.at;
        while (source.at < last) items.push(readValue(source, element));
      } else items.push(readValue(source, element));
    } else setOwn(value, name, readValue(source, field as Scalar | Message));
  }
  if (source.at !== end) throw new RangeError('a protobuf message ends inside a field');
  return value;
}

function initialValue(field: FieldType): unknown {
  if (Array.isArray(field)) return [];
  switch (field) {
    case 'string':
      return '';
    case 'bool':
      return false;
    case 'int32':
    case 'int64':
    case 'double':
      return 0;
    case 'time':
      return 0n;
    case 'bytes':
      return new Uint8Array(0);
    case 'map':
      return {};
    default:
      return undefined;
  }
}

function readValue(source: Source, type: Scalar | Message): unknown {
  if (typeof type === 'object') {
    const end = readLength(source);
    return readMessage(source, type, end);
  }
  if (type === 'string' || type === 'bytes') {
    const end = readLength(source);
    const start = source.at;
    source.at = end;
    return type === 'string'
      ? source.buffer.toString('utf8', start, end)
      : new Uint8Array(source.buffer.subarray(start, end));
  }
  if (type === 'double') {
    source.at += 8;
    return source.buffer.readDoubleLE(source.at - 8);
  }
  const raw = readVarint(source);
  if (type === 'bool') return raw !== 0n;
  const signed = BigInt.asIntN(64, raw);
  return type === 'time' ? signed : Number(signed);
}

function readEntry(source: Source): [string, string] {
  const end = readLength(source);
  let key = '';
  let text = '';
  while (source.at < end) {
    const tag = Number(readVarint(source));
    if (tag >>> 3 === 1) key = String(readValue(source, 'string'));
    else if (tag >>> 3 === 2) text = String(readValue(source, 'string'));
    else skip(source, tag & 7);
  }
  return [key, text];
}

/** Reads a length and gives the position where that field ends. */
function readLength(source: Source): number {
  const length = Number(readVarint(source));
  const end = source.at + length;
  if (end > source.buffer.length) throw new RangeError('a protobuf field is longer than its message');
  return end;
}

function readVarint(source: Source): bigint {
  let value = 0;
  // Up to 28 bits fit plain arithmetic, which is nearly every tag and length.
  for (let shift = 0; shift < 28; shift += 7) {
    const byte = nextByte(source);
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return BigInt(value);
  }
  let wide = BigInt(value);
  for (let shift = 28n; shift < 70n; shift += 7n) {
    const byte = nextByte(source);
    wide |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return BigInt.asUintN(64, wide);
  }
  throw new RangeError('a protobuf varint is longer than 10 bytes');
}

function nextByte(source: Source): number {
  const byte = source.buffer[source.at];
  if (byte === undefined) throw new RangeError('a protobuf message ends inside a number');
  source.at += 1;
  return byte;
}

function skip(source: Source, wireType: number): void {
  if (wireType === 0) readVarint(source);
  else if (wireType === 1) source.at += 8;
  else if (wireType === 2) source.at = readLength(source);
  else if (wireType === 5) source.at += 4;
  else throw new RangeError(`protobuf wire type ${wireType} is not in use`);
}
