import { afterEach, beforeEach, describe, expect } from 'vitest';
import { openTestApi, type TestApi } from '../../functions/apiserver/testing/open-test-api.ts';
import { openWebhook, type WebhookServer } from '../../functions/apiserver/testing/webhook-server.ts';
import { conformance } from './conformance.ts';

let t: TestApi;
let hooks: WebhookServer[];

beforeEach(async () => {
  hooks = [];
  t = await openTestApi();
  await t.namespace('default');
});

afterEach(async () => {
  for (const each of hooks) await each.close();
  await t.close();
});

const group = '/apis/admissionregistration.k8s.io/v1';
const configmaps = '/api/v1/namespaces/default/configmaps';
const pods = '/api/v1/namespaces/default/pods';
const jsonPatch = 'application/json-patch+json';

type Kind = 'Mutating' | 'Validating';
type Request = ReturnType<typeof JSON.parse>;

const path = (kind: Kind) => `${group}/${kind.toLowerCase()}webhookconfigurations`;
const rule = (resource: string, operations = ['*']) => [
  { operations, apiGroups: ['*'], apiVersions: ['*'], resources: [resource] },
];
const deny = () => ({ allowed: false, status: { message: 'the test refuses' } });
const patchOf = (patch: unknown) => ({
  allowed: true,
  patchType: 'JSONPatch',
  patch: Buffer.from(JSON.stringify(patch)).toString('base64'),
});
const adds = (key: string) => () => patchOf([{ op: 'add', path: `/data/${key}`, value: 'yes' }]);

async function open(answer: (request: Request, url: string) => unknown) {
  const hook = await openWebhook(answer);
  hooks.push(hook);
  return hook;
}

async function settle(kind: Kind) {
  await (await t.replicas.of(`admissionregistration.k8s.io/${kind.toLowerCase()}webhookconfigurations`)).catchUp();
}

type Answer = (request: Request, url: string) => unknown;
async function configure(kind: Kind, answer: Answer, more: object = {}, name = 'e2e', at = '') {
  const hook = await open(answer);
  const own = {
    name: `${name}.example.com`,
    clientConfig: { url: hook.url + at, caBundle: hook.caBundle },
    rules: rule('configmaps', ['CREATE']),
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    ...more,
  };
  const made = await t.post(path(kind), { metadata: { name, labels: { e2e: 'yes' } }, webhooks: [own] });
  await settle(kind);
  return made;
}

let count = 0;
const configMap = () => {
  count += 1;
  return { metadata: { name: `cm-${count}` }, data: { own: 'x' } };
};
const create = async () => await t.post(configmaps, configMap());

