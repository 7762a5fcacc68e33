import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isActive } from '../../core/kinds/core/pod/semantics/state.ts';
import { formatIndexes, parseIndexes } from './index-set.ts';
import { jobController } from './job.ts';
import { indexOf } from './job-progress.ts';
import { TestCluster } from './testing/cluster.ts';
import { ttlAfterFinishedController } from './ttl-after-finished.ts';

function job(spec: object) {
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'work', namespace: 'default', uid: 'work-uid' },
    spec: {
      parallelism: 1,
      completions: 1,
      backoffLimit: 6,
      selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': 'work-uid' } },
      template: {
        metadata: { labels: { 'batch.kubernetes.io/controller-uid': 'work-uid' } },
        spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'app:1' }] },
      },
      ...spec,
    },
  };
}

function start(spec: object) {
  const each = new TestCluster([jobController, ttlAfterFinishedController]);
  each.put(job(spec));
  return each;
}

const found = (each: TestCluster) => each.state.get('batch/jobs', 'default', 'work')!;
const conditionsOf = (each: TestCluster) =>
  (found(each).status?.conditions ?? []).map(
    (condition) => `${condition.type}=${condition.status} ${condition.reason}`,
  );

async function round(each: TestCluster, phase: 'Succeeded' | 'Failed', exitCode = 1) {
  await each.settle();
  each.runPods();
  await each.settle();
  for (const pod of each.state.list('pods').filter(isActive)) {
    each.change('pods', 'default', pod.metadata.name, (object) => {
      const terminated = { exitCode: phase === 'Failed' ? exitCode : 0 };
      object.status!.containerStatuses = [
        { name: 'main', ready: false, restartCount: 0, image: '', imageID: '', state: { terminated } },
      ];
    });
  }
  each.finishPods(phase);
  await each.settle();
}

describe('Job', () => {
  it('runs its pods to completion and counts each once', async () => {
    const each = start({ completions: 5, parallelism: 2 });
    for (let i = 0; i < 3; i++) {
      await each.settle();
      expect(each.state.list('pods').filter(isActive).length).toBeLessThanOrEqual(2);
      await round(each, 'Succeeded');
    }
    expect(found(each).status).toMatchObject({ succeeded: 5, uncountedTerminatedPods: {} });
    expect(conditionsOf(each)).toEqual([
      'SuccessCriteriaMet=True CompletionsReached',
      'Complete=True CompletionsReached',
    ]);
    expect(each.state.list('pods').every((pod) => !pod.metadata.finalizers?.length)).toBe(true);
  });

  it('waits longer after every failure, and gives up at its limit', async () => {
    const each = start({ backoffLimit: 2 });
    await round(each, 'Failed');
    expect(each.state.list('pods').filter(isActive)).toEqual([]);
    expect(each.pause).toBe(10_000);
    each.advance(10_000);
    await round(each, 'Failed');
    expect(each.pause).toBe(20_000);
    each.advance(20_000);
    await round(each, 'Failed');
    expect(conditionsOf(each)).toContain('Failed=True BackoffLimitExceeded');
    expect(found(each).status?.failed).toBe(3);
  });

  it('runs each index once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 1, max: 8 }),
        async (completions, parallelism) => {
          const each = start({ completions, parallelism, completionMode: 'Indexed' });
          for (let i = 0; i <= completions; i++) {
            await each.settle();
            const indexes = each.state.list('pods').map(indexOf);
            expect(new Set(indexes).size).toBe(indexes.length);
            await round(each, 'Succeeded');
          }
          expect(found(each).status?.completedIndexes).toBe(
            formatIndexes(Array.from({ length: completions }, (_, i) => i)),
          );
          expect(conditionsOf(each)).toContain('Complete=True CompletionsReached');
        },
      ),
      { numRuns: 30 },
    );
  });

  it('gives every index a limit of its own', async () => {
    const each = start({
      completions: 2,
      parallelism: 2,
      completionMode: 'Indexed',
      backoffLimitPerIndex: 1,
      backoffLimit: undefined,
    });
    await each.settle();
    each.runPods();
    each.finishPods('Succeeded', (pod) => indexOf(pod) === 0);
    each.finishPods('Failed', (pod) => indexOf(pod) === 1);
    await each.settle();
    each.advance(10_000);
    await each.settle();
    const again = each.state.list('pods').find(isActive);
    expect(again?.metadata.annotations?.['batch.kubernetes.io/job-index-failure-count']).toBe('1');
    await round(each, 'Failed');
    expect(found(each).status).toMatchObject({ completedIndexes: '0', failedIndexes: '1', failed: 2, succeeded: 1 });
    expect(conditionsOf(each)).toContain('Failed=True FailedIndexes');
  });

  it('fails at once when the failure policy says so, and does not count what it ignores', async () => {
    const rules = [
      { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
      { action: 'FailJob', onExitCodes: { operator: 'In', values: [42] } },
    ];
    const each = start({ podFailurePolicy: { rules } });
    await each.settle();
    each.runPods();
    const [pod] = each.state.list('pods');
    each.change('pods', 'default', pod!.metadata.name, (object) => {
      object.status = { phase: 'Failed', conditions: [{ type: 'DisruptionTarget', status: 'True' }] };
    });
    await each.settle();
    expect(found(each).status?.failed).toBeUndefined();
    await round(each, 'Failed', 42);
    expect(conditionsOf(each)).toContain('Failed=True PodFailurePolicy');
  });

  it('ends early when the success policy is met', async () => {
    const successPolicy = { rules: [{ succeededIndexes: '0', succeededCount: 1 }] };
    const each = start({ completions: 3, parallelism: 3, completionMode: 'Indexed', successPolicy });
    await each.settle();
    each.runPods();
    each.finishPods('Succeeded', (pod) => indexOf(pod) === 0);
    await each.settle();
    each.runPods();
    await each.settle();
    expect(conditionsOf(each)).toEqual(['SuccessCriteriaMet=True SuccessPolicy', 'Complete=True SuccessPolicy']);
  });

  it('gives up its pods while it is suspended', async () => {
    const each = start({ suspend: true });
    await each.settle();
    expect(each.state.list('pods')).toEqual([]);
    expect(conditionsOf(each)).toEqual(['Suspended=True JobSuspended']);
    each.change('batch/jobs', 'default', 'work', (object) => {
      object.spec!.suspend = false;
    });
    await round(each, 'Succeeded');
    expect(conditionsOf(each)).toContain('Complete=True CompletionsReached');
  });

  it('fails at its deadline', async () => {
    const each = start({ activeDeadlineSeconds: 30 });
    await each.settle();
    each.runPods();
    each.advance(30_000);
    await each.settle();
    each.runPods();
    await each.settle();
    expect(conditionsOf(each)).toContain('Failed=True DeadlineExceeded');
  });

  it('is deleted when its time after the end is over', async () => {
    const each = start({ ttlSecondsAfterFinished: 60 });
    await round(each, 'Succeeded');
    expect(each.pause).toBe(60_000);
    each.advance(60_000);
    await each.settle();
    expect(found(each).metadata.deletionTimestamp).toBeDefined();
  });
});

describe('Index sets', () => {
  it('come back from their text', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 40 })), (indexes) => {
        expect([...parseIndexes(formatIndexes(indexes))]).toEqual(indexes.sort((a, b) => a - b));
      }),
    );
    expect(formatIndexes([0, 1, 2, 4, 5, 9])).toBe('0-2,4,5,9');
  });
});
