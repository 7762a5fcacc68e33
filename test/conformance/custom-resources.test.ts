// sig-api-machinery: custom resources and their definitions.

import { afterEach, beforeEach, describe, expect } from 'vitest';
import { free, servedVersion } from '../../core/api/testing/custom-resource-definition.ts';
import { openTestApi, type TestApi } from '../../functions/apiserver/testing/open-test-api.ts';
import { openWebhook } from '../../functions/apiserver/testing/webhook-server.ts';
import { conformance } from './conformance.ts';
import { crdOf, crds, defineIn, publishedIn, text, widgets } from './widgets.ts';

let t: TestApi;

beforeEach(async () => {
  t = await openTestApi();
  await t.namespace('default');
});

afterEach(async () => {
  await t.close();
});

const merge = 'application/merge-patch+json';

describe('custom resources', () => {
  conformance(
    'CustomResourceDefinition resources [Privileged:ClusterAdmin] Simple CustomResourceDefinition creating/deleting custom resource definition objects works',
    async () => {
      await defineIn(t, crdOf(free));
      await t.remove(`${crds}/widgets.example.com`);
      await expect.poll(async () => (await t.get(`${crds}/widgets.example.com`)).status).toBe(404);
    },
  );

  conformance(
    'CustomResourceDefinition resources [Privileged:ClusterAdmin] Simple CustomResourceDefinition getting/updating/patching custom resource definition status sub-resource works',
    async () => {
      await defineIn(t, crdOf(free));
      const got = await t.get(`${crds}/widgets.example.com/status`);
      const condition = {
        type: 'StatusUpdate',
        status: 'True',
        reason: 'E2E',
        message: 'Set from an e2e test',
        lastTransitionTime: '2026-01-01T00:00:00Z',
      };
      const conditions = [...got.body.status.conditions, condition];
      expect(
        (await t.put(`${crds}/widgets.example.com/status`, { ...got.body, status: { ...got.body.status, conditions } }))
          .status,
      ).toBe(200);
      const patched = await t.patch(`${crds}/widgets.example.com/status`, merge, {
        metadata: { annotations: { patched: 'true' } },
      });
      expect(patched.body.status.conditions).toContainEqual(condition);
      // Who replaces all conditions takes none of the truth away: the definition is served, and ends when it is deleted.
      const only = await t.patch(`${crds}/widgets.example.com/status`, 'application/json-patch+json', [
        { op: 'add', path: '/status/conditions', value: [{ message: 'patched' }] },
      ]);
      expect(only.status, only.text).toBe(200);
      expect(only.body.status.conditions).toContainEqual(expect.objectContaining({ message: 'patched' }));
      expect((await t.get(widgets)).status).toBe(200);
      expect((await t.remove(`${crds}/widgets.example.com`)).status).toBe(200);
      for (const path of ['/apis/example.com/v1', '/apis/example.com', `${crds}/widgets.example.com`])
        await expect.poll(async () => (await t.get(path)).status, { message: path }).toBe(404);
    },
  );

  conformance(
    'CustomResourceDefinition resources [Privileged:ClusterAdmin] Simple CustomResourceDefinition listing custom resource definition objects works',
    async () => {
      for (const plural of ['ones', 'twos', 'threes']) {
        const crd = crdOf(free, {
          spec: { names: { plural, kind: plural.toUpperCase().slice(0, 1) + plural.slice(1) } },
        });
        await t.post(crds, { ...crd, metadata: { name: `${plural}.example.com`, labels: { e2e: 'yes' } } });
      }
      expect((await t.get(`${crds}?labelSelector=e2e%3Dyes`)).body.items).toHaveLength(3);
      await t.remove(`${crds}?labelSelector=e2e%3Dyes`);
      await expect.poll(async () => (await t.get(`${crds}?labelSelector=e2e%3Dyes`)).body.items.length).toBe(0);
    },
  );

  conformance(
    'CustomResourceDefinition resources [Privileged:ClusterAdmin] custom resource defaulting for requests and from storage works',
    async () => {
      await defineIn(t, crdOf({ type: 'object', properties: { a: text, b: text } }));
      await t.post(widgets, { metadata: { name: 'old' } });
      const properties = { a: { ...text, default: 'A' }, b: { ...text, default: 'B' } };
      await t.patch(`${crds}/widgets.example.com`, merge, { spec: crdOf({ type: 'object', properties }).spec });
      await expect.poll(async () => (await t.get(`${widgets}/old`)).body).toMatchObject({ a: 'A', b: 'B' });
      expect((await t.post(widgets, { metadata: { name: 'new' }, a: 'own' })).body).toMatchObject({ a: 'own', b: 'B' });
    },
  );

  conformance(
    'CustomResourceDefinition resources [Privileged:ClusterAdmin] should include custom resource definition resources in discovery documents',
    async () => {
      expect((await t.get('/apis')).body.groups.map((each: { name: string }) => each.name)).toContain(
        'apiextensions.k8s.io',
      );
      expect((await t.get('/apis/apiextensions.k8s.io')).body.versions).toContainEqual({
        groupVersion: 'apiextensions.k8s.io/v1',
        version: 'v1',
      });
      const names = (await t.get('/apis/apiextensions.k8s.io/v1')).body.resources.map(
        (each: { name: string }) => each.name,
      );
      expect(names).toContain('customresourcedefinitions');
    },
  );

  conformance(
    'CustomResourceDefinition Watch [Privileged:ClusterAdmin] CustomResourceDefinition Watch watch on custom resource definition objects',
    async () => {
      await defineIn(t, crdOf(free));
      const watch = await t.watch(`${widgets}?watch=true`);
      for (const name of ['a', 'b']) {
        await t.post(widgets, { metadata: { name } });
        expect(await watch.next()).toMatchObject({ type: 'ADDED', object: { metadata: { name } } });
        await t.patch(`${widgets}/${name}`, merge, { x: 1 });
        expect(await watch.next()).toMatchObject({ type: 'MODIFIED', object: { x: 1 } });
      }
      await t.remove(`${widgets}/a`);
      expect(await watch.next()).toMatchObject({ type: 'DELETED', object: { metadata: { name: 'a' } } });
      await watch.stop();
    },
  );

  conformance(
    'CustomResourceFieldSelectors [Privileged:ClusterAdmin] CustomResourceFieldSelectors MUST list and watch custom resources matching the field selector',
    async () => {
      const schema = { type: 'object', properties: { host: text, port: { type: 'integer' } } };
      await defineIn(
        t,
        crdOf(schema, {
          versions: [
            servedVersion('v1', true, schema, { selectableFields: [{ jsonPath: '.host' }, { jsonPath: '.port' }] }),
          ],
        }),
      );
      const watch = await t.watch(`${widgets}?watch=true&fieldSelector=host%3Da`);
      await t.post(widgets, { metadata: { name: 'x' }, host: 'b', port: 80 });
      await t.post(widgets, { metadata: { name: 'y' }, host: 'a', port: 80 });
      expect(await watch.next()).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'y' } } });
      await watch.stop();
      expect((await t.get(`${widgets}?fieldSelector=host%3Da`)).body.items).toHaveLength(1);
      expect((await t.get(`${widgets}?fieldSelector=host%3Da%2Cport%3D81`)).body.items).toHaveLength(0);
      expect((await t.get(`${widgets}?fieldSelector=port%3D80`)).body.items).toHaveLength(2);
      await t.remove(`${crds}/widgets.example.com`);
      await expect.poll(async () => (await t.get(`${crds}/widgets.example.com`)).status).toBe(404);

      // In a version that a webhook converts to, fields are those of that version.
      const hook = await converter();
      const webhook = { clientConfig: { url: hook.url, caBundle: hook.caBundle }, conversionReviewVersions: ['v1'] };
      const [v1 = {}, second = {}] = versions('v1');
      const selectable = { ...second, selectableFields: [{ jsonPath: '.host' }, { jsonPath: '.port' }] };
      await defineIn(
        t,
        crdOf({}, { versions: [v1, selectable], spec: { conversion: { strategy: 'Webhook', webhook } } }),
      );
      const selected = `${v2}?fieldSelector=${encodeURIComponent('host=host1,port=80')}`;
      const changes = await t.watch(`${selected}&watch=true`);
      await t.post(widgets, { metadata: { name: 'a' }, hostPort: 'host1:80' });
      await t.post(widgets, { metadata: { name: 'b' }, hostPort: 'host1:8080' });
      await t.post(v2, { metadata: { name: 'c' }, host: 'host1', port: '80' });
      const names = (items: { metadata: { name: string } }[]) => items.map(({ metadata }) => metadata.name);
      expect(names((await t.get(selected)).body.items)).toEqual(['a', 'c']);
      expect((await t.get(`${selected}&limit=1`)).body).toMatchObject({
        items: [{ apiVersion: 'example.com/v2', metadata: { name: 'a' }, host: 'host1' }],
        metadata: { continue: expect.any(String) },
      });
      await t.patch(`${widgets}/a`, merge, { hostPort: 'host2:80' });
      await t.patch(`${v2}/b`, merge, { port: '80' });
      const object = (name: string, host = 'host1') => ({
        apiVersion: 'example.com/v2',
        metadata: { name },
        host,
        port: '80',
      });
      for (const [type, name] of [
        ['ADDED', 'a'],
        ['ADDED', 'c'],
        ['DELETED', 'a'],
        ['ADDED', 'b'],
      ] as const)
        expect(await changes.next()).toMatchObject({ type, object: object(name) });
      expect(names((await t.get(selected)).body.items)).toEqual(['b', 'c']);
      expect((await t.remove(selected)).status).toBe(200);
      expect(await changes.next()).toMatchObject({ type: 'DELETED', object: object('b') });
      expect(await changes.next()).toMatchObject({ type: 'DELETED', object: object('c') });
      await changes.stop();
      expect(names((await t.get(v2)).body.items)).toEqual(['a']);
      await hook.close();
    },
  );

  const converter = async () =>
    await openWebhook(({ objects, desiredAPIVersion }) => ({
      result: { status: 'Success' },
      convertedObjects: objects.map(({ host, port, hostPort, ...rest }: Record<string, string>) =>
        desiredAPIVersion.endsWith('/v2')
          ? { ...rest, apiVersion: desiredAPIVersion, host: hostPort?.split(':')[0], port: hostPort?.split(':')[1] }
          : { ...rest, apiVersion: desiredAPIVersion, hostPort: `${host}:${port}` },
      ),
    }));
  const versions = (stored: string) => [
    servedVersion('v1', stored === 'v1', { type: 'object', properties: { hostPort: text } }),
    servedVersion('v2', stored === 'v2', { type: 'object', properties: { host: text, port: text } }),
  ];
  const v2 = '/apis/example.com/v2/namespaces/default/widgets';

  conformance(
    'CustomResourceConversionWebhook [Privileged:ClusterAdmin] should be able to convert from CR v1 to CR v2',
    async () => {
      const hook = await converter();
      const webhook = { clientConfig: { url: hook.url, caBundle: hook.caBundle }, conversionReviewVersions: ['v1'] };
      await defineIn(
        t,
        crdOf({}, { versions: versions('v1'), spec: { conversion: { strategy: 'Webhook', webhook } } }),
      );
      await t.post(widgets, { metadata: { name: 'a' }, hostPort: 'localhost:7070' });
      expect((await t.get(`${v2}/a`)).body).toMatchObject({
        apiVersion: 'example.com/v2',
        host: 'localhost',
        port: '7070',
      });
      await hook.close();
    },
  );

  conformance(
    'CustomResourceConversionWebhook [Privileged:ClusterAdmin] should be able to convert a non homogeneous list of CRs',
    async () => {
      const hook = await converter();
      const webhook = { clientConfig: { url: hook.url, caBundle: hook.caBundle }, conversionReviewVersions: ['v1'] };
      await defineIn(
        t,
        crdOf({}, { versions: versions('v1'), spec: { conversion: { strategy: 'Webhook', webhook } } }),
      );
      await t.post(widgets, { metadata: { name: 'a' }, hostPort: 'h:1' });
      await t.patch(`${crds}/widgets.example.com`, merge, { spec: { versions: versions('v2') } });
      await expect.poll(() => t.definitions.ofType('example.com/widgets')?.version).toBe('v2');
      await t.post(v2, { metadata: { name: 'b' }, host: 'i', port: '2' });
      expect((await t.get(widgets)).body.items).toMatchObject([{ hostPort: 'h:1' }, { hostPort: 'i:2' }]);
      expect((await t.get(v2)).body.items).toMatchObject([{ host: 'h' }, { host: 'i' }]);
      await hook.close();
    },
  );

  conformance(
    'CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] removes definition from spec when one version gets changed to not be served',
    async () => {
      const schema = { type: 'object', properties: { a: text } };
      await defineIn(
        t,
        crdOf({}, { versions: [servedVersion('v1', true, schema), servedVersion('v2', false, schema)] }),
      );
      expect(await publishedIn(t, 'apis/example.com/v2')).toBeDefined();
      const changed = [servedVersion('v1', true, schema), { ...servedVersion('v2', false, schema), served: false }];
      await t.patch(`${crds}/widgets.example.com`, merge, { spec: { versions: changed } });
      await expect.poll(() => publishedIn(t, 'apis/example.com/v2')).toBeUndefined();
      expect(await publishedIn(t)).toBeDefined();
    },
  );

  conformance(
    'CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] updates the published spec when one version gets renamed',
    async () => {
      const schema = { type: 'object', properties: { a: text } };
      await defineIn(
        t,
        crdOf({}, { versions: [servedVersion('v1', true, schema), servedVersion('v2', false, schema)] }),
      );
      await t.patch(`${crds}/widgets.example.com`, merge, {
        spec: { versions: [servedVersion('v1', true, schema), servedVersion('v4', false, schema)] },
      });
      await expect.poll(() => publishedIn(t, 'apis/example.com/v4')).toBeDefined();
      expect(await publishedIn(t, 'apis/example.com/v2')).toBeUndefined();
    },
  );
});
