// Bodies in Kubernetes' protobuf encoding, as JSON values. Clients built on client-go send them for built-in types.
// Source: protobuf encoding; k8s.io/apimachinery runtime.Unknown (the envelope); API concepts, "Kubernetes Protobuf encoding".

import { parseJson } from '../../machinery/json.ts';
import { getOwn, setOwn } from '../../machinery/own.ts';
import { badRequest, StatusError } from '../../machinery/status.ts';
import { formatMicroTime, formatTime } from '../../machinery/time.ts';
import { type Field, type Message, messageNamed, messageOf } from './messages.ts';
import { Malformed, WireReader } from './wire-reader.ts';
import { wireTypes } from './wire-writer.ts';

const magic = [0x6b, 0x38, 0x73, 0x00];

// Only JSON schemas nest in themselves; no structural schema is as deep.
const maxDepth = 200;

/**
 * The object in a body of type application/vnd.kubernetes.protobuf. Fields with numbers that this version does not know are
 * left out. Throws BadRequest, and UnsupportedMediaType for a kind that has no protobuf form.
 */
export function decodeProtobuf(bytes: Uint8Array): Record<string, unknown> {
  if (magic.some((byte, index) => bytes[index] !== byte))
    throw badRequest('the body is no Kubernetes protobuf: it does not begin with "k8s" and a zero byte');
  try {
    const { apiVersion, kind, raw } = readEnvelope(new WireReader(bytes.subarray(magic.length)));
    const message = messageOf(apiVersion, kind);
    if (!message)
      throw new StatusError(
        'UnsupportedMediaType',
        `the body is a protobuf ${kind} of ${apiVersion}, which can only be sent as application/json or application/yaml`,
      );
    return { kind, apiVersion, ...readMessage(new WireReader(raw), message, 0) };
  } catch (error) {
    if (error instanceof Malformed) throw badRequest(`the body is no valid protobuf: ${error.message}`);
    throw error;
  }
}

function readEnvelope(reader: WireReader) {
  let apiVersion = '';
  let kind = '';
  let raw: Uint8Array = new Uint8Array();
  reader.fields((field, type) => {
    if (type !== wireTypes.bytes) reader.skip(type);
    else if (field === 1) {
      reader.message((inner, innerType) => {
        if (innerType !== wireTypes.bytes || inner > 2) reader.skip(innerType);
        else if (inner === 1) apiVersion = reader.string();
        else kind = reader.string();
      });
    } else if (field === 2) raw = reader.bytes();
    else reader.skip(type);
  });
  return { apiVersion, kind, raw };
}

type Value = Record<string, unknown>;

/** The fields of the message that `reader` stands in, up to its end. */
function readMessage(reader: WireReader, message: Message, depth: number): Value {
  if (depth > maxDepth) throw new Malformed(`messages are nested deeper than ${maxDepth}`);
  const result: Value = {};
  reader.fields((number, type) => {
    const field = message.byNumber.get(number);
    // A field of a newer client, which this version does not know.
    if (!field) reader.skip(type);
    else readField(reader, field, type, result, depth);
  });
  // Go's JSON has these whether or not they were on the wire.
  for (const field of message.fields)
    if (field.always && !Object.hasOwn(result, field.name)) setZero(result, field, depth);
  return result;
}

function readField(reader: WireReader, field: Field, type: number, result: Value, depth: number): void {
  const { name, cardinality } = field;
  if (cardinality === 'list') {
    const list = getOwn(result, name);
    const items = Array.isArray(list) ? list : [];
    setOwn(result, name, items);
    if (type === wireTypes.bytes && (field.type === 'int' || field.type === 'bool' || field.type === 'double')) {
      // Packed, as newer protobuf writes lists of numbers.
      const packed = new WireReader(reader.bytes());
      const itemType = field.type === 'double' ? wireTypes.fixed64 : wireTypes.varint;
      while (!packed.done) items.push(readValue(packed, field, itemType, depth));
    } else items.push(readValue(reader, field, type, depth) ?? null);
  } else if (cardinality === 'map') readEntry(reader, field, type, result, depth);
  else {
    const value = readValue(reader, field, type, depth);
    if (name === '') for (const [each, embedded] of Object.entries(value ?? {})) setOwn(result, each, embedded);
    else if (field.optional ? value !== undefined : !isZero(value)) setOwn(result, name, value);
  }
}

function readEntry(reader: WireReader, field: Field, type: number, result: Value, depth: number): void {
  let key = '';
  let value: unknown;
  const entry = { ...field, cardinality: 'one' } as const;
  readInner(reader, type, field.name, (number, innerType) => {
    if (number === 1 && innerType === wireTypes.bytes) key = reader.string();
    else if (number === 2) value = readValue(reader, entry, innerType, depth);
    else reader.skip(innerType);
  });
  value ??= readValue(new WireReader(Uint8Array.of(0)), entry, wireTypes.bytes, depth);
  // A zero time, in JSON.
  value ??= null;
  const own = getOwn(result, field.name);
  // Ours: made just below for the entry before.
  const map = typeof own === 'object' && own !== null ? (own as Value) : {};
  setOwn(result, field.name, map);
  setOwn(map, key, value);
}

