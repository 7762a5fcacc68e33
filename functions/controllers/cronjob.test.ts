import { describe, expect, it } from 'vitest';
import { cronJobController } from './cronjob.ts';
import { TestCluster } from './testing/cluster.ts';

function cronJob(spec: object = {}) {
  const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'app:1' }] } };
  return {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'tick', namespace: 'default', uid: 'tick-uid' },
    spec: { schedule: '*/5 * * * *', jobTemplate: { spec: { template } }, ...spec },
  };
}

function start(spec: object = {}) {
  const each = new TestCluster([cronJobController], Date.parse('2026-01-01T00:01:00Z'));
  each.put(cronJob(spec));
  return each;
}

const minute = 60_000;
const jobsOf = (each: TestCluster) => each.state.list('batch/jobs').map((job) => job.metadata.name);

function finish(each: TestCluster, name: string, type = 'Complete') {
  each.change('batch/jobs', 'default', name, (job) => {
    job.status = { startTime: name, completionTime: '2026-01-01T00:06:00Z', conditions: [{ type, status: 'True' }] };
  });
}

describe('CronJob', () => {
  it('starts a Job at each time, named after it', async () => {
    const each = start();
    await each.settle();
    expect(jobsOf(each)).toEqual([]);
    each.advance(4 * minute + 200);
    await each.settle();
    expect(jobsOf(each)).toEqual([`tick-${Date.parse('2026-01-01T00:05:00Z') / minute}`]);
    const status = each.state.get('batch/cronjobs', 'default', 'tick')?.status;
    expect(status?.lastScheduleTime).toBe('2026-01-01T00:05:00Z');
    expect(status?.active).toHaveLength(1);
  });

  it('tells once of each Job that has ended', async () => {
    const each = start();
    await each.settle();
    each.advance(4 * minute + 200);
    await each.settle();
    const [name = ''] = jobsOf(each);
    finish(each, name);
    await each.settle();
    await each.settle();
    const completed = each.events.filter(({ reason }) => reason === 'SawCompletedJob');
    expect(completed).toMatchObject([{ message: `Saw completed job: ${name}, condition: Complete` }]);
  });

  it('starts one Job for the latest of many missed times', async () => {
    const each = start();
    await each.settle();
    each.advance(24 * 60 * minute);
    await each.settle();
    expect(jobsOf(each)).toEqual([`tick-${Date.parse('2026-01-02T00:00:00Z') / minute}`]);
  });

  it('starts none that is past its deadline', async () => {
    const each = start({ schedule: '0 0 * * *', startingDeadlineSeconds: 60 });
    await each.settle();
    each.advance(24 * 60 * minute + 10 * minute);
    await each.settle();
    expect(jobsOf(each)).toEqual([]);
  });

  it('forbids or replaces while one is running, as its policy says', async () => {
    for (const [concurrencyPolicy, count] of [
      ['Forbid', 1],
      ['Replace', 1],
      ['Allow', 2],
    ] as const) {
      const each = start({ concurrencyPolicy });
      await each.settle();
      each.advance(4 * minute + 200);
      await each.settle();
      const [first] = jobsOf(each);
      each.advance(5 * minute);
      await each.settle();
      expect(jobsOf(each)).toHaveLength(count);
      expect(jobsOf(each).includes(first ?? '')).toBe(concurrencyPolicy !== 'Replace');
    }
  });

  it('keeps as many finished Jobs as its limits say', async () => {
    const each = start({ successfulJobsHistoryLimit: 2 });
    await each.settle();
    each.advance(4 * minute + 200);
    for (let i = 0; i < 5; i++) {
      await each.settle();
      for (const name of jobsOf(each)) finish(each, name);
      await each.settle();
      each.advance(5 * minute);
    }
    expect(jobsOf(each).length).toBeLessThanOrEqual(2);
    expect(each.state.get('batch/cronjobs', 'default', 'tick')?.status?.lastSuccessfulTime).toBe(
      '2026-01-01T00:06:00Z',
    );
  });

  it('does nothing while it is suspended, and says when its schedule cannot be read', async () => {
    const suspended = start({ suspend: true });
    suspended.advance(10 * minute);
    await suspended.settle();
    expect(jobsOf(suspended)).toEqual([]);
    const wrong = start({ schedule: 'sometimes' });
    await wrong.settle();
    expect(wrong.events.map((event) => event.reason)).toEqual(['UnparseableSchedule']);
    const never = start({ schedule: '0 0 31 2 *' });
    await never.settle();
    expect(never.events.map((event) => event.reason)).toEqual(['InvalidSchedule']);
  });
});
