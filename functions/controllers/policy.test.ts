import { describe, expect, it } from 'vitest';
import { clusterRoleAggregationController } from './cluster-role-aggregation.ts';
import { deploymentController } from './deployment.ts';
import { disruptionBudgetController } from './disruption-budget.ts';
import { replicaSetController } from './replicaset.ts';
import { resourceQuotaController } from './resource-quota.ts';
import { TestCluster } from './testing/cluster.ts';

describe('PodDisruptionBudget', () => {
  it('allows as many disruptions as healthy pods are to spare', async () => {
    const each = new TestCluster([disruptionBudgetController, deploymentController, replicaSetController]);
    const selector = { matchLabels: { app: 'web' } };
    const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'a', image: 'a' }] } };
    const metadata = { name: 'web', namespace: 'default' };
    each.put({ apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: { replicas: 4, selector, template } });
    each.put({
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata,
      spec: { selector, maxUnavailable: '25%' },
    });
    await each.settle();
    const status = () => each.state.get('policy/poddisruptionbudgets', 'default', 'web')?.status;
    expect(status()).toMatchObject({ disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 3, expectedPods: 4 });
    each.runPods();
    await each.settle();
    expect(status()).toMatchObject({ disruptionsAllowed: 1, currentHealthy: 4 });
    expect(status()?.conditions?.[0]).toMatchObject({
      type: 'DisruptionAllowed',
      status: 'True',
      reason: 'SufficientPods',
    });
    const [pod] = each.state.list('pods');
    each.change('policy/poddisruptionbudgets', 'default', 'web', (budget) => {
      const time = new Date(each.now).toISOString();
      budget.status = { ...budget.status!, disruptionsAllowed: 0, disruptedPods: { [pod!.metadata.name]: time } };
    });
    await each.settle();
    expect(status()).toMatchObject({ disruptionsAllowed: 0, currentHealthy: 3 });
    each.advance(120_000);
    await each.settle();
    expect(status()).toMatchObject({ disruptionsAllowed: 1, currentHealthy: 4 });
  });
});

describe('ResourceQuota', () => {
  it('counts objects and adds up what pods ask for', async () => {
    const each = new TestCluster([resourceQuotaController]);
    const metadata = { name: 'q', namespace: 'default' };
    const hard = {
      pods: '4',
      'requests.cpu': '2',
      'limits.memory': '1Gi',
      configmaps: '5',
      'count/deployments.apps': '1',
    };
    each.put({ apiVersion: 'v1', kind: 'ResourceQuota', metadata, spec: { hard } });
    for (const name of ['a', 'b']) {
      const resources = { requests: { cpu: '250m' }, limits: { memory: '64Mi' } };
      const spec = { containers: [{ name: 'x', image: 'x', resources }] };
      each.put({ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'default' }, spec });
    }
    each.put({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', namespace: 'default' } });
    await each.settle();
    expect(each.state.get('resourcequotas', 'default', 'q')?.status?.used).toEqual({
      pods: '2',
      'requests.cpu': '500m',
      'limits.memory': '128Mi',
      configmaps: '1',
      'count/deployments.apps': '0',
    });
    each.finishPods('Succeeded', (pod) => pod.metadata.name === 'a');
    await each.settle();
    expect(each.state.get('resourcequotas', 'default', 'q')?.status?.used?.['pods']).toBe('1');
  });
});

describe('ClusterRole aggregation', () => {
  it('puts together the rules of the roles that it selects', async () => {
    const each = new TestCluster([clusterRoleAggregationController]);
    const rule = (resource: string) => ({ apiGroups: [''], resources: [resource], verbs: ['get'] });
    const role = (name: string, more: object) => ({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name },
      ...more,
    });
    each.put(
      role('view', { rules: [], aggregationRule: { clusterRoleSelectors: [{ matchLabels: { view: 'true' } }] } }),
    );
    for (const name of ['b', 'a']) {
      const object = role(name, { rules: [rule(name), rule('shared')] });
      each.put({ ...object, metadata: { name, labels: { view: 'true' } } });
    }
    await each.settle();
    const rules = () =>
      each.state.get('rbac.authorization.k8s.io/clusterroles', '', 'view')?.rules?.map((one) => one.resources?.[0]);
    expect(rules()).toEqual(['a', 'shared', 'b']);
    each.remove('rbac.authorization.k8s.io/clusterroles', '', 'a');
    await each.settle();
    expect(rules()).toEqual(['b', 'shared']);
  });
});
