// What PodSecurity looks at: labels and their versions, updates of pods, subresources, templates, and namespaces themselves.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tried } from '../../../test/tools/tried.ts';
import type { KubeObject } from '../../machinery/object.ts';
import type { RequestContext } from '../registry.ts';
import { contextOf, openTestRegistry, type TestRegistry } from '../testing.ts';

let t: TestRegistry;

beforeEach(async () => {
  t = await openTestRegistry();
});

afterEach(async () => {
  await t.close();
});

const label = 'pod-security.kubernetes.io';

async function namespace(name: string, labels: Record<string, string>): Promise<void> {
  const all = Object.fromEntries(Object.entries(labels).map(([key, value]) => [`${label}/${key}`, value]));
  await t.registry.create(t.context, t.target('namespaces'), { metadata: { name, labels: all } });
}

function pod(spec: object = {}, metadata: object = {}): KubeObject {
  return { metadata: { name: 'p', ...metadata }, spec: { containers: [{ name: 'c', image: 'i' }], ...spec } };
}

async function create(where: string, object: KubeObject, type = 'pods') {
  const context: RequestContext = { ...contextOf(), audit: {} };
  const outcome = await t.registry.create(context, t.target(type, where), object);
  return { object: outcome.object, warnings: context.warnings, audit: context.audit ?? {} };
}

const refused = (text: string) => ({ reason: 'Forbidden', message: expect.stringContaining(text) });
const probed = {
  containers: [{ name: 'c', image: 'i', livenessProbe: { httpGet: { port: 80, host: '127.0.0.1' } } }],
};

describe('the labels of a namespace', () => {
  it('select the version of the checks', async () => {
    await namespace('old', { enforce: 'baseline', 'enforce-version': 'v1.33' });
    await namespace('new', { enforce: 'baseline', 'enforce-version': 'v1.34' });
    await namespace('latest', { enforce: 'baseline' });
    await namespace('future', { enforce: 'baseline', 'enforce-version': 'v1.99' });
    await create('old', pod(probed));
    for (const [where, version] of [
      ['new', 'v1.34'],
      ['latest', 'latest'],
      ['future', 'v1.99'],
    ] as const)
      await expect(create(where, pod(probed))).rejects.toMatchObject(
        refused(`violates PodSecurity "baseline:${version}": probe or lifecycle host`),
      );
    tried('pods against the standards', 4);
  });

  it('warn and audit each by a version of its own', async () => {
    await namespace('a', { warn: 'baseline', 'warn-version': 'v1.0', audit: 'restricted', 'audit-version': 'v1.18' });
    const { warnings, audit } = await create('a', pod(probed));
    expect(warnings).toEqual([]);
    const found = audit[`${label}/audit-violations`];
    expect(found).toMatch(/^would violate PodSecurity "restricted:v1.18": allowPrivilegeEscalation/);
    expect(found).not.toContain('seccomp');
    expect(audit[`${label}/enforce-policy`]).toBe('privileged:latest');
  });

  it('that enforce warn of the same, unless they say what to warn of', async () => {
    await namespace('a', { enforce: 'restricted' });
    await namespace('b', { enforce: 'restricted', warn: 'privileged' });
    const template = { metadata: { labels: { app: 'a' } }, spec: pod()['spec'] };
    const deployment = {
      metadata: { name: 'd' },
      spec: { selector: { matchLabels: { app: 'a' } }, template },
    };
    const { warnings } = await create('a', structuredClone(deployment), 'apps/deployments');
    expect(warnings).toContainEqual(expect.stringContaining('would violate PodSecurity "restricted:latest"'));
    expect((await create('b', structuredClone(deployment), 'apps/deployments')).warnings).toEqual([]);
  });

  it('must be readable where they are new, and are the strictest where they are not', async () => {
    await expect(namespace('a', { enforce: 'lenient' })).rejects.toMatchObject({ reason: 'Invalid' });
    await expect(namespace('a', { 'warn-version': '1.34' })).rejects.toMatchObject({ reason: 'Invalid' });
    await expect(namespace('a', { 'enforce-version': 'v2.0' })).rejects.toMatchObject({ reason: 'Invalid' });
    // As from before they were looked at.
    const metadata = {
      name: 'a',
      uid: 'u',
      creationTimestamp: '2026-01-02T03:04:05Z',
      labels: { [`${label}/enforce`]: 'lenient', 'kubernetes.io/metadata.name': 'a' },
    };
    const bytes = Buffer.from(
      JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata, spec: { finalizers: ['kubernetes'] } }),
    );
    await t.store.commit([{ op: 'put', type: 'namespaces', name: 'a', expect: 'any', value: { bytes } }]);
    await expect(create('a', pod())).rejects.toMatchObject(refused('violates PodSecurity "restricted:latest"'));
    const target = t.target('namespaces', undefined, 'a');
    await t.registry.patch(t.context, target, 'merge', { metadata: { labels: { other: 'x' } } });
    const worse = { metadata: { labels: { [`${label}/audit`]: 'lenient' } } };
    await expect(t.registry.patch(t.context, target, 'merge', worse)).rejects.toMatchObject({ reason: 'Invalid' });
    tried('labels of namespaces that nobody can read', 5);
  });

  it('that become stricter tell of the pods that would not pass', async () => {
    await t.namespace('a');
    for (const name of ['one', 'two']) await create('a', pod({ hostPID: true }, { name }));
    await create('a', pod({}, { name: 'good' }));
    const context = contextOf();
    const labels = { [`${label}/enforce`]: 'baseline' };
    const target = t.target('namespaces', undefined, 'a');
    await t.registry.patch(context, target, 'merge', { metadata: { labels } });
    expect(context.warnings).toEqual([
      'existing pods in namespace "a" violate the new PodSecurity enforce level "baseline:latest"',
      'one (and 1 other pod): host namespaces',
    ]);
  });
});

