import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import type { Body } from './cluster/client.ts';
import { type Cluster, openCluster } from './cluster/cluster.ts';
import { job, pathsOf } from './cluster/objects.ts';
import type { ProgramContext } from './cluster/programs.ts';
import { conformance } from './conformance.ts';

let cluster: Cluster;
let client: Cluster['client'];
let folder: string;

const indexOf = ({ env }: ProgramContext) => Number(env['JOB_COMPLETION_INDEX']);

/** What its container's earlier run left in the volume at /data. */
function marker({ mounts }: ProgramContext) {
  const file = path.join(mounts.get('/data') ?? '', 'marker');
  return { isThere: () => existsSync(file), leave: () => writeFileSync(file, '') };
}

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'job-'));
  cluster = await openCluster({
    nodes: [{ name: 'n1' }, { name: 'n2' }],
    programs: {
      failOdd: (context) => indexOf(context) % 2,
      failFirstIndexWith42: (context) => (indexOf(context) === 0 ? 42 : 0),
      succeedAtFirstIndex: (context) => (indexOf(context) === 0 ? 0 : context.stopped.then(() => 1)),
      failAtFirstThenSucceed: (context) => {
        const { isThere, leave } = marker(context);
        if (isThere()) return 0;
        leave();
        return 1;
      },
      runAtFirstThenSucceed: (context) => {
        const { isThere, leave } = marker(context);
        if (isThere()) return 0;
        leave();
        return context.stopped.then(() => 143);
      },
    },
  });
  client = cluster.client;
});

afterAll(async () => {
  await cluster.close();
  rmSync(folder, { recursive: true, force: true });
});

const fresh = async () => pathsOf(await cluster.namespace());
const condition = ({ status }: Body, type: string) =>
  status?.conditions?.find((each: Body) => each.type === type && each.status === 'True');
const isComplete = (each: Body) => condition(each, 'Complete') !== undefined;
const isFailed = (each: Body) => condition(each, 'Failed') !== undefined;
const indexed = (completions: number, parallelism = completions) => ({
  completionMode: 'Indexed',
  completions,
  parallelism,
});
const completionIndex = ({ metadata }: Body): string =>
  metadata.annotations['batch.kubernetes.io/job-completion-index'];
const active = (count: number) => (items: Body[]) =>
  items.filter(({ metadata, status }) => !metadata.deletionTimestamp && status.phase === 'Running').length === count;
const controllerOf = ({ metadata }: Body) => metadata.ownerReferences?.find((each: Body) => each.controller);

