import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { customResourceDefinition, servedVersion } from '../../core/api/testing/custom-resource-definition.ts';
import { openTestApi, type TestApi } from './testing/open-test-api.ts';

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

const spec = { type: 'object', properties: { size: { type: 'integer', default: 3 } } };
const crd = customResourceDefinition({
  versions: [servedVersion('v1', true, { type: 'object', properties: { spec } })],
});

async function conditions() {
  const { body } = await t.get(`${crds}/widgets.example.com`);
  return (body.status?.conditions ?? [])
    .filter((each: { status: string }) => each.status === 'True')
    .map((each: { type: string }) => each.type);
}

describe('a custom resource', () => {
  it('is served once it is defined, and its objects go with it', async () => {
    expect(await t.get(widgets)).toMatchObject({ status: 404 });
    expect(await t.post(crds, crd)).toMatchObject({ status: 201 });
    await expect.poll(conditions).toEqual(['NamesAccepted', 'Established']);
    expect(await t.post(widgets, { metadata: { name: 'w' }, spec: { unknown: 1 } })).toMatchObject({
      status: 201,
      body: { apiVersion: 'example.com/v1', kind: 'Widget', spec: { size: 3 } },
    });
    expect((await t.get(widgets)).body).toMatchObject({ kind: 'WidgetList', items: [{ spec: { size: 3 } }] });
    expect((await t.get('/apis/example.com/v1')).body.resources).toMatchObject([{ name: 'widgets', kind: 'Widget' }]);

    await expect
      .poll(async () => (await t.get(`${crds}/widgets.example.com`)).body.metadata.finalizers)
      .toHaveLength(1);
    await t.remove(`${crds}/widgets.example.com`);
    await expect.poll(async () => (await t.get(`${crds}/widgets.example.com`)).status).toBe(404);
    expect(await t.get(widgets)).toMatchObject({ status: 404 });
    await t.post(crds, crd);
    await expect.poll(conditions).toHaveLength(2);
    expect((await t.get(widgets)).body.items).toEqual([]);
  });
});