describe('an update of a pod', () => {
  async function withRunning(): Promise<void> {
    await t.namespace('a');
    await create('a', pod({ hostPID: true }));
    const labels = { [`${label}/enforce`]: 'baseline' };
    await t.registry.patch(t.context, t.target('namespaces', undefined, 'a'), 'merge', { metadata: { labels } });
  }

  it('of what the standards do not look at goes through', async () => {
    await withRunning();
    const target = t.target('pods', 'a', 'p');
    await t.registry.patch(t.context, target, 'merge', { metadata: { labels: { x: 'y' } } });
    await t.registry.patch(t.context, { ...target, subresource: 'status' }, 'merge', { status: { phase: 'Running' } });
  });

  it('of an image is checked', async () => {
    await withRunning();
    const body = { spec: { containers: [{ name: 'c', image: 'other' }] } };
    await expect(t.registry.patch(t.context, t.target('pods', 'a', 'p'), 'strategic', body)).rejects.toMatchObject(
      refused('host namespaces'),
    );
    tried('pods against the standards');
  });

  it('by an ephemeral container is checked', async () => {
    await namespace('a', { enforce: 'baseline' });
    await create('a', pod());
    const target = t.target('pods', 'a', 'p', 'ephemeralcontainers');
    const add = (securityContext: object) =>
      t.registry.patch(t.context, target, 'strategic', {
        spec: { ephemeralContainers: [{ name: 'debug', image: 'i', securityContext }] },
      });
    await expect(add({ privileged: true })).rejects.toMatchObject(refused('privileged (container "debug"'));
    await add({ privileged: false });
    tried('pods against the standards', 2);
  });
});

it('looks into the template of each kind that has one', async () => {
  await namespace('a', { warn: 'baseline' });
  const selector = { matchLabels: { app: 'a' } };
  const template = { metadata: { labels: { app: 'a' } }, spec: { ...Object(pod()['spec']), hostIPC: true } };
  const once = { ...template, spec: { ...template.spec, restartPolicy: 'Never' } };
  const kinds: Readonly<Record<string, object>> = {
    replicationcontrollers: { spec: { selector: { app: 'a' }, template } },
    podtemplates: { template },
    'apps/daemonsets': { spec: { selector, template } },
    'apps/deployments': { spec: { selector, template } },
    'apps/replicasets': { spec: { selector, template } },
    'apps/statefulsets': { spec: { selector, template, serviceName: 's' } },
    'batch/jobs': { spec: { template: once } },
    'batch/cronjobs': { spec: { schedule: '* * * * *', jobTemplate: { spec: { template: once } } } },
  };
  for (const [type, body] of Object.entries(kinds)) {
    const { warnings } = await create('a', { metadata: { name: 'x' }, ...structuredClone(body) }, type);
    expect(warnings, type).toContainEqual(
      expect.stringContaining('would violate PodSecurity "baseline:latest": host namespaces (hostIPC=true)'),
    );
  }
  tried('templates of pods against the standards', Object.keys(kinds).length);
});
