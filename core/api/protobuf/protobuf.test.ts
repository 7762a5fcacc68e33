import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StatusError } from '../../machinery/status.ts';
import { loadDefinitions } from '../definitions.ts';
import { modelRows, schemaOf } from '../models.ts';
import { decodeProtobuf } from './decode-protobuf.ts';
import { encodeProtobuf, encodeWatchEvent, hasProtobuf } from './encode-protobuf.ts';
import { type Message, messageNamed, messageOf } from './messages.ts';
import { randomFrom, sampleOf } from './testing/sample-object.ts';

/** Bytes from hexadecimal numbers and quoted texts. */
function bytes(strings: TemplateStringsArray): Buffer {
  const parts = strings.join('').matchAll(/'([^']*)'|([0-9a-f]{2})/g);
  return Buffer.concat([...parts].map(([, text, hex]) => (hex ? Buffer.from(hex, 'hex') : Buffer.from(text ?? ''))));
}

function refused(body: Uint8Array): StatusError {
  try {
    decodeProtobuf(body);
  } catch (error) {
    if (error instanceof StatusError) return error;
    throw error;
  }
  throw new Error('was decoded');
}

/** An envelope around the bytes of an object. */
function envelope(apiVersion: string, kind: string, raw: Uint8Array): Buffer {
  const field = (tag: number, content: Uint8Array) => {
    const length: number[] = [];
    let rest = content.length;
    for (; rest > 0x7f; rest >>>= 7) length.push((rest & 0x7f) | 0x80);
    return Buffer.concat([Buffer.from([tag, ...length, rest]), content]);
  };
  const type = Buffer.concat([field(0x0a, Buffer.from(apiVersion)), field(0x12, Buffer.from(kind))]);
  return Buffer.concat([bytes`'k8s' 00`, field(0x0a, type), field(0x12, raw)]);
}

