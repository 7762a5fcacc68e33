import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { openTestApi } from '../testing/open-test-api.ts';
import { type Audit, createAudit } from './audit.ts';
import type { AuditEvent } from './event.ts';
import type { AuditPolicy, AuditRule } from './policy.ts';

let audit: Audit;
const events: AuditEvent[] = [];
const sink = { write: (line: string) => void events.push(JSON.parse(line)) };
const use = (...rules: AuditRule[]) => usePolicy({ omitStages: ['RequestReceived'], rules });
const usePolicy = (policy: AuditPolicy) => {
  audit = createAudit(policy, sink, Date.now);
};
const t = await openTestApi({ audit: { begin: (...args) => audit.begin(...args), counts: () => audit.counts() } });
use({ level: 'None' });
await t.post('/api/v1/namespaces', { metadata: { name: 'default' } });
afterAll(() => t.close());
beforeEach(() => {
  events.length = 0;
});

const configmaps = '/api/v1/namespaces/default/configmaps';

describe('an audit log', () => {
  it('tells who did what from where, and what came of it', async () => {
    usePolicy({ rules: [{ level: 'Metadata' }] });
    const headers = { 'user-agent': 'kubectl/v1.36', 'audit-id': 'mine', 'x-forwarded-for': '10.1.1.1' };
    const answer = await t.post(configmaps, { metadata: { name: 'told' }, data: { a: 'b' } }, { headers });
    expect(answer.headers['audit-id']).toBe('mine');
    expect(events.map(({ stage }) => stage)).toEqual(['RequestReceived', 'ResponseComplete']);
    expect(events[1]).toMatchObject({
      kind: 'Event',
      apiVersion: 'audit.k8s.io/v1',
      level: 'Metadata',
      auditID: 'mine',
      requestURI: configmaps,
      verb: 'create',
      user: { username: 'admin', groups: expect.arrayContaining(['system:masters']) },
      sourceIPs: ['10.1.1.1'],
      userAgent: 'kubectl/v1.36',
      objectRef: { resource: 'configmaps', namespace: 'default', name: 'told', apiVersion: 'v1' },
      responseStatus: { code: 201 },
      annotations: { 'authorization.k8s.io/decision': 'allow' },
      requestReceivedTimestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
    });
    expect(events[1]).not.toHaveProperty('requestObject');
    expect(events[1]).not.toHaveProperty('responseObject');
  });

  it('tells of requests that cannot be read', async () => {
    use({ level: 'Metadata' });
    for (const as of [undefined, null, { token: 'of nobody' }])
      expect((await t.get('/api/v1/namespaces/%zz/secrets', as === undefined ? {} : { as })).status).toBe(400);
    expect(events).toHaveLength(3);
    for (const event of events)
      expect(event).toMatchObject({
        stage: 'ResponseComplete',
        requestURI: '/api/v1/namespaces/%zz/secrets',
        verb: 'get',
        user: {},
        responseStatus: { code: 400, reason: 'BadRequest' },
      });
  });

  it('tells refusals, failed authentication and impersonation as they are', async () => {
    use({ level: 'Metadata' });
    await t.get('/api/v1/secrets', { as: { name: 'jane' } });
    await t.get('/api/v1/secrets', { as: { token: 'of nobody' } });
    await t.get('/api/v1/nodes', { headers: { 'impersonate-user': 'joe' } });
    expect(events).toMatchObject([
      {
        user: { username: 'jane' },
        responseStatus: { code: 403, reason: 'Forbidden', status: 'Failure' },
        annotations: { 'authorization.k8s.io/decision': 'forbid' },
      },
      { user: {}, responseStatus: { code: 401, reason: 'Unauthorized' } },
      { user: { username: 'admin' }, impersonatedUser: { username: 'joe' }, responseStatus: { code: 403 } },
    ]);
  });

  it('shows objects at the levels that ask for them, whatever their encoding, without managed fields when told', async () => {
    use(
      { level: 'Request', verbs: ['patch'] },
      { level: 'RequestResponse', omitManagedFields: true, verbs: ['create', 'update', 'list'] },
    );
    const yaml = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: seen}\ndata: {a: b}\n';
    const headers = { 'content-type': 'application/yaml', accept: 'application/vnd.kubernetes.protobuf' };
    expect(await t.post(configmaps, yaml, { headers })).toMatchObject({ status: 201 });
    const patch = [{ op: 'add', path: '/data/c', value: 'd' }];
    await t.patch(`${configmaps}/seen`, 'application/json-patch+json', patch);
    await t.get(configmaps);
    expect(events[0]).toMatchObject({
      objectRef: { name: 'seen' },
      requestObject: { metadata: { name: 'seen' }, data: { a: 'b' } },
      responseObject: { kind: 'ConfigMap', metadata: { name: 'seen', uid: expect.any(String) } },
    });
    expect(events[0]?.responseObject).not.toHaveProperty('metadata.managedFields');
    expect(events[1]).toMatchObject({ level: 'Request', requestObject: patch });
    expect(events[1]).not.toHaveProperty('responseObject');
    expect(events[2]).toMatchObject({ verb: 'list', responseObject: { kind: 'ConfigMapList' } });
    // The client was answered all the same.
    expect((await t.get(`${configmaps}/seen`)).body.data).toEqual({ a: 'b', c: 'd' });
  });

  it('tells when a watch begins, and when it has ended', async () => {
    use({ level: 'RequestResponse' });
    const watch = await t.watch(`${configmaps}?watch=true`);
    expect(events.map(({ stage }) => stage)).toEqual(['ResponseStarted']);
    await watch.stop();
    expect(events.map(({ stage, verb }) => `${verb} ${stage}`)).toEqual([
      'watch ResponseStarted',
      'watch ResponseComplete',
    ]);
    expect(events[0]?.auditID).toBe(events[1]?.auditID);
  });

  it('tells what broke in the server as Panic', async () => {
    use({ level: 'Metadata' });
    const { get } = t.registry;
    Object.assign(t.registry, { get: () => Promise.reject(new TypeError('broken')) });
    try {
      expect(await t.get(`${configmaps}/seen`)).toMatchObject({ status: 500 });
    } finally {
      Object.assign(t.registry, { get });
    }
    expect(events).toMatchObject([{ stage: 'Panic', responseStatus: { code: 500 } }]);
  });

  it('says nothing where the policy wants nothing, and counts what it said', async () => {
    use({ level: 'None', users: ['admin'] }, { level: 'Metadata' });
    await t.get('/version');
    expect(events).toEqual([]);
    await t.get('/version', { as: { name: 'jane' } });
    expect(audit.counts()).toEqual({ events: 1, lost: 0 });
    expect((await t.get('/metrics')).text).toMatch(/^apiserver_audit_event_total 1$/m);
  });
});
