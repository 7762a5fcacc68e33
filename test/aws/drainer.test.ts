// Machines that are about to end: the drainer, started by events as EventBridge sends them, empties their nodes, by the budgets of the pods,
// before Auto Scaling goes on. The nodes are played. About 15 s.

import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../tools/cluster.ts';
import { type Kubectl, kubectlFor } from '../tools/kubectl.ts';
import { type ApiClient, createApiClient } from './api-client.ts';
import { type AwsCluster, startAwsCluster } from './harness/cluster.ts';
import { playNode } from './played-node.ts';

const instances = { one: 'i-0123456789abcdef1', two: 'i-0123456789abcdef2' };
const room = { cpu: '4', pods: '20' };

/** As recorded in the user guide: what is not read stays in. */
const ends = (instance: string, token: string, time = new Date()) => ({
  version: '0',
  id: '12345678-1234-1234-1234-123456789012',
  'detail-type': 'EC2 Instance-terminate Lifecycle Action',
  source: 'aws.autoscaling',
  account: '000000000000',
  time: time.toISOString().replace(/\.\d+/, ''),
  region: 'us-east-1',
  resources: ['arn:aws:autoscaling:us-east-1:000000000000:autoScalingGroup:u:autoScalingGroupName/workers'],
  detail: {
    LifecycleActionToken: token,
    AutoScalingGroupName: 'workers',
    LifecycleHookName: 'drain',
    EC2InstanceId: instance,
    LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
    NotificationMetadata: 'additional-info',
    Origin: 'AutoScalingGroup',
    Destination: 'EC2',
  },
});

describe('machines that are about to end', { timeout: 180_000 }, () => {
  const done = new AbortController();
  let playing: Promise<unknown> = Promise.resolve();
  let cluster: AwsCluster;
  let client: ApiClient;
  let kubectl: Kubectl;
  beforeAll(async () => {
    cluster = await startAwsCluster();
    kubectl = kubectlFor(cluster.kubeconfig);
    const ca = readFileSync(cluster.caFile, 'utf8');
    client = createApiClient({ url: cluster.gateway.url, ca, token: cluster.token('AKIAADMIN') });
    await eventually(120, async () => (await kubectl.attempt('get', 'serviceaccount', 'default')).code === 0);
    for (const [id, zone] of [
      [instances.one, 'us-east-1a'],
      [instances.two, 'us-east-1b'],
    ] as const)
      cluster.ec2.instances.set(id, { state: 'running', type: 't4g.small', zone, privateIp: '10.0.0.7' });
    playing = Promise.all(
      Object.values(instances).map((name) => playNode(client, name, { labels: {}, room }, done.signal)),
    );
    // Both: pods that are placed while one of them is alone do not move.
    const nodes = '-o=jsonpath={range .items[*]}{.metadata.name}{.spec.taints}{end}';
    await eventually(120, async () => (await kubectl('get', 'nodes', nodes)) === instances.one + instances.two);
    await kubectl('create', 'deployment', 'web', '--image=x', '--replicas=4');
    await kubectl('create', 'poddisruptionbudget', 'web', '--selector=app=web', '--min-available=3');
    await eventually(120, async () => (await placed()).length === 4);
  }, 300_000);
  afterAll(async () => {
    done.abort();
    await playing;
    client?.close();
    await cluster?.stop();
  });

  const placed = async (): Promise<string[]> =>
    (
      await kubectl(
        'get',
        'pods',
        '-l',
        'app=web',
        '-o',
        'jsonpath={.items[?(@.status.phase=="Running")].spec.nodeName}',
      )
    )
      .split(' ')
      .filter((each) => each !== '');
  const healthy = async () =>
    Number(await kubectl('get', 'poddisruptionbudget', 'web', '-o', 'jsonpath={.status.currentHealthy}'));

  it('are drained, by the budgets of their pods, before Auto Scaling goes on', async () => {
    const { waiting, done: told } = cluster.autoScaling;
    waiting.add('first');
    let least = Number.POSITIVE_INFINITY;
    const drained = new AbortController();
    const watching = (async () => {
      while (!drained.signal.aborted) least = Math.min(least, await healthy());
    })();
    await cluster.functions.drainer.invoke(ends(instances.one, 'first')).finally(() => drained.abort());
    await watching;
    expect(waiting).toEqual(new Set());
    expect(told.at(-1)).toBe(`CompleteLifecycleAction CONTINUE ${instances.one}`);
    expect(told.filter((each) => each.startsWith('RecordLifecycleActionHeartbeat')).length).toBeGreaterThan(0);
    expect(await placed()).not.toContain(instances.one);
    expect(least).toBeGreaterThanOrEqual(3);
    const node = JSON.parse(await kubectl('get', 'node', instances.one, '-o', 'json'));
    expect(node.spec.unschedulable).toBe(true);
    const events = await kubectl('get', 'events', '--field-selector', `involvedObject.name=${instances.one}`);
    expect(events).toContain('Draining');
    expect(events).toContain('Drained');
    await eventually(60, async () => (await placed()).filter((each) => each === instances.two).length === 4);
  });

  it('may be told of twice, and of an instance that is no node', async () => {
    const { waiting, done: told } = cluster.autoScaling;
    const before = told.length;
    await cluster.functions.drainer.invoke(ends(instances.one, 'first'));
    expect(told).toHaveLength(before);
    waiting.add('stranger');
    await cluster.functions.drainer.invoke(ends('i-0fedcba9876543210', 'stranger'));
    expect(told.slice(before)).toEqual(['CompleteLifecycleAction CONTINUE i-0fedcba9876543210']);
  });

  it('end with the pods whose budget does not let them go, once the time is over, and the node says which', async () => {
    await kubectl('patch', 'poddisruptionbudget', 'web', '--type=merge', '-p', '{"spec":{"minAvailable":4}}');
    await eventually(30, async () => {
      const allowed = '-o=jsonpath={.status.disruptionsAllowed} {.status.observedGeneration}';
      return (await kubectl('get', 'poddisruptionbudget', 'web', allowed)) === '0 2';
    });
    const { waiting, done: told } = cluster.autoScaling;
    waiting.add('late');
    await cluster.functions.drainer.invoke(ends(instances.two, 'late', new Date(Date.now() - 3600_000)));
    expect(told.at(-1)).toBe(`CompleteLifecycleAction CONTINUE ${instances.two}`);
    expect(await placed()).toHaveLength(4);
    const events = await kubectl('get', 'events', '--field-selector', `involvedObject.name=${instances.two}`);
    expect(events).toContain('DrainTimedOut');
    expect(events).toContain("would violate the pod's disruption budget");
  });

  it('that are Spot instances are drained without anybody to tell', async () => {
    await kubectl('delete', 'poddisruptionbudget', 'web');
    await kubectl('uncordon', instances.one);
    await cluster.functions.drainer.invoke({
      'detail-type': 'EC2 Spot Instance Interruption Warning',
      source: 'aws.ec2',
      time: new Date().toISOString(),
      detail: { 'instance-id': instances.two, 'instance-action': 'terminate' },
    });
    expect(await placed()).not.toContain(instances.two);
    await eventually(60, async () => (await placed()).filter((each) => each === instances.one).length === 4);
  });

  it('are named by their ids: of anything else nothing is believed', async () => {
    const event = ends('i-0123456789abcdef1/../x', 'odd');
    await expect(cluster.functions.drainer.invoke(event)).rejects.toThrow('no id of an instance');
    await expect(cluster.functions.drainer.invoke({ 'detail-type': 'Something else' })).resolves.not.toThrow();
  });
});
