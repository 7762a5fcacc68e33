import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KubeObject } from '../../machinery/object.ts';
import { contextOf, openTestRegistry, type TestRegistry } from '../testing.ts';

let t: TestRegistry;

beforeEach(async () => {
  t = await openTestRegistry();
  await t.namespace('default');
});

afterEach(async () => {
  await t.close();
});

const container = { name: 'c', image: 'nginx' };

function podOf(name: string, spec: object = {}): KubeObject {
  return { metadata: { name }, spec: { containers: [container], ...spec } };
}

describe('ServiceAccount', () => {
  it('runs a pod as the default account, with a token', async () => {
    const made = await t.create('pods', 'default', podOf('a'));
    expect(made).toMatchObject({
      spec: {
        serviceAccountName: 'default',
        containers: [
          { volumeMounts: [{ mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', readOnly: true }] },
        ],
        volumes: [
          {
            name: expect.stringMatching(/^kube-api-access-/),
            projected: { sources: [{ serviceAccountToken: { path: 'token' } }, {}, {}] },
          },
        ],
      },
    });
    expect((await t.get('serviceaccounts', 'default', 'default')).metadata.name).toBe('default');
  });

  it('refuses an account that is not there, and mounts nothing where that is switched off', async () => {
    await expect(t.create('pods', 'default', podOf('a', { serviceAccountName: 'other' }))).rejects.toMatchObject({
      reason: 'Forbidden',
    });
    const made = await t.create('pods', 'default', podOf('b', { automountServiceAccountToken: false }));
    expect(made['spec']).not.toHaveProperty('volumes');
  });
});

describe('Priority and tolerations', () => {
  it('gives a pod the number of its class', async () => {
    await t.create('scheduling.k8s.io/priorityclasses', '', { metadata: { name: 'high' }, value: 1000 });
    expect(await t.create('pods', 'default', podOf('a', { priorityClassName: 'high' }))).toMatchObject({
      spec: { priority: 1000, preemptionPolicy: 'PreemptLowerPriority' },
    });
    await expect(t.create('pods', 'default', podOf('b', { priorityClassName: 'none' }))).rejects.toMatchObject({
      reason: 'Forbidden',
    });
    expect(await t.create('pods', 'default', podOf('c'))).toMatchObject({
      spec: {
        priority: 0,
        tolerations: [
          { key: 'node.kubernetes.io/not-ready', tolerationSeconds: 300 },
          { key: 'node.kubernetes.io/unreachable' },
        ],
      },
    });
  });
});

describe('LimitRanger', () => {
  it('fills in and holds the limits of a namespace', async () => {
    await t.create('limitranges', 'default', {
      metadata: { name: 'l' },
      spec: {
        limits: [{ type: 'Container', default: { cpu: '500m' }, defaultRequest: { cpu: '100m' }, max: { cpu: '1' } }],
      },
    });
    await (await t.replicas.of('limitranges')).catchUp();
    expect(await t.create('pods', 'default', podOf('a'))).toMatchObject({
      metadata: {
        annotations: {
          'kubernetes.io/limit-ranger':
            'LimitRanger plugin set: cpu request for container c; cpu limit for container c',
        },
      },
      spec: { containers: [{ resources: { limits: { cpu: '500m' }, requests: { cpu: '100m' } } }] },
    });
    const own = { containers: [{ ...container, resources: { requests: { cpu: '1' }, limits: { cpu: '1' } } }] };
    expect((await t.create('pods', 'default', podOf('own', own))).metadata.annotations).toBeUndefined();
    const big = podOf('b', { containers: [{ ...container, resources: { limits: { cpu: '2' } } }] });
    await expect(t.create('pods', 'default', big)).rejects.toMatchObject({
      message: expect.stringContaining('maximum cpu usage per Container is 1, but limit is 2'),
    });
  });

  it('counts a pod by what it needs at once, init containers and sidecars too', async () => {
    await t.create('limitranges', 'default', {
      metadata: { name: 'l' },
      spec: { limits: [{ type: 'Pod', max: { cpu: '2' } }] },
    });
    await (await t.replicas.of('limitranges')).catchUp();
    const limited = (name: string, cpu: string) => ({ ...container, name, resources: { limits: { cpu } } });
    const sidecar = { ...limited('proxy', '1'), restartPolicy: 'Always' };
    const of = (cpu: string) => ({ containers: [limited('c', '1')], initContainers: [sidecar, limited('i', cpu)] });
    await t.create('pods', 'default', podOf('a', of('1')));
    await expect(t.create('pods', 'default', podOf('b', of('1500m')))).rejects.toMatchObject({
      message: expect.stringContaining('maximum cpu usage per Pod is 2, but limit is 2500m'),
    });
  });
});

describe('ResourceQuota', () => {
  it('holds when many are made at once, and has room again after a delete', async () => {
    await t.create('resourcequotas', 'default', { metadata: { name: 'q' }, spec: { hard: { configmaps: '3' } } });
    await (await t.replicas.of('resourcequotas')).catchUp();
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const results = await Promise.allSettled(
      names.map((name) => t.create('configmaps', 'default', { metadata: { name } })),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    expect(results.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: {
        reason: 'Forbidden',
        message: expect.stringContaining(
          'exceeded quota: q, requested: configmaps=1, used: configmaps=3, limited: configmaps=3',
        ),
      },
    });
    expect(await t.get('resourcequotas', 'default', 'q')).toMatchObject({ status: { used: { configmaps: '3' } } });
    const [first] = await t.registry
      .list(t.context, t.target('configmaps', 'default'), {})
      .then(({ entries }) => entries);
    await t.registry.delete(t.context, t.target('configmaps', 'default', first?.name.split('/')[1]));
    await t.create('configmaps', 'default', { metadata: { name: 'again' } });
  });

  it('wants pods to say what they need', async () => {
    await t.create('resourcequotas', 'default', { metadata: { name: 'q' }, spec: { hard: { 'requests.cpu': '1' } } });
    await (await t.replicas.of('resourcequotas')).catchUp();
    await expect(t.create('pods', 'default', podOf('a'))).rejects.toMatchObject({
      message: expect.stringContaining('must specify requests.cpu'),
    });
    await t.create(
      'pods',
      'default',
      podOf('a', { containers: [{ ...container, resources: { requests: { cpu: '900m' } } }] }),
    );
    const more = podOf('b', { containers: [{ ...container, resources: { requests: { cpu: '200m' } } }] });
    await expect(t.create('pods', 'default', more)).rejects.toMatchObject({
      message: expect.stringContaining('used: requests.cpu=900m'),
    });
  });
});

describe('PodSecurity', () => {
  it('enforces, and warns, as the namespace says', async () => {
    const labels = {
      'pod-security.kubernetes.io/enforce': 'baseline',
      'pod-security.kubernetes.io/warn': 'restricted',
    };
    await t.registry.create(t.context, t.target('namespaces'), { metadata: { name: 'safe', labels } });
    await expect(t.create('pods', 'safe', podOf('a', { hostNetwork: true }))).rejects.toMatchObject({
      message: expect.stringContaining('violates PodSecurity "baseline:latest": host namespaces (hostNetwork=true)'),
    });
    await t.create('pods', 'safe', podOf('b'));
    expect(t.context.warnings.join()).toContain(
      'would violate PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "c" must set',
    );
  });
});

describe('NodeRestriction', () => {
  it('keeps a node to itself', async () => {
    const node = contextOf('system:node:n1', ['system:nodes']);
    await t.registry.create(node, t.target('nodes'), {
      metadata: { name: 'n1', labels: { 'kubernetes.io/hostname': 'n1' } },
    });
    expect(await t.get('nodes', '', 'n1')).toMatchObject({
      spec: { taints: [{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }] },
    });
    await expect(t.registry.create(node, t.target('nodes'), { metadata: { name: 'n2' } })).rejects.toMatchObject({
      reason: 'Forbidden',
    });
    const label = { metadata: { labels: { 'node-restriction.kubernetes.io/zone': 'a' } } };
    await expect(t.registry.patch(node, t.target('nodes', undefined, 'n1'), 'merge', label)).rejects.toMatchObject({
      reason: 'Forbidden',
    });
    await t.create('pods', 'default', podOf('mine', { nodeName: 'n1' }));
    await t.create('pods', 'default', podOf('other', { nodeName: 'n2' }));
    const status = { status: { phase: 'Running' } };
    await t.registry.patch(node, t.target('pods', 'default', 'mine', 'status'), 'merge', status);
    await expect(
      t.registry.patch(node, t.target('pods', 'default', 'other', 'status'), 'merge', status),
    ).rejects.toMatchObject({ reason: 'Forbidden' });
  });
});

describe('expressions of policies', () => {
  it('ask RBAC about users whose requests bring no authorizer', async () => {
    const admission = 'admissionregistration.k8s.io';
    const rule = { apiGroups: [''], apiVersions: ['*'], operations: ['CREATE'], resources: ['configmaps'] };
    await t.create(`${admission}/validatingadmissionpolicies`, '', {
      metadata: { name: 'p' },
      spec: {
        matchConstraints: { resourceRules: [rule] },
        validations: [{ expression: 'authorizer.requestResource.check("create").allowed()' }],
      },
    });
    await t.create(`${admission}/validatingadmissionpolicybindings`, '', {
      metadata: { name: 'b' },
      spec: { policyName: 'p', validationActions: ['Deny'] },
    });
    for (const kind of ['policies', 'policybindings'])
      await (await t.replicas.of(`${admission}/validatingadmission${kind}`)).catchUp();
    const configMap = (name: string) => ({ metadata: { name } });
    const robot = contextOf('system:serviceaccount:default:robot', []);
    const create = (name: string) => t.registry.create(robot, t.target('configmaps', 'default'), configMap(name));
    await expect(create('a')).rejects.toThrow('failed expression: authorizer.requestResource');
    await t.create('rbac.authorization.k8s.io/roles', 'default', {
      metadata: { name: 'writer' },
      rules: [{ verbs: ['create'], apiGroups: [''], resources: ['configmaps'] }],
    });
    await t.create('rbac.authorization.k8s.io/rolebindings', 'default', {
      metadata: { name: 'writer' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'writer' },
      subjects: [{ kind: 'ServiceAccount', name: 'robot', namespace: 'default' }],
    });
    expect((await create('a')).object.metadata.name).toBe('a');
  });
});

describe('storage', () => {
  it('takes the newest default class, and protects the claim', async () => {
    const annotations = { 'storageclass.kubernetes.io/is-default-class': 'true' };
    await t.create('storage.k8s.io/storageclasses', '', { metadata: { name: 'old', annotations }, provisioner: 'x' });
    t.time.now = new Date('2026-01-03T00:00:00Z');
    await t.create('storage.k8s.io/storageclasses', '', { metadata: { name: 'new', annotations }, provisioner: 'x' });
    await (await t.replicas.of('storage.k8s.io/storageclasses')).catchUp();
    const made = await t.create('persistentvolumeclaims', 'default', {
      metadata: { name: 'p' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    });
    expect(made).toMatchObject({
      spec: { storageClassName: 'new' },
      metadata: { finalizers: ['kubernetes.io/pvc-protection'] },
      status: { phase: 'Pending' },
    });
  });
});
