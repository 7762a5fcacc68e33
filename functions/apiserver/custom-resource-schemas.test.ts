import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { customResourceDefinition, servedVersion } from '../../core/api/testing/custom-resource-definition.ts';
import { openTestApi, type TestApi } from './testing/open-test-api.ts';
import { openWebhook } from './testing/webhook-server.ts';

let t: TestApi;

beforeEach(async () => {
  t = await openTestApi();
  await t.namespace('default');
});

afterEach(async () => {
  await t.close();
});

const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const widgets = '/apis/example.com/v1/namespaces/default/widgets';
const merge = 'application/merge-patch+json';

function crdOf(schema: unknown, more: object = {}, spec: object = {}) {
  return customResourceDefinition({ versions: [servedVersion('v1', true, schema, more)], spec });
}

/** A schema whose spec has these properties and rules. */
function specOf(properties: object, rules: readonly object[] = []) {
  const spec = { type: 'object', properties, ...(rules.length > 0 && { 'x-kubernetes-validations': rules }) };
  return { type: 'object', properties: { spec } };
}

async function define(crd: object) {
  expect(await t.post(crds, crd)).toMatchObject({ status: 201 });
  await expect.poll(() => t.definitions.ofType('example.com/widgets')).toBeDefined();
}

const causes = (answer: { body: { details?: { causes?: { field: string; message: string }[] } } }) =>
  answer.body.details?.causes?.map(({ field, message }) => `${field}: ${message}`);

describe('a version of a custom resource', () => {
  it('is told to be deprecated in its own words', async () => {
    const free = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
    const versions = [
      servedVersion('v1', true, free),
      servedVersion('v1beta1', false, free, { deprecated: true }),
      servedVersion('v1beta2', false, free, { deprecated: true, deprecationWarning: 'use v1 please' }),
    ];
    await define(customResourceDefinition({ versions }));
    const warned = async (version: string) =>
      (await t.get(`/apis/example.com/${version}/namespaces/default/widgets`)).headers['warning'];
    expect(await warned('v1')).toBeUndefined();
    expect(await warned('v1beta1')).toEqual(['299 - "example.com/v1beta1 Widget is deprecated"']);
    expect(await warned('v1beta2')).toEqual(['299 - "use v1 please"']);
  });
});

