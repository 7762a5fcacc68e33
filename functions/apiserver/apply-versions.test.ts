// Managers of one object that write in different versions of it: their fields are followed through the conversion.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openTestApi, type TestApi } from './testing/open-test-api.ts';
import { openWebhook } from './testing/webhook-server.ts';

let t: TestApi;

beforeEach(async () => {
  t = await openTestApi();
  await t.namespace('default');
});

afterEach(async () => {
  await t.close();
});

const apply = (target: string, manager: string, body: object, more = '') =>
  t.patch(`${target}?fieldManager=${manager}${more}`, 'application/apply-patch+yaml', body);

function managersOf({ body }: { body: ReturnType<typeof JSON.parse> }) {
  const entries: { manager: string; operation: string; apiVersion: string }[] = body.metadata.managedFields ?? [];
  return entries.map(({ manager, operation, apiVersion }) => `${manager} ${operation} ${apiVersion}`).sort();
}

describe('autoscalers', () => {
  const at = (version: string) => `/apis/autoscaling/${version}/namespaces/default/horizontalpodautoscalers/web`;
  const of = (version: string, spec: object) => ({
    apiVersion: `autoscaling/${version}`,
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'web' },
    spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }, maxReplicas: 5, ...spec },
  });
  const cpu = (averageUtilization: number) => ({
    metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } } }],
  });

  it('conflict over one field that has two names', async () => {
    const made = await apply(at('v1'), 'old', of('v1', { targetCPUUtilizationPercentage: 50 }));
    expect(made.status).toBe(201);
    const refused = await apply(at('v2'), 'new', of('v2', cpu(70)));
    expect(refused).toMatchObject({
      status: 409,
      body: {
        details: { causes: [{ field: '.spec.targetCPUUtilizationPercentage', message: 'conflict with "old"' }] },
      },
    });
    expect((await apply(at('v2'), 'new', of('v2', cpu(50)))).status).toBe(200);
    const forced = await apply(at('v2'), 'new', of('v2', cpu(70)), '&force=true');
    expect(forced).toMatchObject({ status: 200, body: { spec: cpu(70) } });
    const old = forced.body.metadata.managedFields.find((each: { manager: string }) => each.manager === 'old');
    expect(old.fieldsV1['f:spec']).toEqual({ 'f:maxReplicas': {}, 'f:scaleTargetRef': {} });
  });

  it('lose to an update in another version what it changed, and keep the rest', async () => {
    await apply(at('v2'), 'new', of('v2', { ...cpu(50), minReplicas: 2 }));
    const { body } = await t.get(at('v1'));
    body.spec.targetCPUUtilizationPercentage = 60;
    const updated = await t.put(`${at('v1')}?fieldManager=ui`, body);
    expect(updated).toMatchObject({ status: 200, body: { spec: { targetCPUUtilizationPercentage: 60 } } });
    const entries = updated.body.metadata.managedFields;
    expect(entries.find((each: { manager: string }) => each.manager === 'ui')).toMatchObject({
      apiVersion: 'autoscaling/v1',
      fieldsV1: { 'f:spec': { 'f:targetCPUUtilizationPercentage': {} } },
    });
    const kept = entries.find((each: { manager: string }) => each.manager === 'new').fieldsV1['f:spec'];
    expect(kept).toHaveProperty('f:minReplicas');
    expect(kept).not.toHaveProperty('f:metrics');
  });

  it('prune, applied in the new version, what was applied in the old one', async () => {
    await apply(at('v1'), 'me', of('v1', { minReplicas: 2, targetCPUUtilizationPercentage: 50 }));
    const moved = await apply(at('v2'), 'me', of('v2', cpu(50)));
    expect(moved).toMatchObject({ status: 200, body: { spec: cpu(50) } });
    // The default, where 2 was.
    expect(moved.body.spec.minReplicas).toBe(1);
    expect(managersOf(moved)).toEqual(['me Apply autoscaling/v2']);
  });
});

describe('events', () => {
  it('are one object to the managers of both groups', async () => {
    const core = '/api/v1/namespaces/default/events/e';
    const events = '/apis/events.k8s.io/v1/namespaces/default/events/e';
    const shared = { metadata: { name: 'e', namespace: 'default' }, reason: 'R', type: 'Normal', action: 'A' };
    const made = await apply(events, 'a', {
      ...shared,
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      eventTime: '2026-01-01T00:00:00.000000Z',
      reportingController: 'c',
      reportingInstance: 'i',
      regarding: { kind: 'Pod', namespace: 'default', name: 'p' },
      note: 'from one side',
    });
    expect(made.status, made.text).toBe(201);
    const body = { ...shared, apiVersion: 'v1', kind: 'Event', message: 'from the other' };
    expect(await apply(core, 'b', body)).toMatchObject({
      status: 409,
      body: { details: { causes: [{ field: '.note', message: 'conflict with "a"' }] } },
    });
    const forced = await apply(core, 'b', body, '&force=true');
    expect(forced).toMatchObject({ status: 200, body: { message: 'from the other' } });
    expect(managersOf(forced)).toEqual(['a Apply events.k8s.io/v1', 'b Apply v1']);
  });
});