/** Every kind that is served, with the model of its body. */
const kinds = [
  ...new Map(
    loadDefinitions()
      .all()
      .map(({ group, version, kind, schema }) => {
        const apiVersion = group === '' ? version : `${group}/${version}`;
        return [`${apiVersion} ${kind}`, { apiVersion, kind, schema }] as const;
      }),
  ).values(),
  { apiVersion: 'policy/v1', kind: 'Eviction', schema: schemaOf('V1Eviction') },
  { apiVersion: 'autoscaling/v1', kind: 'Scale', schema: schemaOf('V1Scale') },
  { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', schema: schemaOf('AuthenticationV1TokenRequest') },
  { apiVersion: 'v1', kind: 'Status', schema: schemaOf('V1Status') },
  { apiVersion: 'v1', kind: 'DeleteOptions', schema: schemaOf('V1DeleteOptions') },
];

describe('what is written', () => {
  it('has everything that is no pointer, in order of number, inside an envelope', () => {
    const written = encodeProtobuf({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a' } } as object);
    expect(Buffer.from(written)).toEqual(
      bytes`'k8s' 00 0a 0f 0a 02 'v1' 12 09 'Namespace'
        12 19
          0a 11 0a 01 'a' 12 00 1a 00 22 00 2a 00 32 00 38 00 42 00
          12 00
          1a 02 0a 00
        1a 00 22 00`,
    );
  });

  it('has maps in order of their keys, bytes for base64, and pointers only where they are', () => {
    const written = encodeProtobuf({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      data: { b: '', a: 'x' },
      binaryData: { k: 'AP8=' },
      immutable: false,
    } as object);
    expect(Buffer.from(written)).toEqual(
      bytes`'k8s' 00 0a 0f 0a 02 'v1' 12 09 'ConfigMap'
        12 2c
          0a 10 0a 00 12 00 1a 00 22 00 2a 00 32 00 38 00 42 00
          12 06 0a 01 'a' 12 01 'x'
          12 05 0a 01 'b' 12 00
          1a 07 0a 01 'k' 12 02 00 ff
          20 00
        1a 00 22 00`,
    );
  });

  it('has times as seconds, quantities as text, and both forms of int-or-string', () => {
    const raw = (object: object, from: number) => Buffer.from(encodeProtobuf(object)).subarray(from, -4);
    const event = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      spec: { renewTime: '2001-09-09T01:46:40.000007Z' },
    };
    // 1,000,000,000 seconds and 7,000 nanoseconds.
    expect(raw(event, -15).toString('hex')).toBe(bytes`22 09 08 80 94 eb dc 03 10 d8 36`.toString('hex'));
    const port = { apiVersion: 'v1', kind: 'Service', spec: { ports: [{ port: 80, targetPort: 'http' }] } };
    expect(Buffer.from(encodeProtobuf(port)).includes(bytes`18 50 22 0a 08 01 10 00 1a 04 'http' 28 00`)).toBe(true);
    const quota = { apiVersion: 'v1', kind: 'ResourceQuota', spec: { hard: { cpu: '2' } } };
    expect(Buffer.from(encodeProtobuf(quota)).includes(bytes`12 0c 0a 0a 0a 03 'cpu' 12 03 0a 01 '2'`)).toBe(true);
    const budget = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', spec: { maxUnavailable: -1 } };
    const minusOne = bytes`08 00 10 ff ff ff ff ff ff ff ff ff 01 1a 00`;
    expect(Buffer.from(encodeProtobuf(budget)).includes(minusOne)).toBe(true);
  });

  it('has the forms that JSON schemas take', () => {
    const schema = {
      additionalProperties: { type: 'string' },
      additionalItems: false,
      items: [{ type: 'a' }, { type: 'b' }],
      not: { additionalProperties: true, items: { type: 'c' } },
      dependencies: { x: ['y'], z: { type: 'd' } },
      enum: [null, 'e', 1],
      default: { deep: [null] },
      'x-kubernetes-int-or-string': true,
    };
    const object = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      spec: { versions: [{ name: 'v1', schema: { openAPIV3Schema: schema } }] },
    };
    const read = decodeProtobuf(encodeProtobuf(object)) as typeof object;
    expect(read.spec.versions[0]?.schema.openAPIV3Schema).toEqual(schema);
    // A schema where a boolean may stand allows something: field 1 is true, and the schema follows.
    expect(Buffer.from(encodeProtobuf(object)).includes(bytes`f2 01 28 08 01 12 24`)).toBe(true);
  });

  it('has lists of every kind, whose items need no type of their own', () => {
    const list = {
      kind: 'ConfigMapList',
      apiVersion: 'v1',
      metadata: { resourceVersion: '7' },
      items: [{ metadata: { name: 'a' } }],
    };
    expect(decodeProtobuf(encodeProtobuf(list))).toEqual(list);
    const listed = loadDefinitions()
      .all()
      .filter(({ verbs }) => verbs.includes('list'));
    for (const { group, version, listKind } of listed)
      expect(hasProtobuf(group === '' ? version : `${group}/${version}`, listKind), listKind).toBe(true);
  });

  it('has a watch event behind its length, with the object in an envelope of its own', () => {
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } };
    const inner = Buffer.from(encodeProtobuf(object));
    const frame = Buffer.from(encodeWatchEvent('ADDED', object));
    expect(frame.readUInt32BE(0)).toBe(frame.length - 4);
    expect(frame.subarray(4, 15)).toEqual(
      Buffer.concat([bytes`0a 05 'ADDED' 12`, Buffer.from([inner.length + 2, 0x0a, inner.length])]),
    );
    expect(frame.subarray(15)).toEqual(inner);
  });

  it('is nothing for custom resources, Tables and kinds of other groups with the same name', () => {
    expect(hasProtobuf('apps.example.com/v1', 'Deployment')).toBe(false);
    expect(hasProtobuf('meta.k8s.io/v1', 'Table')).toBe(false);
    expect(hasProtobuf('apps/v1', 'constructor')).toBe(false);
    expect(hasProtobuf('constructor', 'name')).toBe(false);
    expect(() => encodeProtobuf({ apiVersion: 'example.com/v1', kind: 'Widget' })).toThrow(/no protobuf form/);
  });
});