describe('admission webhooks', () => {
  for (const kind of ['Mutating', 'Validating'] as const) {
    const acts = kind === 'Mutating' ? adds('mutated') : deny;
    const acted = async () => {
      const { status, body } = await create();
      return kind === 'Mutating' ? body.data.mutated === 'yes' : status === 403;
    };
    const listing = async () => {
      for (let each = 0; each < 3; each += 1) await configure(kind, acts, {}, `hook${each}`);
      expect((await t.get(`${path(kind)}?labelSelector=e2e%3Dyes`)).body.items).toHaveLength(3);
      expect(await acted()).toBe(true);
      await t.remove(`${path(kind)}?labelSelector=e2e%3Dyes`);
      await settle(kind);
      expect(await acted()).toBe(false);
    };
    const changing = async () => {
      await configure(kind, acts);
      expect(await acted()).toBe(true);
      const replace = (operations: string[]) =>
        t.patch(`${path(kind)}/e2e`, jsonPatch, [
          { op: 'replace', path: '/webhooks/0/rules/0/operations', value: operations },
        ]);
      const { body } = await replace(['UPDATE']);
      await settle(kind);
      expect(await acted()).toBe(false);
      body.webhooks[0].rules[0].operations = ['CREATE'];
      expect((await t.put(`${path(kind)}/e2e`, body)).status).toBe(200);
      await settle(kind);
      expect(await acted()).toBe(true);
    };
    const conditions = async () => {
      const matchConditions = [{ name: 'expression-1', expression: "object.metadata.namespace == 'production'" }];
      const made = await configure(kind, acts, { matchConditions });
      expect(made.body.webhooks[0].matchConditions).toEqual(matchConditions);
      expect(await acted()).toBe(false);
      made.body.webhooks[0].matchConditions = [
        { name: 'expression-2', expression: "object.metadata.namespace == 'default'" },
      ];
      expect((await t.put(`${path(kind)}/e2e`, made.body)).status).toBe(200);
      await settle(kind);
      expect(await acted()).toBe(true);
    };
    const invalid = async () => {
      const made = await configure(kind, acts, {
        matchConditions: [{ name: 'invalid', expression: '... [] bad expression' }],
      });
      expect(made).toMatchObject({ status: 422, body: { message: expect.stringContaining('compilation failed') } });
    };
    if (kind === 'Mutating') {
      conformance('AdmissionWebhook [Privileged:ClusterAdmin] listing mutating webhooks should work', listing);
      conformance(
        'AdmissionWebhook [Privileged:ClusterAdmin] patching/updating a mutating webhook should work',
        changing,
      );
      conformance(
        'AdmissionWebhook [Privileged:ClusterAdmin] should be able to create and update mutating webhook configurations with match conditions',
        conditions,
      );
      conformance(
        'AdmissionWebhook [Privileged:ClusterAdmin] should reject mutating webhook configurations with invalid match conditions',
        invalid,
      );
    } else {
      conformance('AdmissionWebhook [Privileged:ClusterAdmin] listing validating webhooks should work', listing);
      conformance(
        'AdmissionWebhook [Privileged:ClusterAdmin] patching/updating a validating webhook should work',
        changing,
      );
      conformance(
        'AdmissionWebhook [Privileged:ClusterAdmin] should be able to create and update validating webhook configurations with match conditions',
        conditions,
      );
      conformance(
        'AdmissionWebhook [Privileged:ClusterAdmin] should reject validating webhook configurations with invalid match conditions',
        invalid,
      );
    }
  }

  conformance('AdmissionWebhook [Privileged:ClusterAdmin] should be able to deny attaching pod', async () => {
    await t.post('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } });
    const spec = { nodeName: 'n', containers: [{ name: 'c', image: 'busybox' }] };
    expect((await t.post(pods, { metadata: { name: 'p' }, spec })).status).toBe(201);
    await configure('Validating', deny, { rules: rule('pods/attach', ['CONNECT']) });
    expect(await t.post(`${pods}/p/attach?container=c&stdin=true`, undefined)).toMatchObject({
      status: 403,
      body: { message: expect.stringContaining('the test refuses') },
    });
    expect(hooks[0]?.requests[0].request).toMatchObject({
      operation: 'CONNECT',
      subResource: 'attach',
      kind: { kind: 'PodAttachOptions' },
      object: { stdin: true, container: 'c' },
    });
  });

  conformance(
    'AdmissionWebhook [Privileged:ClusterAdmin] should be able to deny pod and configmap creation',
    async () => {
      await t.post('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } });
      const rules = [...rule('pods', ['CREATE']), ...rule('configmaps', ['CREATE', 'UPDATE'])];
      await configure('Validating', ({ object }) => (object.metadata.labels?.allowed ? { allowed: true } : deny()), {
        rules,
      });
      const pod = { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'busybox' }] } };
      expect((await t.post(pods, pod)).status).toBe(403);
      expect((await create()).status).toBe(403);
      const labels = { allowed: 'yes' };
      expect((await t.post(configmaps, { metadata: { name: 'a', labels } })).status).toBe(201);
      expect((await t.put(`${configmaps}/a`, { metadata: { name: 'a' } })).status).toBe(403);
      expect(
        (await t.patch(`${configmaps}/a`, 'application/merge-patch+json', { metadata: { labels: null } })).status,
      ).toBe(403);
    },
  );

  conformance('AdmissionWebhook [Privileged:ClusterAdmin] should deny crd creation', async () => {
    await configure('Validating', deny, { rules: rule('customresourcedefinitions', ['CREATE']) });
    const version = { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } };
    const spec = {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'widgets', kind: 'Widget' },
      versions: [version],
    };
    expect(
      (
        await t.post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
          metadata: { name: 'widgets.example.com' },
          spec,
        })
      ).status,
    ).toBe(403);
  });

  conformance('AdmissionWebhook [Privileged:ClusterAdmin] should honor timeout', async () => {
    const called: string[] = [];
    const slow = (_: Request, url: string) => {
      called.push(url);
      return new Promise((resolve) => setTimeout(() => resolve({ allowed: true }), 1500));
    };
    const change = (field: string, value: unknown) =>
      t.patch(`${path('Validating')}/e2e`, jsonPatch, [{ op: 'replace', path: `/webhooks/0/${field}`, value }]);
    await configure('Validating', slow, { timeoutSeconds: 1 }, 'e2e', '/always-allow-delay-5s');
    const refused = await create();
    expect(refused.status).toBe(500);
    expect(refused.body.message).toBe(
      'Internal error occurred: failed calling webhook "e2e.example.com": failed to call webhook: ' +
        `Post "${hooks[0]?.url}/always-allow-delay-5s?timeout=1s": context deadline exceeded`,
    );
    await change('failurePolicy', 'Ignore');
    await settle('Validating');
    expect((await create()).status).toBe(201);
    await change('timeoutSeconds', 5);
    await change('failurePolicy', 'Fail');
    await settle('Validating');
    expect((await create()).status).toBe(201);
    // Where none is named, it is ten seconds.
    await t.patch(`${path('Validating')}/e2e`, jsonPatch, [{ op: 'remove', path: '/webhooks/0/timeoutSeconds' }]);
    expect((await t.get(`${path('Validating')}/e2e`)).body.webhooks[0].timeoutSeconds).toBe(10);
    await settle('Validating');
    expect((await create()).status).toBe(201);
    const seconds = [1, 1, 5, 10];
    expect(called).toEqual(seconds.map((each) => `/always-allow-delay-5s?timeout=${each}s`));
  });

  conformance(
    'AdmissionWebhook [Privileged:ClusterAdmin] should include webhook resources in discovery documents',
    async () => {
      expect((await t.get('/apis')).body.groups.map((each: { name: string }) => each.name)).toContain(
        'admissionregistration.k8s.io',
      );
      expect((await t.get('/apis/admissionregistration.k8s.io')).body.versions).toContainEqual({
        groupVersion: 'admissionregistration.k8s.io/v1',
        version: 'v1',
      });
      const names = (await t.get(group)).body.resources.map((each: { name: string }) => each.name);
      expect(names).toEqual(
        expect.arrayContaining(['mutatingwebhookconfigurations', 'validatingwebhookconfigurations']),
      );
    },
  );

  conformance('AdmissionWebhook [Privileged:ClusterAdmin] should mutate configmap', async () => {
    await configure('Mutating', adds('mutation-stage-1'), {}, 'a');
    await configure(
      'Mutating',
      ({ object }) => adds(object.data['mutation-stage-1'] ? 'mutation-stage-2' : 'too-early')(),
      {},
      'b',
    );
    expect((await create()).body.data).toEqual({ own: 'x', 'mutation-stage-1': 'yes', 'mutation-stage-2': 'yes' });
  });

  conformance(
    "AdmissionWebhook [Privileged:ClusterAdmin] should mutate everything except 'skip-me' configmaps",
    async () => {
      await configure('Mutating', adds('mutated'), {
        matchConditions: [{ name: 'skip-me', expression: "object.metadata.name != 'skip-me'" }],
      });
      expect((await t.post(configmaps, { metadata: { name: 'skip-me' }, data: { own: 'x' } })).body.data).toEqual({
        own: 'x',
      });
      expect((await create()).body.data).toEqual({ own: 'x', mutated: 'yes' });
    },
  );

  conformance(
    'AdmissionWebhook [Privileged:ClusterAdmin] should mutate pod and apply defaults after mutation',
    async () => {
      await t.post('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } });
      const value = [{ name: 'webhook-added-init-container', image: 'webhook-added-image' }];
      await configure('Mutating', () => patchOf([{ op: 'add', path: '/spec/initContainers', value }]), {
        rules: rule('pods', ['CREATE']),
      });
      const { body } = await t.post(pods, {
        metadata: { name: 'p' },
        spec: { containers: [{ name: 'c', image: 'busybox' }] },
      });
      expect(body.spec.initContainers).toMatchObject([
        { name: 'webhook-added-init-container', terminationMessagePolicy: 'File' },
      ]);
    },
  );

  conformance(
    'AdmissionWebhook [Privileged:ClusterAdmin] should not be able to mutate or prevent deletion of webhook configuration objects',
    async () => {
      const rules = [
        { operations: ['*'], apiGroups: ['admissionregistration.k8s.io'], apiVersions: ['*'], resources: ['*'] },
      ];
      await configure('Validating', deny, { rules }, 'guard');
      await configure(
        'Mutating',
        () => patchOf([{ op: 'add', path: '/metadata/labels', value: { mutated: 'yes' } }]),
        { rules },
        'changer',
      );
      const made = await configure('Validating', deny, { rules: rule('nothing') }, 'dummy');
      expect(made).toMatchObject({ status: 201, body: { metadata: { labels: { e2e: 'yes' } } } });
      expect((await t.remove(`${path('Validating')}/dummy`)).status).toBe(200);
      expect((await t.remove(`${path('Validating')}/guard`)).status).toBe(200);
    },
  );

  conformance(
    'AdmissionWebhook [Privileged:ClusterAdmin] should unconditionally reject operations on fail closed webhook',
    async () => {
      await configure('Validating', deny, { clientConfig: { service: { namespace: 'default', name: 'nowhere' } } });
      expect(await create()).toMatchObject({
        status: 500,
        body: { message: expect.stringContaining('failed calling webhook') },
      });
    },
  );
});

