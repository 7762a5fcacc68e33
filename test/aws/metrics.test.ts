// What nodes say that they use, as kubectl top shows it and autoscalers act on it, through the bundled functions. The nodes are played:
// their reports come in through the gateway. About 20 s.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../core/node/protocol.ts';
import type { V1Pod } from '../../generated/kubernetes.ts';
import { eventually } from '../tools/cluster.ts';
import { type Kubectl, kubectlFor } from '../tools/kubectl.ts';
import { type AwsCluster, startAwsCluster } from './harness/cluster.ts';

const mebibyte = 1024 * 1024;
const longAgo = new Date(Date.now() - 3600_000).toISOString();

describe('usage of nodes and pods on AWS', { timeout: 120_000 }, () => {
  let cluster: AwsCluster;
  let kubectl: Kubectl;
  beforeAll(async () => {
    // In place of a minute, so that nobody waits for it.
    cluster = await startAwsCluster({ env: { ZEROPLANE_AUTOSCALER_SYNC_MS: '1000' } });
    kubectl = kubectlFor(cluster.kubeconfig);
    await eventually(120, async () => (await kubectl.attempt('get', 'namespaces')).code === 0);
    const conditions = [
      { type: 'Ready', status: 'True', reason: 'KubeletReady', message: '', lastTransitionTime: longAgo },
    ];
    const room = { cpu: '4', memory: '8Gi', pods: '110' };
    await report({ node: { status: { conditions, capacity: room, allocatable: room } } });
    await kubectl.input(JSON.stringify(deployment), 'apply', '-f', '-');
    await eventually(60, async () => (await podsOnNode()).length === 2);
  }, 300_000);
  afterAll(() => cluster?.stop());

  const report = (body: Report) =>
    kubectl.input(JSON.stringify(body), 'create', '-f', '-', '--raw', '/apis/agent.zeroplane.dev/v1/nodes/n1/report');

  async function podsOnNode(): Promise<V1Pod[]> {
    const list: { items: V1Pod[] } = JSON.parse(await kubectl('get', 'pods', '-l', 'app=web', '-o', 'json'));
    return list.items.filter(({ metadata, spec }) => spec?.nodeName === 'n1' && !metadata?.deletionTimestamp);
  }

  /** As an agent: all pods of the node run since an hour ago, and each uses this much now. What is to go is gone. */
  async function reportUsage(millicores: number): Promise<void> {
    const list: { items: V1Pod[] } = JSON.parse(await kubectl('get', 'pods', '-l', 'app=web', '-o', 'json'));
    const bound = list.items.filter(({ spec }) => spec?.nodeName === 'n1');
    const used = { cpu: millicores * 1e6, memory: 32 * mebibyte };
    await report({
      pods: bound.map(({ metadata: { namespace = '', name = '', uid = '', deletionTimestamp } = {} }) => ({
        namespace,
        name,
        uid,
        ...(deletionTimestamp ? { terminated: true } : { status: running }),
      })),
      usage: {
        time: new Date().toISOString(),
        windowSeconds: 75,
        node: { cpu: 500e6, memory: 1024 * mebibyte },
        pods: bound.map(({ metadata: { namespace = '', name = '' } = {} }) => ({
          namespace,
          name,
          containers: [{ name: 'c', ...used }],
        })),
      },
    });
  }

  async function replicas(): Promise<number> {
    return Number(await kubectl('get', 'deployment', 'web', '-o', 'jsonpath={.spec.replicas}'));
  }

  it('is unknown before a node has told it', async () => {
    expect((await kubectl.attempt('top', 'nodes')).stderr).toContain('metrics not available yet');
  });

  it('is what kubectl top shows, of nodes and of pods', async () => {
    await reportUsage(20);
    await eventually(60, async () => (await kubectl('top', 'pods')).split('\n').length === 4);
    expect(await kubectl('top', 'nodes')).toMatch(/^NAME .*\nn1\s+500m\s+12%\s+1024Mi\s+12%\s*$/);
    const pods = (await kubectl('top', 'pods', '-l', 'app=web', '--containers', '--no-headers')).trim().split('\n');
    expect(pods).toHaveLength(2);
    for (const line of pods) expect(line).toMatch(/^web-\S+\s+c\s+20m\s+32Mi\s*$/);
    expect((await kubectl.attempt('top', 'pod', 'nobody')).stderr).toContain('not found');
  });

  it('makes an autoscaler add pods, and take them away', async () => {
    await kubectl.input(JSON.stringify(autoscaler), 'apply', '-f', '-');
    await eventually(60, async () => {
      await reportUsage(150);
      return (await replicas()) === 5;
    });
    await eventually(60, async () => {
      await reportUsage(1);
      return (await replicas()) === 1;
    });
    const scaled = await kubectl('get', 'events', '--field-selector', 'reason=SuccessfulRescale', '-o', 'name');
    expect(scaled.trim().split('\n').length).toBeGreaterThanOrEqual(2);
  });

  it('is all that an autoscaler can read here, and its condition says so', async () => {
    const metrics = [
      { type: 'Pods', pods: { metric: { name: 'requests' }, target: { type: 'AverageValue', averageValue: '1' } } },
    ];
    await kubectl.input(JSON.stringify({ ...autoscaler, spec: { ...autoscaler.spec, metrics } }), 'apply', '-f', '-');
    await eventually(60, async () => {
      const path = 'jsonpath={.status.conditions[?(@.type=="ScalingActive")].message}';
      return (await kubectl('get', 'hpa', 'web', '-o', path)).includes('on AWS APIServices lead nowhere');
    });
    await kubectl('delete', 'hpa', 'web');
  });
});

const running = {
  phase: 'Running',
  startTime: longAgo,
  conditions: ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map((type) => ({
    type,
    status: 'True',
    lastTransitionTime: longAgo,
  })),
  containerStatuses: [
    {
      name: 'c',
      ready: true,
      started: true,
      restartCount: 0,
      image: 'x',
      imageID: 'x',
      state: { running: { startedAt: longAgo } },
    },
  ],
};

const deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'c', image: 'x', resources: { requests: { cpu: '100m' } } }] },
    },
  },
};

const atOnce = { stabilizationWindowSeconds: 0, policies: [{ type: 'Pods', value: 10, periodSeconds: 1 }] };

const autoscaler = {
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { name: 'web' },
  spec: {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
    minReplicas: 1,
    maxReplicas: 5,
    metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } }],
    behavior: { scaleUp: atOnce, scaleDown: atOnce },
  },
};
