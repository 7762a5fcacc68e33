import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bootstrap } from './bootstrap.ts';
import { openTestRegistry, type TestRegistry } from './testing.ts';

let t: TestRegistry;
const options = { advertiseAddress: '192.0.2.1', port: 6443 };

beforeEach(async () => {
  t = await openTestRegistry();
  await bootstrap(t.registry, t.definitions, options);
});

afterEach(async () => {
  await t.close();
});

async function revisions(): Promise<Record<string, number>> {
  const result: Record<string, number> = {};
  for (const type of await t.store.types()) result[type] = await t.store.head(type);
  return result;
}

describe('bootstrap', () => {
  it('makes namespaces, roles, bindings, and the service of the API server', async () => {
    for (const name of ['default', 'kube-system', 'kube-public', 'kube-node-lease'])
      await t.get('namespaces', '', name);
    expect(await t.get('rbac.authorization.k8s.io/clusterroles', '', 'cluster-admin')).toMatchObject({
      rules: [{ verbs: ['*'] }, { nonResourceURLs: ['*'] }],
    });
    expect(await t.get('rbac.authorization.k8s.io/clusterroles', '', 'admin')).toHaveProperty('aggregationRule');
    expect(await t.get('services', 'default', 'kubernetes')).toMatchObject({
      spec: { clusterIP: '10.96.0.1', ports: [{ targetPort: 6443 }] },
    });
    expect(await t.get('endpoints', 'default', 'kubernetes')).toMatchObject({
      subsets: [{ addresses: [{ ip: '192.0.2.1' }] }],
    });
  });

  it('writes nothing the second time', async () => {
    const before = await revisions();
    await bootstrap(t.registry, t.definitions, options);
    expect(await revisions()).toEqual(before);
  });

  it('gives back a rule that a role lost, unless that is switched off', async () => {
    const target = t.target('rbac.authorization.k8s.io/clusterroles', undefined, 'system:node-proxier');
    const full = await t.registry.get(t.context, target);
    await t.registry.patch(t.context, target, 'merge', { rules: [] });
    await bootstrap(t.registry, t.definitions, options);
    expect((await t.registry.get(t.context, target)).object['rules']).toEqual(full.object['rules']);
    const annotations = { 'rbac.authorization.kubernetes.io/autoupdate': 'false' };
    await t.registry.patch(t.context, target, 'merge', { rules: [], metadata: { annotations } });
    await bootstrap(t.registry, t.definitions, options);
    expect((await t.registry.get(t.context, target)).object['rules']).toBeNull();
  });

  it('follows the address of the API server', async () => {
    await bootstrap(t.registry, t.definitions, { ...options, advertiseAddress: '192.0.2.2' });
    expect(await t.get('endpoints', 'default', 'kubernetes')).toMatchObject({
      subsets: [{ addresses: [{ ip: '192.0.2.2' }] }],
    });
  });
});