describe('rules of a custom resource', () => {
  it('refuse values, with the message, reason and field that they name', async () => {
    const int = { type: 'integer' };
    await define(
      crdOf(
        specOf({ min: int, max: int, 'a-b': int }, [
          {
            rule: 'self.min <= self.max',
            messageExpression: '"min " + string(self.min) + " is above max"',
            fieldPath: '.min',
          },
          {
            rule: '!has(self.a__dash__b) || self.a__dash__b > 0',
            message: 'a-b must be positive',
            reason: 'FieldValueForbidden',
          },
        ]),
      ),
    );
    expect(await t.post(widgets, { metadata: { name: 'ok' }, spec: { min: 1, max: 2 } })).toMatchObject({
      status: 201,
    });
    const refused = await t.post(widgets, { metadata: { name: 'w' }, spec: { min: 3, max: 2, 'a-b': 0 } });
    expect(refused.status).toBe(422);
    expect(causes(refused)).toEqual([
      'spec.min: Invalid value: "object": min 3 is above max',
      'spec: Forbidden: a-b must be positive',
    ]);
  });

  it('compare with the old value on updates, also of items that their key identifies', async () => {
    const item = {
      type: 'object',
      properties: { name: { type: 'string' }, size: { type: 'integer' } },
      required: ['name'],
      'x-kubernetes-validations': [{ rule: 'self.size >= oldSelf.size', message: 'sizes only grow' }],
    };
    await define(
      crdOf(
        specOf({
          class: { type: 'string', 'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'is immutable' }] },
          set: {
            type: 'boolean',
            'x-kubernetes-validations': [
              { rule: 'oldSelf.hasValue() || self', optionalOldSelf: true, message: 'starts as true' },
            ],
          },
          items: {
            type: 'array',
            items: item,
            'x-kubernetes-list-type': 'map',
            'x-kubernetes-list-map-keys': ['name'],
          },
        }),
      ),
    );
    expect(causes(await t.post(widgets, { metadata: { name: 'n' }, spec: { set: false } }))).toEqual([
      'spec.set: Invalid value: false: starts as true',
    ]);
    await t.post(widgets, {
      metadata: { name: 'w' },
      spec: { class: 'a', set: true, items: [{ name: 'x', size: 2 }] },
    });
    expect(await t.patch(`${widgets}/w`, merge, { spec: { set: false } })).toMatchObject({ status: 200 });
    expect(causes(await t.patch(`${widgets}/w`, merge, { spec: { class: 'b' } }))).toEqual([
      'spec.class: Invalid value: "b": is immutable',
    ]);
    const items = [
      { name: 'new', size: 1 },
      { name: 'x', size: 1 },
    ];
    expect(causes(await t.patch(`${widgets}/w`, merge, { spec: { items } }))).toEqual([
      'spec.items[1]: Invalid value: "object": sizes only grow',
    ]);
  });

  it('leave alone what an update does not change, when the schema has become stricter', async () => {
    const wide = specOf({ size: { type: 'integer' }, color: { type: 'string' } });
    const narrow = specOf({
      size: { type: 'integer', maximum: 5, 'x-kubernetes-validations': [{ rule: 'self % 2 == 0' }] },
      color: { type: 'string' },
    });
    await define(crdOf(wide));
    await t.post(widgets, { metadata: { name: 'w' }, spec: { size: 7 } });
    const { versions } = crdOf(narrow).spec;
    expect(await t.patch(`${crds}/widgets.example.com`, merge, { spec: { versions } })).toMatchObject({ status: 200 });
    await expect
      .poll(async () => (await t.post(widgets, { metadata: { name: 'x' }, spec: { size: 7 } })).status)
      .toBe(422);
    expect(await t.patch(`${widgets}/w`, merge, { spec: { color: 'red' } })).toMatchObject({ status: 200 });
    expect(await t.patch(`${widgets}/w`, merge, { spec: { size: 9 } })).toMatchObject({ status: 422 });
  });

  it.each([
    ['1 +', 'spec.validation.openAPIV3Schema.properties[spec].x-kubernetes-validations[0].rule', 'compilation failed'],
    [
      'self.nothing == 1',
      'spec.validation.openAPIV3Schema.properties[spec].x-kubernetes-validations[0].rule',
      'nothing',
    ],
    [
      'self.list.all(a, self.list.all(b, self.list.all(c, a == b)))',
      'spec.validation.openAPIV3Schema.properties[spec].x-kubernetes-validations[0].rule',
      'estimated rule cost exceeds budget',
    ],
    [
      '1 + 1',
      'spec.validation.openAPIV3Schema.properties[spec].x-kubernetes-validations[0].rule',
      'must evaluate to a bool',
    ],
  ])('are refused where they are defined: %s', async (rule, field, message) => {
    const schema = specOf({ list: { type: 'array', items: { type: 'string' } } }, [{ rule }]);
    const answer = await t.post(crds, crdOf(schema));
    expect(answer.status).toBe(422);
    expect(answer.body.details.causes[0].field).toBe(field);
    expect(answer.body.details.causes[0].message).toContain(message);
  });

  it('are taken by their bounds: the same rule over lists and texts that are limited', async () => {
    const rule = 'self.list.all(a, self.list.all(b, a == b))';
    const list = { type: 'array', items: { type: 'string' } };
    const refused = await t.post(crds, crdOf(specOf({ list }, [{ rule }])));
    expect(causes(refused)).toEqual([
      expect.stringMatching(
        /^spec\.validation\.openAPIV3Schema\.properties\[spec\]\.x-kubernetes-validations\[0\]\.rule: Forbidden: estimated rule cost exceeds budget by factor of more than 100x \(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared\)$/,
      ),
      expect.stringContaining(
        'contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema',
      ),
      expect.stringMatching(
        /^spec\.validation\.openAPIV3Schema: Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of more than 100x/,
      ),
    ]);
    const bounded = { type: 'array', maxItems: 100, items: { type: 'string', maxLength: 64 } };
    expect((await t.post(crds, crdOf(specOf({ list: bounded }, [{ rule }])))).status).toBe(201);
  });

  it('count as often as they may run: below a list without a bound', async () => {
    const item = (maxLength: number) => ({
      type: 'object',
      properties: { name: { type: 'string', maxLength } },
      'x-kubernetes-validations': [{ rule: 'self.name.matches("^[a-z]+$")' }],
    });
    const items = { type: 'array', items: item(1000) };
    expect(causes(await t.post(crds, crdOf(specOf({ items }))))?.[0]).toMatch(
      /^spec\.validation\.openAPIV3Schema\.properties\[spec\]\.properties\[items\]\.items\.x-kubernetes-validations\[0\]\.rule: Forbidden: estimated rule cost exceeds budget by factor of/,
    );
    const bounded = { type: 'array', maxItems: 50, items: item(1000) };
    expect((await t.post(crds, crdOf(specOf({ items: bounded })))).status).toBe(201);
  });

  it('end with the budget of an object, and say so', async () => {
    const list = { type: 'array', maxItems: 1000, items: { type: 'integer' } };
    const rule = 'self.list.all(a, self.list.all(b, a == b))';
    await define(crdOf(specOf({ list }, [{ rule }, { rule: 'false', message: 'never told' }])));
    const create = (count: number) =>
      t.post(widgets, { metadata: { name: 'a' }, spec: { list: Array(count).fill(1) } }).then(causes);
    expect(await create(10)).toEqual(['spec: Invalid value: "object": never told']);
    expect(await create(1000)).toEqual([
      `spec: Invalid value: "object": 'operation cancelled: actual cost limit exceeded': no further validation rules will be run due to call cost exceeds limit for rule: ${rule}`,
    ]);
  });
});

describe('a schema of a custom resource', () => {
  const text = { type: 'string' };
  it.each([
    ['properties[spec].type: Required value', { type: 'object', properties: { spec: {} } }],
    ['properties[a].items: Required value', { type: 'object', properties: { a: { type: 'array' } } }],
    [
      'properties[a].uniqueItems: Forbidden',
      { type: 'object', properties: { a: { type: 'array', items: text, uniqueItems: true } } },
    ],
    [
      'properties[a].additionalProperties: Forbidden',
      { type: 'object', properties: { a: { type: 'object', properties: { b: text }, additionalProperties: text } } },
    ],
    [
      'properties[a].anyOf[0].type: Forbidden',
      { type: 'object', properties: { a: { type: 'string', anyOf: [text] } } },
    ],
    ['properties[a].pattern: Invalid value', { type: 'object', properties: { a: { type: 'string', pattern: '(' } } }],
    [
      'properties[a].default: Invalid value',
      { type: 'object', properties: { a: { type: 'object', properties: {}, default: { b: 1 } } } },
    ],
    [
      'properties[metadata]: Forbidden',
      { type: 'object', properties: { metadata: { type: 'object', properties: { labels: { type: 'object' } } } } },
    ],
    ['nullable: Forbidden', { type: 'object', nullable: true }],
  ])('must be structural: %s', async (cause, schema) => {
    const found = causes(await t.post(crds, crdOf(schema)));
    expect(
      found?.some((each) => each.startsWith(`spec.validation.openAPIV3Schema.${cause}`)),
      String(found),
    ).toBe(true);
  });

  it('gives its defaults also to what was stored before it had them', async () => {
    await define(crdOf(specOf({ a: text })));
    await t.post(widgets, { metadata: { name: 'w' }, spec: {} });
    const { versions } = crdOf(specOf({ a: { ...text, default: 'x' } })).spec;
    await t.patch(`${crds}/widgets.example.com`, merge, { spec: { versions } });
    await expect.poll(async () => (await t.get(`${widgets}/w`)).body.spec).toEqual({ a: 'x' });
    expect((await t.get(widgets)).body.items).toMatchObject([{ spec: { a: 'x' } }]);
  });
});

describe('names of custom resources', () => {
  it('belong to who has them first, and are free again when it goes', async () => {
    await define(crdOf({ type: 'object' }));
    const names = { plural: 'others', singular: 'other', kind: 'Widget', listKind: 'OtherList' };
    const other = { ...crdOf({ type: 'object' }, {}, { names }), metadata: { name: 'others.example.com' } };
    expect(await t.post(crds, other)).toMatchObject({ status: 201 });
    const condition = async (type: string) =>
      (await t.get(`${crds}/others.example.com`)).body.status.conditions.find(
        (each: { type: string }) => each.type === type,
      );
    expect(await condition('NamesAccepted')).toMatchObject({ status: 'False', reason: 'KindConflict' });
    expect(await condition('Established')).toMatchObject({ status: 'False' });
    expect(await t.get('/apis/example.com/v1/namespaces/default/others')).toMatchObject({ status: 404 });
    await t.remove(`${crds}/widgets.example.com`);
    await expect.poll(() => condition('Established')).toMatchObject({ status: 'True' });
    await expect.poll(async () => (await t.get('/apis/example.com/v1/namespaces/default/others')).status).toBe(200);
  });

  it('take no more objects once their definition is being deleted', async () => {
    await define(crdOf({ type: 'object' }));
    await t.post(widgets, { metadata: { name: 'held', finalizers: ['example.com/hold'] } });
    await t.remove(`${crds}/widgets.example.com`);
    await expect.poll(() => t.definitions.ofType('example.com/widgets')?.terminating).toBe(true);
    expect(await t.post(widgets, { metadata: { name: 'late' } })).toMatchObject({ status: 405 });
    expect((await t.get(`${crds}/widgets.example.com`)).body.status.conditions).toContainEqual(
      expect.objectContaining({ type: 'Terminating', status: 'True' }),
    );
    await t.patch(`${widgets}/held`, merge, { metadata: { finalizers: null } });
    await expect.poll(async () => (await t.get(`${crds}/widgets.example.com`)).status).toBe(404);
  });
});

describe('versions of a custom resource', () => {
  const version = (
    name: string,
    storage: boolean,
    schema: object = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  ) => ({
    name,
    served: true,
    storage,
    schema: { openAPIV3Schema: schema },
  });
  const v2 = '/apis/example.com/v2/namespaces/default/widgets';

  it('show objects under the version that is asked for, whatever they were stored in', async () => {
    await define(crdOf({}, {}, { versions: [version('v1', true), version('v2', false)] }));
    await t.post(widgets, { metadata: { name: 'old' }, spec: { a: 1 } });
    await t.patch(`${crds}/widgets.example.com`, merge, {
      spec: { versions: [version('v1', false), version('v2', true)] },
    });
    await expect.poll(() => t.definitions.ofType('example.com/widgets')?.version).toBe('v2');
    await t.post(v2, { metadata: { name: 'young' }, spec: { a: 2 } });
    for (const [path, apiVersion] of [
      [widgets, 'example.com/v1'],
      [v2, 'example.com/v2'],
    ] as const) {
      expect((await t.get(`${path}/old`)).body).toMatchObject({ apiVersion, spec: { a: 1 } });
      expect((await t.get(path)).body.items).toMatchObject([{ apiVersion }, { apiVersion }]);
    }
    expect((await t.get(`${crds}/widgets.example.com`)).body.status.storedVersions).toEqual(['v1', 'v2']);
    const { versions } = { versions: [version('v2', true)] };
    expect(causes(await t.patch(`${crds}/widgets.example.com`, merge, { spec: { versions } }))?.[0]).toContain(
      'storedVersions',
    );
  });

  it('are converted by a webhook: gets, lists of mixed versions, watches, writes', async () => {
    const hook = await openWebhook(({ objects, desiredAPIVersion }) => ({
      result: { status: 'Success' },
      convertedObjects: objects.map(({ host, port, hostPort, ...rest }: Record<string, string>) =>
        desiredAPIVersion.endsWith('/v2')
          ? { ...rest, apiVersion: desiredAPIVersion, host: hostPort?.split(':')[0], port: hostPort?.split(':')[1] }
          : { ...rest, apiVersion: desiredAPIVersion, hostPort: `${host}:${port}` },
      ),
    }));
    try {
      const text = { type: 'string' };
      const versions = (stored: string) => [
        version('v1', stored === 'v1', { type: 'object', properties: { hostPort: text } }),
        version('v2', stored === 'v2', { type: 'object', properties: { host: text, port: text } }),
      ];
      const clientConfig = { url: `${hook.url}/convert`, caBundle: hook.caBundle };
      const conversion = { strategy: 'Webhook', webhook: { clientConfig, conversionReviewVersions: ['v1'] } };
      await define(crdOf({}, {}, { versions: versions('v1'), conversion }));
      await t.post(widgets, { metadata: { name: 'a' }, hostPort: 'h:1' });
      expect((await t.get(`${v2}/a`)).body).toMatchObject({ apiVersion: 'example.com/v2', host: 'h', port: '1' });
      await t.patch(`${crds}/widgets.example.com`, merge, { spec: { versions: versions('v2') } });
      await expect.poll(() => t.definitions.ofType('example.com/widgets')?.version).toBe('v2');
      const watch = await t.watch(`${widgets}?watch=true`);
      expect((await watch.next())?.object).toMatchObject({ apiVersion: 'example.com/v1', hostPort: 'h:1' });
      await t.post(v2, { metadata: { name: 'b' }, host: 'i', port: '2' });
      expect((await watch.next())?.object).toMatchObject({ metadata: { name: 'b' }, hostPort: 'i:2' });
      await watch.stop();
      expect((await t.get(v2)).body.items).toMatchObject([{ host: 'h' }, { host: 'i' }]);
      expect((await t.get(widgets)).body.items).toMatchObject([{ hostPort: 'h:1' }, { hostPort: 'i:2' }]);
      expect(await t.patch(`${widgets}/b`, merge, { hostPort: 'j:3' })).toMatchObject({
        status: 200,
        body: { hostPort: 'j:3' },
      });
      expect((await t.get(`${v2}/b`)).body).toMatchObject({ host: 'j', port: '3' });
    } finally {
      await hook.close();
    }
    expect(await t.get(`${widgets}/b`)).toMatchObject({ status: 500, body: { reason: 'InternalError' } });
  });
});
