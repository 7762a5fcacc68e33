// sig-node: what pods are promised of the API and of their node, as far as it does not matter what a container is. The node is the
// real agent, over a runtime in memory.

import { writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { Server, ServerCredentials, type sendUnaryData } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import type { Body } from './cluster/client.ts';
import { type Cluster, openCluster } from './cluster/cluster.ts';
import { pathsOf, pod, replicationController } from './cluster/objects.ts';
import type { ProgramContext } from './cluster/programs.ts';
import { conformance } from './conformance.ts';

let cluster: Cluster;
let client: Cluster['client'];
/** Of the containers that ran `remember`, by pod. */
const environments = new Map<string, Readonly<Record<string, string>>>();
/** What ran, in order, by namespace. */
const ran = new Map<string, string[]>();

/** How often containers were asked for their health, by namespace. */
const asked = new Map<string, number>();

/** Says that it is well, by grpc.health.v1 on a port of its pod. */
async function serveHealth({ namespace, env, args: [port = ''], stopped }: ProgramContext): Promise<number> {
  const bytes = (message: Buffer) => message;
  const check = {
    path: '/grpc.health.v1.Health/Check',
    requestStream: false,
    responseStream: false,
    requestSerialize: bytes,
    requestDeserialize: bytes,
    responseSerialize: bytes,
    responseDeserialize: bytes,
  } as const;
  const server = new Server();
  server.addService(
    { check },
    {
      check: (_: unknown, answer: sendUnaryData<Buffer>) => {
        asked.set(namespace, (asked.get(namespace) ?? 0) + 1);
        // status: SERVING
        answer(null, Buffer.from([0x08, 1]));
      },
    },
  );
  await promisify(server.bindAsync.bind(server))(`${env['POD_IP']}:${port}`, ServerCredentials.createInsecure());
  await stopped;
  server.forceShutdown();
  return 0;
}

beforeAll(async () => {
  cluster = await openCluster({
    nodes: [
      { name: 'n1' },
      { name: 'n2', labels: { spare: 'yes' } },
      { name: 'reachable', reachable: true, taints: [{ key: 'for', value: 'servers', effect: 'NoSchedule' }] },
    ],
    programs: {
      remember: ({ pod: name, env }) => {
        environments.set(name, env);
        return 0;
      },
      note: ({ namespace, args: [word = '', code = '0'] }) => {
        ran.set(namespace, [...(ran.get(namespace) ?? []), word]);
        return Number(code);
      },
      health: serveHealth,
      leaveMessage: ({ mounts, args: [message = '', code = '0'], print }) => {
        print('written to the log');
        if (message) writeFileSync(mounts.get('/dev/termination-log') ?? '', message);
        return Number(code);
      },
    },
  });
  client = cluster.client;
});

afterAll(async () => {
  await cluster.close();
});

const fresh = async () => {
  const namespace = await cluster.namespace();
  return { namespace, ...pathsOf(namespace) };
};
const isRunning = ({ status }: Body) => status?.phase === 'Running';
const isSucceeded = ({ status }: Body) => status?.phase === 'Succeeded';
const isFailed = ({ status }: Body) => status?.phase === 'Failed';
const condition = ({ status }: Body, type: string) => status?.conditions?.find((each: Body) => each.type === type);
const isReady = (each: Body) => condition(each, 'Ready')?.status === 'True';
const restarts = ({ status }: Body): number => status?.containerStatuses?.[0]?.restartCount ?? 0;
const never = { restartPolicy: 'Never' };

describe('pods', () => {
  conformance('Pods should be submitted and removed [NodeConformance]', async () => {
    const { pods } = await fresh();
    const query = 'labelSelector=time%3Dnow';
    const watch = await client.watch(pods, query);
    await client.create(pods, pod('one', { labels: { time: 'now' } }));
    await watch.until('ADDED', ({ metadata }) => metadata.name === 'one');
    await watch.until('MODIFIED', isRunning);
    const asked = await client.delete(`${pods}/one`, { gracePeriodSeconds: 30 });
    expect(asked.metadata).toMatchObject({ deletionTimestamp: expect.any(String), deletionGracePeriodSeconds: 30 });
    const last = await watch.until('DELETED', ({ metadata }) => metadata.name === 'one');
    expect(last.metadata.deletionTimestamp).toBeDefined();
    expect(await client.list(pods, query)).toEqual([]);
    watch.stop();
  });

  conformance('Pods should be updated [NodeConformance]', async () => {
    const { pods } = await fresh();
    await client.create(pods, pod('one', { labels: { time: 'now' } }));
    await client.when(`${pods}/one`, 'it runs', isRunning);
    await client.change(`${pods}/one`, ({ metadata }) => {
      metadata.labels.time = 'later';
    });
    expect(await client.list(pods, 'labelSelector=time%3Dlater')).toHaveLength(1);
    expect(await client.list(pods, 'labelSelector=time%3Dnow')).toEqual([]);
  });

  conformance('Pods should allow activeDeadlineSeconds to be updated [NodeConformance]', async () => {
    const { pods } = await fresh();
    await client.create(pods, pod('one'));
    await client.when(`${pods}/one`, 'it runs', isRunning);
    await client.change(`${pods}/one`, ({ spec }) => {
      spec.activeDeadlineSeconds = 1;
    });
    const failed = await client.when(`${pods}/one`, 'it has failed', isFailed);
    expect(failed.status.reason).toBe('DeadlineExceeded');
  });

  conformance('Pods should get a host IP [NodeConformance]', async () => {
    const { pods } = await fresh();
    await client.create(pods, pod('one'));
    const { spec, status } = await client.when(`${pods}/one`, 'it runs', isRunning);
    const node = await client.read(`/api/v1/nodes/${spec.nodeName}`);
    expect(status.hostIP).toBe(node.status.addresses.find((each: Body) => each.type === 'InternalIP').address);
  });

  conformance('Pods should contain environment variables for services [NodeConformance]', async () => {
    const { pods, services } = await fresh();
    const ports = [{ port: 8765, targetPort: 8080 }];
    const { spec } = await client.create(services, {
      metadata: { name: 'fooservice' },
      spec: { ports, selector: { name: 'srv' } },
    });
    // A node learns of Services as it learns of pods: by and by.
    await client.when(`${services}/fooservice`, 'it is there', () => true);
    await client.create(pods, pod('environment', { command: ['remember'], spec: never }));
    await client.when(`${pods}/environment`, 'it ran', isSucceeded);
    const host = spec.clusterIP;
    expect(environments.get('environment')).toMatchObject({
      FOOSERVICE_SERVICE_HOST: host,
      FOOSERVICE_SERVICE_PORT: '8765',
      FOOSERVICE_PORT: `tcp://${host}:8765`,
      FOOSERVICE_PORT_8765_TCP: `tcp://${host}:8765`,
      FOOSERVICE_PORT_8765_TCP_PROTO: 'tcp',
      FOOSERVICE_PORT_8765_TCP_PORT: '8765',
      FOOSERVICE_PORT_8765_TCP_ADDR: host,
    });
  });

  conformance('Pods should delete a collection of pods', async () => {
    const { pods } = await fresh();
    const query = 'labelSelector=type%3DTesting';
    for (const name of ['a', 'b', 'c']) await client.create(pods, pod(name, { labels: { type: 'Testing' } }));
    await client.create(pods, pod('other'));
    await client.whenAll(pods, query, 'three run', (items) => items.filter(isRunning).length === 3);
    await client.delete(`${pods}?${query}`);
    await client.whenAll(
      pods,
      '',
      'the other alone',
      ([one, ...more]) => one?.metadata.name === 'other' && !more.length,
    );
  });

  conformance('Pods should patch a pod status', async () => {
    const { pods } = await fresh();
    await client.create(pods, pod('one'));
    await client.when(`${pods}/one`, 'it runs', isRunning);
    const more = { type: 'example.com/patched', status: 'True', reason: 'E2E', message: 'set by a test' };
    const type = 'application/strategic-merge-patch+json';
    const patched = await cluster.t.patch(`${pods}/one/status`, type, { status: { conditions: [more] } });
    expect(patched.status).toBe(200);
    const { status } = await client.read(`${pods}/one/status`);
    expect(status.conditions).toContainEqual(expect.objectContaining(more));
    expect(status.conditions.map((each: Body) => each.type)).toContain('Ready');
  });

  conformance('Pods should run through the lifecycle of Pods and PodStatus', async () => {
    const { pods } = await fresh();
    const query = 'labelSelector=test-pod-static%3Dtrue';
    const watch = await client.watch(pods, query);
    await client.create(pods, pod('lives', { labels: { 'test-pod-static': 'true' } }));
    await watch.until('ADDED', ({ metadata }) => metadata.name === 'lives');
    await watch.until('MODIFIED', isReady);
    const image = 'example.com/app:2';
    const type = 'application/strategic-merge-patch+json';
    const change = {
      metadata: { labels: { 'test-pod': 'patched' } },
      spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'main', image }] },
    };
    expect((await cluster.t.patch(`${pods}/lives`, type, change)).status).toBe(200);
    await watch.until('MODIFIED', ({ metadata }) => metadata.labels['test-pod'] === 'patched');
    // The container is of the new image then.
    const anew = await watch.until('MODIFIED', (each) => {
      return isReady(each) && each.status.containerStatuses[0].image === image;
    });
    expect(anew.spec.containers[0].image).toBe(image);

    const { status } = await client.read(`${pods}/lives/status`);
    expect(status.phase).toBe('Running');
    await client.change(`${pods}/lives/status`, (each) => {
      for (const one of each.status.conditions) if (one.type === 'Ready') one.status = 'False';
    });
    await watch.until('MODIFIED', (each) => !isReady(each));
    await client.delete(`${pods}?${query}`);
    await watch.until('DELETED', ({ metadata }) => metadata.name === 'lives');
    watch.stop();
  });

  conformance(
    'Pods Extended Pods Set QOS Class should be set on Pods with matching resource requests and limits for memory and cpu',
    async () => {
      const { pods } = await fresh();
      const same = { cpu: '100m', memory: '100Mi' };
      const resources = { requests: same, limits: same };
      expect((await client.create(pods, pod('one', { container: { resources } }))).status.qosClass).toBe('Guaranteed');
      const burst = { requests: same };
      const second = await client.create(pods, pod('two', { container: { resources: burst } }));
      expect(second.status.qosClass).toBe('Burstable');
      expect((await client.create(pods, pod('three'))).status.qosClass).toBe('BestEffort');
    },
  );

  conformance('Sysctls [LinuxOnly] [NodeConformance] should reject invalid sysctls', async () => {
    const { pods } = await fresh();
    // The second could be one: whether it is safe is its node's to say.
    const sysctls = ['foo-', 'kernel.shmmax', 'safe-and-unsafe', 'bar..'].map((name) => ({ name, value: 'x' }));
    const refused = await cluster.t.post(pods, pod('sysctls', { spec: { securityContext: { sysctls } } }));
    expect(refused.status).toBe(422);
    const fields = refused.body.details.causes.map(({ field }: Body) => field);
    expect(fields).toEqual([0, 3].map((i) => `spec.securityContext.sysctls[${i}].name`));
  });
});

