import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Pod } from '../pod/pod.ts';
import type { ContainerHealth } from '../probes/container-health.ts';
import type { ObservedContainer, ObservedPod } from './observed.ts';
import type { SyncInput } from './sync-pod.ts';
import { syncPod } from './sync-pod.ts';
import { exited, observedContainer, observedPod, readySandbox, testContainer, testPod } from './test-pod.ts';

const nothing: ObservedPod = { sandboxes: [], containers: [] };
const healthy: ContainerHealth = { started: true, ready: true };

function sync(pod: Pod, observed: ObservedPod, rest: Partial<SyncInput> = {}) {
  const health = new Map(observed.containers.map(({ id }) => [id, healthy]));
  return syncPod({ pod, observed, health, heldUntil: () => 0, now: 4000, ...rest });
}

/** Steps in short: `start main#0`, `kill main-0 30`. */
function steps(pod: Pod, observed: ObservedPod, rest: Partial<SyncInput> = {}): string[] {
  return sync(pod, observed, rest).steps.map((step) => {
    if (step.type === 'startContainer') return `start ${step.container.name}#${step.attempt}`;
    if (step.type === 'killContainer') return `kill ${step.id} ${step.graceSeconds}`;
    if (step.type === 'createSandbox') return `sandbox#${step.attempt}`;
    return 'id' in step ? `${step.type} ${step.id}` : step.type;
  });
}

const ordered = testPod({
  restartPolicy: 'Never',
  initContainers: [testContainer('init'), testContainer('side', { restartPolicy: 'Always' }), testContainer('last')],
});

