// A kind of custom resource that tests define, each as it needs it.

import { expect } from 'vitest';
import { customResourceDefinition, servedVersion } from '../../core/api/testing/custom-resource-definition.ts';
import type { TestApi } from '../../functions/apiserver/testing/open-test-api.ts';

export const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
export const widgets = '/apis/example.com/v1/namespaces/default/widgets';
export const text = { type: 'string' };
interface CrdOptions {
  readonly versions?: readonly object[];
  readonly spec?: object;
}

export const crdOf = (schema: object, { versions = [servedVersion('v1', true, schema)], spec }: CrdOptions = {}) =>
  customResourceDefinition({ versions, ...(spec && { spec }) });

/** Of a group, and with names, of its own. */
export const otherCrd = (group: string, plural: string, kind: string, versions: readonly object[]) =>
  customResourceDefinition({ group, plural, kind, versions });

/** Resolves once it is served. */
export async function defineIn(t: TestApi, crd: ReturnType<typeof crdOf>): Promise<void> {
  const { status, text: answer } = await t.post(crds, crd);
  expect(status, answer).toBe(201);
  const { group, names } = crd.spec;
  await expect.poll(() => t.definitions.ofType(`${group}/${names.plural}`)).toBeDefined();
}

/** What OpenAPI publishes of a kind in a group version. */
export async function publishedIn(t: TestApi, path = 'apis/example.com/v1', kind = 'Widget') {
  const { body } = await t.get(`/openapi/v3/${path}`);
  const schemas: Record<string, ReturnType<typeof JSON.parse>> = body?.components?.schemas ?? {};
  return Object.entries(schemas).find(([name]) => name.endsWith(`.${kind}`))?.[1];
}
