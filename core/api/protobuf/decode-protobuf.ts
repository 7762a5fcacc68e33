// Request bodies in Kubernetes' protobuf encoding, as JSON values. Clients built on client-go send them for built-in types.
// Source: protobuf encoding; k8s.io/apimachinery runtime.Unknown (the envelope); API concepts, "Kubernetes Protobuf encoding".

import { badRequest } from '../../machinery/status.ts';
import { messageRows } from './message-rows.ts';

const magic = [0x6b, 0x38, 0x73, 0x00];

/** The object in a body of type application/vnd.kubernetes.protobuf. Throws BadRequest. */
export function decodeProtobuf(bytes: Uint8Array): Record<string, unknown> {
  if (magic.some((byte, index) => bytes[index] !== byte))
    throw badRequest('the body is no Kubernetes protobuf: it does not begin with "k8s" and a zero byte');
  try {
    const envelope = readFields(bytes.subarray(magic.length));
    const typeMeta = readFields(bytesOf(envelope, 1));
    const apiVersion = text(bytesOf(typeMeta, 1));
    const kind = text(bytesOf(typeMeta, 2));
    const id = messageOf(apiVersion, kind);
    if (!rowOf(id)) throw badRequest(`the body is a protobuf ${kind} of ${apiVersion}, which can only be sent as JSON`);
    return { kind, apiVersion, ...decodeMessage(id, bytesOf(envelope, 2)) };
  } catch (error) {
    if (error instanceof Malformed) throw badRequest(`the body is no valid protobuf: ${error.message}`);
    throw error;
  }
}

class Malformed extends Error {}

// Options are of one type in every group that they are sent to.
const metaKinds = new Set([
  'CreateOptions',
  'DeleteOptions',
  'GetOptions',
  'ListOptions',
  'PatchOptions',
  'UpdateOptions',
  'Status',
]);

function messageOf(apiVersion: string, kind: string): string {
  if (metaKinds.has(kind)) return `meta.v1.${kind}`;
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['core', apiVersion];
  return `${group?.split('.')[0]}.${version}.${kind}`;
}

interface Field {
  /** Empty: the fields of the message stand in the outer one. */
  readonly name: string;
  readonly always: boolean;
  readonly optional: boolean;
  readonly shape: 'one' | 'list' | 'map';
  readonly type: string;
}

type Message = ReadonlyMap<number, Field>;

const parsed = new Map<string, Message>();

function rowOf(id: string): string | undefined {
  const at = id.lastIndexOf('.');
  const rows = messageRows[id.slice(0, at)];
  const name = id.slice(at + 1);
  return rows && Object.hasOwn(rows, name) ? rows[name] : undefined;
}

function messageFor(id: string): Message {
  const known = parsed.get(id);
  if (known) return known;
  const row = rowOf(id);
  if (row === undefined) throw new Error(`no protobuf fields are known of ${id}`);
  const home = id.slice(0, id.lastIndexOf('.'));
  const message = new Map<number, Field>();
  for (const part of row.split(' ').filter((each) => each !== '')) {
    const [, name = '', always, number, optional, shape, type = ''] =
      /^(\w*)(!?)=(\d+):(\*?)(\[\]|\{\})?(.+)$/.exec(part) ?? [];
    message.set(Number(number), {
      name,
      always: always === '!',
      optional: optional === '*',
      shape: shape === '[]' ? 'list' : shape === '{}' ? 'map' : 'one',
      // A message is told by its capital letter.
      type: /^[A-Z]/.test(type) ? `${home}.${type}` : type,
    });
  }
  parsed.set(id, message);
  return message;
}

interface WireValue {
  readonly number: number;
  readonly value: bigint | Uint8Array;
}

/** Varints and fixed numbers as bigint, the rest as bytes. */
function readFields(bytes: Uint8Array): WireValue[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fields: WireValue[] = [];
  let at = 0;
  const varint = (): bigint => {
    let result = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) throw new Malformed('it ends within a number');
      result |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return result;
    }
    throw new Malformed('a number is longer than ten bytes');
  };
  const take = (length: number): Uint8Array => {
    if (length > bytes.length - at) throw new Malformed('a field is longer than the body');
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const number = tag >>> 3;
    switch (tag & 7) {
      case 0:
        fields.push({ number, value: varint() });
        break;
      case 1:
        take(8);
        fields.push({ number, value: view.getBigUint64(at - 8, true) });
        break;
      case 2:
        fields.push({ number, value: take(Number(varint())) });
        break;
      case 5:
        take(4);
        fields.push({ number, value: BigInt(view.getUint32(at - 4, true)) });
        break;
      default:
        throw new Malformed(`wire type ${tag & 7} is not used`);
    }
  }
  return fields;
}

