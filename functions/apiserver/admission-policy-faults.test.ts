// What is said of policies that cannot be evaluated, and of expressions that do not fit the kinds that they are for.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openTestApi, type TestApi } from './testing/open-test-api.ts';

let t: TestApi;

beforeEach(async () => {
  t = await openTestApi();
  await t.namespace('default');
});

afterEach(() => t.close());

const group = '/apis/admissionregistration.k8s.io/v1';
const configmaps = '/api/v1/namespaces/default/configmaps';
const ofKinds = (apiGroup: string, ...resources: readonly string[]) => ({
  resourceRules: [{ apiGroups: [apiGroup], apiVersions: ['v1'], operations: ['CREATE'], resources }],
});
const check = { matchConstraints: ofKinds('', 'configmaps'), validations: [{ expression: 'false' }] };
const change = {
  matchConstraints: ofKinds('', 'configmaps'),
  reinvocationPolicy: 'Never',
  mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression: '[JSONPatch{op: "remove", path: "/x"}]' } }],
};

async function answer(kind: 'validating' | 'mutating', spec: object, binding: object) {
  const made = await t.post(`${group}/${kind}admissionpolicies`, { metadata: { name: 'p' }, spec });
  const bound = { metadata: { name: 'b' }, spec: { policyName: 'p', ...binding } };
  const { status } = await t.post(`${group}/${kind}admissionpolicybindings`, bound);
  expect([made.status, status]).toEqual([201, 201]);
  for (const each of ['policies', 'policybindings'])
    await (await t.replicas.of(`admissionregistration.k8s.io/${kind}admission${each}`)).catchUp();
  return t.post(configmaps, { metadata: { name: 'c' }, data: { a: '1' } });
}

const paramKind = { apiVersion: 'v1', kind: 'ConfigMap' };
const paramRef = { name: 'none', parameterNotFoundAction: 'Deny' };
const unknownKind = { apiVersion: 'x.example.com/v1', kind: 'None' };
const notFound = 'no params found for policy binding with `Deny` parameterNotFoundAction';
const noKind = "failed to find resource referenced by paramKind: 'x.example.com/v1, Kind=None'";
const failing = [{ name: 'm', expression: 'object.data.q == "1"' }];
const noKey = `expression 'object.data.q == "1"' resulted in error: no such key: q`;

describe('a policy that cannot be evaluated', () => {
  it.each<[string, object, object, string]>([
    [
      'a parameter',
      { paramKind },
      { paramRef },
      ` with binding 'b' denied request: failed to configure binding: ${notFound}`,
    ],
    [
      'a kind of parameters',
      { paramKind: unknownKind },
      { paramRef },
      ` denied request: failed to configure policy: ${noKind}`,
    ],
    ['a condition', { matchConditions: failing }, {}, ` with binding 'b' denied request: ${noKey}`],
  ])('for want of %s', async (_, spec, binding, why) => {
    const refused = await answer('validating', { ...check, ...spec }, { validationActions: ['Deny'], ...binding });
    const message = `ValidatingAdmissionPolicy 'p'${why}`;
    expect(refused).toMatchObject({ status: 422, body: { message: `configmaps "c" is forbidden: ${message}` } });
    expect(refused.body.details).toEqual({ name: 'c', kind: 'configmaps', causes: [{ message }] });
    for (const each of ['policybindings/b', 'policies/p']) await t.remove(`${group}/validatingadmission${each}`);
    const changed = await answer('mutating', { ...change, ...spec }, binding);
    const reason = 'matchConditions' in spec ? 'Invalid' : 'Forbidden';
    expect(changed).toMatchObject({ status: 403, body: { reason, message: `policy 'p'${why}` } });
  });

  it('warns of a condition where its binding says so, and denies for want of a parameter all the same', async () => {
    const warning = { validationActions: ['Warn'] };
    const warned = await answer('validating', { ...check, matchConditions: failing }, warning);
    expect(warned.status).toBe(201);
    expect(warned.headers.warning).toEqual([
      expect.stringContaining("Validation failed for ValidatingAdmissionPolicy 'p' with binding 'b': expression"),
    ]);
    for (const each of ['policybindings/b', 'policies/p']) await t.remove(`${group}/validatingadmission${each}`);
    expect((await answer('validating', { ...check, paramKind }, { ...warning, paramRef })).status).toBe(422);
  });
});

describe('the status of a policy', () => {
  const statusOf = async (spec: object) =>
    (await t.post(`${group}/validatingadmissionpolicies`, { metadata: { name: 'p' }, spec })).body.status;

  it('tells which expressions do not fit which kinds', async () => {
    const status = await statusOf({
      matchConstraints: ofKinds('apps', 'replicasets', 'deployments', 'deployments/scale', 'nones'),
      variables: [{ name: 'wanted', expression: 'object.spec.replicas' }],
      validations: [
        { expression: 'object.replicas > 1', messageExpression: '"a" + object.spec.replicas' },
        { expression: 'variables.wanted > 1 && object.metadata.labels["a"] == "b"' },
        { expression: 'object.spec.template.spec.containers.all(c, c.imagee != "")' },
      ],
    });
    const of = (kind: string, why: RegExp) =>
      expect.stringMatching(new RegExp(`^apps/v1, Kind=${kind}: ERROR: ${why.source}`, 's'));
    expect(status.observedGeneration).toBe(1);
    expect(status.typeChecking.expressionWarnings).toEqual([
      {
        fieldRef: 'spec.validations[0].expression',
        warning: of(
          'Deployment',
          /<input>:1:7: undefined field 'replicas'\n \| object\.replicas > 1\n \| \.{6}\^\n\napps\/v1, Kind=ReplicaSet: /,
        ),
      },
      {
        fieldRef: 'spec.validations[0].messageExpression',
        warning: of('Deployment', /<input>:1:5: found no matching overload/),
      },
      {
        fieldRef: 'spec.validations[2].expression',
        warning: of('Deployment', /<input>:1:46: undefined field 'imagee'/),
      },
    ]);
  });

  it.each<[string, object]>([
    ['of all kinds', { apiGroups: ['*'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
    ['of all of a group', { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['*'] }],
  ])('tells nothing %s', async (_, rule) => {
    const validations = [{ expression: 'object.none == 1' }];
    expect(await statusOf({ matchConstraints: { resourceRules: [rule] }, validations })).toEqual({
      observedGeneration: 1,
      typeChecking: {},
    });
  });

  it('is of what the policy says now', async () => {
    const at = `${group}/validatingadmissionpolicies/p`;
    await statusOf({ ...check, validations: [{ expression: 'object.none == 1' }] });
    const spec = { validations: [{ expression: 'object.data.a == "1"' }] };
    const { body } = await t.patch(at, 'application/merge-patch+json', { spec });
    expect(body.metadata.generation).toBe(2);
    expect(body.status).toEqual({ observedGeneration: 2, typeChecking: {} });
  });
});