function setZero(result: Value, field: Field, depth: number): void {
  if (field.optional || field.cardinality !== 'one') return;
  if (field.type === 'string') setOwn(result, field.name, '');
  else if (field.type === 'int' || field.type === 'double') setOwn(result, field.name, 0);
  else if (field.type === 'bool') setOwn(result, field.name, false);
  else if (field.type === 'quantity') setOwn(result, field.name, '0');
  else if (field.type === 'intstr') setOwn(result, field.name, 0);
  else if (field.type === 'message')
    setOwn(result, field.name, readMessage(new WireReader(new Uint8Array()), messageNamed(field.message), depth + 1));
}

/** Go writes what is not a pointer even when it is zero; JSON leaves it out. */
function isZero(value: unknown): boolean {
  if (value === undefined || value === '' || value === 0 || value === false) return true;
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

/** undefined for the zero time and for no JSON at all. */
function readValue(reader: WireReader, field: Field, type: number, depth: number): unknown {
  if (field.type === 'int' || field.type === 'bool') {
    if (type !== wireTypes.varint) throw mismatch(field);
    return field.type === 'bool' ? reader.int() !== 0 : reader.int64();
  }
  if (field.type === 'double') {
    if (type !== wireTypes.fixed64) throw mismatch(field);
    const value = reader.double();
    if (!Number.isFinite(value)) throw new Malformed(`the number in ${field.name} has no form in JSON`);
    return value;
  }
  if (type !== wireTypes.bytes) throw mismatch(field);
  switch (field.type) {
    case 'string':
      return reader.string();
    case 'bytes':
      return reader.bytes().toString('base64');
    case 'message':
      return readNested(reader, messageNamed(field.message), depth);
    default:
      return readSpecial(reader, field, type, depth);
  }
}

function readNested(reader: WireReader, message: Message, depth: number): Value {
  const outer = reader.enter();
  const value = readMessage(reader, message, depth + 1);
  reader.leave(outer);
  return value;
}

/** The messages that JSON writes as something else than an object of their fields. */
function readSpecial(reader: WireReader, field: Field, type: number, depth: number): unknown {
  const numbers = [0, 0, 0];
  const texts: Buffer[] = [];
  const schemas: Value[] = [];
  const schemaField = schemaFields[field.type];
  const textField = textFields[field.type];
  let present = false;
  readInner(reader, type, field.name, (number, innerType) => {
    present = true;
    if (innerType === wireTypes.varint && number <= 2) numbers[number] = reader.int();
    else if (innerType === wireTypes.bytes && schemaField?.includes(number)) {
      if (number === 2) numbers[2] = 1;
      schemas.push(readNested(reader, messageNamed('apiextensions.k8s.io/v1 JSONSchemaProps'), depth));
    } else if (innerType === wireTypes.bytes && number === textField) texts.push(reader.bytes());
    else reader.skip(innerType);
  });
  const [, first = 0, second = 0] = numbers;
  const [schema] = schemas;
  switch (field.type) {
    case 'strings':
      return texts.map(textOf);
    case 'time':
    case 'microtime':
      return present ? timeOf(first, second, field.type) : undefined;
    case 'quantity':
      return texts.length > 0 ? textOf(texts.at(-1)) : '0';
    case 'intstr':
      return first === 0 ? second : textOf(texts.at(-1));
    case 'json':
      return jsonOf(textOf(texts.at(-1)));
    case 'schemaOrBool':
      return schema ?? first !== 0;
    case 'schemaOrArray':
      return second === 1 ? schemas : schema;
    case 'schemaOrStrings':
      return schema ?? texts.map(textOf);
    default:
      throw mismatch(field);
  }
}

// The field with the text or the schemas in the messages of `readSpecial`.
const textFields: Readonly<Record<string, number>> = {
  strings: 1,
  quantity: 1,
  json: 1,
  intstr: 3,
  schemaOrStrings: 2,
};
const schemaFields: Readonly<Record<string, readonly number[]>> = {
  schemaOrBool: [2],
  schemaOrArray: [1, 2],
  schemaOrStrings: [1],
};

function readInner(reader: WireReader, type: number, name: string, each: (field: number, type: number) => void): void {
  if (type !== wireTypes.bytes) throw new Malformed(`a number stands where ${name} belongs`);
  reader.message(each);
}

function mismatch({ name, type }: Field): Malformed {
  return new Malformed(`what stands in ${name} is no ${type}`);
}

function textOf(bytes: Buffer | undefined): string {
  if (!bytes) return '';
  const text = bytes.toString('utf8');
  if (text.includes('\ufffd') && !Buffer.from(text).equals(bytes)) throw new Malformed('a string is no UTF-8');
  return text;
}

// The years 1 to 9999, which RFC 3339 can write.
const minSeconds = -62_135_596_800;
const maxSeconds = 253_402_300_799;

function timeOf(seconds: number, nanos: number, type: 'time' | 'microtime'): string {
  if (seconds < minSeconds || seconds > maxSeconds || nanos < 0 || nanos >= 1e9)
    throw new Malformed('a time is out of range');
  if (type === 'time') return formatTime(seconds * 1000);
  return formatMicroTime(seconds * 1000).replace(/\d{6}Z$/, `${String(Math.trunc(nanos / 1000)).padStart(6, '0')}Z`);
}

function jsonOf(text: string): unknown {
  if (text === '') return undefined;
  try {
    return parseJson(text);
  } catch {
    throw new Malformed('an embedded object is no JSON');
  }
}