describe('the generation of a pod', () => {
  const observes = (generation: number) => (each: Body) => each.status?.observedGeneration === generation;

  conformance(
    'Pods Extended (pod generation) Pod Generation pod generation should start at 1 and increment per update [MinimumKubeletVersion:1.34]',
    async () => {
      const { pods } = await fresh();
      expect((await client.create(pods, pod('one'))).metadata.generation).toBe(1);
      const bound = await client.when(`${pods}/one`, 'it runs', isRunning);
      expect(bound.metadata.generation).toBe(1);
      expect(bound.status.observedGeneration).toBe(1);
      for (const each of bound.status.conditions) expect(each).toMatchObject({ observedGeneration: 1 });
      const steps: [what: string, changes: boolean, change: (each: Body) => void][] = [
        ['a label', false, ({ metadata }) => (metadata.labels = { changed: 'yes' })],
        ['an annotation', false, ({ metadata }) => (metadata.annotations = { changed: 'yes' })],
        ['its deadline', true, ({ spec }) => (spec.activeDeadlineSeconds = 5000)],
        [
          'a toleration',
          true,
          ({ spec }) => spec.tolerations.push({ key: 'foo', operator: 'Exists', effect: 'NoExecute' }),
        ],
        ['its image', true, ({ spec }) => (spec.containers[0].image = 'example.com/app:2')],
      ];
      for (const [what, changes, change] of steps) {
        const before = (await client.read(`${pods}/one`)).metadata.generation;
        const after = (await client.change(`${pods}/one`, change)).metadata.generation;
        expect([what, after - before]).toEqual([what, changes ? 1 : 0]);
      }
      const { metadata } = await client.read(`${pods}/one`);
      await client.when(`${pods}/one`, 'its node has seen it', observes(metadata.generation));
    },
  );

  conformance(
    'Pods Extended (pod generation) Pod Generation custom-set generation on new pods and graceful delete',
    async () => {
      const { pods } = await fresh();
      const wanted = pod('one');
      const made = await client.create(pods, { ...wanted, metadata: { ...wanted.metadata, generation: 100 } });
      expect(made.metadata.generation).toBe(1);
      await client.when(`${pods}/one`, 'it runs', isRunning);
      const asked = await client.delete(`${pods}/one`, { gracePeriodSeconds: 30 });
      expect(asked.metadata.generation).toBe(2);
      await client.whenGone(`${pods}/one`);
    },
  );

  conformance(
    'Pods Extended (pod generation) Pod Generation issue 500 podspec updates and verify generation and observedGeneration eventually converge [MinimumKubeletVersion:1.34]',
    async () => {
      const { pods } = await fresh();
      await client.create(pods, pod('one'));
      await client.when(`${pods}/one`, 'it runs', isRunning);
      let last: Body;
      for (let i = 0; i < 499; i++)
        last = await client.patch(`${pods}/one`, { spec: { activeDeadlineSeconds: 20_000 - i } });
      expect(last.metadata.generation).toBe(500);
      await client.when(`${pods}/one`, 'its node has seen all', observes(last.metadata.generation));
    },
    240_000,
  );
});