describe('the table of fields', () => {
  it('has a number for every field of every model', () => {
    const fieldsOf = (message: Message): string[] =>
      message.fields.flatMap(({ name, message: inner }) => (name === '' ? fieldsOf(messageNamed(inner)) : [name]));
    const missing: string[] = [];
    let models = 0;
    for (const { name, fields } of Object.values(modelRows())) {
      const message = messageOfModel(name);
      if (!message) continue;
      models += 1;
      const known = new Set([...fieldsOf(message), 'apiVersion', 'kind']);
      missing.push(
        ...Object.keys(fields)
          .filter((field) => !known.has(field))
          .map((field) => `${name}.${field}`),
      );
    }
    expect(missing).toEqual([]);
    expect(models).toBeGreaterThan(500);
  });

  it('has a message for every kind that is served', () => {
    expect(kinds.filter(({ apiVersion, kind }) => !hasProtobuf(apiVersion, kind))).toEqual([]);
  });
});

const versions = new Map(
  loadDefinitions()
    .all()
    .map(({ group, version }) => [
      `${group.split('.')[0] || 'core'}.${version}`,
      group === '' ? version : `${group}/${version}`,
    ]),
);

function messageOfModel(name: string): Message | undefined {
  const [group, version, kind = ''] = name.split('.').slice(-3);
  const apiVersion = group === 'meta' ? 'meta.k8s.io/v1' : versions.get(`${group}.${version}`);
  return apiVersion === undefined ? undefined : messageOf(apiVersion, kind);
}

describe('what is read', () => {
  it.each(kinds)('is what was written: $apiVersion $kind', ({ apiVersion, kind, schema }) => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const object = { ...(sampleOf(schema, randomFrom(seed)) as object), apiVersion, kind };
        const written = encodeProtobuf(object);
        const read = decodeProtobuf(written);
        expect(lost(object, read)).toEqual([]);
        expect(Buffer.from(encodeProtobuf(read)).equals(written)).toBe(true);
      }),
      { numRuns: 15 },
    );
  });

  it('may leave out what is zero, and may pack numbers', () => {
    const pod = decodeProtobuf(envelope('v1', 'Pod', bytes`12 08 72 06 22 02 05 06 20 07`));
    expect(pod).toMatchObject({ spec: { securityContext: { supplementalGroups: [5, 6, 7] } } });
    expect(decodeProtobuf(envelope('v1', 'Service', bytes`12 02 0a 00`))).toEqual({
      apiVersion: 'v1',
      kind: 'Service',
      spec: { ports: [{ port: 0 }] },
    });
  });

  it('skips fields that it does not know, of every wire type', () => {
    const unknown = bytes`f8 3f 01 f9 3f 01 02 03 04 05 06 07 08 fa 3f 02 'xy' fd 3f 01 02 03 04`;
    const body = envelope('v1', 'ConfigMap', Buffer.concat([unknown, bytes`0a 03 0a 01 'a'`, unknown]));
    expect(decodeProtobuf(body)).toEqual({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } });
  });

  it('keeps map keys that mean something to JavaScript', () => {
    const body = envelope('v1', 'ConfigMap', bytes`12 0e 0a 09 '__proto__' 12 01 'x' 12 0f 0a 0b 'constructor' 12 00`);
    const { data } = decodeProtobuf(body) as { data: object };
    expect(Object.entries(data)).toEqual([
      ['__proto__', 'x'],
      ['constructor', ''],
    ]);
  });

  it('takes options of any group', () => {
    const body = envelope('apps/v1', 'DeleteOptions', bytes`08 05 22 0a 'Background'`);
    expect(decodeProtobuf(body)).toMatchObject({ gracePeriodSeconds: 5, propagationPolicy: 'Background' });
  });
});

