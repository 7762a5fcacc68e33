// A node that is an EC2 instance: joins by its IAM identity, is told what machine it is, and goes with it. About 10 s.

import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { uninitializedTaint } from '../../core/node/joining.ts';
import { eventually } from '../tools/cluster.ts';
import { type Kubectl, kubectlFor } from '../tools/kubectl.ts';
import { type AwsCluster, startAwsCluster } from './harness/cluster.ts';

const instance = 'i-0123456789abcdef0';

describe('a node that is an EC2 instance', { timeout: 120_000 }, () => {
  let cluster: AwsCluster;
  let kubectl: Kubectl;
  let token: string;
  beforeAll(async () => {
    cluster = await startAwsCluster();
    kubectl = kubectlFor(cluster.kubeconfig);
    cluster.ec2.instances.set(instance, {
      state: 'running',
      type: 't4g.small',
      zone: 'us-east-1b',
      privateIp: '10.0.0.7',
      publicIp: '192.0.2.7',
    });
  }, 120_000);
  afterAll(() => cluster?.stop());

  /** As its agent would. */
  const call = async (verb: string, body: object, bearer = token): Promise<{ code: number; body: unknown }> =>
    new Promise((resolve, reject) => {
      const url = `${cluster.gateway.url}/apis/agent.zeroplane.dev/v1/nodes/${instance}/${verb}`;
      const headers = { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' };
      const sent = request(url, { method: 'POST', ca: readFileSync(cluster.caFile), headers }, async (response) => {
        const chunks: Buffer[] = [];
        for await (const chunk of response) chunks.push(chunk);
        resolve({ code: response.statusCode ?? 0, body: JSON.parse(Buffer.concat(chunks).toString()) });
      });
      sent.on('error', reject);
      sent.end(JSON.stringify(body));
    });
  const report = (ready: 'True' | 'False') =>
    call('report', {
      node: {
        labels: { 'kubernetes.io/hostname': instance },
        spec: { taints: [{ key: uninitializedTaint, value: 'true', effect: 'NoSchedule' }] },
        status: {
          addresses: [{ type: 'InternalIP', address: '10.0.0.7' }],
          capacity: { cpu: '2', memory: '2Gi', pods: '110' },
          conditions: [{ type: 'Ready', status: ready, lastTransitionTime: new Date().toISOString() }],
        },
      },
    });

  it('joins as itself and as nobody else', async () => {
    const joined = await call('join', {}, cluster.token('AKIAWORKER'));
    expect(joined.code).toBe(201);
    // as: checked by what follows, which needs it.
    token = (joined.body as { token: string }).token;
    expect((await report('True')).code).toBe(200);
  });

  it('gets its zone, type, addresses and provider id, and only then takes pods', async () => {
    await eventually(60, async () => (await kubectl('get', 'node', instance, '-o', 'yaml')).includes('providerID'));
    const node = JSON.parse(await kubectl('get', 'node', instance, '-o', 'json'));
    expect(node.spec.providerID).toBe(`aws:///us-east-1b/${instance}`);
    expect(JSON.stringify(node.spec.taints ?? [])).not.toContain(uninitializedTaint);
    expect(node.metadata.labels).toMatchObject({
      'node.kubernetes.io/instance-type': 't4g.small',
      'topology.kubernetes.io/zone': 'us-east-1b',
    });
    expect(await kubectl('get', 'nodes', '-o', 'wide')).toContain('192.0.2.7');
    // What the cloud said stays when the node reports again.
    await report('True');
    expect(await kubectl('get', 'nodes', '-o', 'wide')).toContain('192.0.2.7');
  });

  it('is deleted when it is not ready and the instance is gone', async () => {
    cluster.ec2.instances.delete(instance);
    await report('False');
    await eventually(60, async () => (await kubectl.attempt('get', 'node', instance)).stderr.includes('NotFound'));
    expect(await kubectl('get', 'events', '-A')).toContain('DeletingNode');
  });
});
