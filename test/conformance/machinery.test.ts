import { afterEach, beforeEach, describe, expect } from 'vitest';
import { free } from '../../core/api/testing/custom-resource-definition.ts';
import { createRegistry, systemRandom } from '../../core/registry/create.ts';
import { createReplicas } from '../../core/replica/replicas.ts';
import { openTestApi, type TestApi } from '../../functions/apiserver/testing/open-test-api.ts';
import { conformance } from './conformance.ts';
import { crdOf, defineIn, text, widgets } from './widgets.ts';

let t: TestApi;

beforeEach(async () => {
  t = await openTestApi();
  await t.namespace('default');
});

afterEach(async () => {
  await t.close();
});

const configmaps = '/api/v1/namespaces/default/configmaps';
const deployments = '/apis/apps/v1/namespaces/default/deployments';
const merge = 'application/merge-patch+json';
const apply = 'application/apply-patch+yaml';

describe('field validation', () => {
  const strict = 'fieldValidation=Strict';
  const configuration = (more: object) => ({
    apiVersion: 'example.com/v1',
    kind: 'Widget',
    metadata: { name: 'w' },
    ...more,
  });
  const schema = { type: 'object', properties: { spec: { type: 'object', properties: { known: text } } } };

  conformance(
    'FieldValidation should create/apply a CR with unknown fields for CRD with no validation schema',
    async () => {
      await defineIn(t, crdOf(free));
      const path = `${widgets}/w?fieldManager=e2e&${strict}`;
      expect((await t.patch(path, apply, configuration({ spec: { unknown: 1 } }))).status).toBe(201);
      expect((await t.patch(path, apply, configuration({ spec: { unknown: 2 } }))).body.spec).toEqual({ unknown: 2 });
    },
  );

  conformance('FieldValidation should create/apply a valid CR for CRD with validation schema', async () => {
    const port = { containerPort: { type: 'integer', format: 'int32' }, protocol: text, name: text };
    const ports = {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['containerPort', 'protocol'],
      items: { type: 'object', required: ['containerPort', 'protocol'], properties: port },
    };
    const when = { type: 'string', pattern: '^(\\d+|\\*)(/\\d+)?(\\s+(\\d+|\\*)(/\\d+)?){4}$' };
    await defineIn(
      t,
      crdOf({ type: 'object', properties: { spec: { type: 'object', properties: { known: text, when, ports } } } }),
    );
    const path = `${widgets}/w?fieldManager=e2e&${strict}`;
    const spec = { known: 'a', when: '* * * * */5', ports: [{ name: 'x', containerPort: 80, protocol: 'TCP' }] };
    expect((await t.patch(path, apply, configuration({ spec }))).status).toBe(201);
    expect((await t.patch(path, apply, configuration({ spec: { ...spec, known: 'b' } }))).body.spec).toEqual({
      ...spec,
      known: 'b',
    });
  });

  conformance(
    'FieldValidation should create/apply an invalid CR with extra properties for CRD with validation schema',
    async () => {
      await defineIn(t, crdOf(schema));
      const answer = await t.post(`${widgets}?${strict}`, configuration({ spec: { known: 'a', extra: 'b' } }));
      expect(answer).toMatchObject({
        status: 400,
        body: { message: expect.stringContaining('unknown field "spec.extra"') },
      });
      const applied = await t.patch(`${widgets}/w?fieldManager=e2e&${strict}`, apply, {
        ...configuration({ spec: { known: 'a', extra: 'b' } }),
        unknownField: 'c',
      });
      expect(applied.status).toBe(400);
      expect(applied.body.message).toBe(
        'failed to create typed patch object (default/w; example.com/v1, Kind=Widget): errors:\n' +
          '  .spec.extra: field not declared in schema\n  .unknownField: field not declared in schema',
      );
    },
  );

  conformance('FieldValidation should detect duplicates in a CR when preserving unknown fields', async () => {
    await defineIn(t, crdOf(free));
    const body = '{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"w"},"spec":{"a":1,"a":2}}';
    const answer = await t.call('POST', `${widgets}?${strict}`, {
      body,
      headers: { 'content-type': 'application/json' },
    });
    expect(answer).toMatchObject({
      status: 400,
      body: { message: expect.stringContaining('duplicate field "spec.a"') },
    });
    const yaml = (at: string, method: string, type: string) =>
      t.call(method, `${at}?fieldManager=e2e&${strict}`, {
        body: [
          'apiVersion: example.com/v1',
          'kind: Widget',
          'metadata:',
          '  name: w',
          '  finalizers:',
          '  - example.com/test',
          'spec:',
          '  foo: foo1',
          '  foo: foo2',
        ].join('\n'),
        headers: { 'content-type': type },
      });
    const line = 'line 9: key "foo" already set in map';
    const applied = await yaml(`${widgets}/w`, 'PATCH', apply);
    expect(applied).toMatchObject({ status: 400, body: { message: expect.stringContaining(line) } });
    const posted = await yaml(widgets, 'POST', 'application/yaml');
    expect(posted).toMatchObject({ status: 400, body: { message: expect.stringContaining(line) } });
  });

  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'busybox' }] } };
  const deployment = (spec: object, metadata: object = {}) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'd', ...metadata },
    spec: { selector: { matchLabels: { a: 'b' } }, template, ...spec },
  });

  conformance('FieldValidation should detect unknown and duplicate fields of a typed object', async () => {
    const unknown = await t.post(`${deployments}?${strict}`, deployment({ unknownField: 1 }));
    expect(unknown).toMatchObject({
      status: 400,
      body: { message: expect.stringContaining('unknown field "spec.unknownField"') },
    });
    const body = JSON.stringify(deployment({})).replace('"spec":{', '"spec":{"paused":true,"paused":false,');
    const doubled = await t.call('POST', `${deployments}?${strict}`, {
      body,
      headers: { 'content-type': 'application/json' },
    });
    expect(doubled).toMatchObject({
      status: 400,
      body: { message: expect.stringContaining('duplicate field "spec.paused"') },
    });
    // Faults are told in the order in which they stand there.
    const both = JSON.stringify(deployment({})).replace(
      '{"selector"',
      '{"unknownField":"foo","replicas":2,"replicas":3,"selector"',
    );
    const answer = await t.call('POST', `${deployments}?${strict}`, {
      body: both,
      headers: { 'content-type': 'application/json' },
    });
    expect(answer.body.message).toBe(
      'Deployment in version "v1" cannot be handled as a Deployment: ' +
        'strict decoding error: unknown field "spec.unknownField", duplicate field "spec.replicas"',
    );
  });

  conformance('FieldValidation should detect unknown metadata fields of a typed object', async () => {
    const answer = await t.post(`${deployments}?${strict}`, deployment({}, { unknownMeta: 'x' }));
    expect(answer).toMatchObject({
      status: 400,
      body: { message: expect.stringContaining('unknown field "metadata.unknownMeta"') },
    });
  });

  conformance(
    'FieldValidation should detect unknown metadata fields in both the root and embedded object of a CR',
    async () => {
      const embedded = {
        type: 'object',
        'x-kubernetes-embedded-resource': true,
        'x-kubernetes-preserve-unknown-fields': true,
      };
      await defineIn(
        t,
        crdOf({ type: 'object', properties: { spec: { type: 'object', properties: { template: embedded } } } }),
      );
      const object = configuration({
        spec: { template: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x', unknownSub: 1 } } },
      });
      const answer = await t.post(`${widgets}?${strict}`, { ...object, metadata: { name: 'w', unknownMeta: 1 } });
      expect(answer.status).toBe(400);
      expect(answer.body.message).toContain('unknown field "metadata.unknownMeta"');
      expect(answer.body.message).toContain('unknown field "spec.template.metadata.unknownSub"');
      const path = `${widgets}/w?fieldManager=e2e&${strict}`;
      const applied = await t.patch(path, apply, { ...object, metadata: { name: 'w', unknownMeta: 1 } });
      expect(applied.status).toBe(400);
      expect(applied.body.message).toContain('.metadata.unknownMeta: field not declared in schema');
      expect(applied.body.message).toContain('.spec.template.metadata.unknownSub: field not declared in schema');
    },
  );
});