describe('what is refused', () => {
  it('is what is no protobuf of Kubernetes, or not of a kind that has a form', () => {
    expect(refused(Buffer.from('{}'))).toMatchObject({ reason: 'BadRequest' });
    expect(refused(envelope('example.com/v1', 'Widget', Buffer.alloc(0)))).toMatchObject({
      reason: 'UnsupportedMediaType',
      message: expect.stringContaining('Widget of example.com/v1'),
    });
  });

  it.each([
    ['ends within a number', bytes`08 80`],
    ['ends within a field', bytes`0a 05 'a'`],
    ['has a length beyond any', bytes`0a ff ff ff ff ff ff ff ff ff 01`],
    ['has a number of eleven bytes', bytes`08 ff ff ff ff ff ff ff ff ff ff 01`],
    ['has the field 0', bytes`00 00`],
    ['has groups', bytes`0b 0c`],
    ['has a number for an object', bytes`08 01`],
    ['has a text that is no UTF-8', bytes`0a 04 0a 02 c3 28`],
    ['has a time beyond the year 9999', bytes`0a 09 42 07 08 ff ff ff ff ff 3f`],
  ])('is an object that %s', (_, raw) => {
    expect(refused(envelope('v1', 'ConfigMap', raw)).reason).toBe('BadRequest');
  });

  it('is a schema that is nested without end', () => {
    let schema: object = {};
    for (let depth = 0; depth < 1000; depth += 1) schema = { not: schema };
    const spec = { versions: [{ name: 'v1', schema: { openAPIV3Schema: schema } }] };
    const object = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', spec };
    expect(refused(encodeProtobuf(object)).message).toContain('nested');
  });

  it('is never anything but a bad request, whatever the bytes', () => {
    const tolerate = (body: Uint8Array) => {
      try {
        decodeProtobuf(body);
      } catch (error) {
        if (!(error instanceof StatusError)) throw error;
      }
    };
    fc.assert(
      fc.property(fc.constantFrom(...kinds), fc.uint8Array({ maxLength: 60 }), ({ apiVersion, kind }, raw) =>
        tolerate(envelope(apiVersion, kind, raw)),
      ),
      { numRuns: 2000 },
    );
    fc.assert(
      fc.property(fc.constantFrom(...kinds), fc.integer(), fc.nat(), fc.nat(255), (each, seed, at, byte) => {
        const { apiVersion, kind, schema } = each;
        const object = { ...(sampleOf(schema, randomFrom(seed)) as object), apiVersion, kind };
        const body = Uint8Array.from(encodeProtobuf(object));
        body[at % body.length] = byte;
        tolerate(body);
        tolerate(body.subarray(0, at % body.length));
      }),
      { numRuns: 300 },
    );
  });
});

// Objects inside of objects lose their type on this way in Kubernetes too, and a CRD's subresource `status` has no fields.
const dropped =
  /^\.(spec\.volumeClaimTemplates\.\d+|deleteOptions)\.(apiVersion|kind)$|^\.spec\.versions\.\d+\.subresources\.status\./;

/** Paths of what `from` has and `to` has not. Zero values may go, where Go has no pointer. */
function lost(from: unknown, to: unknown, path = ''): string[] {
  if (Object.is(from, to) || isEmpty(from)) return [];
  if (typeof from !== 'object' || from === null || typeof to !== 'object' || to === null)
    return [`${path}: ${JSON.stringify(from)} is ${JSON.stringify(to)}`];
  return Object.entries(from).flatMap(([key, each]) =>
    dropped.test(`${path}.${key}`) ? [] : lost(each, (to as Record<string, unknown>)[key], `${path}.${key}`),
  );
}

function isEmpty(value: unknown): boolean {
  if (value === '' || value === 0 || value === false || value === null || value === undefined) return true;
  return typeof value === 'object' && Object.values(value).every(isEmpty);
}
