import { afterAll, beforeAll, describe, expect } from 'vitest';
import { type Cluster, openCluster } from './cluster/cluster.ts';
import { job, pathsOf } from './cluster/objects.ts';
import { conformance } from './conformance.ts';
import { supportsOperations } from './lifecycle.ts';

let cluster: Cluster;
let client: Cluster['client'];

beforeAll(async () => {
  cluster = await openCluster({ nodes: [{ name: 'n1' }] });
  client = cluster.client;
});

afterAll(async () => {
  await cluster.close();
});

const minute = 60_000;
const fresh = async () => pathsOf(await cluster.namespace());

/** A Job that runs until it is stopped, every minute. */
const everyMinute = (name: string, concurrencyPolicy: string, more: object = {}) => ({
  apiVersion: 'batch/v1',
  kind: 'CronJob',
  metadata: { name },
  spec: { schedule: '*/1 * * * ?', concurrencyPolicy, jobTemplate: { spec: job(name).spec }, ...more },
});

/** A minute goes by, and what comes of it. */
async function nextMinute(): Promise<void> {
  cluster.clock.advance(minute);
  await cluster.idle();
}

describe('CronJob', () => {
  conformance('CronJob should schedule multiple jobs concurrently', async () => {
    const { cronjobs, jobs } = await fresh();
    await client.create(cronjobs, everyMinute('many', 'Allow'));
    await cluster.idle();
    for (let i = 0; i < 2; i++) await nextMinute();
    await client.when(`${cronjobs}/many`, 'two are active', ({ status }) => status.active?.length >= 2);
    const made = await client.list(jobs);
    expect(made.filter(({ status }) => status.active === 1).length).toBeGreaterThanOrEqual(2);
    await client.delete(`${cronjobs}/many`);
    await client.whenAll(jobs, '', 'its jobs are gone', (items) => items.length === 0);
  });

  conformance('CronJob should not schedule jobs when suspended [Slow]', async () => {
    const { cronjobs, jobs } = await fresh();
    await client.create(cronjobs, everyMinute('held', 'Allow', { suspend: true }));
    await cluster.idle();
    for (let i = 0; i < 3; i++) await nextMinute();
    expect(await client.list(jobs)).toEqual([]);
    expect((await client.read(`${cronjobs}/held`)).status?.active).toBeUndefined();
    // It is the suspension that kept it: without it there is one at once.
    await client.patch(`${cronjobs}/held`, { spec: { suspend: false } });
    await nextMinute();
    await client.whenAll(jobs, '', 'a job', (items) => items.length >= 1);
    await client.delete(`${cronjobs}/held`);
  });

  conformance('CronJob should not schedule new jobs when ForbidConcurrent [Slow]', async () => {
    const { cronjobs, jobs } = await fresh();
    await client.create(cronjobs, everyMinute('one', 'Forbid'));
    await cluster.idle();
    await nextMinute();
    const [first] = await client.whenAll(jobs, '', 'one is active', (items) => items[0]?.status.active === 1);
    for (let i = 0; i < 3; i++) await nextMinute();
    const made = await client.list(jobs);
    expect(made.map(({ metadata }) => metadata.uid)).toEqual([first.metadata.uid]);
    const { active } = (await client.read(`${cronjobs}/one`)).status;
    expect(active).toMatchObject([{ kind: 'Job', name: first.metadata.name }]);
    await client.delete(`${cronjobs}/one`);
  });

  conformance('CronJob should replace jobs when ReplaceConcurrent', async () => {
    const { cronjobs, jobs } = await fresh();
    await client.create(cronjobs, everyMinute('newest', 'Replace'));
    await cluster.idle();
    await nextMinute();
    const [first] = await client.whenAll(jobs, '', 'one is active', (items) => items[0]?.status.active === 1);
    await nextMinute();
    const [second] = await client.whenAll(jobs, '', 'another is alone in its place', (items) => {
      return items.length === 1 && items[0].metadata.uid !== first.metadata.uid && items[0].status.active === 1;
    });
    const { status } = await client.when(`${cronjobs}/newest`, 'it says so', (each) => {
      return each.status.active?.[0]?.uid === second.metadata.uid;
    });
    expect(status.active).toHaveLength(1);
    await client.delete(`${cronjobs}/newest`);
  });

  conformance('CronJob should support CronJob API operations', async () => {
    const namespace = await cluster.namespace();
    // None is due while this runs.
    const { spec } = everyMinute('told', 'Allow', { schedule: '@yearly' });
    const of = { group: 'batch', version: 'v1', resource: 'cronjobs', namespace, status: true, body: { spec } };
    await supportsOperations(cluster.t, of);

    const path = `${pathsOf(namespace).cronjobs}/told`;
    await client.create(pathsOf(namespace).cronjobs, { metadata: { name: 'told' }, spec });
    const lastScheduleTime = '2026-01-01T00:00:00Z';
    const patched = await client.patch(`${path}/status`, {
      metadata: { annotations: { patchedstatus: 'true' } },
      status: { lastScheduleTime },
    });
    expect(patched).toMatchObject({
      metadata: { annotations: { patchedstatus: 'true' } },
      status: { lastScheduleTime },
    });
    const later = '2026-01-02T00:00:00Z';
    await client.change(`${path}/status`, ({ status }) => {
      status.lastScheduleTime = later;
    });
    expect((await client.read(`${path}/status`)).status.lastScheduleTime).toBe(later);
  });
});