describe('init containers', () => {
  const spec = (restartPolicy: string, second = '0') => ({
    restartPolicy,
    initContainers: [
      { name: 'init1', image: 'example.com/app:1', command: ['note', 'init1'] },
      { name: 'init2', image: 'example.com/app:1', command: ['note', 'init2', second] },
    ],
  });

  conformance('InitContainer [NodeConformance] should invoke init containers on a RestartNever pod', async () => {
    const { namespace, pods } = await fresh();
    const watch = await client.watch(pods);
    await client.create(pods, pod('one', { command: ['note', 'main'], spec: spec('Never') }));
    // Whoever waits says so in one way, from the first report on.
    const waits = (all: Body[] = []) => all.filter(({ state }) => state?.waiting).map(({ state }) => state.waiting);
    await watch.until('MODIFIED', ({ status }) => {
      const { initContainerStatuses, containerStatuses } = status;
      for (const each of [...waits(initContainerStatuses), ...waits(containerStatuses)])
        expect(each).toEqual({ reason: 'PodInitializing' });
      return status.phase === 'Succeeded';
    });
    watch.stop();
    const done = await client.when(`${pods}/one`, 'it is over', isSucceeded);
    expect(condition(done, 'Initialized').status).toBe('True');
    expect(ran.get(namespace)).toEqual(['init1', 'init2', 'main']);
    for (const { ready, state } of done.status.initContainerStatuses) {
      expect(ready).toBe(true);
      expect(state.terminated.exitCode).toBe(0);
    }
  });

  conformance('InitContainer [NodeConformance] should invoke init containers on a RestartAlways pod', async () => {
    const { namespace, pods } = await fresh();
    await client.create(pods, pod('one', { spec: spec('Always') }));
    const runs = await client.when(`${pods}/one`, 'it runs', isRunning);
    expect(condition(runs, 'Initialized').status).toBe('True');
    expect(ran.get(namespace)).toEqual(['init1', 'init2']);
    expect(runs.status.initContainerStatuses.every(({ ready }: Body) => ready)).toBe(true);
  });

  conformance(
    'InitContainer [NodeConformance] should not start app containers if init containers fail on a RestartAlways pod',
    async () => {
      const { namespace, pods } = await fresh();
      await client.create(pods, pod('one', { command: ['note', 'main'], spec: spec('Always', '1') }));
      const tried = await client.when(`${pods}/one`, 'it was tried again', ({ status }) => {
        return status?.initContainerStatuses?.[1]?.restartCount >= 1;
      });
      expect(tried.status.phase).toBe('Pending');
      expect(condition(tried, 'Initialized')).toMatchObject({
        status: 'False',
        reason: 'ContainersNotInitialized',
        message: 'containers with incomplete status: [init2]',
      });
      expect(ran.get(namespace)).not.toContain('main');
      expect(tried.status.containerStatuses[0].state.waiting.reason).toBe('PodInitializing');
      await client.delete(`${pods}/one`);
    },
  );

  conformance(
    'InitContainer [NodeConformance] should not start app containers and fail the pod if init containers fail on a RestartNever pod',
    async () => {
      const { namespace, pods } = await fresh();
      await client.create(pods, pod('one', { command: ['note', 'main'], spec: spec('Never', '1') }));
      const failed = await client.when(`${pods}/one`, 'it has failed', isFailed);
      expect(condition(failed, 'Initialized')).toMatchObject({ status: 'False', reason: 'ContainersNotInitialized' });
      expect(ran.get(namespace)).toEqual(['init1', 'init2']);
      expect(failed.status.containerStatuses[0].state.waiting.reason).toBe('PodInitializing');
    },
  );
});

