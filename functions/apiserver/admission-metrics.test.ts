// What admission counts of requests, through the API server, with a webhook that is a real server.

import { afterEach, beforeEach, expect, it } from 'vitest';
import { type ReadFamily, readExposition } from '../../core/metrics/testing.ts';
import { createAdmissionMetrics } from '../../core/registry/admission/metrics.ts';
import { openTestApi, type TestApi } from './testing/open-test-api.ts';
import { openWebhook, type WebhookServer } from './testing/webhook-server.ts';

const configMaps = '/api/v1/namespaces/default/configmaps';
const webhooks = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';

let t: TestApi;
let hook: WebhookServer;

beforeEach(async () => {
  const admissionMetrics = createAdmissionMetrics();
  t = await openTestApi({ moreMetrics: async () => admissionMetrics.families() }, { admissionMetrics });
  await t.namespace('default');
  hook = await openWebhook(({ object }) => ({ allowed: !object?.data?.bad, status: { code: 422 } }));
});

afterEach(async () => {
  await hook.close();
  await t.close();
});

function countsOf(families: Map<string, ReadFamily>, name: string): unknown[] {
  const samples = families.get(`apiserver_admission_${name}`)?.samples ?? [];
  return samples
    .filter((each) => !/_(bucket|sum)$/.test(each.name))
    .map(({ labels, value }) => [...Object.values(labels), value].join(' '));
}

it('Plugins, the chain and webhooks count by operation and by whether they refused', async () => {
  const rules = [{ operations: ['*'], apiGroups: [''], apiVersions: ['*'], resources: ['configmaps'] }];
  await t.post(webhooks, {
    metadata: { name: 'hook' },
    webhooks: [
      {
        name: 'hook.example.com',
        clientConfig: { url: hook.url, caBundle: hook.caBundle },
        rules,
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
      },
    ],
  });
  await (await t.replicas.of('admissionregistration.k8s.io/validatingwebhookconfigurations')).catchUp();
  expect(await t.post(configMaps, { metadata: { name: 'a' } })).toMatchObject({ status: 201 });
  expect(await t.post(configMaps, { metadata: { name: 'b' }, data: { bad: 'x' } })).toMatchObject({ status: 422 });
  const families = readExposition((await t.get('/metrics')).text);

  const plugins = countsOf(families, 'controller_admission_duration_seconds');
  expect(plugins).toContain('ValidatingAdmissionWebhook CREATE false validate 3');
  expect(plugins).toContain('ValidatingAdmissionWebhook CREATE true validate 1');
  expect(countsOf(families, 'step_admission_duration_seconds')).toEqual([
    'CREATE false admit 4',
    'CREATE false validate 3',
    'CREATE true validate 1',
  ]);
  expect(countsOf(families, 'webhook_admission_duration_seconds')).toEqual([
    'hook.example.com CREATE false validating 1',
    'hook.example.com CREATE true validating 1',
  ]);
  expect(countsOf(families, 'webhook_rejection_count')).toEqual(['no_error hook.example.com CREATE 422 validating 1']);

  // The indicator of service levels leaves out what others took.
  const spent = (name: string) =>
    families.get(name)?.samples.find((each) => each.name === `${name}_sum` && each.labels['resource'] === 'configmaps')
      ?.value ?? 0;
  expect(spent('apiserver_request_duration_seconds')).toBeGreaterThan(spent('apiserver_request_sli_duration_seconds'));
});

it('A webhook that does not answer is told apart from one that refuses', async () => {
  await hook.close();
  const make = (name: string, failurePolicy: string, resource: string) =>
    t.post(webhooks, {
      metadata: { name },
      webhooks: [
        {
          name: `${name}.example.com`,
          clientConfig: { url: hook.url, caBundle: hook.caBundle },
          rules: [{ operations: ['*'], apiGroups: [''], apiVersions: ['*'], resources: [resource] }],
          failurePolicy,
          sideEffects: 'None',
          admissionReviewVersions: ['v1'],
        },
      ],
    });
  await make('strict', 'Fail', 'configmaps');
  await make('lax', 'Ignore', 'secrets');
  await (await t.replicas.of('admissionregistration.k8s.io/validatingwebhookconfigurations')).catchUp();
  expect(await t.post(configMaps, { metadata: { name: 'a' } })).toMatchObject({ status: 500 });
  expect(await t.post('/api/v1/namespaces/default/secrets', { metadata: { name: 'a' } })).toMatchObject({
    status: 201,
  });
  const families = readExposition((await t.get('/metrics')).text);
  expect(countsOf(families, 'webhook_rejection_count')).toEqual([
    'calling_webhook_error strict.example.com CREATE 0 validating 1',
  ]);
  expect(countsOf(families, 'webhook_fail_open_count')).toEqual(['lax.example.com validating 1']);
});
