// sig-api-machinery: what OpenAPI says of custom resources.

import { afterEach, beforeEach, describe, expect } from 'vitest';
import { free, servedVersion } from '../../core/api/testing/custom-resource-definition.ts';
import { type KubectlServer, openKubectl } from '../../functions/apiserver/testing/open-kubectl.ts';
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

  /** In version 2, which the suite reads, without what every type has. */
  const publishedInV2 = async () => {
    const published = (await t.get('/openapi/v2')).body.definitions['com.example.v1.Widget'];
    const { 'x-kubernetes-group-version-kind': kinds, properties, ...rest } = published;
    expect(kinds).toEqual([{ group: 'example.com', version: 'v1', kind: 'Widget' }]);
    const { apiVersion, kind, metadata, ...own } = properties ?? {};
    return { ...rest, ...(Object.keys(own).length > 0 && { properties: own }) };
  };
  const widget = (content: object) => ({
    apiVersion: 'example.com/v1',
    kind: 'Widget',
    metadata: { name: 'w' },
    ...content,
  });
  /** With kubectl, as the suite does it. */
  const withKubectl = async (work: (kubectl: KubectlServer['kubectl']) => Promise<void>) => {
    const server = await openKubectl(t);
    try {
      await work(server.kubectl);
    } finally {
      await server.close();
    }
  };
  const comesAndGoes = async (kubectl: KubectlServer['kubectl'], content: object, seen = content) => {
    for (const verb of ['create', 'apply']) {
      const { code, stderr } = await kubectl.attemptInput(JSON.stringify(widget(content)), verb, '-f', '-');
      expect(code, stderr).toBe(0);
      expect((await t.get(`${widgets}/w`)).body).toMatchObject(seen);
      await kubectl('delete', 'widgets', 'w');
    }
  };
  const isRefused = async (kubectl: KubectlServer['kubectl'], content: object, says: string) => {
    for (const verb of ['create', 'apply']) {
      const { code, stderr } = await kubectl.attemptInput(JSON.stringify(widget(content)), verb, '-f', '-');
      expect([verb, code]).not.toEqual([verb, 0]);
      expect(stderr).toContain(says);
    }
  };

  conformance(
    'CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for CRD with validation schema',
    async () => {
      const bar = {
        type: 'object',
        required: ['name'],
        properties: {
          name: { ...text, description: 'Name of a bar.' },
          feeling: { ...text, description: 'How it is.', enum: ['Great', 'Down'] },
          bazs: { type: 'array', items: text, description: 'Its bazs.' },
        },
      };
      const described = {
        type: 'object',
        description: 'A widget to explain',
        properties: {
          spec: {
            type: 'object',
            description: 'What is wanted of it',
            properties: { bars: { type: 'array', items: bar, description: 'Bars and what they want.' } },
          },
          status: { type: 'object', description: 'How it is', properties: { ready: { type: 'boolean' } } },
        },
      };
      await defineIn(t, crdOf(described));
      expect(await publishedInV2()).toEqual(described);
      expect(await publishedIn(t)).toMatchObject({
        ...described,
        properties: {
          apiVersion: {
            type: 'string',
            description: expect.stringMatching(/^APIVersion defines the versioned schema/),
          },
          kind: { type: 'string', description: expect.stringMatching(/^Kind is a string value/) },
          metadata: { description: expect.any(String) },
        },
      });
      await withKubectl(async (kubectl) => {
        await comesAndGoes(kubectl, { spec: { bars: [{ name: 'a', feeling: 'Great', bazs: ['x'] }] } });
        await isRefused(kubectl, { spec: { foo: true } }, 'unknown field "spec.foo"');
        await isRefused(kubectl, { spec: { bars: [{ feeling: 'Great' }] } }, 'spec.bars[0].name: Required value');
        await isRefused(kubectl, { spec: { bars: [{ name: 'a', feeling: 'Odd' }] } }, 'Unsupported value: "Odd"');
        expect(await kubectl('explain', 'widgets')).toMatch(
          /DESCRIPTION:.*A widget to explain.*FIELDS:.*apiVersion.*<string>.*APIVersion defines.*kind.*<string>.*Kind is a.*metadata.*<ObjectMeta>.*Standard object.*spec.*<Object>.*What is wanted of it/s,
        );
        expect(await kubectl('explain', 'widgets.metadata')).toMatch(
          /DESCRIPTION:.*Standard object.*metadata.*FIELDS:.*creationTimestamp.*<string>.*CreationTimestamp is a timestamp/s,
        );
        expect(await kubectl('explain', 'widgets.spec')).toMatch(
          /DESCRIPTION:.*What is wanted of it.*FIELDS:.*bars.*<\[\]Object>.*Bars and what they want/s,
        );
        expect(await kubectl('explain', 'widgets.spec.bars')).toMatch(
          /FIELD:.*bars.*<\[\]Object>.*DESCRIPTION:.*Bars and what they want.*FIELDS:.*bazs.*<\[\]string>.*Its bazs.*name.*<string>.*-required-.*Name of a bar/s,
        );
        const none = await kubectl.attempt('explain', 'widgets.spec.bars2');
        expect([none.code, none.stderr]).toEqual([1, expect.stringContaining('field "bars2" does not exist')]);
      });
      await t.remove(`${crds}/widgets.example.com`);
      await expect.poll(() => publishedIn(t)).toBeUndefined();
      expect((await t.get('/openapi/v2')).body.definitions).not.toHaveProperty(['com.example.v1.Widget']);
    },
  );

  conformance(
    'CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for CRD without validation schema',
    async () => {
      await defineIn(t, crdOf(free));
      const published = await publishedIn(t);
      expect(published).toMatchObject({ type: 'object', 'x-kubernetes-group-version-kind': [{ kind: 'Widget' }] });
      expect(published['x-kubernetes-preserve-unknown-fields']).toBe(true);
      expect(await publishedInV2()).toEqual({ type: 'object' });
      await withKubectl(async (kubectl) => {
        await comesAndGoes(kubectl, { a: { b: [{ c: 'd' }] } });
        expect(await kubectl('explain', 'widgets')).toMatch(/DESCRIPTION:\s+<empty>/);
      });
    },
  );

  conformance(
    'CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for CRD preserving unknown fields at the schema root',
    async () => {
      await defineIn(t, crdOf({ ...free, properties: { spec: { type: 'object', properties: { a: text } } } }));
      expect(await publishedIn(t)).toMatchObject({ 'x-kubernetes-preserve-unknown-fields': true });
      expect(await publishedInV2()).toMatchObject({ type: 'object' });
      await withKubectl(async (kubectl) => {
        await comesAndGoes(kubectl, { a: { b: [{ c: 'd' }] } });
        expect(await kubectl('explain', 'widgets')).toMatch(/KIND:\s+Widget/);
      });
    },
  );

  conformance(
    'CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for CRD preserving unknown fields in an embedded object',
    async () => {
      const spec = { ...free, description: 'Takes all', properties: { dummy: { type: 'object' } } };
      await defineIn(t, crdOf({ type: 'object', description: 'Free inside', properties: { spec, status: free } }));
      expect(await publishedIn(t)).toMatchObject({
        properties: { spec: { description: 'Takes all', 'x-kubernetes-preserve-unknown-fields': true } },
      });
      await withKubectl(async (kubectl) => {
        // The null of an apply is dropped by kubectl itself.
        await comesAndGoes(kubectl, { spec: { a: null, b: [{ c: 'd' }] } }, { spec: { b: [{ c: 'd' }] } });
        await isRefused(kubectl, { other: 1 }, 'unknown field "other"');
        expect(await kubectl('explain', 'widgets')).toMatch(/DESCRIPTION:\s+Free inside/);
        expect(await kubectl('explain', 'widgets.spec')).toMatch(/DESCRIPTION:\s+Takes all/);
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
