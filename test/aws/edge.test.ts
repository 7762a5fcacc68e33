// The API as a node serves it to its pods, in front of the cluster on AWS: unmodified clients, whose open watches hold no function. About 30 s.

import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPodApi, type PodApi } from '../../agent/pod-api/pod-api.ts';
import { createTestAuthority } from '../../functions/apiserver/testing/certificates.ts';
import { helmChart } from '../clients/helm-chart.ts';
import { informer } from '../clients/informer.ts';
import { eventually } from '../tools/cluster.ts';
import { type Kubectl, kubectlFor, tool } from '../tools/kubectl.ts';
import { type AwsCluster, startAwsCluster } from './harness/cluster.ts';

const log = { info: () => undefined, warn: () => undefined, error: () => undefined };

describe('the API for the pods of a node', { timeout: 240_000 }, () => {
  let cluster: AwsCluster;
  let api: PodApi;
  let kubeconfig: string;
  let kubectl: Kubectl;
  beforeAll(async () => {
    cluster = await startAwsCluster();
    const authority = await createTestAuthority('node-ca');
    const certificate = await authority.server();
    const port = await freePort();
    api = createPodApi({
      address: '127.0.0.1',
      port,
      server: cluster.gateway.url,
      ca: readFileSync(cluster.caFile, 'utf8'),
      certificate: () => certificate,
      log,
    });
    await api.start();
    const config = JSON.parse(readFileSync(cluster.kubeconfig, 'utf8'));
    config.clusters[0].cluster = {
      server: `https://127.0.0.1:${port}`,
      'certificate-authority-data': Buffer.from(authority.cert).toString('base64'),
    };
    kubeconfig = join(cluster.folder, 'near');
    writeFileSync(kubeconfig, JSON.stringify(config));
    kubectl = kubectlFor(kubeconfig);
    await eventually(120, async () => (await kubectl.attempt('get', 'namespaces')).code === 0);
  }, 300_000);
  afterAll(async () => {
    await api?.stop();
    await cluster?.stop();
  });

  const clients = () => ({ kubectl, kubeconfig });
  informer(clients);
  helmChart(clients);

  it('holds no function while a watch is open, and shows what is written elsewhere', async () => {
    const far = kubectlFor(cluster.kubeconfig);
    const watch = spawn(tool('kubectl'), ['--kubeconfig', kubeconfig, 'get', 'configmaps', '-w', '-o', 'name']);
    let seen = '';
    watch.stdout.on('data', (chunk: Buffer) => {
      seen += chunk;
    });
    const { read } = cluster.functions;
    try {
      await far('create', 'configmap', 'written-first');
      await expect.poll(() => seen).toContain('configmap/written-first');
      await expect.poll(() => read.invocations - read.answered - read.timeouts).toBe(0);
      expect(watch.exitCode).toBeNull();
      await far('create', 'configmap', 'written-later');
      await expect.poll(() => seen).toContain('configmap/written-later');
    } finally {
      watch.kill();
    }
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
