// A Swagger 2 document in protobuf, as clients before OpenAPI v3 read it (kubectl up to 1.26 reads no other form).
// Field numbers are those of gnostic's openapi.v2 messages; vendor extensions travel as YAML, of which JSON is a part.

import { parseJson } from '../../machinery/json.ts';
import { getOwn } from '../../machinery/own.ts';
import type { Steps } from '../../machinery/steps.ts';
import { WireWriter, wireTypes } from '../protobuf/wire-writer.ts';
import { pace } from './document-text.ts';
import type { Parts } from './documents.ts';
import type { Entry } from './kept-texts.ts';

type Fragment = Readonly<Record<string, unknown>>;

/** `version`: of the server. */
export function* encodeSwagger({ paths, schemas }: Parts, version: string): Steps<Uint8Array> {
  const head = encoded((fields) => {
    text(fields, 1, '2.0');
    message(fields, 2, (fields) => {
      text(fields, 1, 'Kubernetes');
      text(fields, 2, version);
    });
  });
  const inPaths = yield* entries(8, 2, paths, pathItem);
  const inSchemas = yield* entries(9, 1, schemas, schema);
  return Buffer.concat([head, ...inPaths, ...inSchemas]);
}

/** A message of named ones, each written by itself: together they may be large. */
function* entries(
  field: number,
  inner: number,
  all: readonly Entry[],
  write: (fields: Fields, value: Fragment) => void,
): Steps<Uint8Array[]> {
  const written: Uint8Array[] = [];
  let length = 0;
  const isTurn = pace();
  for (const [name, json] of all) {
    const value = parseJson(json) as Fragment; // as: every entry is an object
    const each = encoded((fields) => named(fields, inner, name, (fields) => write(fields, value)));
    written.push(each);
    length += each.length;
    if (isTurn(json.length)) yield;
  }
  const header = new WireWriter();
  header.varint(length);
  header.tag(field, wireTypes.bytes);
  return [header.finish(), ...written];
}

function encoded(write: (fields: Fields) => void): Uint8Array {
  const fields: Fields = [];
  write(fields);
  const writer = new WireWriter();
  writeAll(writer, fields);
  return writer.finish();
}

const methods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch'];

function pathItem(fields: Fields, item: Fragment): void {
  for (const [index, method] of methods.entries()) {
    const each = getOwn(item, method);
    if (each) message(fields, index + 2, (fields) => operation(fields, each as Fragment));
  }
  parameters(fields, 9, item['parameters']);
}

// The casts below follow the shape that openapi.ts gives a document; those of other servers may leave parts out.

function operation(fields: Fields, each: Fragment): void {
  texts(fields, 1, each['tags']);
  text(fields, 3, each['description']);
  text(fields, 5, each['operationId']);
  texts(fields, 6, each['produces']);
  texts(fields, 7, each['consumes']);
  parameters(fields, 8, each['parameters']);
  message(fields, 9, (fields) => {
    for (const [code, response] of Object.entries((each['responses'] ?? {}) as Record<string, Fragment>)) {
      named(fields, 1, code, (fields) => message(fields, 1, (fields) => responseOf(fields, response)));
    }
  });
  texts(fields, 10, each['schemes']);
  extensions(fields, 13, each);
}

function parameters(fields: Fields, field: number, list: unknown): void {
  for (const parameter of (list ?? []) as Fragment[])
    message(fields, field, (fields) => message(fields, 1, (fields) => parameterOf(fields, parameter)));
}

function parameterOf(fields: Fields, each: Fragment): void {
  if (each['in'] === 'body') {
    message(fields, 1, (fields) => {
      text(fields, 2, each['name']);
      text(fields, 3, 'body');
      bool(fields, 4, each['required']);
      message(fields, 5, (fields) => schema(fields, each['schema'] as Fragment));
    });
    return;
  }
  const isQuery = each['in'] === 'query';
  message(fields, 2, (fields) => {
    message(fields, isQuery ? 3 : 4, (fields) => {
      bool(fields, 1, each['required']);
      text(fields, 2, each['in']);
      text(fields, 3, each['description']);
      text(fields, 4, each['name']);
      text(fields, isQuery ? 6 : 5, each['type']);
    });
  });
}

