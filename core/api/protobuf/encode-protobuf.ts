// Objects in Kubernetes' protobuf encoding, byte for byte as Go's generated code writes them: fields in order of number, what
// is no pointer also when it is zero, map entries by key.
// Source: protobuf encoding; k8s.io/apimachinery runtime.Unknown (the envelope); API concepts, "Kubernetes Protobuf encoding".

import { withGoEscapes } from '../../machinery/go-escapes.ts';
import { getOwn } from '../../machinery/own.ts';
import { atOnce, type Steps } from '../../machinery/steps.ts';
import { parseTime } from '../../machinery/time.ts';
import { type Field, type Message, messageNamed, messageOf } from './messages.ts';
import { WireWriter, wireTypes } from './wire-writer.ts';

const magic = [0x6b, 0x38, 0x73, 0x00];

export interface TypedObject {
  readonly apiVersion?: string;
  readonly kind?: string;
}

/** Whether the kind has a protobuf form: the built-in ones and their lists, Status, metadata alone. No custom resource, no Table. */
export function hasProtobuf(apiVersion: string, kind: string): boolean {
  return messageOf(apiVersion, kind) !== undefined;
}

/** An object as a body of type application/vnd.kubernetes.protobuf. Throws for a kind without a protobuf form. */
export function encodeProtobuf(object: TypedObject): Uint8Array {
  return atOnce(encodingProtobuf(object));
}

/** As `encodeProtobuf`, in steps of some items of a list. */
export function* encodingProtobuf(object: TypedObject): Steps<Uint8Array> {
  const writer = new WireWriter();
  yield* writingEnvelope(writer, object);
  return writer.finish();
}

/** One event of a watch of type application/vnd.kubernetes.protobuf;stream=watch: its length in four bytes, then the event. */
export function encodeWatchEvent(type: string, object: TypedObject): Uint8Array {
  const writer = new WireWriter();
  const end = writer.size;
  atOnce(writingEnvelope(writer, object));
  writer.close(1, end);
  writer.close(2, end);
  writer.string(type);
  writer.tag(1, wireTypes.bytes);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(writer.size);
  writer.raw(length);
  return writer.finish();
}

/** runtime.Unknown: the type, the object's bytes, and an encoding and content type that are always empty. */
function* writingEnvelope(writer: WireWriter, object: TypedObject): Steps<void> {
  const { apiVersion = '', kind = '' } = object;
  const message = messageOf(apiVersion, kind);
  if (!message) throw new Error(`${kind} of ${apiVersion} has no protobuf form`);
  writer.raw([0x1a, 0, 0x22, 0]);
  const end = writer.size;
  yield* writingObject(writer, message, object);
  writer.close(2, end);
  const typeEnd = writer.size;
  writer.string(kind);
  writer.tag(2, wireTypes.bytes);
  writer.string(apiVersion);
  writer.tag(1, wireTypes.bytes);
  writer.close(1, typeEnd);
  writer.raw(magic);
}

/** Written in one step: an object of the usual size, or many small ones. */
const bytesAtOnce = 128 * 1024;

/** A whole object, whose items may be thousands where it is a list of objects. */
function* writingObject(writer: WireWriter, message: Message, value: unknown): Steps<void> {
  const { fields } = message;
  const at = fields.findIndex(({ name, cardinality }) => name === 'items' && cardinality === 'list');
  const field = fields[at];
  const items = getOwn(asRecord(value), 'items');
  if (!field || !Array.isArray(items)) {
    writeMessage(writer, message, value);
    return;
  }
  writeMessage(writer, { ...message, fields: fields.slice(at + 1) }, value);
  let pauseAt = writer.size + bytesAtOnce;
  for (const item of items.toReversed()) {
    writeField(writer, field, item);
    if (writer.size < pauseAt) continue;
    yield;
    pauseAt = writer.size + bytesAtOnce;
  }
  writeMessage(writer, { ...message, fields: fields.slice(0, at) }, value);
}

function writeMessage(writer: WireWriter, { fields }: Message, value: unknown): void {
  const object = asRecord(value);
  for (let index = fields.length - 1; index >= 0; index -= 1) {
    const field = fields[index];
    if (!field) continue;
    const { name, cardinality } = field;
    // The fields of an embedded message stand in this object.
    const each = name === '' ? object : getOwn(object, name);
    if (cardinality === 'list') {
      if (Array.isArray(each)) for (let at = each.length - 1; at >= 0; at -= 1) writeField(writer, field, each[at]);
    } else if (cardinality === 'map') writeMap(writer, field, each);
    else if (each !== undefined && each !== null) writeField(writer, field, each);
    else if (!field.optional && !nilWhenAbsent.has(field.type)) writeField(writer, field, undefined);
  }
}