describe('admission policies', () => {
  const deployments = '/apis/apps/v1/namespaces/default/deployments';
  const resourceRules = [
    { apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['deployments'] },
  ];
  const deployment = (name: string, replicas: number) => ({
    metadata: { name },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: 'busybox' }] } },
    },
  });

  async function policy(kind: 'validating' | 'mutating', spec: object) {
    expect(
      (
        await t.post(`${group}/${kind}admissionpolicies`, {
          metadata: { name: 'p' },
          spec: { matchConstraints: { resourceRules }, ...spec },
        })
      ).status,
    ).toBe(201);
    const actions = kind === 'validating' ? { validationActions: ['Deny'] } : {};
    expect(
      (
        await t.post(`${group}/${kind}admissionpolicybindings`, {
          metadata: { name: 'b' },
          spec: { policyName: 'p', ...actions },
        })
      ).status,
    ).toBe(201);
    for (const each of ['policies', 'policybindings'])
      await (await t.replicas.of(`admissionregistration.k8s.io/${kind}admission${each}`)).catchUp();
  }

  conformance('ValidatingAdmissionPolicy [Privileged:ClusterAdmin] should validate against a Deployment', async () => {
    await policy('validating', {
      validations: [
        {
          expression: 'object.spec.replicas > 1',
          messageExpression: "'wants replicas > 1, got ' + string(object.spec.replicas)",
        },
      ],
    });
    expect((await t.post(deployments, deployment('replicated', 2))).status).toBe(201);
    expect(await t.post(deployments, deployment('singleton', 1))).toMatchObject({
      status: 422,
      body: { message: expect.stringContaining('wants replicas > 1, got 1') },
    });
  });

  conformance(
    'ValidatingAdmissionPolicy [Privileged:ClusterAdmin] should allow expressions to refer variables.',
    async () => {
      await policy('validating', {
        variables: [
          { name: 'replicas', expression: 'object.spec.replicas' },
          { name: 'oddReplicas', expression: 'variables.replicas % 2 == 1' },
        ],
        validations: [{ expression: 'variables.replicas > 1' }, { expression: 'variables.oddReplicas' }],
      });
      expect((await t.post(deployments, deployment('three', 3))).status).toBe(201);
      expect((await t.post(deployments, deployment('one', 1))).status).toBe(422);
      expect((await t.post(deployments, deployment('two', 2))).status).toBe(422);
    },
  );

  conformance('MutatingAdmissionPolicy [Privileged:ClusterAdmin] should mutate a Deployment', async () => {
    const expression = 'Object{spec: Object.spec{replicas: object.spec.replicas + 100}}';
    await policy('mutating', {
      reinvocationPolicy: 'Never',
      mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression } }],
    });
    expect((await t.post(deployments, deployment('d', 2))).body.spec.replicas).toBe(102);
  });

  conformance(
    'MutatingAdmissionPolicy [Privileged:ClusterAdmin] should mutate a Deployment with annotations',
    async () => {
      const expression = 'Object{metadata: Object.metadata{annotations: {"my-foo-annotation": "myAnnotationValue"}}}';
      await policy('mutating', {
        reinvocationPolicy: 'Never',
        mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression } }],
      });
      expect((await t.post(deployments, deployment('d', 2))).body.metadata.annotations).toMatchObject({
        'my-foo-annotation': 'myAnnotationValue',
      });
    },
  );
});