describe('Job', () => {
  conformance('Job should create pods for an Indexed job with completion indexes and specified hostname', async () => {
    const { jobs, pods } = await fresh();
    await client.create(jobs, job('indexed', indexed(4, 2), { command: ['succeed'] }));
    const done = await client.when(`${jobs}/indexed`, 'it is complete', isComplete);
    expect(done.status).toMatchObject({ succeeded: 4, completedIndexes: '0-3' });
    const made = await client.list(pods);
    expect(made.map(completionIndex).sort()).toEqual(['0', '1', '2', '3']);
    for (const each of made) {
      expect(each.spec.hostname).toBe(`indexed-${completionIndex(each)}`);
      expect(each.metadata.name.startsWith(`indexed-${completionIndex(each)}-`)).toBe(true);
      const variable = each.spec.containers[0].env.find(({ name }: Body) => name === 'JOB_COMPLETION_INDEX');
      expect(variable.valueFrom.fieldRef.fieldPath).toContain('batch.kubernetes.io/job-completion-index');
    }
  });

  conformance('Job should run a job to completion when tasks sometimes fail and are locally restarted', async () => {
    const { jobs, pods } = await fresh();
    const volume = {
      container: { volumeMounts: [{ name: 'data', mountPath: '/data' }] },
      spec: { restartPolicy: 'OnFailure', volumes: [{ name: 'data', emptyDir: {} }] },
    };
    const more = { parallelism: 2, completions: 4 };
    await client.create(jobs, job('restarted', more, { command: ['failAtFirstThenSucceed'], ...volume }));
    const done = await client.when(`${jobs}/restarted`, 'it is complete', isComplete);
    expect(done.status.succeeded).toBe(4);
    const made = await client.list(pods);
    expect(made).toHaveLength(4);
    for (const { status } of made) {
      expect(status.phase).toBe('Succeeded');
      expect(status.containerStatuses[0].restartCount).toBe(1);
    }
  });

  conformance('Job should delete a job', async () => {
    const { jobs, pods } = await fresh();
    await client.create(jobs, job('gone', { parallelism: 2, completions: 4 }));
    await client.whenAll(pods, '', 'two run', active(2));
    await client.delete(`${jobs}/gone`, { propagationPolicy: 'Foreground' });
    await client.whenGone(`${jobs}/gone`);
    expect(await client.list(pods)).toEqual([]);
  });

  conformance('Job should adopt matching orphans and release non-matching pods', async () => {
    const { jobs, pods } = await fresh();
    const { metadata } = await client.create(jobs, job('owner', { parallelism: 2, completions: 4 }));
    const [first] = await client.whenAll(pods, '', 'two run', active(2));
    const one = `${pods}/${first.metadata.name}`;
    const orphaned = client.when(one, 'it is an orphan', (each) => controllerOf(each) === undefined);
    await client.patch(one, { metadata: { ownerReferences: null } });
    await orphaned;
    const adopted = await client.when(one, 'it is adopted again', (each) => controllerOf(each) !== undefined);
    expect(controllerOf(adopted)).toMatchObject({ kind: 'Job', uid: metadata.uid });

    const labels = Object.fromEntries(Object.keys(adopted.metadata.labels).map((key) => [key, null]));
    await client.patch(one, { metadata: { labels } });
    const released = await client.when(one, 'it is released', (each) => controllerOf(each) === undefined);
    // Nothing of the Job holds it any more, so that its namespace can end.
    expect([released.metadata.ownerReferences, released.metadata.finalizers]).toEqual([undefined, undefined]);
    expect(adopted.metadata.finalizers).toEqual(['batch.kubernetes.io/job-tracking']);
    await client.patch(one, { metadata: { finalizers: ['batch.kubernetes.io/job-tracking'] } });
    await client.when(one, 'it is let go of again', (each) => each.metadata.finalizers === undefined);
  });

  conformance('Job should apply changes to a job status', async () => {
    const { jobs, pods } = await fresh();
    const at = `${jobs}/told`;
    await client.create(jobs, job('told', { parallelism: 2, completions: 4, backoffLimit: 6 }));
    await client.whenAll(pods, '', 'two run', active(2));
    const startTime = (await client.read(at)).status.startTime;
    expect(startTime).toBeDefined();

    const more = { type: 'CustomConditionType', status: 'True', reason: 'E2E', message: 'a condition of a test' };
    const patched = await client.patch(`${at}/status`, {
      metadata: { annotations: { patchedstatus: 'true' } },
      status: { conditions: [{ ...more, lastTransitionTime: startTime }] },
    });
    expect(patched.metadata.annotations.patchedstatus).toBe('true');
    expect(patched.status.conditions).toContainEqual(expect.objectContaining(more));

    const updated = await client.change(`${at}/status`, ({ status }) => {
      status.conditions = [...(status.conditions ?? []), { ...more, type: 'Second', lastTransitionTime: startTime }];
    });
    expect(updated.status.conditions).toContainEqual(expect.objectContaining({ ...more, type: 'Second' }));
    await cluster.idle();
    const read = (await client.read(`${at}/status`)).status;
    expect(read.conditions.map(({ type }: Body) => type)).toEqual(
      expect.arrayContaining(['CustomConditionType', 'Second']),
    );
    expect(read.startTime).toBe(startTime);
  });

  conformance('Job should manage the lifecycle of a job', async () => {
    const { jobs, pods } = await fresh();
    const query = 'labelSelector=e2e-job-label%3Dlifecycle';
    const suspended = job('lives', { suspend: true, parallelism: 2, completions: 2 }, { command: ['succeed'] });
    await client.create(jobs, suspended);
    await client.when(`${jobs}/lives`, 'it is suspended', (each) => condition(each, 'Suspended') !== undefined);
    expect(await client.list(pods)).toEqual([]);
    const patched = await client.patch(`${jobs}/lives`, { metadata: { labels: { 'e2e-job-label': 'lifecycle' } } });
    expect(patched.metadata.labels['e2e-job-label']).toBe('lifecycle');
    const updated = await client.change(`${jobs}/lives`, ({ metadata, spec }) => {
      metadata.annotations = { ...metadata.annotations, updated: 'true' };
      spec.suspend = false;
    });
    expect(updated.metadata.annotations.updated).toBe('true');
    await client.when(`${jobs}/lives`, 'it is complete', isComplete);
    expect(await client.list('/apis/batch/v1/jobs', query)).toHaveLength(1);
    await client.delete(`${jobs}?${query}`, { propagationPolicy: 'Foreground' });
    await client.whenAll('/apis/batch/v1/jobs', query, 'none is left', (items) => items.length === 0);
  });
});

