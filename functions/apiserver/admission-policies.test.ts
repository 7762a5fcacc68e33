import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createAudit } from './audit/audit.ts';
import type { AuditEvent } from './audit/event.ts';
import { openTestApi, type TestApi } from './testing/open-test-api.ts';

let t: TestApi;
let audit: AuditEvent[];

beforeEach(async () => {
  audit = [];
  const sink = { write: (line: string) => void audit.push(JSON.parse(line)) };
  t = await openTestApi({ audit: createAudit({ rules: [{ level: 'Metadata' }] }, sink, Date.now) });
  await t.namespace('default');
});

afterEach(async () => {
  await t.close();
});

const group = '/apis/admissionregistration.k8s.io/v1';
const deployments = '/apis/apps/v1/namespaces/default/deployments';
const configmaps = '/api/v1/namespaces/default/configmaps';
const rule = (apiGroup: string, resource: string) => ({
  resourceRules: [
    { apiGroups: [apiGroup], apiVersions: ['*'], operations: ['CREATE', 'UPDATE'], resources: [resource] },
  ],
});

function deployment(name: string, replicas: number, labels: Record<string, string> = {}) {
  const template = { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: 'busybox:1' }] } };
  return { metadata: { name, labels }, spec: { replicas, selector: { matchLabels: { app: name } }, template } };
}

async function settle() {
  for (const kind of ['validating', 'mutating'])
    for (const each of ['policies', 'policybindings'])
      await (await t.replicas.of(`admissionregistration.k8s.io/${kind}admission${each}`)).catchUp();
}

async function policy(kind: 'Validating' | 'Mutating', spec: object, binding: object = {}) {
  const base = `${group}/${kind.toLowerCase()}admissionpolic`;
  const answer = await t.post(`${base}ies`, { metadata: { name: 'p' }, spec });
  if (answer.status === 201) {
    const actions = kind === 'Validating' ? { validationActions: ['Deny'] } : {};
    const bound = await t.post(`${base}ybindings`, {
      metadata: { name: 'b' },
      spec: { policyName: 'p', ...actions, ...binding },
    });
    expect(bound.status).toBe(201);
  }
  await settle();
  return answer;
}

