// Who owns what: managedFields are worked out before mutating admission, so what it fills in is nobody's.

import { afterAll, beforeAll, expect, it } from 'vitest';
import { openTestApi, type TestApi } from './testing/open-test-api.ts';
import { openWebhook, type WebhookServer } from './testing/webhook-server.ts';

const pods = '/api/v1/namespaces/default/pods';
const configMaps = '/api/v1/namespaces/default/configmaps';

let t: TestApi;
let webhook: WebhookServer;
let patch: object[] = [];

beforeAll(async () => {
  t = await openTestApi();
  await t.namespace('default');
  await t.post('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } });
  webhook = await openWebhook(() => ({
    allowed: true,
    patchType: 'JSONPatch',
    patch: Buffer.from(JSON.stringify(patch)).toString('base64'),
  }));
  const made = await t.post('/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations', {
    metadata: { name: 'fills-in' },
    webhooks: [
      {
        name: 'fills-in.example.com',
        clientConfig: { url: webhook.url, caBundle: webhook.caBundle },
        rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['configmaps'] }],
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
      },
    ],
  });
  expect(made.status).toBe(201);
});

afterAll(async () => {
  await webhook?.close();
  await t?.close();
});

it('a pod is owned by its creator but for what admission gives it', async () => {
  const made = await t.post(`${pods}?fieldManager=me`, {
    metadata: { name: 'a', labels: { app: 'a' } },
    spec: { containers: [{ name: 'main', image: 'busybox' }] },
  });
  expect(made.body.spec).toMatchObject({ serviceAccountName: 'default', priority: 0, tolerations: [{}, {}] });
  expect(made.body.metadata.managedFields).toMatchObject([{ manager: 'me', operation: 'Update', apiVersion: 'v1' }]);
  expect(made.body.metadata.managedFields[0].fieldsV1).toEqual({
    'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} } },
    'f:spec': {
      'f:containers': {
        'k:{"name":"main"}': {
          '.': {},
          'f:image': {},
          'f:imagePullPolicy': {},
          'f:name': {},
          'f:resources': {},
          'f:terminationMessagePath': {},
          'f:terminationMessagePolicy': {},
        },
      },
      'f:dnsPolicy': {},
      'f:enableServiceLinks': {},
      'f:restartPolicy': {},
      'f:schedulerName': {},
      'f:securityContext': {},
      'f:terminationGracePeriodSeconds': {},
    },
  });
});

it('what a webhook fills in is nobody’s, also once the object is written as it was read', async () => {
  patch = [{ op: 'add', path: '/data', value: { theirs: 'x', mine: 'x' } }];
  const made = await t.post(`${configMaps}?fieldManager=me`, { metadata: { name: 'b' }, data: { mine: 'x' } });
  expect(made.body.data).toEqual({ theirs: 'x', mine: 'x' });
  const owned = { 'f:data': { '.': {}, 'f:mine': {} } };
  expect(made.body.metadata.managedFields).toMatchObject([{ manager: 'me', fieldsV1: owned }]);
  expect(JSON.stringify(made.body.metadata.managedFields)).not.toContain('theirs');
  const again = await t.put(`${configMaps}/b?fieldManager=you`, made.body);
  expect(again.body).toEqual(made.body);
});

it('what a webhook makes of them is taken, and put back where it cannot be read', async () => {
  const entry = { manager: 'hook', operation: 'Update', apiVersion: 'v1', fieldsType: 'FieldsV1' };
  patch = [
    { op: 'add', path: '/metadata/managedFields', value: [{ ...entry, fieldsV1: { 'f:data': { 'f:a': {} } } }] },
  ];
  const taken = await t.post(`${configMaps}?fieldManager=me`, { metadata: { name: 'c' }, data: { a: 'x' } });
  expect(taken.body.metadata.managedFields).toMatchObject([{ manager: 'hook' }]);
  patch = [{ op: 'add', path: '/metadata/managedFields', value: [{ ...entry, apiVersion: '' }] }];
  const back = await t.post(`${configMaps}?fieldManager=me`, { metadata: { name: 'd' }, data: { a: 'x' } });
  expect(back.body.metadata.managedFields).toMatchObject([{ manager: 'me' }]);
  expect(String(back.headers['warning'] ?? back.headers['Warning'])).toContain(
    'managedFields was in an invalid state after admission',
  );
});
