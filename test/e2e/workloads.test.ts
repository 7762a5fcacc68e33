// What controllers promise over real containers: jobs end, stateful pods keep their data, drained nodes empty, namespaces go whole.

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, startCluster, type TestCluster } from '../tools/cluster.ts';
import { deployment, forever, pod, service, shell, web } from '../tools/manifests.ts';

describe.skipIf(process.getuid?.() !== 0)('workloads (needs root)', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startCluster('zpe2e3', '10.210.3');
  });
  afterAll(async () => {
    await cluster?.remove();
  });

  const job = (name: string, script: string, more: object) => ({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name },
    spec: { template: { spec: { restartPolicy: 'Never', containers: [shell('main', script)] } }, ...more },
  });
  const volumes = () => readdirSync(join(cluster.dataDir, 'volumes'));

  describe.concurrent('run together', () => {
    it('a Job runs to its completions, with its logs and exit codes', async () => {
      await cluster.apply([
        job('pi', 'echo index $JOB_COMPLETION_INDEX', { completions: 3, parallelism: 2, completionMode: 'Indexed' }),
      ]);
      await cluster.kubectl('wait', '--for=condition=complete', 'job/pi', '--timeout=120s');
      expect((await cluster.read('job', 'pi')).status).toMatchObject({ succeeded: 3, completedIndexes: '0-2' });
      const { items } = await cluster.read('pods', '-l', 'job-name=pi');
      expect(items).toHaveLength(3);
      for (const { status } of items)
        expect(status.containerStatuses[0].state.terminated).toMatchObject({ exitCode: 0, reason: 'Completed' });
      const logs = await cluster.kubectl('logs', '-l', 'job-name=pi');
      expect(logs.trim().split('\n').sort()).toEqual(['index 0', 'index 1', 'index 2']);
      expect(await cluster.kubectl('get', 'job', 'pi')).toMatch(/pi\s+Complete\s+3\/3/);
      await cluster.kubectl('delete', 'job', 'pi');
      await eventually(60, async () => (await cluster.read('pods', '-l', 'job-name=pi')).items.length === 0);
    });

    it('a Job that fails is tried again up to its backoffLimit, then has failed', async () => {
      await cluster.apply([job('failing', 'echo no; exit 5', { backoffLimit: 1 })]);
      await cluster.kubectl('wait', '--for=condition=failed', 'job/failing', '--timeout=90s');
      const { status } = await cluster.read('job', 'failing');
      expect(status.failed).toBe(2);
      expect(status.conditions.find((each: { type: string }) => each.type === 'Failed').reason).toBe(
        'BackoffLimitExceeded',
      );
      const { items } = await cluster.read('pods', '-l', 'job-name=failing');
      expect(items[0].status.containerStatuses[0].state.terminated.exitCode).toBe(5);
    });

    it('a CronJob starts the job that is due', async () => {
      const { template } = job('', 'echo due', {}).spec;
      await cluster.apply([
        {
          apiVersion: 'batch/v1',
          kind: 'CronJob',
          metadata: { name: 'minutely' },
          spec: { schedule: '* * * * *', jobTemplate: { spec: { template } } },
        },
      ]);
      // As if it had last run two minutes ago: what was missed since is due now.
      const lastScheduleTime = new Date(Date.now() - 120_000).toISOString().replace(/\.\d+Z/, 'Z');
      const patch = JSON.stringify({ status: { lastScheduleTime } });
      await cluster.kubectl('patch', 'cronjob', 'minutely', '--subresource=status', '--type=merge', '-p', patch);
      const owned = await eventually(70, async () => {
        const { items } = await cluster.read('jobs');
        return items.find((each: { metadata: { name: string } }) => each.metadata.name.startsWith('minutely-'));
      });
      await cluster.kubectl('wait', '--for=condition=complete', `job/${owned.metadata.name}`, '--timeout=120s');
      expect(await cluster.kubectl('logs', `job/${owned.metadata.name}`)).toBe('due\n');
      expect(Date.parse((await cluster.read('cronjob', 'minutely')).status.lastScheduleTime)).toBeGreaterThan(
        Date.parse(lastScheduleTime),
      );
      await cluster.kubectl('delete', 'cronjob', 'minutely');
      await eventually(60, async () => !(await cluster.kubectl('get', 'jobs,pods', '-o', 'name')).includes('minutely'));
    });

    it('a StatefulSet starts in order, and its volumes outlive its pods but not their claims', async () => {
      const claim = {
        metadata: { name: 'data' },
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } } },
      };
      const script = `echo "$(hostname) $(date +%s%N)" >> /data/starts; touch /tmp/ready; ${forever}`;
      await cluster.apply([
        service('db', 80, 8080, { clusterIP: 'None' }),
        {
          apiVersion: 'apps/v1',
          kind: 'StatefulSet',
          metadata: { name: 'db' },
          spec: {
            serviceName: 'db',
            replicas: 2,
            selector: { matchLabels: { app: 'db' } },
            volumeClaimTemplates: [claim],
            template: {
              metadata: { labels: { app: 'db' } },
              spec: {
                terminationGracePeriodSeconds: 2,
                containers: [
                  shell('main', script, {
                    volumeMounts: [{ name: 'data', mountPath: '/data' }],
                    readinessProbe: { exec: { command: ['test', '-f', '/tmp/ready'] }, periodSeconds: 1 },
                  }),
                ],
              },
            },
          },
        },
      ]);
      await cluster.kubectl('rollout', 'status', 'statefulset/db', '--timeout=120s');
      const readyAt = (object: { status: { conditions: { type: string; lastTransitionTime: string }[] } }) =>
        Date.parse(object.status.conditions.find((each) => each.type === 'Ready')?.lastTransitionTime ?? '');
      const [first, second] = [await cluster.read('pod', 'db-0'), await cluster.read('pod', 'db-1')];
      expect(Date.parse(second.metadata.creationTimestamp)).toBeGreaterThanOrEqual(readyAt(first));
      expect(volumes()).toHaveLength(2);
      const starts = async (name: string) =>
        (await cluster.kubectl('exec', name, '--', 'cat', '/data/starts')).trim().split('\n');
      expect(await starts('db-0')).toHaveLength(1);

      await cluster.kubectl('delete', 'pod', 'db-0');
      await eventually(60, async () => (await starts('db-0')).length === 2);
      expect((await starts('db-0')).every((line) => line.startsWith('db-0 '))).toBe(true);

      await cluster.kubectl('scale', 'statefulset/db', '--replicas=1');
      await cluster.kubectl('wait', '--for=delete', 'pod/db-1', '--timeout=120s');
      expect(volumes()).toHaveLength(2);
      await cluster.kubectl('scale', 'statefulset/db', '--replicas=2');
      await eventually(60, async () => (await starts('db-1')).length === 2);

      await cluster.kubectl('delete', 'statefulset', 'db');
      await cluster.kubectl('wait', '--for=delete', 'pod/db-0', 'pod/db-1', '--timeout=120s');
      expect(volumes()).toHaveLength(2);
      await cluster.kubectl('delete', 'pvc', '--all');
      await eventually(60, async () => (await cluster.read('pv')).items.length === 0);
      await eventually(60, async () => volumes().length === 0);
    });

    it('a DaemonSet runs on the node', async () => {
      const labels = { app: 'each' };
      const template = {
        metadata: { labels },
        spec: { terminationGracePeriodSeconds: 1, containers: [shell('main', forever)] },
      };
      await cluster.apply([
        {
          apiVersion: 'apps/v1',
          kind: 'DaemonSet',
          metadata: { name: 'each' },
          spec: { selector: { matchLabels: labels }, template },
        },
      ]);
      await cluster.kubectl('rollout', 'status', 'daemonset/each', '--timeout=120s');
      expect((await cluster.read('daemonset', 'each')).status).toMatchObject({
        numberReady: 1,
        desiredNumberScheduled: 1,
      });
    });

    it('a namespace goes with everything in it, to the last container', async () => {
      await cluster.kubectl('create', 'namespace', 'passing');
      const spec = { terminationGracePeriodSeconds: 1, containers: [shell('main', forever)] };
      await cluster.apply(
        [
          { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, data: { a: 'b' } },
          { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, stringData: { a: 'b' } },
          {
            apiVersion: 'v1',
            kind: 'PersistentVolumeClaim',
            metadata: { name: 'p' },
            spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } } },
          },
          deployment('d', 2, spec),
          service('d', 80, 8080),
        ],
        '-n',
        'passing',
      );
      await cluster.kubectl('rollout', 'status', 'deployment/d', '-n', 'passing', '--timeout=120s');
      await cluster.kubectl('delete', 'namespace', 'passing', '--timeout=120s');
      for (const kind of [
        'pods',
        'services',
        'configmaps',
        'secrets',
        'persistentvolumeclaims',
        'serviceaccounts',
        'events',
      ])
        expect((await cluster.read(kind, '-n', 'passing')).items).toEqual([]);
      // One cluster of a machine has the second.
      const directories = [join(cluster.dataDir, 'agent/logs'), '/var/log/pods'].filter((each) => existsSync(each));
      const logs = directories.flatMap((each) => readdirSync(each)).filter((name) => name.startsWith('passing_'));
      expect(directories).not.toEqual([]);
      expect(logs).toEqual([]);
    });
  });

  it('the directory of a volume that was deleted while the agent was away goes when it is back', async () => {
    await cluster.apply([
      {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { name: 'left' },
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } } },
      },
      pod('writer', [shell('main', 'echo kept > /data/file', { volumeMounts: [{ name: 'd', mountPath: '/data' }] })], {
        restartPolicy: 'Never',
        volumes: [{ name: 'd', persistentVolumeClaim: { claimName: 'left' } }],
      }),
    ]);
    await cluster.kubectl('wait', '--for=jsonpath={.status.phase}=Succeeded', 'pod/writer', '--timeout=120s');
    const { spec } = await cluster.read('pvc', 'left');
    const { path } = (await cluster.read('pv', spec.volumeName)).spec.hostPath;
    expect(existsSync(join(path, 'file'))).toBe(true);
    cluster.kill('agent');
    await cluster.kubectl('delete', 'pod', 'writer', '--force', '--grace-period=0');
    await cluster.kubectl('delete', 'pvc', 'left');
    await eventually(60, async () => (await cluster.attempt('get', 'pv', spec.volumeName)).code !== 0);
    expect(existsSync(join(path, 'file'))).toBe(true);
    const { code, stderr } = await cluster.zeroplane('up', '--detach');
    expect(code, stderr).toBe(0);
    await eventually(60, async () => !existsSync(path));
  });

  it('a drained node is empty but for its daemons, a budget is kept, and uncordon fills it again', async () => {
    await cluster.apply([
      deployment('guarded', 2, { terminationGracePeriodSeconds: 1, containers: [{ name: 'main', image: web }] }),
      {
        apiVersion: 'policy/v1',
        kind: 'PodDisruptionBudget',
        metadata: { name: 'guarded' },
        spec: { minAvailable: 2, selector: { matchLabels: { app: 'guarded' } } },
      },
    ]);
    await cluster.kubectl('rollout', 'status', 'deployment/guarded', '--timeout=120s');
    await eventually(60, async () => (await cluster.read('pdb', 'guarded')).status.currentHealthy === 2);
    const [node] = (await cluster.read('nodes')).items;
    const drain = ['drain', node.metadata.name, '--ignore-daemonsets', '--delete-emptydir-data', '--force'];
    const refused = await cluster.attempt(...drain, '--timeout=3s');
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain("violate the pod's disruption budget");
    expect((await cluster.read('pods', '-l', 'app=guarded')).items).toHaveLength(2);
    await cluster.kubectl('delete', 'pdb', 'guarded');
    await cluster.kubectl(...drain, '--timeout=120s');
    const bound = await cluster.read('pods', '-A', '--field-selector', `spec.nodeName=${node.metadata.name}`);
    for (const { metadata } of bound.items) expect(metadata.ownerReferences[0].kind).toBe('DaemonSet');
    await cluster.kubectl('uncordon', node.metadata.name);
    await cluster.kubectl('rollout', 'status', 'deployment/guarded', '--timeout=120s');
  });
});