describe('custom resources', () => {
  const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  const at = (version: string) => `/apis/example.com/${version}/namespaces/default/widgets/w`;
  const of = (version: string, fields: object) => ({
    apiVersion: `example.com/${version}`,
    kind: 'Widget',
    metadata: { name: 'w' },
    ...fields,
  });
  const text = { type: 'string' };
  const version = (name: string, storage: boolean, properties: object, served = true) => ({
    name,
    served,
    storage,
    schema: { openAPIV3Schema: { type: 'object', properties } },
  });
  const define = async (versions: object[], more: object = {}) => {
    const names = { plural: 'widgets', kind: 'Widget' };
    const spec = { group: 'example.com', scope: 'Namespaced', names, versions, ...more };
    const { status, text: answer } = await t.post(crds, { metadata: { name: 'widgets.example.com' }, spec });
    expect(status, answer).toBe(201);
    await expect.poll(() => t.definitions.ofType('example.com/widgets')).toBeDefined();
  };

  it('keep their owners over versions that differ in nothing but their name', async () => {
    const fields = { a: text, b: text };
    await define([version('v1beta1', false, fields), version('v1', true, fields)]);
    await apply(at('v1beta1'), 'one', of('v1beta1', { a: '1', b: '1' }));
    expect(await apply(at('v1'), 'two', of('v1', { a: '2' }))).toMatchObject({
      status: 409,
      body: { details: { causes: [{ field: '.a' }] } },
    });
    expect((await apply(at('v1'), 'two', of('v1', { b: '1' }))).status).toBe(200);
    // b has another owner, a has none any more.
    const moved = await apply(at('v1'), 'one', of('v1', {}));
    expect(moved.body).toMatchObject({ b: '1' });
    expect(moved.body).not.toHaveProperty('a');
    expect(managersOf(moved)).toEqual(['two Apply example.com/v1']);
  });

  it('forget what was managed in a version that is no longer served', async () => {
    const fields = { a: text, b: text };
    await define([version('v1beta1', false, fields), version('v1', true, fields)]);
    await apply(at('v1beta1'), 'one', of('v1beta1', { a: '1' }));
    await apply(at('v1'), 'two', of('v1', { b: '1' }));
    const versions = [version('v1beta1', false, fields, false), version('v1', true, fields)];
    await t.patch(`${crds}/widgets.example.com`, 'application/merge-patch+json', { spec: { versions } });
    await expect.poll(() => t.definitions.find('example.com', 'v1beta1', 'widgets')).toBeUndefined();
    const updated = await t.patch(`${at('v1')}?fieldManager=ui`, 'application/merge-patch+json', { b: '2' });
    expect(managersOf(updated)).toEqual(['ui Update example.com/v1']);
    const taken = await apply(at('v1'), 'two', of('v1', { a: '2' }));
    expect(taken).toMatchObject({ status: 200, body: { a: '2', b: '2' } });
  });

  it('are converted by their webhook, to find what belongs to whom', async () => {
    const hook = await openWebhook(({ desiredAPIVersion, objects }) => ({
      result: { status: 'Success' },
      convertedObjects: objects.map(({ hostPort, host, port, ...rest }: Record<string, string>) => {
        if (desiredAPIVersion.endsWith('v1')) {
          const joined = host === undefined && port === undefined ? {} : { hostPort: `${host ?? ''}:${port ?? ''}` };
          return { ...rest, ...joined, apiVersion: desiredAPIVersion };
        }
        const [name, number] = hostPort?.split(':') ?? [];
        return { ...rest, ...(name && { host: name }), ...(number && { port: number }), apiVersion: desiredAPIVersion };
      }),
    }));
    try {
      const webhook = { clientConfig: { url: hook.url, caBundle: hook.caBundle }, conversionReviewVersions: ['v1'] };
      const extra = { extra: text };
      await define(
        [version('v1', true, { hostPort: text, ...extra }), version('v2', false, { host: text, port: text, ...extra })],
        { conversion: { strategy: 'Webhook', webhook } },
      );
      await apply(at('v2'), 'two', of('v2', { host: 'h', port: '1', extra: 'x' }));
      const refused = await apply(at('v1'), 'one', of('v1', { hostPort: 'h:2' }));
      expect(refused).toMatchObject({ status: 409, body: { details: { causes: [{ field: '.port' }] } } });
      const forced = await apply(at('v1'), 'one', of('v1', { hostPort: 'h:2' }), '&force=true');
      expect(forced).toMatchObject({ status: 200, body: { hostPort: 'h:2' } });
      const fields = forced.body.metadata.managedFields.find((each: { manager: string }) => each.manager === 'two');
      expect(fields).toMatchObject({ apiVersion: 'example.com/v2', fieldsV1: { 'f:host': {}, 'f:extra': {} } });
      expect(fields.fieldsV1).not.toHaveProperty('f:port');
      // What one gives up stays as far as the other manages it: the host, and not the port.
      expect((await apply(at('v1'), 'one', of('v1', {}))).body).toMatchObject({ hostPort: 'h:', extra: 'x' });
    } finally {
      await hook.close();
    }
  });
});
