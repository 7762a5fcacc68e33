import { beforeAll, describe, expect, it } from 'vitest';
import type { Schema } from '../schema.ts';
import { loadTextFormats } from './late-text-formats.ts';
import { isKnownFormat, textFormat } from './text-formats.ts';
import { validateStructure } from './validate-structure.ts';

beforeAll(loadTextFormats);

const taken: Readonly<Record<string, readonly string[]>> = {
  bsonobjectid: ['507f1f77bcf86cd799439011'],
  uri: ['https://a.example.com:8080/x?y', '/x', 'urn:isbn:1', 'mailto:a@example.com', 'http://'],
  email: ['a@example.com', 'a.b+c@example', 'Ann B. <ann@example.com>', '"a b"@example.com', 'a@[10.0.0.1]'],
  hostname: ['a', 'localhost', 'a-b', 'web-1.example.com', 'bücher.example', 'x.io'],
  ipv4: ['10.0.0.1', '010.000.000.001', '::ffff:10.0.0.1'],
  ipv6: ['::1', 'fe80::1', '::ffff:10.0.0.1'],
  cidr: ['10.0.0.0/8', '010.0.0.1/08', 'fd00::/8'],
  mac: ['01:23:45:67:89:ab', '01-23-45-67-89-AB', '0123.4567.89ab', '01:23:45:67:89:ab:cd:ef'],
  uuid: ['6ba7b810-9dad-11d1-80b4-00c04fd430c8', '6BA7B8109DAD11D180B400C04FD430C8'],
  uuid3: ['6ba7b810-9dad-31d1-80b4-00c04fd430c8'],
  uuid4: ['6ba7b810-9dad-41d1-80b4-00c04fd430c8'],
  uuid5: ['6ba7b810-9dad-51d1-80b4-00c04fd430c8'],
  isbn: ['0321751043', '978-0321751041'],
  isbn10: ['0-321-75104-3'],
  isbn13: ['978-0321751041'],
  creditcard: ['4111 1111 1111 1111'],
  ssn: ['123-45-6789', '123456789'],
  hexcolor: ['#fff', 'A0B1C2'],
  rgbcolor: ['rgb(0, 128,255)'],
  byte: ['aGk=', 'aGVsbG8h'],
  password: ['', 'anything'],
  date: ['2024-02-29'],
  duration: ['1h30m', '-1.5s', '0', '3 days', '2w', '1 Hour 5 minutes'],
  'date-time': ['2024-02-29T12:00:00Z', '2024-02-29t12:00:00.5+01:00'],
  datetime: ['2024-02-29T12:00:00Z'],
  'k8s-short-name': ['a-1', '1'],
  'k8s-long-name': ['a.b-c.1'],
};

const refused: Readonly<Record<string, readonly string[]>> = {
  bsonobjectid: ['507f1f77bcf86cd79943901'],
  uri: ['', 'a b', 'example.com', 'http://a b/', 'http://a/%zz', ':x'],
  email: ['', 'a', 'a@', '@example.com', 'a..b@example.com', 'a b@example.com', 'a@example.com, b@example.com'],
  hostname: ['', 'my-host', 'a_b.example.com', '-a.example.com', '10.0.0.1', 'a.b1', `${'a'.repeat(64)}.example`],
  ipv4: ['', '10.0.0', '10.0.0.256', '::1'],
  ipv6: ['10.0.0.1', 'fe80::1%eth0'],
  cidr: ['10.0.0.0', '10.0.0.0/33', 'fd00::/129', '10.0.0.0/8/8'],
  mac: ['01:23:45:67:89', '01:23-45:67:89:ab'],
  uuid: ['6ba7b810'],
  uuid3: ['6ba7b810-9dad-11d1-80b4-00c04fd430c8'],
  uuid4: ['6ba7b810-9dad-41d1-70b4-00c04fd430c8'],
  uuid5: ['6ba7b810-9dad-41d1-80b4-00c04fd430c8'],
  isbn: ['0321751044'],
  isbn10: ['978-0321751041'],
  isbn13: ['978-0321751042'],
  creditcard: ['4111 1111 1111 1112'],
  ssn: ['12-345-6789'],
  hexcolor: ['#ffff'],
  rgbcolor: ['rgb(0,0,256)', 'rgb(0,0)'],
  byte: ['', 'aGk', 'a GVs'],
  date: ['2024-02-30', '2024-2-1'],
  duration: ['', '3', 'days', '1x', `${'9'.repeat(30)} days`],
  'date-time': ['2024-02-30T12:00:00Z', '2024-02-29 12:00:00Z', '2024-02-29T24:00:00Z', '2024-02-29T12:00Z'],
  'k8s-short-name': ['A', 'a.b', 'a'.repeat(64)],
  'k8s-long-name': ['a..b', 'a_b'],
};