const none = new Uint8Array();

function bytesOf(fields: readonly WireValue[], number: number): Uint8Array {
  const found = fields.findLast((each) => each.number === number)?.value;
  return found instanceof Uint8Array ? found : none;
}

function numberOf(fields: readonly WireValue[], number: number): bigint {
  const found = fields.findLast((each) => each.number === number)?.value;
  return typeof found === 'bigint' ? BigInt.asIntN(64, found) : 0n;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function text(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new Malformed('a string is no UTF-8');
  }
}

function decodeMessage(id: string, bytes: Uint8Array): Record<string, unknown> {
  const message = messageFor(id);
  const result: Record<string, unknown> = {};
  for (const { number, value } of readFields(bytes)) {
    const field = message.get(number);
    // A field of a newer client, which this version does not know.
    if (!field) continue;
    if (field.shape === 'list') {
      const list = own(result, field.name) as unknown[] | undefined;
      const item = decodeValue(field.type, value);
      if (list) list.push(item);
      else result[field.name] = [item];
    } else if (field.shape === 'map') addToMap(result, field, value);
    else if (field.name === '') Object.assign(result, decodeValue(field.type, value));
    else {
      const decoded = decodeValue(field.type, value);
      if (field.optional || !isZero(decoded) || (field.always && decoded !== undefined)) result[field.name] = decoded;
    }
  }
  return result;
}

function own(object: Record<string, unknown>, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/** Go writes what is not a pointer even when it is zero; JSON leaves it out. */
function isZero(value: unknown): boolean {
  if (value === undefined || value === '' || value === 0 || value === false) return true;
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

function addToMap(result: Record<string, unknown>, field: Field, value: WireValue['value']): void {
  if (!(value instanceof Uint8Array)) throw new Malformed(`${field.name} is no map`);
  const entry = readFields(value);
  const key = text(bytesOf(entry, 1));
  const found = entry.findLast((each) => each.number === 2)?.value ?? none;
  const map = (own(result, field.name) ?? {}) as Record<string, unknown>;
  result[field.name] = map;
  // Whatever the key is called, it becomes a property of the map's own.
  Object.defineProperty(map, key, {
    value: decodeValue(field.type, found),
    writable: true,
    enumerable: true,
    configurable: true,
  });
}

function decodeValue(type: string, value: WireValue['value']): unknown {
  if (typeof value === 'bigint') {
    if (type === 'bool') return value !== 0n;
    if (type === 'int') return Number(BigInt.asIntN(64, value));
    if (type === 'double') return doubleOf(value);
    throw new Malformed(`a number stands where a ${type} belongs`);
  }
  switch (type) {
    case 'string':
      return text(value);
    case 'bytes':
      return Buffer.from(value).toString('base64');
    case 'extra':
      return readFields(value).map((each) => (each.value instanceof Uint8Array ? text(each.value) : ''));
    case 'time':
    case 'microtime':
      return timeOf(readFields(value), type);
    case 'duration':
      return `${Number(numberOf(readFields(value), 1)) / 1e9}s`;
    case 'quantity':
      return text(bytesOf(readFields(value), 1)) || '0';
    case 'intstr':
      return intOrString(readFields(value));
    case 'json':
      return jsonOf(bytesOf(readFields(value), 1));
    case 'bool':
    case 'int':
    case 'double':
      throw new Malformed(`bytes stand where a ${type} belongs`);
    default:
      return decodeMessage(type, value);
  }
}

function doubleOf(bits: bigint): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, bits);
  return view.getFloat64(0);
}

/** undefined for the zero time, which an empty message is. */
function timeOf(fields: readonly WireValue[], type: 'time' | 'microtime'): string | undefined {
  if (fields.length === 0) return undefined;
  const milliseconds = Number(numberOf(fields, 1)) * 1000;
  // Beyond what a Date holds there is no time that a client could mean.
  if (Math.abs(milliseconds) > 8.64e15) throw new Malformed('a time is out of range');
  const seconds = new Date(milliseconds).toISOString().slice(0, 19);
  if (type === 'time') return `${seconds}Z`;
  const micros = String(numberOf(fields, 2) / 1000n).padStart(6, '0');
  return `${seconds}.${micros}Z`;
}

function intOrString(fields: readonly WireValue[]): number | string {
  return numberOf(fields, 1) === 0n ? Number(numberOf(fields, 2)) : text(bytesOf(fields, 3));
}

function jsonOf(bytes: Uint8Array): unknown {
  if (bytes.length === 0) return undefined;
  try {
    return JSON.parse(text(bytes));
  } catch {
    throw new Malformed('an embedded object is no JSON');
  }
}