describe('reads', () => {
  const make = (name: string, labels: object = {}) => t.post(configmaps, { metadata: { name, labels } });

  conformance('Servers with support for API chunking should return chunks of results for list calls', async () => {
    for (let each = 0; each < 40; each += 1) await make(`cm-${String(each).padStart(2, '0')}`);
    const seen: string[] = [];
    let next = '';
    let revision: string | undefined;
    do {
      const { body } = await t.get(`${configmaps}?limit=17${next && `&continue=${encodeURIComponent(next)}`}`);
      revision ??= body.metadata.resourceVersion;
      expect(body.metadata.resourceVersion).toBe(revision);
      seen.push(...body.items.map((each: { metadata: { name: string } }) => each.metadata.name));
      if (body.metadata.continue) expect(seen.length + body.metadata.remainingItemCount).toBe(40);
      next = body.metadata.continue ?? '';
    } while (next);
    expect(new Set(seen).size).toBe(40);
  });

  conformance(
    'Servers with support for API chunking should support continue listing from the last key if the original version has been compacted away, though the list is inconsistent [Slow]',
    async () => {
      for (let each = 0; each < 40; each += 1) await make(`cm-${String(each).padStart(2, '0')}`);
      const first = (await t.get(`${configmaps}?limit=10`)).body;
      expect(first.metadata.remainingItemCount).toBe(30);
      await make('cm-99');
      await t.store.compact('configmaps', await t.store.head('configmaps'));
      // Of a server that did not see the older revision itself.
      const { store, definitions } = t;
      const replicas = createReplicas(store);
      const registry = createRegistry({ store, replicas, definitions, clock: () => new Date(), random: systemRandom });
      const server = await openTestApi({ store, replicas, definitions, registry });
      const page = (next: string) => server.get(`${configmaps}?limit=10&continue=${encodeURIComponent(next)}`);
      const late = await page(first.metadata.continue);
      expect(late).toMatchObject({ status: 410, body: { reason: 'Expired' } });
      // What the refusal holds leads on, at another revision.
      const second = (await page(late.body.metadata.continue)).body;
      expect(second.metadata.resourceVersion).not.toBe(first.metadata.resourceVersion);
      expect(second.metadata.remainingItemCount).toBe(21);
      const seen: string[] = [];
      for (let list = second; ; list = (await page(list.metadata.continue)).body) {
        expect(list.items.length).toBeLessThanOrEqual(10);
        expect(list.metadata.resourceVersion).toBe(second.metadata.resourceVersion);
        seen.push(...list.items.map((each: { metadata: { name: string } }) => each.metadata.name));
        if (!list.metadata.continue) break;
        expect(seen.length + list.metadata.remainingItemCount).toBe(31);
      }
      expect(seen).toEqual([...Array.from({ length: 30 }, (_, each) => `cm-${each + 10}`), 'cm-99']);
      replicas.close();
      await server.close();

      // A token grows too old whether anything was written or not, and what goes on after it does not pass for the same list.
      let minutes = 0;
      const clock = () => new Date(Date.now() + minutes * 60_000);
      const later = createRegistry({ store, replicas: t.replicas, definitions, clock, random: systemRandom });
      const aged = await openTestApi({ store, replicas: t.replicas, definitions, registry: later });
      const pageOf = (next: string) => aged.get(`${configmaps}?limit=10&continue=${encodeURIComponent(next)}`);
      const young = (await pageOf('')).body;
      expect((await pageOf(young.metadata.continue)).status).toBe(200);
      minutes = 6;
      const old = await pageOf(young.metadata.continue);
      expect(old).toMatchObject({ status: 410, body: { reason: 'Expired' } });
      const rest: string[] = [];
      let next: string = old.body.metadata.continue;
      const told = new Set<string>();
      while (next) {
        const { body } = await pageOf(next);
        told.add(body.metadata.resourceVersion);
        rest.push(...body.items.map((each: { metadata: { name: string } }) => each.metadata.name));
        next = body.metadata.continue;
      }
      expect(rest).toEqual(seen);
      expect(told.size).toBe(1);
      expect(told).not.toContain(young.metadata.resourceVersion);
      // Who watches from there misses nothing.
      const watch = await aged.watch(`${configmaps}?watch=true&resourceVersion=${[...told][0]}`);
      await t.post(configmaps, { metadata: { name: 'written-after' } });
      const events = [await watch.next(), await watch.next()];
      expect(events.map((each) => each?.object.metadata.name)).toEqual(['cm-99', 'written-after']);
      await watch.stop();
      await aged.close();
    },
  );

  conformance(
    'Servers with support for Table transformation should return a 406 for a backend which does not implement metadata',
    async () => {
      const body = {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        spec: { nonResourceAttributes: { path: '/', verb: 'get' } },
      };
      const headers = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
      expect((await t.post('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', body, { headers })).status).toBe(
        406,
      );
    },
  );

  conformance('Watchers should observe add, update, and delete watch notifications on configmaps', async () => {
    const selector = (value: string) => encodeURIComponent(`watch-this in (${value})`);
    const a = await t.watch(`${configmaps}?watch=true&labelSelector=${selector('A')}`);
    const both = await t.watch(`${configmaps}?watch=true&labelSelector=${selector('A,B')}`);
    await make('a', { 'watch-this': 'A' });
    await t.patch(`${configmaps}/a`, merge, { data: { mutation: '1' } });
    await t.remove(`${configmaps}/a`);
    await make('b', { 'watch-this': 'B' });
    for (const watch of [a, both])
      for (const type of ['ADDED', 'MODIFIED', 'DELETED'])
        expect(await watch.next()).toMatchObject({ type, object: { metadata: { name: 'a' } } });
    expect(await both.next()).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'b' } } });
    await a.stop();
    await both.stop();
  });

  conformance('Watchers should be able to start watching from a specific resource version', async () => {
    const { body } = await make('a');
    const first = await t.patch(`${configmaps}/a`, merge, { data: { mutation: '1' } });
    await t.patch(`${configmaps}/a`, merge, { data: { mutation: '2' } });
    await t.remove(`${configmaps}/a`);
    expect(Number(first.body.metadata.resourceVersion)).toBeGreaterThan(Number(body.metadata.resourceVersion));
    const watch = await t.watch(`${configmaps}?watch=true&resourceVersion=${first.body.metadata.resourceVersion}`);
    expect(await watch.next()).toMatchObject({ type: 'MODIFIED', object: { data: { mutation: '2' } } });
    expect(await watch.next()).toMatchObject({ type: 'DELETED' });
    await watch.stop();
  });

  conformance(
    'Watchers should be able to restart watching from the last resource version observed by the previous watch',
    async () => {
      const first = await t.watch(`${configmaps}?watch=true`);
      await make('a');
      const last = (await first.next())?.object.metadata.resourceVersion;
      await first.stop();
      await t.patch(`${configmaps}/a`, merge, { data: { mutation: '2' } });
      await t.remove(`${configmaps}/a`);
      const second = await t.watch(`${configmaps}?watch=true&resourceVersion=${last}`);
      expect(await second.next()).toMatchObject({ type: 'MODIFIED' });
      expect(await second.next()).toMatchObject({ type: 'DELETED' });
      await second.stop();
    },
  );

  conformance(
    'Watchers should observe an object deletion if it stops meeting the requirements of the selector',
    async () => {
      const watch = await t.watch(`${configmaps}?watch=true&labelSelector=w%3Da`);
      await make('a', { w: 'a' });
      expect(await watch.next()).toMatchObject({ type: 'ADDED' });
      await t.patch(`${configmaps}/a`, merge, { metadata: { labels: { w: 'b' } } });
      expect(await watch.next()).toMatchObject({ type: 'DELETED' });
      await t.patch(`${configmaps}/a`, merge, { metadata: { labels: { w: 'a' } } });
      expect(await watch.next()).toMatchObject({ type: 'ADDED' });
      await watch.stop();
    },
  );

  conformance('Watchers should receive events on concurrent watches in same order', async () => {
    const watches = await Promise.all(Array.from({ length: 5 }, () => t.watch(`${configmaps}?watch=true`)));
    await Promise.all(Array.from({ length: 20 }, (_, each) => make(`cm-${each}`)));
    const orders = await Promise.all(
      watches.map(async (watch) => {
        const names: string[] = [];
        while (names.length < 20) names.push((await watch.next())?.object.metadata.name);
        await watch.stop();
        return names;
      }),
    );
    for (const order of orders) expect(order).toEqual(orders[0]);
  });
});