describe('a policy for failures', () => {
  conformance('Job should allow to use the pod failure policy on exit code to fail the job early', async () => {
    const { jobs, pods } = await fresh();
    const onExitCodes = { containerName: 'main', operator: 'In', values: [1] };
    const podFailurePolicy = { rules: [{ action: 'FailJob', onExitCodes }] };
    const more = { parallelism: 2, completions: 4, backoffLimit: 6, podFailurePolicy };
    const parts = { command: ['failOdd'] };
    await client.create(jobs, job('early', { ...more, completionMode: 'Indexed' }, parts));
    const failed = await client.when(`${jobs}/early`, 'it has failed', isFailed);
    expect(condition(failed, 'Failed')).toMatchObject({ reason: 'PodFailurePolicy' });
    expect(condition(failed, 'FailureTarget')).toMatchObject({ reason: 'PodFailurePolicy' });
    const codes = (await client.list(pods)).map(
      ({ status }) => status.containerStatuses?.[0]?.state.terminated?.exitCode,
    );
    expect(codes.filter((code) => code === 1)).toHaveLength(1);
  });

  conformance(
    'Job should allow to use a pod failure policy to ignore failure matching on DisruptionTarget condition',
    async () => {
      const { jobs, pods } = await fresh();
      const onPodConditions = [{ type: 'DisruptionTarget', status: 'True' }];
      const podFailurePolicy = { rules: [{ action: 'Ignore', onPodConditions }] };
      // The marker outlives the pod: it is on the node.
      const hostPath = { path: folder, type: 'Directory' };
      const volume = {
        container: { volumeMounts: [{ name: 'data', mountPath: '/data' }] },
        spec: { volumes: [{ name: 'data', hostPath }] },
      };
      const more = { ...indexed(1), backoffLimit: 0, podFailurePolicy };
      await client.create(jobs, job('ignored', more, { command: ['runAtFirstThenSucceed'], ...volume }));
      const [first] = await client.whenAll(pods, '', 'one runs', active(1));
      // Of the older version: its path takes both.
      const eviction = { apiVersion: 'policy/v1beta1', kind: 'Eviction', metadata: { name: first.metadata.name } };
      await client.create(`${pods}/${first.metadata.name}/eviction`, eviction);
      const done = await client.when(`${jobs}/ignored`, 'it is complete', isComplete);
      expect(done.status).toMatchObject({ succeeded: 1 });
      expect(done.status.failed ?? 0).toBe(0);
    },
  );

  conformance('Job should execute all indexes despite some failing when using backoffLimitPerIndex', async () => {
    const { jobs, pods } = await fresh();
    const more = { ...indexed(4, 2), backoffLimitPerIndex: 1 };
    await client.create(jobs, job('each', more, { command: ['failOdd'] }));
    // Each index that failed waits before its second try.
    await client.when(`${jobs}/each`, 'each odd index failed once', ({ status }) => status?.failed === 2);
    await cluster.idle();
    cluster.clock.advance(11_000);
    const failed = await client.when(`${jobs}/each`, 'it has failed', isFailed);
    expect(condition(failed, 'Failed')).toMatchObject({ reason: 'FailedIndexes' });
    expect(failed.status).toMatchObject({ failedIndexes: '1,3', completedIndexes: '0,2', failed: 4, succeeded: 2 });
    const phases = (await client.list(pods)).map(({ status }) => status.phase).sort();
    expect(phases).toEqual(['Failed', 'Failed', 'Failed', 'Failed', 'Succeeded', 'Succeeded']);
  });

  conformance(
    'Job should terminate job execution when the number of failed indexes exceeds maxFailedIndexes',
    async () => {
      const { jobs } = await fresh();
      const more = { ...indexed(10, 1), backoffLimitPerIndex: 0, maxFailedIndexes: 0 };
      await client.create(jobs, job('few', more, { command: ['failOdd'] }));
      const failed = await client.when(`${jobs}/few`, 'it has failed', isFailed);
      expect(condition(failed, 'Failed')).toMatchObject({ reason: 'MaxFailedIndexesExceeded' });
      expect(failed.status).toMatchObject({ failed: 1, succeeded: 1, failedIndexes: '1', completedIndexes: '0' });
    },
  );

  conformance(
    'Job should mark indexes as failed when the FailIndex action is matched in podFailurePolicy',
    async () => {
      const { jobs } = await fresh();
      const onExitCodes = { operator: 'In', values: [42] };
      const podFailurePolicy = { rules: [{ action: 'FailIndex', onExitCodes }] };
      const more = { ...indexed(2), backoffLimitPerIndex: 1, podFailurePolicy };
      await client.create(jobs, job('marked', more, { command: ['failFirstIndexWith42'] }));
      const failed = await client.when(`${jobs}/marked`, 'it has failed', isFailed);
      expect(failed.status).toMatchObject({ failedIndexes: '0', completedIndexes: '1', failed: 1, succeeded: 1 });
    },
  );
});

