// Who may write admission policies reads nothing by them that they may not read: what a policy says of its parameters is told to whoever meets it.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tried } from '../../test/tools/tried.ts';
import { openTestApi, type TestApi } from './testing/open-test-api.ts';

const rbac = '/apis/rbac.authorization.k8s.io/v1';
const group = '/apis/admissionregistration.k8s.io/v1';
const secrets = { apiVersion: 'v1', kind: 'Secret' };
const configMaps = { apiVersion: 'v1', kind: 'ConfigMap' };
const matchConstraints = {
  resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }],
};
let t: TestApi;

beforeAll(async () => {
  t = await openTestApi();
  await t.namespace('a');
  await t.post('/api/v1/namespaces/a/secrets', { metadata: { name: 's' }, stringData: { key: 'hidden' } });
  const admissions = { apiGroups: ['admissionregistration.k8s.io'], resources: ['*'], verbs: ['*'] };
  const read = (resource: string, more = {}) => ({ apiGroups: [''], resources: [resource], verbs: ['get'], ...more });
  await grant('kim', [admissions]);
  await grant('lee', [admissions, read('secrets')]);
  await grant('one', [admissions, read('secrets', { resourceNames: ['s'] })]);
});
afterAll(() => t.close());

async function grant(name: string, rules: object[]): Promise<void> {
  expect((await t.post(`${rbac}/clusterroles`, { metadata: { name }, rules })).status).toBe(201);
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name };
  const subjects = [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name }];
  await t.post(`${rbac}/clusterrolebindings`, { metadata: { name }, roleRef, subjects });
}

const mutation = {
  ...{ patchType: 'JSONPatch' },
  jsonPatch: { expression: '[JSONPatch{op: "add", path: "/data", value: {"found": string(params.data["key"])}}]' },
};

describe.each([
  ['validatingadmissionpolicies', 'validatingadmissionpolicybindings', { validationActions: ['Deny'] }],
  ['mutatingadmissionpolicies', 'mutatingadmissionpolicybindings', {}],
])('%s', (policies, bindings, more) => {
  const own = policies.startsWith('validating')
    ? { validations: [{ expression: 'false', messageExpression: 'string(params.data["key"])' }] }
    : { mutations: [mutation], reinvocationPolicy: 'Never', failurePolicy: 'Fail' };
  const policy = (name: string, paramKind: object | undefined) => ({
    metadata: { name },
    spec: { matchConstraints, ...own, ...(paramKind && { paramKind }) },
  });
  const binding = (name: string, policyName: string, paramRef: object) => ({
    metadata: { name },
    spec: { policyName, paramRef: { parameterNotFoundAction: 'Deny', ...paramRef }, ...more },
  });

  it('read no kind of which their author may not read every object', async () => {
    for (const name of ['kim', 'one']) {
      const answer = await t.post(`${group}/${policies}`, policy(`of-${name}`, secrets), { as: { name } });
      tried('policy that reads what its author may not');
      expect(answer.status, answer.text).toBe(422);
      expect(answer.body.details.causes).toEqual([
        {
          ...{ reason: 'FieldValueForbidden', field: 'spec.paramKind' },
          message: `Forbidden: user ${name} must have "get" permission on all objects of the referenced paramKind (kind=Secret, apiVersion=v1)`,
        },
      ]);
    }
    // What nobody knows yet may come to be anything.
    const unknown = { apiVersion: 'example.com/v1', kind: 'Unknown' };
    expect((await t.post(`${group}/${policies}`, policy('unknown', unknown), { as: { name: 'lee' } })).status).toBe(
      422,
    );
    expect((await t.post(`${group}/${policies}`, policy('of-lee', secrets), { as: { name: 'lee' } })).status).toBe(201);
  });

  it('do not come to read another kind by an update or a patch, and stay with what an administrator let them read', async () => {
    const as = { name: 'kim' };
    expect((await t.post(`${group}/${policies}`, policy('later', configMaps))).status).toBe(201);
    const path = `${group}/${policies}/later`;
    const spec = { paramKind: secrets };
    for (const type of ['application/merge-patch+json', 'application/strategic-merge-patch+json']) {
      tried('policy that reads what its author may not');
      expect((await t.patch(path, type, { spec }, { as })).status, type).toBe(422);
    }
    const { body } = await t.get(path);
    tried('policy that reads what its author may not', 2);
    expect((await t.put(path, { ...body, spec: { ...body.spec, ...spec } }, { as })).status).toBe(422);
    const applied = { apiVersion: 'admissionregistration.k8s.io/v1', kind: body.kind, ...policy('later', secrets) };
    const apply = await t.patch(`${path}?fieldManager=x&force=true`, 'application/apply-patch+yaml', applied, { as });
    expect(apply.status).toBe(422);
    const labels = { metadata: { labels: { a: 'b' } } };
    expect((await t.patch(path, 'application/merge-patch+json', labels, { as })).status).toBe(200);
  });

  it('are bound to no object that whoever binds them may not read', async () => {
    const spoken = policy('spoken', secrets);
    expect((await t.post(`${group}/${policies}`, spoken)).status).toBe(201);
    const bind = (name: string, ref: object, as: string, policyName = 'spoken') =>
      t.post(`${group}/${bindings}`, binding(name, policyName, ref), { as: { name: as } });
    const refs = [{ name: 's', namespace: 'a' }, { name: 's' }, { selector: {}, namespace: 'a' }];
    for (const ref of refs) {
      tried('binding that reads what its author may not');
      const answer = await bind('of-kim', ref, 'kim');
      expect(answer.status, answer.text).toBe(422);
      expect(answer.body.details.causes[0].field).toBe('spec.paramRef');
    }
    // `get` is no `list`; and without its policy a binding may come to read anything.
    expect((await bind('of-lee', { selector: {}, namespace: 'a' }, 'lee')).status).toBe(422);
    expect((await bind('of-lee', { name: 's' }, 'lee', 'not-there')).status).toBe(422);
    expect((await bind('of-one', { name: 's', namespace: 'a' }, 'one')).status).toBe(201);
    const told = await t.post('/api/v1/namespaces/a/configmaps', { metadata: { name: 'told' } });
    expect(told.text).toContain(Buffer.from('hidden').toString('base64'));
    // Another policy than the one that was looked at.
    const moved = { spec: { policyName: 'of-lee', paramRef: { name: 't', namespace: 'a' } } };
    const path = `${group}/${bindings}/of-one`;
    const as = { name: 'one' };
    expect((await t.patch(path, 'application/merge-patch+json', moved, { as })).status).toBe(422);
    expect((await t.remove(path)).status).toBe(200);
  });
});
