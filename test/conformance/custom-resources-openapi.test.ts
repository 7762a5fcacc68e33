// sig-api-machinery: what OpenAPI says of custom resources.

import { afterEach, beforeEach, describe, expect } from 'vitest';
import { free, servedVersion } from '../../core/api/testing/custom-resource-definition.ts';
import { openTestApi, type TestApi } from '../../functions/apiserver/testing/open-test-api.ts';
import { conformance } from './conformance.ts';
import { crdOf, crds, defineIn, otherCrd, publishedIn, text, widgets } from './widgets.ts';

let t: TestApi;

beforeEach(async () => {
  t = await openTestApi();
  await t.namespace('default');
});

afterEach(async () => {
  await t.close();
});

describe('what OpenAPI publishes of them', () => {
  const schema = { type: 'object', properties: { a: text } };
  const v = (name: string, storage = true) => servedVersion(name, storage, schema);

  conformance(
    'CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for CRD without validation schema',
    async () => {
      await defineIn(t, crdOf(free));
      const published = await publishedIn(t);
      expect(published).toMatchObject({ type: 'object', 'x-kubernetes-group-version-kind': [{ kind: 'Widget' }] });
      expect(published['x-kubernetes-preserve-unknown-fields']).toBe(true);
      const { definitions } = (await t.get('/openapi/v2')).body;
      expect(definitions['com.example.v1.Widget']).toEqual({
        type: 'object',
        'x-kubernetes-group-version-kind': [{ group: 'example.com', version: 'v1', kind: 'Widget' }],
      });
      const anything = { metadata: { name: 'a' }, spec: { foo: 'foo1', bars: [{ name: 'x', age: '10' }] } };
      const made = await t.post(`${widgets}?fieldValidation=Strict`, anything);
      expect(made).toMatchObject({ status: 201, body: { spec: anything.spec } });
    },
  );

  conformance(
    'CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for CRD preserving unknown fields in an embedded object',
    async () => {
      await defineIn(
        t,
        crdOf({ type: 'object', properties: { spec: { ...free, description: 'Takes all' }, status: free } }),
      );
      expect(await publishedIn(t)).toMatchObject({
        properties: { spec: { description: 'Takes all', 'x-kubernetes-preserve-unknown-fields': true } },
      });
      const inside = await t.post(`${widgets}?fieldValidation=Strict`, {
        metadata: { name: 'a' },
        spec: { b: [{ c: 1 }] },
      });
      expect(inside).toMatchObject({ status: 201, body: { spec: { b: [{ c: 1 }] } } });
      const outside = await t.post(`${widgets}?fieldValidation=Strict`, { metadata: { name: 'b' }, other: 1 });
      expect(outside).toMatchObject({
        status: 400,
        body: { message: expect.stringContaining('unknown field "other"') },
      });
    },
  );

  conformance(
    'CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for multiple CRDs of different groups',
    async () => {
      await defineIn(t, otherCrd('a.example.com', 'foos', 'Foo', [v('v1')]));
      await defineIn(t, otherCrd('b.example.com', 'waldos', 'Waldo', [v('v1beta1')]));
      expect(await publishedIn(t, 'apis/a.example.com/v1', 'Foo')).toMatchObject(schema);
      expect(await publishedIn(t, 'apis/b.example.com/v1beta1', 'Waldo')).toMatchObject(schema);
    },
  );

  conformance(
    'CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for multiple CRDs of same group but different versions',
    async () => {
      await defineIn(t, crdOf({}, { versions: [v('v2'), v('v3', false)] }));
      for (const path of ['apis/example.com/v2', 'apis/example.com/v3'])
        expect(await publishedIn(t, path)).toMatchObject(schema);
      await t.remove(`${crds}/widgets.example.com`);
      await expect.poll(async () => (await t.get(`${crds}/widgets.example.com`)).status).toBe(404);
      await defineIn(t, otherCrd('example.com', 'foos', 'Foo', [v('v4')]));
      await defineIn(t, otherCrd('example.com', 'waldos', 'Waldo', [v('v5')]));
      expect(await publishedIn(t, 'apis/example.com/v4', 'Foo')).toMatchObject(schema);
      expect(await publishedIn(t, 'apis/example.com/v5', 'Waldo')).toMatchObject(schema);
    },
  );

  conformance(
    'CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for multiple CRDs of same group and version but different kinds',
    async () => {
      await defineIn(t, otherCrd('example.com', 'foos', 'Foo', [v('v6')]));
      await defineIn(t, otherCrd('example.com', 'waldos', 'Waldo', [v('v6')]));
      for (const kind of ['Foo', 'Waldo'])
        expect(await publishedIn(t, 'apis/example.com/v6', kind)).toMatchObject(schema);
    },
  );
});
