// Which fields selectors may name, kind by kind, and what is said of others. Source: AddFieldLabelConversionFunc in Kubernetes' pkg/apis.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestApi, type TestApi } from './testing/open-test-api.ts';

let t: TestApi;

beforeAll(async () => {
  t = await openTestApi();
  await t.namespace('default');
  for (const [name, nodeName] of [
    ['a', 'n1'],
    ['b', 'n2'],
  ])
    await t.post('/api/v1/namespaces/default/pods', {
      metadata: { name },
      spec: { nodeName, containers: [{ name: 'c', image: 'i' }] },
    });
});

afterAll(async () => {
  await t.close();
});

const list = (path: string, selector: string) => t.get(`${path}?fieldSelector=${encodeURIComponent(selector)}`);
const unknown = (field: string) =>
  `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`;

describe('what a kind has no field of', () => {
  it.each([
    ['/api/v1/configmaps', 'data.a', unknown('data.a')],
    ['/apis/apps/v1/deployments', 'status.replicas', unknown('status.replicas')],
    ['/apis/networking.k8s.io/v1/ingresses', 'foo.bar', unknown('foo.bar')],
    ['/api/v1/persistentvolumes', 'status.phase', unknown('status.phase')],
    ['/api/v1/pods', 'metadata.labels', 'field label not supported: metadata.labels'],
    ['/api/v1/nodes', 'metadata.namespace', 'field label not supported: metadata.namespace'],
    ['/api/v1/namespaces', 'name', 'field label not supported: name'],
    ['/api/v1/secrets', 'data', 'field label not supported: data'],
    ['/apis/batch/v1/jobs', 'status.active', 'field label "status.active" not supported for batchv1.Job'],
    [
      '/apis/resource.k8s.io/v1/resourceslices',
      'spec.pool.name',
      'field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: spec.pool.name',
    ],
  ])('%s: %s', async (path, field, message) => {
    const { status, body } = await list(path, `${field}=x`);
    expect([status, body.message]).toEqual([400, message]);
  });
});

it.each([
  ['/api/v1/pods', 'spec.host=n1', ['a']],
  ['/api/v1/pods', 'spec.nodeName!=n1', ['b']],
  ['/api/v1/pods', 'status.podIPs=10.0.0.1', []],
  ['/api/v1/pods', 'status.podIPs=', ['a', 'b']],
  ['/api/v1/pods', 'spec.hostNetwork=false,spec.restartPolicy=Always', ['a', 'b']],
  ['/api/v1/namespaces', 'status.phase=Active', ['default']],
  // A cluster-wide object of a kind without fields of its own has an empty namespace.
  ['/api/v1/persistentvolumes', 'metadata.namespace=x', []],
])('%s by %s', async (path, selector, names) => {
  const { body } = await list(path, selector);
  expect(body.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name)).toEqual(names);
});
