import { describe, expect, it } from 'vitest';
import { parseQuery } from '../query.ts';
import { parseRequestInfo } from '../request-info.ts';
import { type AuditPolicy, type AuditRule, decide, readAuditPolicy } from './policy.ts';

const info = (method: string, target: string) => {
  const [path = '', query = ''] = target.split('?');
  return parseRequestInfo(method, path, parseQuery(query));
};
const jane = { username: 'jane', groups: ['developers', 'system:authenticated'] };
const rule = (more: Partial<AuditRule>): AuditPolicy => ({ rules: [{ level: 'Metadata', ...more }] });
const hit = (policy: AuditPolicy, method: string, target: string, user = jane) =>
  decide(policy, user, info(method, target)).level !== 'None';

const pod = '/api/v1/namespaces/shop/pods/cart';

describe('which rule a request falls under', () => {
  it.each<[string, Partial<AuditRule>, string, string, boolean]>([
    ['any request', {}, 'GET', '/version', true],
    ['its user', { users: ['jane'] }, 'GET', pod, true],
    ['another user', { users: ['joe'] }, 'GET', pod, false],
    ['one of its groups', { userGroups: ['developers'] }, 'GET', pod, true],
    ['no group of it', { userGroups: ['admins'] }, 'GET', pod, false],
    ['its verb', { verbs: ['watch'] }, 'GET', '/api/v1/pods?watch=true', true],
    ['another verb', { verbs: ['list'] }, 'GET', '/api/v1/pods?watch=true', false],
    ['its namespace', { namespaces: ['shop'] }, 'GET', pod, true],
    ['another namespace', { namespaces: ['bank'] }, 'GET', pod, false],
    ['what has no namespace', { namespaces: [''] }, 'GET', '/api/v1/nodes/n1', true],
    ['no URL, by namespace', { namespaces: [''] }, 'GET', '/version', false],
    ['all of the core group', { resources: [{ group: '' }] }, 'GET', pod, true],
    ['not of another group', { resources: [{ group: 'apps' }] }, 'GET', pod, false],
    ['its resource', { resources: [{ resources: ['pods'] }] }, 'GET', pod, true],
    ['not its subresource', { resources: [{ resources: ['pods'] }] }, 'GET', `${pod}/log`, false],
    ['that subresource', { resources: [{ resources: ['pods/log'] }] }, 'GET', `${pod}/log`, true],
    ['all its subresources', { resources: [{ resources: ['pods/*'] }] }, 'GET', `${pod}/log`, true],
    ['one subresource of all', { resources: [{ resources: ['*/log'] }] }, 'GET', `${pod}/log`, true],
    ['everything of a group', { resources: [{ resources: ['*'] }] }, 'GET', `${pod}/log`, true],
    ['that name', { resources: [{ resources: ['pods'], resourceNames: ['cart'] }] }, 'GET', pod, true],
    ['another name', { resources: [{ resources: ['pods'], resourceNames: ['till'] }] }, 'GET', pod, false],
    ['that URL', { nonResourceURLs: ['/healthz'] }, 'GET', '/healthz', true],
    ['URLs below', { nonResourceURLs: ['/healthz*'] }, 'GET', '/healthz/etcd', true],
    ['not the URLs below', { nonResourceURLs: ['/healthz'] }, 'GET', '/healthz/etcd', false],
    ['no resource, by URL', { nonResourceURLs: ['*'] }, 'GET', pod, false],
  ])('%s', (_, given, method, target, expected) => {
    expect(hit(rule(given), method, target)).toBe(expected);
  });

  it('the first one counts; stages that policy or rule leave out are left out', () => {
    const policy: AuditPolicy = {
      omitStages: ['RequestReceived'],
      omitManagedFields: true,
      rules: [
        { level: 'None', users: ['joe'] },
        { level: 'Request', omitStages: ['Panic'], omitManagedFields: false },
        { level: 'RequestResponse' },
      ],
    };
    expect(decide(policy, { username: 'joe', groups: [] }, info('GET', pod)).level).toBe('None');
    const decision = decide(policy, jane, info('GET', pod));
    expect(decision).toMatchObject({ level: 'Request', omitManagedFields: false });
    expect([...decision.omitStages].sort()).toEqual(['Panic', 'RequestReceived']);
    expect(decide({ rules: [{ level: 'Request', users: ['joe'] }] }, undefined, info('GET', pod)).level).toBe('None');
  });
});

describe('a policy file', () => {
  it('is read as Kubernetes documents it', async () => {
    const policy = await readAuditPolicy(`
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
  resources:
  - group: ""
    resources: ["secrets", "configmaps"]
- level: None
  nonResourceURLs: ["/healthz*", "/version"]
`);
    expect(policy.rules).toHaveLength(2);
  });

  it('is refused with all that is wrong', async () => {
    const text = JSON.stringify({
      apiVersion: 'audit.k8s.io/v1',
      kind: 'Policy',
      omitStages: ['Later'],
      rules: [
        { level: 'Everything', nonResourceURLs: ['healthz', '/a*b'], namespaces: ['x'] },
        { level: 'None', resources: [{ group: 'apps/v1', resourceNames: ['a'] }] },
      ],
    });
    const failure = await readAuditPolicy(text).catch((error: Error) => error.message);
    for (const part of ['omitStages[0]', 'Everything', '"*" may only stand at the end', 'must start with "/"'])
      expect(failure).toContain(part);
    for (const part of ['rules[0].nonResourceURLs', 'rules[1].resources[0].group', 'resourceNames'])
      expect(failure).toContain(part);
    const policy = (rules: string) =>
      readAuditPolicy(`{"apiVersion":"audit.k8s.io/v1","kind":"Policy","rules":${rules}}`);
    await expect(policy('[{"level":"None","verb":[]}]')).rejects.toThrow('unknown field "rules[0].verb"');
    await expect(policy('[]')).rejects.toThrow(/rules: Required value/);
  });
});