describe('containers that end', () => {
  conformance(
    'Container Runtime blackbox test when starting a container that exits should run with the expected status [NodeConformance]',
    async () => {
      const { pods } = await fresh();
      for (const restartPolicy of ['Always', 'OnFailure', 'Never'])
        await client.create(pods, pod(restartPolicy.toLowerCase(), { command: ['fail'], spec: { restartPolicy } }));
      for (const name of ['always', 'onfailure']) {
        const each = await client.when(`${pods}/${name}`, 'it was started again', (one) => restarts(one) >= 1);
        expect(each.status.phase).toBe('Running');
        await client.delete(`${pods}/${name}`);
      }
      const failed = await client.when(`${pods}/never`, 'it has failed', isFailed);
      expect(restarts(failed)).toBe(0);
      expect(failed.status.containerStatuses[0]).toMatchObject({
        ready: false,
        state: { terminated: { exitCode: 1 } },
      });
    },
  );

  conformance(
    'Kubelet when scheduling a busybox command that always fails in a pod should have an terminated reason [NodeConformance]',
    async () => {
      const { pods } = await fresh();
      await client.create(pods, pod('fails', { command: ['fail'], spec: never }));
      const failed = await client.when(`${pods}/fails`, 'it has failed', isFailed);
      const { terminated } = failed.status.containerStatuses[0].state;
      expect(terminated).toMatchObject({ exitCode: 1, reason: 'Error' });
      expect(terminated.finishedAt >= terminated.startedAt).toBe(true);
    },
  );

  conformance(
    'Kubelet when scheduling a busybox command that always fails in a pod should be possible to delete [NodeConformance]',
    async () => {
      const { pods } = await fresh();
      await client.create(pods, pod('fails', { command: ['fail'] }));
      await client.when(`${pods}/fails`, 'it failed once', (each) => restarts(each) >= 1);
      await client.delete(`${pods}/fails`);
      await client.whenGone(`${pods}/fails`);
    },
  );

  const message = async (args: string[], phase: (each: Body) => boolean): Promise<string | undefined> => {
    const { pods } = await fresh();
    const container = { terminationMessagePolicy: 'FallbackToLogsOnError' };
    await client.create(pods, pod('last-words', { command: ['leaveMessage', ...args], container, spec: never }));
    const ended = await client.when(`${pods}/last-words`, 'it is over', phase);
    return ended.status.containerStatuses[0].state.terminated.message;
  };

  conformance(
    'Container Runtime blackbox test on terminated container should report termination message from log output if TerminationMessagePolicy FallbackToLogsOnError is set [NodeConformance]',
    async () => {
      expect((await message(['', '1'], isFailed))?.trim()).toBe('written to the log');
    },
  );

  conformance(
    'Container Runtime blackbox test on terminated container should report termination message as empty when pod succeeds and TerminationMessagePolicy FallbackToLogsOnError is set [NodeConformance]',
    async () => {
      expect((await message([''], isSucceeded)) ?? '').toBe('');
    },
  );

  conformance(
    'Container Runtime blackbox test on terminated container should report termination message from file when pod succeeds and TerminationMessagePolicy FallbackToLogsOnError is set [NodeConformance]',
    async () => {
      expect(await message(['OK'], isSucceeded)).toBe('OK');
    },
  );

  conformance(
    'Container Lifecycle Hook when create a pod with lifecycle hook should execute poststart exec hook properly [NodeConformance]',
    async () => {
      const { namespace, pods } = await fresh();
      const lifecycle = { postStart: { exec: { command: ['note', 'postStart'] } } };
      await client.create(pods, pod('hooked', { container: { lifecycle } }));
      await client.when(`${pods}/hooked`, 'it runs', isRunning);
      expect(ran.get(namespace)).toEqual(['postStart']);
    },
  );

  conformance(
    'Container Lifecycle Hook when create a pod with lifecycle hook should execute prestop exec hook properly [NodeConformance]',
    async () => {
      const { namespace, pods } = await fresh();
      const lifecycle = { preStop: { exec: { command: ['note', 'preStop'] } } };
      await client.create(pods, pod('hooked', { container: { lifecycle } }));
      await client.when(`${pods}/hooked`, 'it runs', isRunning);
      expect(ran.get(namespace)).toBeUndefined();
      await client.delete(`${pods}/hooked`);
      await client.whenGone(`${pods}/hooked`);
      expect(ran.get(namespace)).toEqual(['preStop']);
    },
  );
});

