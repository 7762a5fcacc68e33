// A machine joins a hosted cluster by its path, as it joins any: its pods run, are reached, and find their own cluster's API. Needs root.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadImage } from '../../agent/images/load.ts';
import { ociArchive } from '../../agent/images/oci.ts';
import { packageImages } from '../../local/example-images.ts';
import { startCluster, type TestCluster } from '../tools/cluster.ts';
import { runTool, tool } from '../tools/kubectl.ts';
import { createLink, type Link } from '../tools/link.ts';
import { removeAll } from '../tools/remove-all.ts';
import { nodeImage } from '../tools/webhook-pod.ts';
import { type InstalledNode, prepareNode } from './installed-node.ts';

describe.skipIf(process.getuid?.() !== 0)('a node of a hosted cluster (needs root)', () => {
  let link: Link;
  let host: TestCluster;
  let worker: InstalledNode;
  let kubeconfig: string;

  const kubectl = async (args: readonly string[], input?: string) => {
    const [nsenter = '', ...enter] = host.host.enter;
    const words = [...enter, tool('kubectl'), '--kubeconfig', kubeconfig, ...args];
    const { code, stdout, stderr } = await runTool(nsenter, words, input);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')} exited ${code}: ${stderr}`);
    return stdout;
  };

  beforeAll(async () => {
    link = createLink('zpncl', '10.210.94', 2);
    const [first, second] = link.hosts;
    if (!first || !second) throw new Error('a link without hosts');
    worker = prepareNode('branch-worker', second);
    host = await startCluster('zpncl', '10.210.94', first, '--no-agent');
    kubeconfig = join(host.dataDir, 'branch.kubeconfig');
    const made = await host.zeroplane('cluster create', 'branch', '--file', kubeconfig);
    if (made.code !== 0) throw new Error(made.stderr);
    const line = (await host.zeroplane('node token', '--kubeconfig', kubeconfig)).stdout.trim();
    expect(line).toMatch(/--server https:\/\/10\.210\.94\.1:\d+\/clusters\/branch$/);
    const { code, stderr } = await worker.install(line);
    if (code !== 0) throw new Error(`the worker did not join: ${stderr}`);
    for (const image of packageImages.filter(({ name }) => name === nodeImage)) {
      const file = join(worker.dataDir, 'node-image.tar');
      writeFileSync(file, ociArchive(await image.build(() => {})));
      await loadImage(worker.dataDir, file);
    }
  });
  afterAll(async () => {
    await removeAll([() => worker?.remove(), () => host?.remove(), () => link?.remove()]);
  });

  it('runs pods, whose logs and shells are reached by the path, and who reach their own API', async () => {
    const ask = `
      const { readFileSync } = require('node:fs');
      const at = (name) => readFileSync('/var/run/secrets/kubernetes.io/serviceaccount/' + name, 'utf8');
      const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = process.env;
      const options = { host, port, method: 'POST', path: '/apis/authentication.k8s.io/v1/selfsubjectreviews', ca: at('ca.crt'),
        headers: { authorization: 'Bearer ' + at('token'), 'content-type': 'application/json' } };
      const ask = () => require('node:https').request(options, (answer) => {
        let text = '';
        answer.on('data', (chunk) => { text += chunk; }).on('end', () => console.log('ANSWER', answer.statusCode, text));
      }).on('error', (error) => { console.log(String(error)); setTimeout(ask, 1000); }).end('{}');
      ask();
      setInterval(() => {}, 1000);`;
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'asks' },
      spec: {
        containers: [{ name: 'main', image: nodeImage, command: ['node', '-e', ask] }],
        terminationGracePeriodSeconds: 0,
      },
    };
    await kubectl(['apply', '-f', '-'], JSON.stringify(pod));
    await kubectl(['wait', '--for=condition=Ready', 'pod/asks', '--timeout=300s']);
    await expect.poll(() => kubectl(['logs', 'asks'])).toContain('ANSWER 201');
    expect(await kubectl(['logs', 'asks'])).toContain('system:serviceaccount:default:default');
    expect(await kubectl(['exec', 'asks', '--', 'node', '-p', '6 * 7'])).toBe('42\n');
    expect(await kubectl(['get', 'nodes', '-o', 'name'])).toBe('node/branch-worker\n');
    expect(await host.kubectl('get', 'nodes', '-o', 'name')).toBe('');
    // Who has a node is in use.
    expect((await host.zeroplane('cluster list')).stdout).toMatch(/^branch +True +Running/m);
    await kubectl(['delete', 'pod', 'asks']);
  });
});
