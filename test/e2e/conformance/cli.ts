// sig-cli: what kubectl does with pods that run.

import { expect } from 'vitest';
import type { V1Pod } from '../../../generated/kubernetes.ts';
import { conformance } from '../../conformance/conformance.ts';
import { eventually, type TestCluster } from '../../tools/cluster.ts';
import { forever, pod, shell, web } from '../../tools/manifests.ts';

export function kubectlWithPods(cluster: () => TestCluster): void {
  const demo = (name: string) => ({
    apiVersion: 'v1',
    kind: 'ReplicationController',
    metadata: { name },
    spec: {
      replicas: 2,
      selector: { name },
      template: {
        metadata: { labels: { name } },
        spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'update-demo', image: web }] },
      },
    },
  });
  /** So many run, and each answers. */
  const runs = (name: string, count: number) =>
    eventually(90, async () => {
      const pods: V1Pod[] = (await cluster().read('pods', '-l', `name=${name}`)).items;
      if (pods.length !== count || !pods.every(({ status }) => status?.phase === 'Running')) return false;
      for (const { metadata } of pods) {
        const path = `/api/v1/namespaces/default/pods/${metadata?.name}:8080/proxy/`;
        if ((await cluster().kubectl('get', '--raw', path)) !== 'It works.\n') return false;
      }
      return true;
    });

  conformance('Kubectl client Update Demo should create and stop a replication controller', async () => {
    await cluster().apply([demo('stopped')]);
    await runs('stopped', 2);
    await cluster().kubectl('delete', '--grace-period=0', '--force', 'rc', 'stopped');
    await eventually(60, async () => (await cluster().read('pods', '-l', 'name=stopped')).items.length === 0);
    expect((await cluster().attempt('get', 'rc', 'stopped')).stderr).toContain('NotFound');
  });

  conformance('Kubectl client Update Demo should scale a replication controller', async () => {
    await cluster().apply([demo('scaled-demo')]);
    await runs('scaled-demo', 2);
    for (const replicas of [1, 2]) {
      await cluster().kubectl('scale', 'rc', 'scaled-demo', `--replicas=${replicas}`, '--timeout=120s');
      await runs('scaled-demo', replicas);
    }
    await cluster().kubectl('delete', 'rc', 'scaled-demo', '--wait=false');
  });

  conformance('Kubectl logs logs should be able to retrieve and filter logs', async () => {
    const script = `for i in 1 2 3 4 5; do echo "line $i"; done; ${forever}`;
    await cluster().apply([pod('logs-generator', [shell('main', script)])]);
    await cluster().kubectl('wait', '--for=condition=Ready', 'pod/logs-generator', '--timeout=120s');
    const logs = (...args: string[]) => cluster().kubectl('logs', 'logs-generator', 'main', ...args);
    await eventually(60, async () => (await logs()).endsWith('line 5\n'));
    expect((await logs()).trim().split('\n')).toHaveLength(5);
    expect(await logs('--tail=1')).toBe('line 5\n');
    expect(await logs('--limit-bytes=1')).toBe('l');
    const [time = '', ...rest] = (await logs('--tail=1', '--timestamps')).trim().split(' ');
    expect(rest.join(' ')).toBe('line 5');
    expect(Date.parse(time)).not.toBeNaN();
    expect((await logs('--since=24h')).trim().split('\n')).toHaveLength(5);
    // Once they are older than that.
    await eventually(60, async () => (await logs('--since=1s')) === '');
    await cluster().kubectl('delete', 'pod', 'logs-generator', '--wait=false');
  });
}