describe('probes', () => {
  const probe = (command: string[], more: object = {}) => ({
    exec: { command },
    periodSeconds: 1,
    failureThreshold: 1,
    ...more,
  });

  conformance(
    'Probing container should be restarted with a exec "cat /tmp/health" liveness probe [NodeConformance]',
    async () => {
      const { namespace, pods } = await fresh();
      await client.create(pods, pod('alive', { container: { livenessProbe: probe(['healthy']) } }));
      await client.when(`${pods}/alive`, 'it is ready', isReady);
      cluster.sick.add(`${namespace}/alive`);
      await client.when(`${pods}/alive`, 'it was restarted', (each) => restarts(each) === 1);
      cluster.sick.clear();
    },
  );

  conformance(
    'Probing container should *not* be restarted with a exec "cat /tmp/health" liveness probe [NodeConformance]',
    async () => {
      const { pods } = await fresh();
      await client.create(pods, pod('alive', { container: { livenessProbe: probe(['healthy']) } }));
      await client.when(`${pods}/alive`, 'it is ready', isReady);
      await client.never(pods, '', 'a restart', ([each]) => restarts(each) > 0, 2500);
    },
  );

  /** Another one in every process: what runs beside this has the same addresses. */
  const ownPort = 20_000 + (process.pid % 20_000);
  const serving = (probed: number) =>
    pod('serving', {
      command: ['health', String(ownPort)],
      container: {
        env: [{ name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }],
        livenessProbe: {
          grpc: { port: probed },
          initialDelaySeconds: 1,
          periodSeconds: 1,
          failureThreshold: 1,
          timeoutSeconds: 10,
        },
      },
      spec: { nodeName: 'reachable' },
    });
  conformance('Probing container should *not* be restarted with a GRPC liveness probe [NodeConformance]', async () => {
    const { namespace, pods } = await fresh();
    await client.create(pods, serving(ownPort));
    await client.when(`${pods}/serving`, 'it runs', isRunning);
    await expect.poll(() => asked.get(namespace)).toBeGreaterThanOrEqual(2);
    expect(restarts(await client.read(`${pods}/serving`))).toBe(0);
  });
  conformance('Probing container should be restarted with a GRPC liveness probe [NodeConformance]', async () => {
    const { namespace, pods, events } = await fresh();
    // Nobody is at this port.
    await client.create(pods, serving(ownPort + 20_000));
    await client.when(`${pods}/serving`, 'it was restarted', (each) => restarts(each) >= 1);
    expect(asked.get(namespace)).toBeUndefined();
    const why = (each: Body) => each.reason === 'Unhealthy' && each.note.startsWith('Liveness probe failed');
    await client.whenAll(events, '', 'it says why', (items) => items.some(why));
    await client.delete(`${pods}/serving`);
  });

  conformance('Probing container should have monotonically increasing restart count [NodeConformance]', async () => {
    const { pods } = await fresh();
    const watch = await client.watch(pods);
    await client.create(pods, pod('dying', { container: { livenessProbe: probe(['fail']) } }));
    let highest = 0;
    while (highest < 2) {
      const { object } = await watch.next();
      expect(restarts(object)).toBeGreaterThanOrEqual(highest);
      highest = restarts(object);
      // The pause before the next start is over at once, and its node looks.
      if (object.status.containerStatuses?.[0]?.state.waiting?.reason === 'CrashLoopBackOff') {
        cluster.clock.advance(10_000);
        await client.patch(`${pods}/dying`, { metadata: { annotations: { at: String(cluster.clock.now()) } } });
      }
    }
    watch.stop();
    await client.delete(`${pods}/dying`);
  });

  conformance(
    'Probing container with readiness probe that fails should never be ready and never restart [NodeConformance]',
    async () => {
      const { pods } = await fresh();
      await client.create(pods, pod('unready', { container: { readinessProbe: probe(['fail']) } }));
      await client.when(`${pods}/unready`, 'it runs', isRunning);
      await client.never(pods, '', 'it is ready', ([each]) => isReady(each) || restarts(each) > 0, 2500);
    },
  );

  conformance(
    'Probing container with readiness probe should not be ready before initial delay and never restart [NodeConformance]',
    async () => {
      const { pods } = await fresh();
      const readinessProbe = probe(['healthy'], { initialDelaySeconds: 2 });
      await client.create(pods, pod('patient', { container: { readinessProbe } }));
      const runs = await client.when(`${pods}/patient`, 'it runs', isRunning);
      expect(isReady(runs)).toBe(false);
      const ready = await client.when(`${pods}/patient`, 'it is ready', isReady);
      const startedAt = Date.parse(ready.status.containerStatuses[0].state.running.startedAt);
      expect(Date.parse(condition(ready, 'Ready').lastTransitionTime) - startedAt).toBeGreaterThanOrEqual(1000);
      expect(restarts(ready)).toBe(0);
    },
  );
});