describe('discovery', () => {
  conformance('Discovery should validate PreferredVersion for each APIGroup', async () => {
    for (const { name, versions: all, preferredVersion } of (await t.get('/apis')).body.groups) {
      expect((await t.get(`/apis/${name}`)).body).toMatchObject({ name, preferredVersion });
      expect(all).toContainEqual(preferredVersion);
    }
  });

  conformance('Discovery should locate the groupVersion and a resource within each APIGroup', async () => {
    for (const [path, resource] of [
      ['/api/v1', 'namespaces'],
      ['/apis/apps/v1', 'deployments'],
      ['/apis/batch/v1', 'jobs'],
      ['/apis/rbac.authorization.k8s.io/v1', 'roles'],
      ['/apis/storage.k8s.io/v1', 'storageclasses'],
      ['/apis/apiregistration.k8s.io/v1', 'apiservices'],
    ] as const) {
      const { body } = await t.get(path);
      expect(body.groupVersion).toBe(path.replace(/^\/apis?\//, ''));
      expect(body.resources.map((each: { name: string }) => each.name)).toContain(resource);
    }
  });

  const aggregated = { headers: { accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList' } };

  conformance('AggregatedDiscovery should support raw aggregated discovery endpoint Accept headers', async () => {
    for (const path of ['/api', '/apis']) {
      const { body, headers } = await t.get(path, aggregated);
      expect(body).toMatchObject({ kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2' });
      expect(String(headers['content-type'])).toContain('as=APIGroupDiscoveryList');
    }
  });

  conformance('AggregatedDiscovery should support raw aggregated discovery request for CRDs', async () => {
    await defineIn(t, crdOf(free));
    const found = (await t.get('/apis', aggregated)).body.items.find(
      (each: { metadata: { name: string } }) => each.metadata.name === 'example.com',
    );
    expect(found.versions[0].resources[0]).toMatchObject({
      resource: 'widgets',
      scope: 'Namespaced',
      responseKind: { kind: 'Widget' },
    });
  });

  conformance('server version should find the server version', async () => {
    expect((await t.get('/version')).body).toMatchObject({ major: '1', minor: expect.stringMatching(/^\d+/) });
  });
});

describe('namespaces', () => {
  conformance('Namespaces [Serial] should patch a Namespace', async () => {
    await t.namespace('e2e');
    expect(
      (await t.patch('/api/v1/namespaces/e2e', merge, { metadata: { labels: { testLabel: 'testValue' } } })).body
        .metadata.labels,
    ).toMatchObject({ testLabel: 'testValue' });
  });

  conformance('Namespaces [Serial] should apply an update to a Namespace', async () => {
    await t.namespace('e2e');
    const { body } = await t.get('/api/v1/namespaces/e2e');
    body.metadata.labels.updated = 'yes';
    expect((await t.put('/api/v1/namespaces/e2e', body)).body.metadata.labels).toMatchObject({ updated: 'yes' });
  });

  conformance('Namespaces [Serial] should apply changes to a namespace status', async () => {
    await t.namespace('e2e');
    const condition = {
      type: 'StatusPatch',
      status: 'True',
      reason: 'E2E',
      message: 'Patched by an e2e test',
      lastTransitionTime: '2026-01-01T00:00:00Z',
    };
    const patched = await t.patch('/api/v1/namespaces/e2e/status', merge, { status: { conditions: [condition] } });
    expect(patched.body.status.conditions).toEqual([condition]);
    patched.body.status.conditions.push({ ...condition, type: 'StatusUpdate' });
    expect((await t.put('/api/v1/namespaces/e2e/status', patched.body)).body.status.conditions).toHaveLength(2);
  });

  conformance('Namespaces [Serial] should apply a finalizer to a Namespace', async () => {
    await t.namespace('e2e');
    const finalize = async (finalizers: string[]) => {
      const { body } = await t.get('/api/v1/namespaces/e2e');
      return t.put('/api/v1/namespaces/e2e/finalize', { ...body, spec: { finalizers } });
    };
    expect((await finalize(['kubernetes', 'e2e.example.com/fakeFinalizer'])).body.spec.finalizers).toContain(
      'e2e.example.com/fakeFinalizer',
    );
    expect((await finalize(['kubernetes'])).body.spec.finalizers).toEqual(['kubernetes']);
  });
});
