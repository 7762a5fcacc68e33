// sig-api-machinery: what webhooks do with custom resources.

import { afterEach, beforeEach, describe, expect } from 'vitest';
import { free, servedVersion } from '../../core/api/testing/custom-resource-definition.ts';
import { openTestApi, type TestApi } from '../../functions/apiserver/testing/open-test-api.ts';
import { openWebhook, type WebhookServer } from '../../functions/apiserver/testing/webhook-server.ts';
import { conformance } from './conformance.ts';
import { crdOf, crds, defineIn, text, widgets } from './widgets.ts';

let t: TestApi;

beforeEach(async () => {
  t = await openTestApi();
  await t.namespace('default');
});

afterEach(async () => {
  await t.close();
});

const merge = 'application/merge-patch+json';

describe('what webhooks do with them', () => {
  const hooks: WebhookServer[] = [];
  afterEach(async () => {
    for (const each of hooks.splice(0)) await each.close();
  });
  type Request = ReturnType<typeof JSON.parse>;

  async function register(
    kind: 'Mutating' | 'Validating',
    operations: string[],
    answer: (request: Request) => unknown,
  ) {
    const hook = await openWebhook(answer);
    hooks.push(hook);
    const resource = `${kind.toLowerCase()}webhookconfigurations`;
    const own = {
      name: `hook${hooks.length}.example.com`,
      clientConfig: { url: hook.url, caBundle: hook.caBundle },
      rules: [{ operations, apiGroups: ['example.com'], apiVersions: ['*'], resources: ['widgets'] }],
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
    };
    const path = `/apis/admissionregistration.k8s.io/v1/${resource}`;
    const made = await t.post(path, { metadata: { name: `hook${hooks.length}` }, webhooks: [own] });
    expect(made.status, made.text).toBe(201);
    await (await t.replicas.of(`admissionregistration.k8s.io/${resource}`)).catchUp();
  }
  const adds = (key: string) => ({
    allowed: true,
    patchType: 'JSONPatch',
    patch: Buffer.from(JSON.stringify([{ op: 'add', path: `/data/${key}`, value: 'yes' }])).toString('base64'),
  });
  /** The second acts on what the first did, as the order of their names has them called. */
  const stages = async () => {
    await register('Mutating', ['CREATE'], ({ object }) => (object.data['own'] ? adds('stage-1') : { allowed: true }));
    await register('Mutating', ['CREATE'], ({ object }) =>
      object.data['stage-1'] ? adds('stage-2') : { allowed: true },
    );
  };

  conformance(
    'AdmissionWebhook [Privileged:ClusterAdmin] should be able to deny custom resource creation, update and deletion',
    async () => {
      await defineIn(t, crdOf(free));
      await register('Validating', ['CREATE', 'UPDATE', 'DELETE'], ({ object, oldObject }) =>
        [object, oldObject].some((each) => each?.data?.denied === 'yes')
          ? { allowed: false, status: { message: 'the test refuses' } }
          : { allowed: true },
      );
      const refused = { status: 403, body: { message: expect.stringContaining('the test refuses') } };
      const denied = { denied: 'yes' };
      expect(await t.post(widgets, { metadata: { name: 'a' }, data: denied })).toMatchObject(refused);
      expect((await t.post(widgets, { metadata: { name: 'a' }, data: {} })).status).toBe(201);
      expect(await t.patch(`${widgets}/a`, merge, { data: denied })).toMatchObject(refused);
      expect((await t.get(`${widgets}/a`)).body.data).toEqual({});
      // One that had been let in before anybody asked.
      await t.remove('/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/hook1');
      await (await t.replicas.of('admissionregistration.k8s.io/validatingwebhookconfigurations')).catchUp();
      expect((await t.post(widgets, { metadata: { name: 'b' }, data: denied })).status).toBe(201);
      await register('Validating', ['DELETE'], ({ oldObject }) =>
        oldObject.data.denied ? { allowed: false, status: { message: 'the test refuses' } } : { allowed: true },
      );
      expect(await t.remove(`${widgets}/b`)).toMatchObject(refused);
      expect((await t.remove(`${widgets}/a`)).status).toBe(200);
    },
  );

  conformance('AdmissionWebhook [Privileged:ClusterAdmin] should mutate custom resource', async () => {
    await defineIn(t, crdOf(free));
    await stages();
    const { body } = await t.post(widgets, { metadata: { name: 'a' }, data: { own: 'x' } });
    expect(body.data).toEqual({ own: 'x', 'stage-1': 'yes', 'stage-2': 'yes' });
  });

  conformance('AdmissionWebhook [Privileged:ClusterAdmin] should mutate custom resource with pruning', async () => {
    const data = { type: 'object', properties: { own: text, 'stage-1': text } };
    await defineIn(t, crdOf({ type: 'object', properties: { data } }));
    await stages();
    const { body } = await t.post(widgets, { metadata: { name: 'a' }, data: { own: 'x' } });
    expect(body.data).toEqual({ own: 'x', 'stage-1': 'yes' });
  });

  conformance(
    'AdmissionWebhook [Privileged:ClusterAdmin] should mutate custom resource with different stored version',
    async () => {
      const versions = (stored: string) => ['v1', 'v2'].map((name) => servedVersion(name, name === stored, free));
      await defineIn(t, crdOf({}, { versions: versions('v1') }));
      await register('Mutating', ['CREATE', 'UPDATE'], ({ object }) =>
        object.data['own'] ? adds('mutated') : { allowed: true },
      );
      expect((await t.post(widgets, { metadata: { name: 'a' }, data: { own: 'x' } })).body.data.mutated).toBe('yes');
      await t.patch(`${crds}/widgets.example.com`, merge, { spec: { versions: versions('v2') } });
      await expect.poll(() => t.definitions.ofType('example.com/widgets')?.version).toBeDefined();
      const patched = await t.patch(`${widgets}/a`, merge, { data: { dummy: 'test' } });
      expect(patched).toMatchObject({
        status: 200,
        body: { apiVersion: 'example.com/v1', data: { own: 'x', mutated: 'yes', dummy: 'test' } },
      });
      expect((await t.get(widgets.replace('/v1/', '/v2/'))).body.items[0]).toMatchObject({
        apiVersion: 'example.com/v2',
        data: { dummy: 'test' },
      });
    },
  );
});