describe('ephemeral containers', () => {
  const debugs = (name: string) => ({ name, image: 'example.com/app:1', targetContainerName: 'main' });
  const states = ({ status }: Body) =>
    (status.ephemeralContainerStatuses ?? []).filter(({ state }: Body) => state.running).map(({ name }: Body) => name);

  conformance(
    'Ephemeral Containers [NodeConformance] will start an ephemeral container in an existing pod',
    async () => {
      const { pods } = await fresh();
      await client.create(pods, pod('host'));
      await client.when(`${pods}/host`, 'it runs', isRunning);
      const path = `${pods}/host/ephemeralcontainers`;
      const asked = await client.patch(path, { spec: { ephemeralContainers: [debugs('debugger')] } });
      expect(asked.metadata.generation).toBe(2);
      const runs = (each: Body) => states(each).includes('debugger') && each.status.observedGeneration === 2;
      await client.when(`${pods}/host`, 'the debugger runs', runs);
    },
  );

  conformance(
    'Ephemeral Containers [NodeConformance] should update the ephemeral containers in an existing pod',
    async () => {
      const { pods } = await fresh();
      await client.create(pods, pod('host'));
      await client.when(`${pods}/host`, 'it runs', isRunning);
      const path = `${pods}/host/ephemeralcontainers`;
      await client.patch(path, { spec: { ephemeralContainers: [debugs('first')] } });
      await client.when(`${pods}/host`, 'the first runs', (each) => states(each).includes('first'));
      const read = await client.read(path);
      read.spec.ephemeralContainers.push(debugs('second'));
      expect((await client.update(path, read)).metadata.generation).toBe(3);
      const runs = (each: Body) => states(each).join() === 'first,second' && each.status.observedGeneration === 3;
      await client.when(`${pods}/host`, 'both run', runs);
      // None can be taken away again.
      const answer = await cluster.t.put(path, {
        ...(await client.read(path)),
        spec: { ...read.spec, ephemeralContainers: [] },
      });
      expect(answer.status).toBe(422);
    },
  );
});