describe('syncPod', () => {
  it('makes the sandbox first, then starts all containers together', () => {
    const pod = testPod({ containers: [testContainer('a'), testContainer('b')] });
    expect(steps(pod, nothing)).toEqual(['sandbox#0']);
    expect(steps(pod, observedPod())).toEqual(['start a#0', 'start b#0']);
    expect(steps(pod, observedPod(observedContainer('a'), observedContainer('b')))).toEqual([]);
  });

  it('runs init containers one after the other; a sidecar holds the next up until it has started', () => {
    const done = exited('init', 0);
    const side = observedContainer('side');
    expect(steps(ordered, observedPod())).toEqual(['start init#0']);
    expect(steps(ordered, observedPod(observedContainer('init')))).toEqual([]);
    expect(steps(ordered, observedPod(done))).toEqual(['start side#0']);
    const starting = new Map([['side-0', { started: false, ready: false }]]);
    expect(steps(ordered, observedPod(done, side), { health: starting })).toEqual([]);
    expect(steps(ordered, observedPod(done, side))).toEqual(['start last#0']);
    expect(steps(ordered, observedPod(done, side, exited('last', 0)))).toEqual(['start main#0']);
  });

  it('restarts a sidecar that ended while the application runs', () => {
    const observed = observedPod(exited('init', 0), exited('side', 0), exited('last', 0), observedContainer('main'));
    expect(steps(ordered, observed)).toEqual(['start side#1']);
  });

  it('ends the sidecars when the application is over, then the sandbox', () => {
    const over = [exited('init', 0), exited('last', 0), exited('main', 0)];
    expect(steps(ordered, observedPod(...over, observedContainer('side')))).toEqual(['kill side-0 30']);
    expect(steps(ordered, observedPod(...over, exited('side', 143)))).toEqual(['stopSandbox s0']);
    const stopped = { sandboxes: [{ ...readySandbox, ready: false }], containers: [...over, exited('side', 143)] };
    expect(steps(ordered, stopped)).toEqual([]);
  });

  it('ends the pod when an init container fails for good', () => {
    expect(steps(ordered, observedPod(exited('init', 1)))).toEqual(['stopSandbox s0']);
    expect(
      steps({ ...ordered, spec: { ...ordered.spec, restartPolicy: 'OnFailure' } }, observedPod(exited('init', 1))),
    ).toEqual(['start init#1']);
  });

  it('restarts at once after the first crash, then waits 10 s, doubled up to 5 min', () => {
    const waits = [0, 1, 2, 3, 5, 6, 50].map((quickRestarts) => {
      const { steps: taken, wakeAt } = sync(testPod(), observedPod(exited('main', 1, { quickRestarts })), {
        now: 3000,
      });
      return taken.length > 0 ? 0 : (wakeAt ?? Number.NaN) - 3000;
    });
    expect(waits).toEqual([0, 10_000, 20_000, 40_000, 160_000, 300_000, 300_000]);
  });

  it('forgets crashes of a container that then ran for ten minutes', () => {
    const long = exited('main', 1, { quickRestarts: 6, startedAt: 0, finishedAt: 600_001 });
    const { steps: taken } = sync(testPod(), observedPod({ ...long, startedAt: 1 }), { now: 600_001 });
    expect(taken).toEqual([expect.objectContaining({ type: 'startContainer', quickRestarts: 1 })]);
  });

  it('restarts an unhealthy container and one whose image changed', () => {
    const health = new Map([['main-0', { started: true, ready: false, unhealthy: 'liveness' }]]);
    expect(steps(testPod(), observedPod(observedContainer('main')), { health })).toEqual(['kill main-0 30']);
    expect(steps(testPod(), observedPod(observedContainer('main', { image: 'image:0' })))).toEqual(['kill main-0 30']);
    expect(steps(testPod(), observedPod(exited('main', 143, { image: 'image:0', quickRestarts: 5 })))).toEqual([
      'start main#1',
    ]);
  });

  it('makes a new sandbox when the old one died, and starts everything in it again', () => {
    const dead = { ...readySandbox, ready: false };
    expect(steps(testPod(), { sandboxes: [dead], containers: [observedContainer('main')] })).toEqual(['kill main-0 0']);
    expect(steps(testPod(), { sandboxes: [dead], containers: [exited('main', 137)] })).toEqual(['sandbox#1']);
    const next = { ...readySandbox, id: 's1', attempt: 1 };
    expect(
      steps(testPod(), { sandboxes: [next, dead], containers: [exited('main', 137, { quickRestarts: 4 })] }),
    ).toEqual(['start main#1', 'removeSandbox s0']);
  });

  it('counts on from the status of the pod when the runtime has lost its containers', () => {
    const known = { name: 'main', image: '', imageID: '', ready: true, restartCount: 4, containerID: 'containerd://x' };
    const pod = { ...testPod(), status: { containerStatuses: [known] } };
    expect(steps(pod, observedPod())).toEqual(['start main#5']);
  });

  it('ends the application within what is left of the grace, the sidecars after it, and then everything', () => {
    const going = { terminateBy: 9000 };
    const running = observedPod(observedContainer('main'), observedContainer('side'));
    expect(steps(ordered, running, going)).toEqual(['kill main-0 5']);
    expect(steps(ordered, observedPod(exited('main', 0), observedContainer('side')), going)).toEqual(['kill side-0 5']);
    expect(steps(ordered, observedPod(exited('main', 0), exited('side', 0)), going)).toEqual(['stopSandbox s0']);
    expect(steps(ordered, nothing, going)).toEqual(['finish']);
  });

  it('wakes at the deadline of the pod', () => {
    const pod = testPod({ activeDeadlineSeconds: 60 });
    const started = { ...pod, status: { startTime: new Date(1000).toISOString() } };
    expect(sync(started, observedPod(observedContainer('main'))).wakeAt).toBe(61_000);
  });

  it('keeps the latest two runs of a container and removes what is older', () => {
    const runs = [0, 1, 2, 3].map((attempt) => exited('main', 1, { attempt }));
    const observed = observedPod(...runs.slice(0, 3), observedContainer('main', { attempt: 3 }));
    expect(steps(testPod(), observed)).toEqual(['removeContainer main-1', 'removeContainer main-0']);
  });

  it('removes a container that was made but never started, before its successor', () => {
    expect(steps(testPod(), observedPod(observedContainer('main', { state: 'created' })))).toEqual([
      'removeContainer main-0',
    ]);
  });

  it('restarts all containers when a rule says so, init containers first, whatever their policies say', () => {
    const rules = [{ action: 'RestartAllContainers', exitCodes: { operator: 'In', values: [88] } }];
    const pod = testPod({
      restartPolicy: 'Never',
      initContainers: [
        testContainer('init'),
        testContainer('side', { restartPolicy: 'Always', restartPolicyRules: rules }),
      ],
      containers: [testContainer('main'), testContainer('done')],
    });
    const before = [exited('init', 0), exited('side', 88), exited('done', 0)];
    const next = (name: string, rest: Partial<ObservedContainer> = {}) =>
      observedContainer(name, { attempt: 1, createdAt: 3500, ...rest });
    const ended = exited('main', 137, { finishedAt: 3400 });
    const initialized = next('init', { state: 'exited', finishedAt: 3600 });
    expect(steps(pod, observedPod(...before, observedContainer('main')))).toEqual(['kill main-0 0']);
    expect(steps(pod, observedPod(...before, ended))).toEqual(['start init#1']);
    expect(steps(pod, observedPod(...before, ended, next('init')))).toEqual([]);
    expect(steps(pod, observedPod(...before, ended, initialized))).toEqual(['start side#1']);
    const again = [...before, ended, initialized, next('side')];
    expect(steps(pod, observedPod(...again))).toEqual(['start main#1', 'start done#1']);
    expect(steps(pod, observedPod(...again, next('main'), next('done')))).toEqual([]);
    // What they do then is their own matter again, until the next such end.
    const over = next('done', { state: 'exited', finishedAt: 3900 });
    expect(steps(pod, observedPod(...again, next('main'), over))).toEqual([]);
    const second = next('side', { state: 'exited', exitCode: 88, finishedAt: 3950, quickRestarts: 1 });
    const twice = observedPod(
      ...before,
      ended,
      initialized,
      second,
      over,
      next('main', { state: 'exited', finishedAt: 3960 }),
    );
    expect(sync(pod, twice)).toMatchObject({ steps: [], wakeAt: 13_950 });
    expect(steps(pod, twice, { now: 13_950 })).toEqual(['start init#2']);
    expect(steps(pod, observedPod(...before, ended), { terminateBy: 9000 })).toEqual(['stopSandbox s0']);
  });

  it('takes the first rule for an end, and no round that began in another sandbox', () => {
    const rule = (action: string, operator: string, values: number[]) => ({ action, exitCodes: { operator, values } });
    const rules = [rule('Restart', 'In', [7]), rule('RestartAllContainers', 'NotIn', [0])];
    const pod = testPod({
      restartPolicy: 'Never',
      containers: [
        testContainer('main', { restartPolicy: 'Never', restartPolicyRules: rules }),
        testContainer('other'),
      ],
    });
    expect(steps(pod, observedPod(exited('main', 7), observedContainer('other')))).toEqual(['start main#1']);
    expect(steps(pod, observedPod(exited('main', 9), observedContainer('other')))).toEqual(['kill other-0 0']);
    const sandboxes = [
      { ...readySandbox, id: 's1', attempt: 1 },
      { ...readySandbox, ready: false },
    ];
    expect(
      steps(pod, { sandboxes, containers: [exited('main', 9), observedContainer('other', { sandboxId: 's1' })] }),
    ).toEqual(['start main#1', 'removeSandbox s0']);
  });

  it('never starts a container of a pod that ends, nor one that runs already', () => {
    const states = fc.constantFrom<ObservedContainer['state']>('running', 'exited', 'created');
    const container = (name: string) =>
      fc
        .record({ state: states, exitCode: fc.constantFrom(0, 1), quickRestarts: fc.nat(8) })
        .map((rest) => observedContainer(name, rest));
    const observed = fc
      .tuple(
        fc.option(container('init')),
        fc.option(container('side')),
        fc.option(container('last')),
        fc.option(container('main')),
        fc.boolean(),
      )
      .map(
        ([a, b, c, d, ready]): ObservedPod => ({
          sandboxes: [{ ...readySandbox, ready }],
          containers: [a, b, c, d].filter((each) => each !== null),
        }),
      );
    fc.assert(
      fc.property(observed, fc.boolean(), (state, ending) => {
        const taken = sync(ordered, state, ending ? { terminateBy: 10_000 } : {}).steps;
        for (const step of taken) {
          if (step.type !== 'startContainer') continue;
          expect(ending).toBe(false);
          expect(state.containers.find(({ name }) => name === step.container.name)?.state).not.toBe('running');
        }
      }),
    );
  });
});
