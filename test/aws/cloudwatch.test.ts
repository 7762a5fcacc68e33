// What the bundled functions tell CloudWatch in their logs. About 20 s.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../tools/cluster.ts';
import { type Kubectl, kubectlFor } from '../tools/kubectl.ts';
import { type AwsCluster, startAwsCluster } from './harness/cluster.ts';

describe('metrics of the functions', { timeout: 120_000 }, () => {
  let cluster: AwsCluster;
  let kubectl: Kubectl;
  beforeAll(async () => {
    cluster = await startAwsCluster();
    kubectl = kubectlFor(cluster.kubeconfig);
    await eventually(120, async () => (await kubectl.attempt('get', 'namespaces')).code === 0);
  }, 300_000);
  afterAll(() => cluster?.stop());

  /** Lines that carry a metric, with the dimensions under which it counts. */
  function metricsOf(metric: string) {
    return cluster.metrics.flatMap(({ _aws, ...fields }) =>
      _aws.CloudWatchMetrics.filter(({ Metrics }) => Metrics.some(({ Name }) => Name === metric)).map(
        ({ Namespace, Dimensions }) => ({
          Namespace,
          dimensions: Dimensions.map((names) => Object.fromEntries(names.map((name) => [name, fields[name]]))),
          value: fields[metric],
          fields,
        }),
      ),
    );
  }

  it('tell of the cold start of each environment', async () => {
    await kubectl('create', 'deployment', 'web', '--image=x');
    await eventually(60, async () => {
      const functions = new Set(metricsOf('ColdStart').map(({ fields }) => fields['function']));
      return ['read', 'write', 'controllers', 'notifier'].every((name) => functions.has(name));
    });
    for (const { Namespace, dimensions, value } of metricsOf('ColdStart')) {
      expect({ Namespace, dimensions }).toEqual({ Namespace: 'Zeroplane', dimensions: [{ Cluster: 'test' }] });
      expect(value).toBeGreaterThan(0);
    }
  });

  it('tell how late a watch saw changes, when it ends', async () => {
    const before = metricsOf('WatchLag').length;
    const path = '/api/v1/namespaces/default/configmaps?watch=true&timeoutSeconds=20';
    const watch = kubectl('get', '--raw', path);
    let i = 0;
    const making = eventually(60, async () => {
      await kubectl('create', 'configmap', `seen-${i++}`);
      return metricsOf('WatchLag').length > before;
    });
    expect(await watch).toContain('"name":"seen-');
    await making;
    expect(metricsOf('WatchLag').at(-1)).toMatchObject({
      dimensions: [{ Cluster: 'test' }],
      fields: { function: 'watch' },
    });
  });

  it('tell of failures by kind', async () => {
    // No request of API Gateway looks like this.
    await cluster.functions.read.invoke({}, async () => undefined);
    await eventually(60, async () => metricsOf('Errors').some(({ fields }) => fields['Kind'] === 'InternalError'));
    expect(metricsOf('Errors').find(({ fields }) => fields['Kind'] === 'InternalError')).toMatchObject({
      dimensions: [{ Cluster: 'test', Kind: 'InternalError' }],
      value: 1,
    });
  });
});

describe('the audit log of the functions', { timeout: 120_000 }, () => {
  it('has both ends of each request, also of a watch that is sent on', async () => {
    const rules = [{ level: 'Metadata', resources: [{ group: '', resources: ['configmaps'] }] }];
    const policy = { apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules };
    const cluster = await startAwsCluster({ env: { ZEROPLANE_AUDIT_POLICY: JSON.stringify(policy) } });
    try {
      const kubectl = kubectlFor(cluster.kubeconfig);
      await eventually(120, async () => (await kubectl.attempt('get', 'namespaces')).code === 0);
      await kubectl('create', 'configmap', 'audited');
      const watched = '/api/v1/namespaces/default/configmaps?watch=true&timeoutSeconds=1';
      await kubectl('get', '--raw', watched, '--as=jane', '--as-group=system:masters');
      const stagesOf = (verb: string) =>
        cluster.audited.filter((each) => each['verb'] === verb).map(({ stage }) => stage);
      await eventually(60, async () => stagesOf('watch').length === 5);
      expect(stagesOf('create')).toEqual(expect.arrayContaining(['RequestReceived', 'ResponseComplete']));
      // The redirect, and then what came of it, by one audit ID: as whom, of what, and no ticket.
      expect(stagesOf('watch')).toEqual([
        ...['RequestReceived', 'ResponseComplete'],
        ...['RequestReceived', 'ResponseStarted', 'ResponseComplete'],
      ]);
      const [sent, , , , ended] = cluster.audited.filter((each) => each['verb'] === 'watch');
      expect(ended).toMatchObject({
        auditID: sent?.['auditID'],
        requestURI: sent?.['requestURI'],
        user: sent?.['user'],
        impersonatedUser: { username: 'jane', groups: ['system:masters', 'system:authenticated'] },
        responseStatus: { code: 200 },
        annotations: { 'zeroplane.dev/redirected-watch': 'true' },
      });
      expect(JSON.stringify(cluster.audited)).not.toContain('/watch/');
    } finally {
      await cluster.stop();
    }
  }, 300_000);
});