describe('runtime classes', () => {
  const runtimeClasses = '/apis/node.k8s.io/v1/runtimeclasses';
  const withClass = (name: string) => pod('classed', { spec: { runtimeClassName: name } });

  conformance('RuntimeClass should reject a Pod requesting a non-existent RuntimeClass [NodeConformance]', async () => {
    const { pods } = await fresh();
    expect((await cluster.t.post(pods, withClass('nonexistent'))).status).toBe(403);
  });

  conformance('RuntimeClass should reject a Pod requesting a deleted RuntimeClass [NodeConformance]', async () => {
    const { pods } = await fresh();
    await client.create(runtimeClasses, { metadata: { name: 'deleted' }, handler: 'any' });
    await client.delete(`${runtimeClasses}/deleted`);
    await client.whenGone(`${runtimeClasses}/deleted`);
    expect((await cluster.t.post(pods, withClass('deleted'))).status).toBe(403);
  });

  conformance(
    'RuntimeClass should schedule a Pod requesting a RuntimeClass without PodOverhead [NodeConformance]',
    async () => {
      const { pods } = await fresh();
      await client.create(runtimeClasses, { metadata: { name: 'plain' }, handler: 'any' });
      expect((await client.create(pods, withClass('plain'))).spec.overhead).toBeUndefined();
      await client.when(`${pods}/classed`, 'it runs', isRunning);
    },
  );

  conformance(
    'RuntimeClass should schedule a Pod requesting a RuntimeClass and initialize its Overhead [NodeConformance]',
    async () => {
      const { pods } = await fresh();
      const podFixed = { cpu: '10m', memory: '1Mi' };
      await client.create(runtimeClasses, { metadata: { name: 'heavy' }, handler: 'any', overhead: { podFixed } });
      expect((await client.create(pods, withClass('heavy'))).spec.overhead).toEqual(podFixed);
      await client.when(`${pods}/classed`, 'it runs', isRunning);
    },
  );
});

