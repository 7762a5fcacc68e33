import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { customResourceDefinition, free, servedVersion } from '../api/testing/custom-resource-definition.ts';
import { serveCustomResources } from './custom-resources.ts';
import { openTestRegistry, type TestRegistry } from './testing.ts';

const crds = 'apiextensions.k8s.io/customresourcedefinitions';
const widgets = 'example.com/widgets';
let t: TestRegistry;
let stop: () => void;

const schema = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      properties: { size: { type: 'integer', minimum: 1 }, replicas: { type: 'integer', default: 2 } },
    },
    status: free,
  },
};
const subresources = {
  status: {},
  scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' },
};
const crd = customResourceDefinition({ versions: [servedVersion('v1', true, schema, { subresources })] });

beforeEach(async () => {
  t = await openTestRegistry();
  await t.namespace('default');
  stop = await serveCustomResources(t);
  await t.create(crds, '', crd);
  await (await t.replicas.of(crds)).catchUp();
});

afterEach(async () => {
  stop();
  await t.close();
});

describe('custom resources', () => {
  it('are served once their definition is made, which is established', async () => {
    expect(await t.get(crds, '', 'widgets.example.com')).toMatchObject({
      spec: { names: { singular: 'widget', listKind: 'WidgetList' } },
      status: {
        storedVersions: ['v1'],
        conditions: [{ type: 'NamesAccepted' }, { type: 'Established', status: 'True' }],
      },
    });
    const made = await t.create(widgets, 'default', { metadata: { name: 'w' }, spec: { size: 1, color: 'red' } });
    expect(made).toMatchObject({
      apiVersion: 'example.com/v1',
      kind: 'Widget',
      metadata: { generation: 1 },
      spec: { replicas: 2 },
    });
    expect(made['spec']).not.toHaveProperty('color');
    await expect(t.create(widgets, 'default', { metadata: { name: 'x' }, spec: { size: 0 } })).rejects.toMatchObject({
      reason: 'Invalid',
      details: { causes: [{ field: 'spec.size' }] },
    });
  });

  it('scale where their definition says', async () => {
    await t.create(widgets, 'default', { metadata: { name: 'w' }, spec: {} });
    const scale = t.target(widgets, 'default', 'w', 'scale');
    await t.registry.patch(t.context, scale, 'merge', { spec: { replicas: 5 } });
    expect(await t.get(widgets, 'default', 'w')).toMatchObject({ spec: { replicas: 5 }, metadata: { generation: 2 } });
  });

  it('go with their definition, which waits for the last of them', async () => {
    await t.create(widgets, 'default', { metadata: { name: 'free' } });
    await t.create(widgets, 'default', { metadata: { name: 'held', finalizers: ['example.com/hold'] } });
    const held = t.target(widgets, 'default', 'held');
    await t.registry.delete(t.context, t.target(crds, undefined, 'widgets.example.com'));
    await expect
      .poll(() => t.registry.list(t.context, { definition: held.definition }, {}).then(({ entries }) => entries.length))
      .toBe(1);
    await t.registry.patch(t.context, held, 'merge', { metadata: { finalizers: null } });
    await expect
      .poll(() => t.get(crds, '', 'widgets.example.com').catch((error: unknown) => Object(error).reason))
      .toBe('NotFound');
    await expect.poll(() => t.definitions.ofType(widgets)).toBeUndefined();
  });

  it('name what is wrong with a definition', async () => {
    const wrong = { metadata: { name: 'other.example.com' }, spec: { ...Object(crd['spec']), versions: [] } };
    await expect(t.create(crds, '', wrong)).rejects.toMatchObject({
      details: { causes: [{ field: 'metadata.name' }, { field: 'spec.versions' }, { field: 'status.storedVersions' }] },
    });
  });
});