function responseOf(fields: Fields, each: Fragment): void {
  text(fields, 1, each['description']);
  const body = each['schema'];
  if (body) message(fields, 2, (fields) => message(fields, 1, (fields) => schema(fields, body as Fragment)));
}

function schema(fields: Fields, each: Fragment): void {
  text(fields, 1, each['$ref']);
  text(fields, 2, each['format']);
  text(fields, 3, each['title']);
  text(fields, 4, each['description']);
  if (each['default'] !== undefined) any(fields, 5, each['default']);
  double(fields, 6, each['multipleOf']);
  double(fields, 7, each['maximum']);
  bool(fields, 8, each['exclusiveMaximum']);
  double(fields, 9, each['minimum']);
  bool(fields, 10, each['exclusiveMinimum']);
  integer(fields, 11, each['maxLength']);
  integer(fields, 12, each['minLength']);
  text(fields, 13, each['pattern']);
  integer(fields, 14, each['maxItems']);
  integer(fields, 15, each['minItems']);
  bool(fields, 16, each['uniqueItems']);
  integer(fields, 17, each['maxProperties']);
  integer(fields, 18, each['minProperties']);
  texts(fields, 19, each['required']);
  for (const value of (each['enum'] ?? []) as unknown[]) any(fields, 20, value);
  const { additionalProperties, items, properties, allOf } = each;
  if (typeof additionalProperties === 'boolean') message(fields, 21, (fields) => bool(fields, 2, additionalProperties));
  else if (additionalProperties) {
    message(fields, 21, (fields) => message(fields, 1, (fields) => schema(fields, additionalProperties as Fragment)));
  }
  const { type } = each;
  if (type) message(fields, 22, (fields) => text(fields, 1, type));
  if (items) message(fields, 23, (fields) => message(fields, 1, (fields) => schema(fields, items as Fragment)));
  for (const part of (allOf ?? []) as Fragment[]) message(fields, 24, (fields) => schema(fields, part));
  if (properties) {
    message(fields, 25, (fields) => {
      for (const [name, property] of Object.entries(properties as Record<string, Fragment>)) {
        named(fields, 1, name, (fields) => schema(fields, property));
      }
    });
  }
  extensions(fields, 31, each);
}

function extensions(fields: Fields, field: number, each: Fragment): void {
  for (const [name, value] of Object.entries(each)) {
    if (name.startsWith('x-')) named(fields, field, name, (fields) => text(fields, 2, JSON.stringify(value)));
  }
}

function any(fields: Fields, field: number, value: unknown): void {
  message(fields, field, (fields) => text(fields, 2, JSON.stringify(value)));
}

/** A pair of a name and a message, which is how gnostic keeps maps in order. */
function named(fields: Fields, field: number, name: string, write: (inner: Fields) => void): void {
  message(fields, field, (fields) => {
    text(fields, 1, name);
    message(fields, 2, write);
  });
}

/** The fields of a message in their order; the writer begins with the last. */
type Fields = ((writer: WireWriter) => void)[];

function message(fields: Fields, field: number, write: (inner: Fields) => void): void {
  const inner: Fields = [];
  write(inner);
  fields.push((writer) => {
    const end = writer.size;
    writeAll(writer, inner);
    writer.close(field, end);
  });
}

function writeAll(writer: WireWriter, fields: Fields): void {
  for (let at = fields.length - 1; at >= 0; at -= 1) fields[at]?.(writer);
}

function text(fields: Fields, field: number, value: unknown): void {
  if (typeof value !== 'string' || value === '') return;
  fields.push((writer) => {
    writer.string(value);
    writer.tag(field, wireTypes.bytes);
  });
}

function texts(fields: Fields, field: number, values: unknown): void {
  for (const each of (values ?? []) as string[]) text(fields, field, each);
}

function bool(fields: Fields, field: number, value: unknown): void {
  if (value === true) integer(fields, field, 1);
}

function integer(fields: Fields, field: number, value: unknown): void {
  if (typeof value !== 'number' || value === 0) return;
  fields.push((writer) => {
    writer.varint(value);
    writer.tag(field, wireTypes.varint);
  });
}

function double(fields: Fields, field: number, value: unknown): void {
  if (typeof value !== 'number' || value === 0) return;
  fields.push((writer) => {
    writer.double(value);
    writer.tag(field, wireTypes.fixed64);
  });
}