describe('taints that evict', () => {
  const node = '/api/v1/nodes/n2';
  const key = 'kubernetes.io/e2e-evict-taint-key';
  const taint = (on: boolean) =>
    client.change(node, ({ spec }) => {
      const others = (spec.taints ?? []).filter((each: Body) => each.key !== key);
      spec.taints = on ? [...others, { key, value: 'evictTaintVal', effect: 'NoExecute' }] : others;
    });
  const tolerating = (name: string, tolerationSeconds: number) =>
    pod(name, {
      spec: {
        nodeSelector: { spare: 'yes' },
        tolerations: [{ key, value: 'evictTaintVal', effect: 'NoExecute', tolerationSeconds }],
      },
    });

  conformance('NoExecuteTaintManager Single Pod [Serial] removing taint cancels eviction [Disruptive]', async () => {
    const { pods } = await fresh();
    await client.create(pods, tolerating('stays', 60));
    await client.when(`${pods}/stays`, 'it runs', isRunning);
    await taint(true);
    await cluster.idle();
    cluster.clock.advance(30_000);
    await cluster.idle();
    await taint(false);
    await cluster.idle();
    cluster.clock.advance(120_000);
    await cluster.idle();
    expect((await client.read(`${pods}/stays`)).metadata.deletionTimestamp).toBeUndefined();
  });

  conformance(
    'NoExecuteTaintManager Multiple Pods [Serial] evicts pods with minTolerationSeconds [Disruptive]',
    async () => {
      const { pods } = await fresh();
      await client.create(pods, tolerating('first', 60));
      await client.create(pods, tolerating('second', 300));
      await client.whenAll(pods, '', 'both run', (items) => items.filter(isRunning).length === 2);
      await taint(true);
      await cluster.idle();
      cluster.clock.advance(61_000);
      await client.whenGone(`${pods}/first`);
      expect((await client.read(`${pods}/second`)).metadata.deletionTimestamp).toBeUndefined();
      cluster.clock.advance(240_000);
      await client.whenGone(`${pods}/second`);
      await taint(false);
    },
  );
});

describe('many at once', () => {
  conformance('Service endpoints latency should not be very high', async () => {
    const { pods, services, namespace } = await fresh();
    await client.create(pods, pod('one', { labels: { name: 'latency' } }));
    await client.when(`${pods}/one`, 'it is ready', isReady);
    const took: number[] = [];
    for (let i = 0; i < 50; i++) {
      const began = performance.now();
      const spec = { selector: { name: 'latency' }, ports: [{ port: 80 }] };
      await client.create(services, { metadata: { name: `latency-${i}` }, spec });
      const path = `/api/v1/namespaces/${namespace}/endpoints/latency-${i}`;
      await client.when(path, 'it has its address', ({ subsets }) => subsets?.[0]?.addresses?.length === 1);
      took.push(performance.now() - began);
    }
    took.sort((a, b) => a - b);
    // What the suite allows.
    expect(took[25]).toBeLessThan(20_000);
    expect(took[49]).toBeLessThan(50_000);
  });

  conformance(
    'EmptyDir wrapper volumes should not cause race condition when used for configmaps [Serial]',
    async () => {
      const { configmaps, pods, replicationcontrollers } = await fresh();
      const names = Array.from({ length: 50 }, (_, i) => `racey-${i}`);
      for (const name of names) await client.create(configmaps, { metadata: { name }, data: { 'data-1': name } });
      const volumes = names.map((name) => ({
        name,
        configMap: { name, items: [{ key: 'data-1', path: 'data-1' }] },
      }));
      const volumeMounts = names.map((name) => ({ name, mountPath: `/etc/config-${name}` }));
      for (let round = 0; round < 3; round++) {
        const parts = { container: { volumeMounts }, spec: { volumes } };
        await client.create(replicationcontrollers, replicationController(`round-${round}`, 5, parts));
        const query = `labelSelector=app%3Dround-${round}`;
        await client.whenAll(pods, query, 'five are ready', (items) => items.filter(isReady).length === 5);
        // An RC of v1 leaves its pods behind, unless it is told otherwise.
        await client.delete(`${replicationcontrollers}/round-${round}`, { propagationPolicy: 'Background' });
        await client.whenAll(pods, query, 'none is left', (items) => items.length === 0);
      }
    },
  );
});