describe('a format of texts', () => {
  it.each(Object.entries(taken).flatMap(([format, values]) => values.map((value) => [format, value] as const)))(
    '%s takes %j',
    (format, value) => expect(textFormat(format)?.(value)).toBe(true),
  );

  it.each(Object.entries(refused).flatMap(([format, values]) => values.map((value) => [format, value] as const)))(
    '%s refuses %j',
    (format, value) => expect(textFormat(format)?.(value)).toBe(false),
  );

  it.each(['1'.repeat(200_000), `${'a '.repeat(100_000)}@`, 'a.'.repeat(100_000)])(
    'is told soon of a long text',
    (value) => {
      for (const format of Object.keys(taken)) textFormat(format)?.(value);
    },
  );
});

describe('a format', () => {
  it.each<[Schema, boolean]>([
    [{ type: 'integer', format: 'int32' }, true],
    [{ type: 'integer', format: 'int64' }, true],
    [{ type: 'integer', format: 'uint32' }, false],
    [{ type: 'number', format: 'double' }, true],
    [{ type: 'number', format: 'int32' }, false],
    [{ type: 'string', format: 'double' }, false],
    [{ type: 'array', format: 'cidr' }, false],
    [{ type: 'string', format: 'quantity' }, false],
    [{ format: 'ipv4' }, true],
    [{ type: 'string', format: 'date-time' }, true],
  ])('of %j is known: %s', (schema, known) => expect(isKnownFormat(schema)).toBe(known));

  it.each<[Schema, unknown, string | undefined]>([
    [
      { type: 'integer', format: 'int32' },
      2147483648,
      '<nil>: Invalid value: "": Checked value must be of type integer with format int32 in s',
    ],
    [
      { type: 'number', format: 'float' },
      3.5e38,
      '<nil>: Invalid value: "": Checked value must be of type number with format float in s',
    ],
    [{ type: 'number', format: 'double' }, 3.5e38, undefined],
    [{ type: 'number', format: 'int32' }, 2147483648, undefined],
    [{ type: 'string', format: 'ip' }, 'x', undefined],
    [{ type: 'string', format: 'quantity' }, 'x', undefined],
    [{ type: 'string', format: 'uuid4' }, 'x', 's: Invalid value: "x": s in body must be of type uuid4: "x"'],
    // A value of another type is of no format, and of the size that Go gives it.
    [
      { type: 'integer', format: 'int64' },
      1.5,
      's: Invalid value: "float64": s in body must be of type int64: "float64"',
    ],
    [
      { type: 'integer', format: 'int32' },
      '1',
      's: Invalid value: "string": s in body must be of type integer: "string"',
    ],
    [{ type: 'integer', format: 'int32' }, true, 's: Invalid value: "": s in body must be of type int32: ""'],
    [{ type: 'string', format: 'date' }, 1, 's: Invalid value: "int64": s in body must be of type date: "int64"'],
  ])('of %j checks %j', (schema, value, message) => {
    const errors = validateStructure(schema, value, 's');
    expect(errors.map((each) => `${each.field}: ${each.message}`)).toEqual(message === undefined ? [] : [message]);
  });
});