describe('a validating admission policy', () => {
  it('refuses what it cannot judge within its budget', async () => {
    await policy('Validating', {
      matchConstraints: rule('', 'configmaps'),
      validations: [{ expression: 'object.data.all(a, object.data.all(b, object.data.all(c, a + b != c)))' }],
    });
    const create = (count: number) => {
      const data = Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 'v']));
      return t.post(configmaps, { metadata: { name: `of-${count}` }, data });
    };
    expect((await create(3)).status).toBe(201);
    const refused = await create(300);
    expect(refused.status).toBe(422);
    expect(refused.body.message).toContain('operation cancelled: actual cost limit exceeded');
  });

  it('refuses by expressions over variables, with the message that it makes', async () => {
    await policy('Validating', {
      matchConstraints: rule('apps', 'deployments'),
      variables: [
        { name: 'replicas', expression: 'object.spec.replicas' },
        { name: 'oddReplicas', expression: 'variables.replicas % 2 == 1' },
      ],
      validations: [
        { expression: 'variables.replicas > 1' },
        {
          expression: 'variables.oddReplicas',
          messageExpression: '"replicas must be odd, not " + string(variables.replicas)',
          reason: 'Forbidden',
        },
      ],
    });
    expect(await t.post(deployments, deployment('three', 3))).toMatchObject({ status: 201 });
    expect(await t.post(deployments, deployment('one', 1))).toMatchObject({
      status: 422,
      body: {
        reason: 'Invalid',
        message: `deployments.apps "one" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: failed expression: variables.replicas > 1`,
      },
    });
    expect(await t.post(deployments, deployment('four', 4))).toMatchObject({
      status: 403,
      body: { message: expect.stringContaining('replicas must be odd, not 4') },
    });
    expect(
      await t.patch(`${deployments}/three/scale`, 'application/merge-patch+json', { spec: { replicas: 1 } }),
    ).toMatchObject({ status: 200 });
  });

  it('warns and notes where its binding says so, and writes audit annotations', async () => {
    await policy(
      'Validating',
      {
        matchConstraints: rule('', 'configmaps'),
        matchConditions: [{ name: 'named', expression: 'object.metadata.name.startsWith("w")' }],
        validations: [{ expression: 'false', message: 'never' }],
        auditAnnotations: [
          {
            key: 'who',
            valueExpression:
              'request.userInfo.username + " in " + request.namespace + " " + namespaceObject.metadata.name',
          },
        ],
      },
      { validationActions: ['Warn', 'Audit'] },
    );
    const answer = await t.post(configmaps, { metadata: { name: 'w' } });
    expect(answer.status).toBe(201);
    expect(answer.headers['warning']).toEqual([
      `299 - "Validation failed for ValidatingAdmissionPolicy 'p' with binding 'b': never"`,
    ]);
    expect(audit.at(-1)?.annotations).toMatchObject({ 'p/who': 'admin in default default' });
    expect(
      JSON.parse(audit.at(-1)?.annotations?.['validation.policy.admission.k8s.io/validation_failure'] ?? ''),
    ).toMatchObject([{ message: 'never' }]);
    expect((await t.post(configmaps, { metadata: { name: 'other' } })).headers['warning']).toBeUndefined();
  });

  it('takes parameters from the objects that its binding names', async () => {
    await t.post(configmaps, { metadata: { name: 'limits' }, data: { max: '2' } });
    await policy(
      'Validating',
      {
        paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
        matchConstraints: rule('apps', 'deployments'),
        validations: [{ expression: 'object.spec.replicas <= int(params.data.max)' }],
      },
      { paramRef: { name: 'limits', namespace: 'default', parameterNotFoundAction: 'Deny' } },
    );
    await (await t.replicas.of('configmaps')).catchUp();
    expect(await t.post(deployments, deployment('two', 2))).toMatchObject({ status: 201 });
    expect(await t.post(deployments, deployment('three', 3))).toMatchObject({ status: 422 });
    await t.remove(`${configmaps}/limits`);
    await (await t.replicas.of('configmaps')).catchUp();
    expect(await t.post(deployments, deployment('none', 1))).toMatchObject({
      status: 422,
      body: { message: expect.stringContaining('no params found') },
    });
  });

  it('that cannot be evaluated refuses or not, as its failure policy says', async () => {
    const spec = {
      matchConstraints: rule('', 'configmaps'),
      validations: [{ expression: 'object.data.missing == "x"' }],
    };
    await policy('Validating', spec);
    expect(await t.post(configmaps, { metadata: { name: 'a' } })).toMatchObject({ status: 422 });
    await t.patch(`${group}/validatingadmissionpolicies/p`, 'application/merge-patch+json', {
      spec: { failurePolicy: 'Ignore' },
    });
    await settle();
    expect(await t.post(configmaps, { metadata: { name: 'a' } })).toMatchObject({ status: 201 });
  });

  it('asks what the user of the request may do, and what others may', async () => {
    const eve = { as: { name: 'eve', groups: ['dev'] } };
    const roles = '/apis/rbac.authorization.k8s.io/v1/namespaces/default';
    const bind = async (name: string, rules: object[], subject: object) => {
      await t.post(`${roles}/roles`, { metadata: { name }, rules });
      const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name };
      await t.post(`${roles}/rolebindings`, { metadata: { name }, roleRef, subjects: [subject] });
    };
    const user = { kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'eve' };
    await bind('writer', [{ verbs: ['create', 'update'], apiGroups: [''], resources: ['configmaps'] }], user);
    const account = { kind: 'ServiceAccount', name: 'robot', namespace: 'default' };
    await bind('robot', [{ verbs: ['get'], apiGroups: ['apps'], resources: ['deployments/scale'] }], account);
    await policy('Validating', {
      matchConstraints: rule('', 'configmaps'),
      matchConditions: [{ name: 'no-admin', expression: '!authorizer.path("/metrics").check("get").allowed()' }],
      variables: [
        { name: 'robot', expression: 'authorizer.serviceAccount("default", "robot").group("apps")' },
        { name: 'scale', expression: 'variables.robot.resource("deployments").namespace("default")' },
      ],
      validations: [
        { expression: 'variables.scale.subresource("scale").check("get").allowed()', message: 'robot' },
        { expression: '!variables.scale.check("get").allowed() && !variables.scale.check("get").errored()' },
        { expression: 'authorizer.requestResource.check("create").reason().contains("RoleBinding writer")' },
        {
          expression: '!has(object.data) || authorizer.requestResource.labelSelector("a=b").check("fill").allowed()',
          messageExpression:
            '"may not fill " + authorizer.requestResource.check("fill").error() + object.metadata.name',
        },
      ],
    });
    expect(await t.post(configmaps, { metadata: { name: 'empty' } }, eve)).toMatchObject({ status: 201 });
    expect(await t.post(configmaps, { metadata: { name: 'full' }, data: { a: 'b' } }, eve)).toMatchObject({
      status: 422,
      body: { message: expect.stringMatching(/denied request: may not fill full$/) },
    });
    expect(await t.post(configmaps, { metadata: { name: 'full' }, data: { a: 'b' } })).toMatchObject({ status: 201 });
    const filler = [{ verbs: ['fill'], apiGroups: [''], resources: ['configmaps'], resourceNames: ['other'] }];
    await bind('filler', filler, user);
    expect(await t.post(configmaps, { metadata: { name: 'other' }, data: { a: 'b' } }, eve)).toMatchObject({
      status: 201,
    });
  });

  describe('with variables', () => {
    // Thirty of them cost more than all expressions of a policy may.
    const zeros = `[${'0,'.repeat(500)}]`;
    const costly = Array.from({ length: 30 }, (_, index) => ({
      name: `costly${index}`,
      expression: `${zeros}.all(a, ${zeros}.all(b, true))`,
    }));

    it('hears of one only where an expression reads it, and pays for it once', async () => {
      await policy('Validating', {
        matchConstraints: rule('', 'configmaps'),
        variables: [
          { name: 'broken', expression: 'object.data.missing' },
          ...costly,
          { name: 'used', expression: 'variables.costly0 && variables.costly1 && variables.costly0' },
        ],
        validations: [
          ...Array.from({ length: 30 }, () => ({ expression: 'variables.used && variables.costly0' })),
          { expression: 'object.metadata.name != "broken" || variables.broken == "a"' },
        ],
      });
      expect(await t.post(configmaps, { metadata: { name: 'a' }, data: {} })).toMatchObject({ status: 201 });
      const broken = await t.post(configmaps, { metadata: { name: 'broken' }, data: { a: 'b' } });
      expect(broken.body.message).toContain(
        'resulted in error: composited variable "broken" fails to evaluate: no such key: missing',
      );
    });

    it('pays for all that it reads', async () => {
      await policy('Validating', {
        matchConstraints: rule('', 'configmaps'),
        variables: costly,
        validations: [{ expression: costly.map(({ name }) => `variables.${name}`).join(' && ') }],
      });
      const refused = await t.post(configmaps, { metadata: { name: 'a' }, data: {} });
      expect(refused.body.message).toContain('actual cost limit exceeded');
    });
  });

  it('may ask about what a selector selects', async () => {
    const pods = 'authorizer.group("").resource("pods")';
    await policy('Validating', {
      matchConstraints: rule('', 'configmaps'),
      validations: [
        { expression: `${pods}.fieldSelector("spec.nodeName=" + object.data.node).check("list").allowed()` },
        { expression: `!${pods}.fieldSelector("spec.nodeName").check("list").allowed()` },
      ],
    });
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'writer' };
    const user = { kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'system:node:n1' };
    const rbac = '/apis/rbac.authorization.k8s.io/v1';
    const rules = [{ verbs: ['create'], apiGroups: [''], resources: ['configmaps'] }];
    await t.post(`${rbac}/clusterroles`, { metadata: { name: 'writer' }, rules });
    await t.post(`${rbac}/clusterrolebindings`, { metadata: { name: 'writer' }, roleRef, subjects: [user] });
    const agent = { as: { name: 'system:node:n1', groups: ['system:nodes'] } };
    const make = (node: string) => t.post(configmaps, { metadata: { name: node }, data: { node } }, agent);
    expect(await make('n2')).toMatchObject({ status: 422 });
    expect(await make('n1')).toMatchObject({ status: 201 });
  });

  it('may make no more than two authorization checks in one expression', async () => {
    const checks = ['get', 'list', 'watch'].map((each) => `authorizer.path("/x").check("${each}").allowed()`);
    const names = checks.map((_, index) => checks.slice(0, index + 1).join(' && '));
    await policy('Validating', {
      matchConstraints: rule('', 'configmaps'),
      validations: names.map((expression, index) => ({ expression, messageExpression: `"of ${index + 1}"` })),
    });
    expect(await t.post(configmaps, { metadata: { name: 'a' } })).toMatchObject({
      status: 422,
      body: { message: expect.stringContaining(`${checks[2]}' resulted in error: operation cancelled`) },
    });
  });

  it.each([
    [
      {
        validations: [{ expression: 'true' }],
        variables: [{ name: 'a', expression: '1' }],
        matchConditions: [{ name: 'b', expression: 'variables.a == 1' }],
      },
      'spec.matchConditions[0].expression',
    ],
    [{ validations: [{ expression: 'authorizer.allowed()' }] }, 'spec.validations[0].expression'],
    [{ validations: [{ expression: '1 +' }] }, 'spec.validations[0].expression'],
    [{ validations: [{ expression: '"text"' }] }, 'spec.validations[0].expression'],
    [{ validations: [] }, 'spec.validations'],
    [
      { validations: [{ expression: 'true' }], variables: [{ name: 'a-b', expression: '1' }] },
      'spec.variables[0].name',
    ],
    [{ validations: [{ expression: 'true' }], matchConstraints: {} }, 'spec.matchConstraints.resourceRules'],
  ])('is refused with the field that is wrong: %j', async (more, field) => {
    const answer = await policy('Validating', { matchConstraints: rule('', 'configmaps'), ...more });
    expect(answer.status).toBe(422);
    expect(answer.body.details.causes.map((each: { field: string }) => each.field)).toContain(field);
  });
});

