import { describe, expect, it } from 'vitest';
import type { PodStatusInput } from './pod-status.ts';
import { podStatus } from './pod-status.ts';
import { exited, observedContainer, observedPod, testContainer, testPod } from './test-pod.ts';

const healthy = { started: true, ready: true };

function status(input: Partial<PodStatusInput>) {
  const observed = input.observed ?? observedPod();
  return podStatus({
    pod: testPod(),
    observed,
    health: new Map(observed.containers.map(({ id }) => [id, healthy])),
    waiting: new Map(),
    terminating: false,
    previous: undefined,
    hostIPs: ['10.1.0.1'],
    runtimeName: 'containerd',
    now: 60_000,
    ...input,
  });
}

const condition = (of: ReturnType<typeof podStatus>, type: string) => of.conditions?.find((each) => each.type === type);

describe('podStatus', () => {
  it('is Pending, with its containers being created, before anything runs', () => {
    const pending = status({ observed: { sandboxes: [], containers: [] } });
    expect(pending.phase).toBe('Pending');
    expect(pending.podIP).toBeUndefined();
    expect(pending.containerStatuses?.[0]?.state).toEqual({ waiting: { reason: 'ContainerCreating' } });
    expect(condition(pending, 'PodReadyToStartContainers')?.status).toBe('False');
    expect(condition(pending, 'PodScheduled')?.status).toBe('True');
  });

  it('stays Running while a container that ended is made again', () => {
    const again = { ...observedContainer('main'), id: 'again', state: 'created' as const, attempt: 1 };
    expect(status({ observed: observedPod(exited('main', 1), again) }).phase).toBe('Running');
  });

  it('is Running and Ready when all its containers are', () => {
    const running = status({ observed: observedPod(observedContainer('main')) });
    expect(running).toMatchObject({
      phase: 'Running',
      podIP: '10.0.0.5',
      podIPs: [{ ip: '10.0.0.5' }],
      hostIP: '10.1.0.1',
    });
    expect(condition(running, 'Ready')).toMatchObject({ status: 'True' });
    expect(running.containerStatuses?.[0]).toMatchObject({
      ready: true,
      started: true,
      containerID: 'containerd://main-0',
    });
  });

  it('is Failed when it ends before its container began: a final phase is what lets controllers count it as over', () => {
    const observed = { sandboxes: [], containers: [] };
    const waiting = new Map([['main', { reason: 'CreateContainerConfigError', message: 'no such file' }]]);
    const going = { observed, waiting, terminating: true };
    expect(status(going).phase).toBe('Pending');
    const ended = status({ ...going, stopped: true });
    expect(ended.phase).toBe('Failed');
    expect(ended.containerStatuses?.[0]?.state?.terminated).toMatchObject({
      exitCode: 137,
      reason: 'ContainerStatusUnknown',
    });
    const complete = { observed: observedPod(exited('main', 0)), terminating: true, stopped: true };
    expect(status(complete).phase).toBe('Succeeded');
  });

  it('names what holds it up', () => {
    const waiting = new Map([['main', { reason: 'ErrImagePull', message: 'no such image' }]]);
    const held = status({ waiting });
    expect(held.phase).toBe('Pending');
    expect(held.containerStatuses?.[0]?.state?.waiting).toEqual({ reason: 'ErrImagePull', message: 'no such image' });
    expect(condition(held, 'Ready')).toMatchObject({
      status: 'False',
      reason: 'ContainersNotReady',
      message: 'containers with unready status: [main]',
    });
  });

  it('shows an init container in work, and the others waiting for it', () => {
    const pod = testPod({ initContainers: [testContainer('init')] });
    const begins = status({ pod, observed: { sandboxes: [], containers: [] } });
    expect(begins.initContainerStatuses?.[0]?.state).toEqual({ waiting: { reason: 'PodInitializing' } });
    expect(begins.containerStatuses?.[0]?.state).toEqual({ waiting: { reason: 'PodInitializing' } });
    const initializing = status({ pod, observed: observedPod(observedContainer('init')) });
    expect(initializing.phase).toBe('Pending');
    expect(initializing.containerStatuses?.[0]?.state?.waiting?.reason).toBe('PodInitializing');
    expect(condition(initializing, 'Initialized')).toMatchObject({
      status: 'False',
      reason: 'ContainersNotInitialized',
    });
  });

  it('says that all containers restart, and stays Running meanwhile', () => {
    const rules = [{ action: 'RestartAllContainers', exitCodes: { operator: 'In', values: [88] } }];
    const pod = testPod({
      restartPolicy: 'Never',
      containers: [
        testContainer('main'),
        testContainer('watch', { restartPolicy: 'Never', restartPolicyRules: rules }),
      ],
    });
    const running = status({ pod, observed: observedPod(observedContainer('main'), observedContainer('watch')) });
    expect(condition(running, 'AllContainersRestarting')).toMatchObject({ status: 'False' });
    const round = { pod, previous: running, observed: observedPod(exited('main', 0), exited('watch', 88)) };
    const restarting = status(round);
    expect(restarting.phase).toBe('Running');
    expect(condition(restarting, 'AllContainersRestarting')).toMatchObject({
      status: 'True',
      reason: 'RestartAllContainersStarted',
    });
    expect(restarting.containerStatuses?.[0]).toMatchObject({
      state: { waiting: { reason: 'RestartingAllContainers' } },
      lastState: { terminated: { exitCode: 0 } },
    });
    const ended = status({ ...round, terminating: true });
    expect(ended.phase).toBe('Failed');
    expect(condition(ended, 'AllContainersRestarting')).toMatchObject({ status: 'False', reason: 'PodFailed' });
  });

  it('shows a crash that is waited out as its last state', () => {
    const crashed = status({
      observed: observedPod(exited('main', 7, { attempt: 3, quickRestarts: 3, finishedAt: 59_000 })),
    });
    const [main] = crashed.containerStatuses ?? [];
    expect(crashed.phase).toBe('Running');
    expect(main).toMatchObject({
      restartCount: 3,
      ready: false,
      lastState: { terminated: { exitCode: 7, reason: 'Error' } },
    });
    expect(main?.state?.waiting?.reason).toBe('CrashLoopBackOff');
    expect(main?.state?.waiting?.message).toContain(
      'back-off 40s restarting failed container=main pod=web_default(u1)',
    );
  });

  it('ends in Succeeded or Failed by the exit codes, and stays there', () => {
    const pod = testPod({ restartPolicy: 'Never', containers: [testContainer('a'), testContainer('b')] });
    const good = status({ pod, observed: observedPod(exited('a', 0), exited('b', 0)) });
    expect(good.phase).toBe('Succeeded');
    expect(condition(good, 'Ready')).toMatchObject({ status: 'False', reason: 'PodCompleted' });
    expect(status({ pod, observed: observedPod(exited('a', 0), exited('b', 2)) }).phase).toBe('Failed');
    expect(status({ pod, observed: { sandboxes: [], containers: [] }, previous: good }).phase).toBe('Succeeded');
  });

  it('fails by its deadline or an eviction, and says why', () => {
    const ending = { reason: 'DeadlineExceeded', message: 'too long' };
    const failed = status({ observed: observedPod(exited('main', 143)), ending });
    expect(failed).toMatchObject({ phase: 'Failed', reason: 'DeadlineExceeded', message: 'too long' });
  });

  it('is not ready before the conditions of its readiness gates are true, and leaves those alone', () => {
    const gated = testPod({ readinessGates: [{ conditionType: 'example.com/ready' }] });
    const observed = observedPod(observedContainer('main'));
    const closed = status({ pod: gated, observed });
    expect(condition(closed, 'ContainersReady')?.status).toBe('True');
    expect(condition(closed, 'Ready')).toMatchObject({ status: 'False', reason: 'ReadinessGatesNotReady' });
    const conditions = [{ type: 'example.com/ready', status: 'True' }];
    const open = status({ pod: { ...gated, status: { conditions } }, observed });
    expect(condition(open, 'Ready')?.status).toBe('True');
    expect(condition(open, 'example.com/ready')).toEqual(conditions[0]);
  });

  it('remembers a container that the runtime has lost', () => {
    const known = { name: 'main', image: '', imageID: '', ready: true, restartCount: 4, containerID: 'containerd://x' };
    const running = { running: { startedAt: '2026-01-01T00:00:00Z' } };
    const pod = { ...testPod(), status: { containerStatuses: [{ ...known, state: running }] } };
    expect(status({ pod }).containerStatuses?.[0]).toMatchObject({
      containerID: 'containerd://x',
      restartCount: 4,
      lastState: { terminated: { exitCode: 137, reason: 'ContainerStatusUnknown' } },
    });
  });

  it('keeps the time of a condition that did not change', () => {
    const observed = observedPod(observedContainer('main'));
    const first = status({ observed, now: 60_000 });
    const later = status({ observed, now: 120_000, previous: first });
    expect(later).toEqual(first);
  });
});
