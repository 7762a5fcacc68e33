// An informer of @kubernetes/client-node. For every kind of API server.

import { CoreV1Api, KubeConfig, makeInformer, type V1ConfigMap } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import type { Clients } from './helm-chart.ts';

/** `compact` makes the API server forget what came before, where a test can do that. */
export function informer(clients: () => Clients, compact?: () => Promise<void>): void {
  describe('an informer of @kubernetes/client-node', { timeout: 120_000 }, () => {
    it(`follows what others write${compact ? ', and keeps its view over a compaction of the log' : ''}`, async () => {
      const { kubectl, kubeconfig } = clients();
      const config = new KubeConfig();
      config.loadFromFile(kubeconfig);
      const core = config.makeApiClient(CoreV1Api);
      await kubectl('create', 'namespace', 'informed');
      const informed = makeInformer<V1ConfigMap>(config, '/api/v1/namespaces/informed/configmaps', () =>
        core.listNamespacedConfigMap({ namespace: 'informed' }),
      );
      let failures = 0;
      informed.on('error', () => {
        failures += 1;
        informed.start().catch(() => {});
      });
      const names = () =>
        informed
          .list('informed')
          .map(({ metadata }) => metadata?.name)
          // Where controllers run, every namespace has one of its own.
          .filter((name) => name !== 'kube-root-ca.crt')
          .sort();
      const create = (name: string) => kubectl('-n', 'informed', 'create', 'configmap', name);
      try {
        await create('first');
        await informed.start();
        expect(names()).toEqual(['first']);
        await create('second');
        await expect.poll(names, { timeout: 20_000 }).toEqual(['first', 'second']);
        await kubectl('-n', 'informed', 'delete', 'configmap', 'first');
        await compact?.();
        await create('third');
        await expect.poll(names, { timeout: 20_000 }).toEqual(['second', 'third']);
        expect(failures).toBe(0);
      } finally {
        await informed.stop();
      }
    });
  });
}