describe('a policy for success', () => {
  const succeeds = async (completions: number, rules: object[] | undefined, command: string, reason: string) => {
    const { jobs } = await fresh();
    const more = { ...indexed(completions), ...(rules && { successPolicy: { rules } }) };
    await client.create(jobs, job('enough', more, { command: [command] }));
    const done = await client.when(`${jobs}/enough`, 'it is complete', isComplete);
    expect(condition(done, 'SuccessCriteriaMet')).toMatchObject({ reason });
    expect(condition(done, 'Complete')).toMatchObject({ reason });
    return done.status;
  };

  conformance('Job with successPolicy should succeeded when all indexes succeeded', async () => {
    const rules = [{ succeededCount: 1 }];
    const status = await succeeds(1, rules, 'succeed', 'SuccessPolicy');
    expect(status).toMatchObject({ completedIndexes: '0', succeeded: 1 });
  });

  conformance(
    'Job with successPolicy succeededIndexes rule should succeeded even when some indexes remain pending',
    async () => {
      const status = await succeeds(2, [{ succeededIndexes: '0' }], 'succeedAtFirstIndex', 'SuccessPolicy');
      expect(status).toMatchObject({ completedIndexes: '0', succeeded: 1 });
    },
  );

  conformance(
    'Job with successPolicy succeededCount rule should succeeded even when some indexes remain pending',
    async () => {
      const status = await succeeds(5, [{ succeededCount: 1 }], 'succeedAtFirstIndex', 'SuccessPolicy');
      expect(status).toMatchObject({ completedIndexes: '0', succeeded: 1 });
    },
  );
});