// Slices in Go, which are nil when nothing is there.
const nilWhenAbsent = new Set(['bytes', 'strings']);

function writeMap(writer: WireWriter, field: Field, value: unknown): void {
  const map = asRecord(value);
  // From the last to the first, as everything here is written.
  for (const key of Object.keys(map).sort().reverse()) {
    const end = writer.size;
    writeField(writer, { ...field, number: 2 }, getOwn(map, key));
    writer.string(key);
    writer.tag(1, wireTypes.bytes);
    writer.close(field.number, end);
  }
}

/** The value of one field with its tag. `undefined` and `null` are the type's zero. */
function writeField(writer: WireWriter, field: Field, value: unknown): void {
  const { number, type } = field;
  if (type === 'int' || type === 'bool') {
    writer.varint(typeof value === 'bigint' ? value : Number(value ?? 0));
    writer.tag(number, wireTypes.varint);
    return;
  }
  if (type === 'double') {
    writer.double(Number(value ?? 0));
    writer.tag(number, wireTypes.fixed64);
    return;
  }
  if (type === 'string') {
    writer.string(String(value ?? ''));
    writer.tag(number, wireTypes.bytes);
    return;
  }
  const end = writer.size;
  writeContent(writer, field, value);
  writer.close(number, end);
}

function writeContent(writer: WireWriter, { type, message }: Field, value: unknown): void {
  const isList = Array.isArray(value);
  switch (type) {
    case 'message':
      writeMessage(writer, messageNamed(message), value);
      break;
    case 'bytes':
      writer.raw(Buffer.from(String(value ?? ''), 'base64'));
      break;
    case 'strings':
      writeStrings(writer, 1, value);
      break;
    case 'time':
    case 'microtime':
      writeTime(writer, type, value);
      break;
    case 'quantity':
      writeText(writer, 1, String(value ?? '0'));
      break;
    case 'intstr':
      writeIntOrString(writer, value);
      break;
    case 'json':
      // A list item may be JSON's own null; what is absent has no text.
      if (value !== undefined) writeText(writer, 1, withGoEscapes(JSON.stringify(value)));
      break;
    case 'schemaOrBool':
      if (typeof value !== 'boolean') writeSchemas(writer, 2, [value]);
      writeNumber(writer, 1, value === false ? 0 : 1);
      break;
    case 'schemaOrArray':
      if (isList) writeSchemas(writer, 2, value);
      else writeSchemas(writer, 1, [value]);
      break;
    case 'schemaOrStrings':
      if (isList) writeStrings(writer, 2, value);
      else writeSchemas(writer, 1, [value]);
      break;
    default:
      throw new Error(`a ${type} is not written as a message`);
  }
}

function writeSchemas(writer: WireWriter, number: number, schemas: readonly unknown[]): void {
  for (const schema of schemas.toReversed()) {
    const end = writer.size;
    writeMessage(writer, messageNamed('apiextensions.k8s.io/v1 JSONSchemaProps'), schema);
    writer.close(number, end);
  }
}

function writeText(writer: WireWriter, number: number, text: string): void {
  writer.string(text);
  writer.tag(number, wireTypes.bytes);
}

function writeNumber(writer: WireWriter, number: number, value: number): void {
  writer.varint(value);
  writer.tag(number, wireTypes.varint);
}

function writeStrings(writer: WireWriter, number: number, value: unknown): void {
  if (Array.isArray(value)) for (const each of value.toReversed()) writeText(writer, number, String(each));
}

function writeIntOrString(writer: WireWriter, value: unknown): void {
  const isText = typeof value === 'string';
  writeText(writer, 3, isText ? value : '');
  writeNumber(writer, 2, isText ? 0 : Number(value ?? 0));
  writeNumber(writer, 1, isText ? 1 : 0);
}

// 0001-01-01T00:00:00Z, Go's zero time.
const zeroTimeSeconds = -62_135_596_800;

/** Seconds and nanoseconds; nothing for the zero time. */
function writeTime(writer: WireWriter, type: 'time' | 'microtime', value: unknown): void {
  const milliseconds = typeof value === 'string' ? parseTime(value) : undefined;
  if (milliseconds === undefined) return;
  const seconds = Math.floor(milliseconds / 1000);
  const fraction = type === 'time' ? '' : (/[.,](\d+)/.exec(String(value))?.[1] ?? '');
  const nanos = Number(fraction.slice(0, 6).padEnd(6, '0')) * 1000;
  if (seconds === zeroTimeSeconds && nanos === 0) return;
  writeNumber(writer, 2, nanos);
  writeNumber(writer, 1, seconds);
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  // An object by the check, whose properties are then looked at one by one.
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
