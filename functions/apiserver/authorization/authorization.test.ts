import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openTestApi, type TestApi } from '../testing/open-test-api.ts';

let t: TestApi;

beforeEach(async () => {
  t = await openTestApi();
  await t.namespace('default');
  await t.namespace('other');
});

afterEach(async () => {
  await t.close();
});

const rbac = '/apis/rbac.authorization.k8s.io/v1';
const eve = { as: { name: 'eve', groups: ['dev'] } };

async function role(name: string, rules: object[], namespace = 'default') {
  return t.post(`${rbac}/namespaces/${namespace}/roles`, { metadata: { name }, rules });
}

function binding(
  name: string,
  roleName: string,
  subjects: object[] = [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'eve' }],
) {
  return {
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: roleName },
    subjects,
  };
}

describe('RBAC', () => {
  it('allows what a bound role says, there and nowhere else, at once', async () => {
    const configMaps = '/api/v1/namespaces/default/configmaps';
    expect(await t.get(configMaps, eve)).toMatchObject({ status: 403 });
    await role('reader', [{ verbs: ['get', 'list'], apiGroups: [''], resources: ['configmaps'] }]);
    await t.post(`${rbac}/namespaces/default/rolebindings`, binding('b', 'reader'));
    expect(await t.get(configMaps, eve)).toMatchObject({ status: 200 });
    expect(await t.get('/api/v1/namespaces/other/configmaps', eve)).toMatchObject({ status: 403 });
    expect(await t.get('/api/v1/configmaps', eve)).toMatchObject({ status: 403 });
    expect(await t.post(configMaps, { metadata: { name: 'a' } }, eve)).toMatchObject({ status: 403 });
    await t.remove(`${rbac}/namespaces/default/rolebindings/b`);
    await expect.poll(async () => (await t.get(configMaps, eve)).status).toBe(403);
  });

  it('limits to names, and knows groups and service accounts', async () => {
    await role('one', [{ verbs: ['get'], apiGroups: [''], resources: ['configmaps'], resourceNames: ['mine'] }]);
    const subjects = [{ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: 'dev' }];
    await t.post(`${rbac}/namespaces/default/rolebindings`, binding('b', 'one', subjects));
    expect(await t.get('/api/v1/namespaces/default/configmaps/mine', eve)).toMatchObject({ status: 404 });
    expect(await t.get('/api/v1/namespaces/default/configmaps/yours', eve)).toMatchObject({ status: 403 });
  });

  it('answers access reviews and rules reviews', async () => {
    await role('reader', [{ verbs: ['get'], apiGroups: ['apps'], resources: ['deployments/scale'] }]);
    await t.post(`${rbac}/namespaces/default/rolebindings`, binding('b', 'reader'));
    const review = async (resourceAttributes: object) =>
      (
        await t.post('/apis/authorization.k8s.io/v1/subjectaccessreviews', {
          spec: { user: 'eve', resourceAttributes },
        })
      ).body.status.allowed;
    const scale = { namespace: 'default', verb: 'get', group: 'apps', resource: 'deployments' };
    expect(await review({ ...scale, subresource: 'scale' })).toBe(true);
    expect(await review(scale)).toBe(false);
    expect(await t.post('/apis/authorization.k8s.io/v1/subjectaccessreviews', { spec: { user: 'eve' } })).toMatchObject(
      { status: 422 },
    );
    const rules = await t.post(
      '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews',
      { spec: { namespace: 'default' } },
      {
        headers: { 'impersonate-user': 'admin', 'impersonate-group': 'system:masters' },
      },
    );
    expect(rules.body.status.resourceRules).toContainEqual({ verbs: ['*'], apiGroups: ['*'], resources: ['*'] });
  });

  it('lets nobody grant more than they hold', async () => {
    await role('editor', [
      { verbs: ['*'], apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles', 'rolebindings'] },
    ]);
    await role('powerful', [{ verbs: ['*'], apiGroups: [''], resources: ['secrets'] }]);
    await t.post(`${rbac}/namespaces/default/rolebindings`, binding('b', 'editor'));
    // `*` on roles holds `escalate` and `bind` too; the narrow rule does not.
    await t.patch(`${rbac}/namespaces/default/roles/editor`, 'application/merge-patch+json', {
      rules: [
        {
          verbs: ['get', 'create', 'update', 'patch'],
          apiGroups: ['rbac.authorization.k8s.io'],
          resources: ['roles', 'rolebindings'],
        },
      ],
    });
    const secrets = [{ verbs: ['get'], apiGroups: [''], resources: ['secrets'] }];
    await expect
      .poll(
        async () =>
          (await t.post(`${rbac}/namespaces/default/roles`, { metadata: { name: 'mine' }, rules: secrets }, eve))
            .status,
      )
      .toBe(403);
    expect(await t.post(`${rbac}/namespaces/default/rolebindings`, binding('c', 'powerful'), eve)).toMatchObject({
      status: 403,
    });
    expect(
      await t.patch(`${rbac}/namespaces/default/roles/editor`, 'application/merge-patch+json', { rules: secrets }, eve),
    ).toMatchObject({ status: 403 });
    const held = [{ verbs: ['get'], apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles'] }];
    expect(
      await t.post(`${rbac}/namespaces/default/roles`, { metadata: { name: 'mine' }, rules: held }, eve),
    ).toMatchObject({ status: 201 });
  });
});

describe('the node authorizer', () => {
  const agent = { as: { name: 'system:node:n1', groups: ['system:nodes'] } };

  it('opens to a node what its pods name', async () => {
    await t.post('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } });
    await t.post('/api/v1/namespaces/default/secrets', { metadata: { name: 's' } });
    const secret = '/api/v1/namespaces/default/secrets/s';
    expect(await t.get(secret, agent)).toMatchObject({ status: 403 });
    const pod = {
      metadata: { name: 'p' },
      spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'i', envFrom: [{ secretRef: { name: 's' } }] }] },
    };
    expect(await t.post('/api/v1/namespaces/default/pods', pod)).toMatchObject({ status: 201 });
    expect(await t.get(secret, agent)).toMatchObject({ status: 200 });
    expect(await t.get(secret, { as: { name: 'system:node:n2', groups: ['system:nodes'] } })).toMatchObject({
      status: 403,
    });
    expect(await t.get('/api/v1/namespaces/default/secrets', agent)).toMatchObject({ status: 403 });
  });

  it('lets a node read its own pods and itself, and says what it may', async () => {
    await t.post('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } });
    for (const name of ['n1', 'n2']) {
      await t.post('/api/v1/nodes', { metadata: { name } });
      const spec = { nodeName: name, containers: [{ name: 'c', image: 'i' }] };
      await t.post('/api/v1/namespaces/default/pods', { metadata: { name: `of-${name}` }, spec });
    }
    const pods = await t.get('/api/v1/pods?fieldSelector=spec.nodeName%3Dn1,status.phase!%3DFailed', agent);
    expect(pods.body.items.map((each: { metadata: object }) => each.metadata)).toMatchObject([{ name: 'of-n1' }]);
    const allowed = ['/api/v1/namespaces/default/pods?fieldSelector=metadata.name%3Dof-n1', '/api/v1/nodes/n1'];
    for (const path of [...allowed, '/api/v1/nodes?fieldSelector=metadata.name%3Dn1'])
      expect(await t.get(path, agent), path).toMatchObject({ status: 200 });
    for (const query of [
      '',
      '?fieldSelector=spec.nodeName%3Dn2',
      '?fieldSelector=spec.nodeName!%3Dn1',
      '?labelSelector=a',
    ])
      expect(await t.get(`/api/v1/pods${query}`, agent), query).toMatchObject({
        status: 403,
        body: { message: expect.stringMatching(/: can only list\/watch pods with spec.nodeName field selector$/) },
      });
    expect(await t.get('/api/v1/namespaces/default/pods?fieldSelector=metadata.name%3Dof-n2', agent)).toMatchObject({
      status: 403,
    });
    expect((await t.get('/api/v1/nodes', agent)).body.message).toContain(
      "node 'n1' cannot read all nodes, only its own",
    );
    expect((await t.get('/api/v1/nodes/n2', agent)).body.message).toContain("node 'n1' cannot read 'n2', only its own");
  });

  it('is asked about selectors by reviews, of which it is told what can be understood', async () => {
    const review = async (selectors: object) => {
      const resourceAttributes = { verb: 'list', resource: 'pods', ...selectors };
      const spec = { user: 'system:node:n1', groups: ['system:nodes'], resourceAttributes };
      return (await t.post('/apis/authorization.k8s.io/v1/subjectaccessreviews', { spec })).body;
    };
    const own = { key: 'spec.nodeName', operator: 'In', values: ['n1'] };
    const newer = { key: 'a', operator: 'Near', values: ['b'] };
    expect((await review({})).status).toMatchObject({ allowed: false });
    expect((await review({ fieldSelector: { requirements: [own] } })).status).toEqual({
      allowed: true,
      reason: 'node',
    });
    expect((await review({ fieldSelector: { rawSelector: 'spec.nodeName=n1' } })).status.allowed).toBe(true);
    expect((await review({ fieldSelector: { requirements: [{ ...own, operator: 'NotIn' }] } })).status.allowed).toBe(
      false,
    );
    expect(
      (await review({ fieldSelector: { requirements: [own, newer] }, labelSelector: { requirements: [newer] } }))
        .status,
    ).toMatchObject({
      allowed: true,
      evaluationError:
        'spec.resourceAttributes.fieldSelector partially ignored due to parse error; ' +
        'spec.resourceAttributes.labelSelector ignored due to parse error',
    });
    expect((await review({ fieldSelector: { rawSelector: 'spec.nodeName' } })).status).toMatchObject({
      allowed: false,
      evaluationError: 'spec.resourceAttributes.fieldSelector ignored due to parse error',
    });
    expect((await review({ fieldSelector: {} })).details.causes).toMatchObject([
      { reason: 'FieldValueRequired', field: 'spec.resourceAttributes.fieldSelector.requirements' },
    ]);
    const both = { labelSelector: { rawSelector: 'a=b', requirements: [{ key: 'a', operator: 'Exists' }] } };
    expect((await review(both)).message).toContain('may not specified at the same time as requirements');
    const empty = { labelSelector: { requirements: [{ key: 'a', operator: 'In' }] } };
    expect((await review(empty)).message).toContain("must be specified when `operator` is 'In' or 'NotIn'");
  });

  it('gives a node tokens for the pods that it runs, bound to them', async () => {
    for (const name of ['default', 'other'])
      await t.post('/api/v1/namespaces/default/serviceaccounts', { metadata: { name } });
    const serviceAccountToken = { path: 'vault', audience: 'vault', expirationSeconds: 900 };
    const volumes = [{ name: 'v', projected: { sources: [{ serviceAccountToken }] } }];
    const spec = { nodeName: 'n1', containers: [{ name: 'c', image: 'i' }], volumes };
    const made = await t.post('/api/v1/namespaces/default/pods', { metadata: { name: 'p' }, spec });
    expect(made.status).toBe(201);
    const boundObjectRef = { kind: 'Pod', apiVersion: 'v1', name: 'p', uid: made.body.metadata.uid };
    const request = (account: string, spec: object, node = 'n1') =>
      t.post(
        `/api/v1/namespaces/default/serviceaccounts/${account}/token`,
        { spec },
        { as: { name: `system:node:${node}`, groups: ['system:nodes'] } },
      );
    // The API server's own audience is that of the volume that every pod gets.
    expect(await request('default', { boundObjectRef })).toMatchObject({ status: 201 });
    const vault = { boundObjectRef, audiences: ['vault'] };
    expect(await request('default', { ...vault, expirationSeconds: 900 })).toMatchObject({ status: 201 });
    expect((await request('default', { ...vault, expirationSeconds: 901 })).body.message).toContain('at most 900');
    expect((await request('default', { boundObjectRef, expirationSeconds: 2 ** 32 })).status).toBe(403);
    expect((await request('default', { boundObjectRef, audiences: ['bank'] })).body.message).toContain(
      'audience "bank" not found in pod spec volume, system:node:n1 is not authorized to request tokens for this audience',
    );
    expect((await request('default', { boundObjectRef, audiences: ['vault', 'bank'] })).status).toBe(403);
    const { uid: _, ...anonymous } = boundObjectRef;
    expect((await request('default', { boundObjectRef: anonymous })).body.message).toContain('without a uid');
    expect(await request('default', {})).toMatchObject({ status: 403 });
    expect(await request('other', { boundObjectRef })).toMatchObject({ status: 403 });
    expect(await request('default', { boundObjectRef }, 'n2')).toMatchObject({ status: 403 });
  });
});
