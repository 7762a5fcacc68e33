// A kind of custom resource that tests define, each as it needs it.

import { expect } from 'vitest';
import type { TestApi } from '../../functions/apiserver/testing/open-test-api.ts';

export const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
export const widgets = '/apis/example.com/v1/namespaces/default/widgets';
export const text = { type: 'string' };
/** The schema that takes everything. */
export const free = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

interface CrdOptions {
  readonly versions?: readonly object[];
  readonly spec?: object;
}

export const version = (name: string, storage: boolean, openAPIV3Schema: object, more: object = {}) => ({
  name,
  served: true,
  storage,
  schema: { openAPIV3Schema },
  ...more,
});

export const crdOf = (schema: object, { versions, spec }: CrdOptions = {}) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'widgets', kind: 'Widget' },
    versions: versions ?? [version('v1', true, schema)],
    ...spec,
  },
});

/** Of a group, and with names, of its own. */
export const otherCrd = (group: string, plural: string, kind: string, versions: readonly object[]) => ({
  ...crdOf({}, { versions, spec: { group, names: { plural, kind } } }),
  metadata: { name: `${plural}.${group}` },
});

/** Resolves once it is served. */
export async function defineIn(t: TestApi, crd: ReturnType<typeof crdOf>): Promise<void> {
  const { status, text: answer } = await t.post(crds, crd);
  expect(status, answer).toBe(201);
  const { group, names } = crd.spec as { group: string; names: { plural: string } };
  await expect.poll(() => t.definitions.ofType(`${group}/${names.plural}`)).toBeDefined();
}

/** What OpenAPI publishes of a kind in a group version. */
export async function publishedIn(t: TestApi, path = 'apis/example.com/v1', kind = 'Widget') {
  const { body } = await t.get(`/openapi/v3/${path}`);
  const schemas: Record<string, ReturnType<typeof JSON.parse>> = body?.components?.schemas ?? {};
  return Object.entries(schemas).find(([name]) => name.endsWith(`.${kind}`))?.[1];
}
