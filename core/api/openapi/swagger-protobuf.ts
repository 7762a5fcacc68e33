// A Swagger 2 document in protobuf, as clients before OpenAPI v3 read it (kubectl up to 1.26 reads no other form).
// Field numbers are those of gnostic's openapi.v2 messages; vendor extensions travel as YAML, of which JSON is a part.

import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { getOwn } from '../../machinery/own.ts';

type Fragment = Readonly<Record<string, unknown>>;

export interface SwaggerDocument {
  readonly swagger: '2.0';
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, Fragment>>;
  readonly definitions: Readonly<Record<string, Fragment>>;
  readonly securityDefinitions: Readonly<Record<string, Fragment>>;
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
}

export function encodeSwagger(document: SwaggerDocument): Uint8Array {
  const writer = new BinaryWriter();
  text(writer, 1, document.swagger);
  message(writer, 2, () => {
    text(writer, 1, document.info.title);
    text(writer, 2, document.info.version);
  });
  message(writer, 8, () => {
    for (const [path, item] of Object.entries(document.paths)) {
      named(writer, 2, path, () => pathItem(writer, item));
    }
  });
  message(writer, 9, () => {
    for (const [name, each] of Object.entries(document.definitions)) named(writer, 1, name, () => schema(writer, each));
  });
  return writer.finish();
}

const methods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch'];

function pathItem(writer: BinaryWriter, item: Fragment): void {
  for (const [index, method] of methods.entries()) {
    const each = getOwn(item, method);
    if (each) message(writer, index + 2, () => operation(writer, each as Fragment));
  }
  parameters(writer, 9, item['parameters']);
}

// The casts below follow the shape that openapi.ts gives a document; those of other servers may leave parts out.

function operation(writer: BinaryWriter, each: Fragment): void {
  texts(writer, 1, each['tags']);
  text(writer, 3, each['description']);
  text(writer, 5, each['operationId']);
  texts(writer, 6, each['produces']);
  texts(writer, 7, each['consumes']);
  parameters(writer, 8, each['parameters']);
  message(writer, 9, () => {
    for (const [code, response] of Object.entries((each['responses'] ?? {}) as Record<string, Fragment>)) {
      named(writer, 1, code, () => message(writer, 1, () => responseOf(writer, response)));
    }
  });
  texts(writer, 10, each['schemes']);
  extensions(writer, 13, each);
}

function parameters(writer: BinaryWriter, field: number, list: unknown): void {
  for (const parameter of (list ?? []) as Fragment[])
    message(writer, field, () => message(writer, 1, () => parameterOf(writer, parameter)));
}

function parameterOf(writer: BinaryWriter, each: Fragment): void {
  if (each['in'] === 'body') {
    message(writer, 1, () => {
      text(writer, 2, each['name']);
      text(writer, 3, 'body');
      bool(writer, 4, each['required']);
      message(writer, 5, () => schema(writer, each['schema'] as Fragment));
    });
    return;
  }
  const isQuery = each['in'] === 'query';
  message(writer, 2, () => {
    message(writer, isQuery ? 3 : 4, () => {
      bool(writer, 1, each['required']);
      text(writer, 2, each['in']);
      text(writer, 3, each['description']);
      text(writer, 4, each['name']);
      text(writer, isQuery ? 6 : 5, each['type']);
    });
  });
}

function responseOf(writer: BinaryWriter, each: Fragment): void {
  text(writer, 1, each['description']);
  const body = each['schema'];
  if (body) message(writer, 2, () => message(writer, 1, () => schema(writer, body as Fragment)));
}

function schema(writer: BinaryWriter, each: Fragment): void {
  text(writer, 1, each['$ref']);
  text(writer, 2, each['format']);
  text(writer, 3, each['title']);
  text(writer, 4, each['description']);
  if (each['default'] !== undefined) any(writer, 5, each['default']);
  double(writer, 6, each['multipleOf']);
  double(writer, 7, each['maximum']);
  bool(writer, 8, each['exclusiveMaximum']);
  double(writer, 9, each['minimum']);
  bool(writer, 10, each['exclusiveMinimum']);
  integer(writer, 11, each['maxLength']);
  integer(writer, 12, each['minLength']);
  text(writer, 13, each['pattern']);
  integer(writer, 14, each['maxItems']);
  integer(writer, 15, each['minItems']);
  bool(writer, 16, each['uniqueItems']);
  integer(writer, 17, each['maxProperties']);
  integer(writer, 18, each['minProperties']);
  texts(writer, 19, each['required']);
  for (const value of (each['enum'] ?? []) as unknown[]) any(writer, 20, value);
  const { additionalProperties, items, properties, allOf } = each;
  if (typeof additionalProperties === 'boolean') message(writer, 21, () => bool(writer, 2, additionalProperties));
  else if (additionalProperties) {
    message(writer, 21, () => message(writer, 1, () => schema(writer, additionalProperties as Fragment)));
  }
  const { type } = each;
  if (type) message(writer, 22, () => text(writer, 1, type));
  if (items) message(writer, 23, () => message(writer, 1, () => schema(writer, items as Fragment)));
  for (const part of (allOf ?? []) as Fragment[]) message(writer, 24, () => schema(writer, part));
  if (properties) {
    message(writer, 25, () => {
      for (const [name, property] of Object.entries(properties as Record<string, Fragment>)) {
        named(writer, 1, name, () => schema(writer, property));
      }
    });
  }
  extensions(writer, 31, each);
}

function extensions(writer: BinaryWriter, field: number, each: Fragment): void {
  for (const [name, value] of Object.entries(each)) {
    if (name.startsWith('x-')) named(writer, field, name, () => text(writer, 2, JSON.stringify(value)));
  }
}

function any(writer: BinaryWriter, field: number, value: unknown): void {
  message(writer, field, () => text(writer, 2, JSON.stringify(value)));
}

/** A pair of a name and a message, which is how gnostic keeps maps in order. */
function named(writer: BinaryWriter, field: number, name: string, write: () => void): void {
  message(writer, field, () => {
    text(writer, 1, name);
    message(writer, 2, write);
  });
}

const [varint, bits64, delimited] = [0, 1, 2];

function message(writer: BinaryWriter, field: number, write: () => void): void {
  writer.tag(field, delimited!).fork();
  write();
  writer.join();
}

function text(writer: BinaryWriter, field: number, value: unknown): void {
  if (typeof value === 'string' && value !== '') writer.tag(field, delimited!).string(value);
}

function texts(writer: BinaryWriter, field: number, values: unknown): void {
  for (const each of (values ?? []) as string[]) text(writer, field, each);
}

function bool(writer: BinaryWriter, field: number, value: unknown): void {
  if (value === true) writer.tag(field, varint!).bool(true);
}

function integer(writer: BinaryWriter, field: number, value: unknown): void {
  if (typeof value === 'number' && value !== 0) writer.tag(field, varint!).int64(value);
}

function double(writer: BinaryWriter, field: number, value: unknown): void {
  if (typeof value === 'number' && value !== 0) writer.tag(field, bits64!).double(value);
}
