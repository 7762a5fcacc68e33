// What stays of a definition once it is served, and what Kubernetes' own groups ask of one.

import { afterAll, beforeAll, expect, it } from 'vitest';
import { servedVersion } from '../../core/api/testing/custom-resource-definition.ts';
import { openTestApi, type TestApi } from './testing/open-test-api.ts';

let t: TestApi;
const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const schema = { type: 'object' };

beforeAll(async () => {
  t = await openTestApi();
});

afterAll(() => t.close());

function definition(group: string, plural: string, annotations: Record<string, string> = {}) {
  const names = { plural, kind: plural.replace(/^./, (first) => first.toUpperCase()) };
  const versions = ['v1alpha1', 'v1beta1', 'v1'].map((name) => servedVersion(name, name === 'v1alpha1', schema));
  return {
    metadata: { name: `${plural}.${group}`, annotations },
    spec: { group, scope: 'Namespaced', names, versions },
  };
}

it.each([
  ['approved', 'https://example.com/pull/1', 'True', 'ApprovedAnnotation', 'approved in https://example.com/pull/1'],
  ['bypassed', 'unapproved, mine', 'False', 'UnapprovedAnnotation', 'not approved: "unapproved, mine"'],
])('a definition of a group of Kubernetes says that it is %s', async (plural, given, status, reason, message) => {
  const { body } = await t.post(crds, definition('x.k8s.io', plural, { 'api-approved.kubernetes.io': given }));
  expect(body.status.conditions).toContainEqual(
    expect.objectContaining({ type: 'KubernetesAPIApprovalPolicyConformant', status, reason, message }),
  );
});

it('a definition keeps its kind, and each version that objects may be stored in', async () => {
  const made = await t.post(crds, definition('example.com', 'gadgets'));
  expect(made.body.status.conditions.map((each: { type: string }) => each.type)).toEqual([
    'NamesAccepted',
    'Established',
  ]);
  const url = `${crds}/gadgets.example.com`;
  const store = async (name: string) => {
    const { body } = await t.get(url);
    for (const version of body.spec.versions) version.storage = version.name === name;
    return await t.put(url, body);
  };
  await store('v1beta1');
  expect((await store('v1')).body.status.storedVersions).toEqual(['v1alpha1', 'v1beta1', 'v1']);
  const { body } = await t.get(url);
  body.spec.versions = body.spec.versions.filter(({ name }: { name: string }) => name !== 'v1beta1');
  body.spec.names.kind = 'Other';
  expect(await t.put(url, body)).toMatchObject({
    status: 422,
    body: {
      details: {
        causes: [
          { field: 'spec.names.kind', message: 'Invalid value: "Other": field is immutable' },
          {
            field: 'status.storedVersions[1]',
            message:
              'Invalid value: "v1beta1": missing from spec.versions; v1beta1 was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in v1beta1 and removes v1beta1 from status.storedVersions',
          },
        ],
      },
    },
  });
});
