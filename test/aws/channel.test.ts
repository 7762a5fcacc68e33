// An open watch through a node's edge, told by the channel which logs move: while nothing changes it asks for nothing. About 30 s.

import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createEdge, type Edge } from '../../edge/edge.ts';
import { type Listening, listen } from '../../edge/listen.ts';
import { createTestAuthority } from '../../functions/apiserver/testing/certificates.ts';
import { eventually } from '../tools/cluster.ts';
import { type Kubectl, kubectlFor, tool } from '../tools/kubectl.ts';
import { type AwsCluster, startAwsCluster } from './harness/cluster.ts';

const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
// By itself it looks ever more seldom, up to an hour.
const pace = { quickMs: 1, slowMs: 3600_000, checkMs: 3600_000 };

let cluster: AwsCluster;
let edge: Edge;
let listening: Listening;
let kubeconfig: string;
let far: Kubectl;
beforeAll(async () => {
  cluster = await startAwsCluster({ channel: true });
  const authority = await createTestAuthority('node-ca');
  const certificate = await authority.server();
  edge = createEdge({ server: cluster.gateway.url, ca: readFileSync(cluster.caFile, 'utf8'), pace });
  listening = await listen({ address: '127.0.0.1', port: 0, certificate: () => certificate, handle: edge.handle, log });
  const config = JSON.parse(readFileSync(cluster.kubeconfig, 'utf8'));
  config.clusters[0].cluster = {
    server: `https://127.0.0.1:${listening.port}`,
    'certificate-authority-data': Buffer.from(authority.cert).toString('base64'),
  };
  kubeconfig = join(cluster.folder, 'near');
  writeFileSync(kubeconfig, JSON.stringify(config));
  far = kubectlFor(cluster.kubeconfig);
  await eventually(120, async () => (await far.attempt('get', 'namespaces')).code === 0);
}, 300_000);
afterAll(async () => {
  edge?.close();
  listening?.close();
  await cluster?.stop();
});

it('shows what others write, also after the connection was lost', { timeout: 240_000 }, async () => {
  const args = ['--kubeconfig', kubeconfig, 'get', 'configmaps', '-w', '-o', 'name'];
  const watch = spawn(tool('kubectl'), args);
  let seen = '';
  watch.stdout.on('data', (chunk: Buffer) => {
    seen += chunk;
  });
  const connections = () => cluster.channel?.connections;
  try {
    await expect.poll(connections).toBe(1);
    for (const name of ['one', 'two', 'three']) {
      await far('create', 'configmap', name);
      await expect.poll(() => seen).toContain(`configmap/${name}`);
      if (name === 'two') cluster.channel?.drop();
    }
    await expect.poll(connections).toBe(1);
    await cluster.functions.announce.kill();
    await far('create', 'configmap', 'four');
    await expect.poll(() => seen).toContain('configmap/four');
  } finally {
    watch.kill();
  }
});