describe('a mutating admission policy', () => {
  const base = { matchConstraints: rule('apps', 'deployments'), reinvocationPolicy: 'Never', failurePolicy: 'Fail' };

  it('joins the configuration that its expression makes into the object', async () => {
    const expression = `Object{
      metadata: Object.metadata{labels: {"env": "test", "for-" + request.operation: object.metadata.name}},
      spec: Object.spec{template: Object.spec.template{spec: Object.spec.template.spec{
        containers: [Object.spec.template.spec.containers{name: "sidecar", image: "proxy:1"}]}}}}`;
    await policy('Mutating', {
      ...base,
      mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression } }],
    });
    const { status, body } = await t.post(deployments, deployment('d', 2, { own: 'x' }));
    expect(status).toBe(201);
    expect(body.metadata.labels).toEqual({ own: 'x', env: 'test', 'for-CREATE': 'd' });
    expect(body.spec.replicas).toBe(2);
    expect(body.spec.template.spec.containers).toMatchObject([
      { name: 'c', image: 'busybox:1' },
      { name: 'sidecar', image: 'proxy:1', terminationMessagePath: '/dev/termination-log' },
    ]);
  });

  it('asks what the user of the request may do', async () => {
    const expression =
      'authorizer.group("").resource("secrets").check("get").allowed() ? [JSONPatch{op: "add", path: "/metadata/labels/trusted", value: "yes"}] : []';
    await policy('Mutating', { ...base, mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression } }] });
    expect((await t.post(deployments, deployment('a', 1, { own: 'x' }))).body.metadata.labels).toEqual({
      own: 'x',
      trusted: 'yes',
    });
    const rules = [{ verbs: ['create'], apiGroups: ['apps'], resources: ['deployments'] }];
    const rbac = '/apis/rbac.authorization.k8s.io/v1';
    await t.post(`${rbac}/clusterroles`, { metadata: { name: 'deployer' }, rules });
    await t.post(`${rbac}/clusterrolebindings`, {
      metadata: { name: 'deployer' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'deployer' },
      subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'eve' }],
    });
    const made = await t.post(deployments, deployment('b', 1, { own: 'x' }), { as: { name: 'eve' } });
    expect(made.body.metadata.labels).toEqual({ own: 'x' });
  });

  it.each([
    [
      'spec: Object.spec{replicasx: 1}',
      'failed to convert patch object to typed object: .spec.replicasx: field not declared in schema',
    ],
    [
      'spec: Object.spec{selector: Object.spec.selector{matchLabels: {"l": "v"}}}',
      'invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: .spec.selector',
    ],
    [
      'spec: Object.spec{template: Object.spec.template{spec: Object.spec.template.spec{containers: [Object.spec.template.spec.containers{name: "c", args: ["x"]}]}}}',
      'invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: .spec.template.spec.containers[0].args',
    ],
  ])('may not say %s', async (fields, why) => {
    const mutations = [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression: `Object{${fields}}` } }];
    await policy('Mutating', { ...base, mutations });
    expect(await t.post(deployments, deployment('d', 1))).toMatchObject({
      status: 403,
      body: {
        reason: 'Invalid',
        message: `policy 'p' with binding 'b' denied request: error applying patch: ${why}`,
      },
    });
  });

  it('may not patch in what its kind does not have', async () => {
    const expression = '[JSONPatch{op: "add", path: "/spec/replicasx", value: 1}]';
    await policy('Mutating', { ...base, mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression } }] });
    expect(await t.post(deployments, deployment('d', 1))).toMatchObject({
      status: 403,
      body: { message: expect.stringContaining('strict decoding error: unknown field "spec.replicasx"') },
    });
  });

  it('patches, each mutation after the other', async () => {
    const patch = (expression: string) => ({ patchType: 'JSONPatch', jsonPatch: { expression } });
    await policy('Mutating', {
      ...base,
      matchConditions: [{ name: 'many', expression: 'object.spec.replicas > 1' }],
      mutations: [
        patch(
          '[JSONPatch{op: "test", path: "/spec/replicas", value: 3}, JSONPatch{op: "replace", path: "/spec/replicas", value: object.spec.replicas + 1}]',
        ),
        patch(
          '[JSONPatch{op: "add", path: "/metadata/labels/" + jsonpatch.escapeKey("example.com/was"), value: string(object.spec.replicas)}]',
        ),
      ],
    });
    expect((await t.post(deployments, deployment('three', 3, { a: 'b' }))).body).toMatchObject({
      metadata: { labels: { a: 'b', 'example.com/was': '4' } },
      spec: { replicas: 4 },
    });
    expect((await t.post(deployments, deployment('one', 1))).body.spec.replicas).toBe(1);
    // A patch whose test fails is not made; one that does not fit is refused.
    expect((await t.post(deployments, deployment('two', 2, { a: 'b' }))).body).toMatchObject({
      metadata: { labels: { a: 'b', 'example.com/was': '2' } },
      spec: { replicas: 2 },
    });
    expect(await t.post(deployments, deployment('bare', 3))).toMatchObject({
      status: 403,
      body: { message: expect.stringContaining("policy 'p' with binding 'b' denied request: JSONPath: ") },
    });
  });
});
