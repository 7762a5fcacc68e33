import fs from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { run as runProgram } from '../../core/process/run.ts';
import type { V1ConfigMap } from '../../generated/kubernetes.ts';
import { GrpcError, grpcCodes } from '../cri/grpc.ts';
import { loadImage } from '../images/load.ts';
import { ociArchive } from '../images/oci.ts';
import type { Pod } from '../pod/pod.ts';
import type { TestNode } from '../test-node.ts';
import { missingForContainers, startTestNode } from '../test-node.ts';
import { podOn, scriptContainer, startTestPods, type TestPods } from '../test-pods.ts';
import type { NodePods } from './node-pods.ts';

const missing = await missingForContainers();

describe.skipIf(missing)(`pods on a node${missing ? ` (skipped: ${missing})` : ''}`, () => {
  let node: TestNode;
  let started: TestPods;
  let pods: NodePods;
  let configMaps: Map<string, V1ConfigMap>;
  /** Their ids, each time that the runtime was asked. */
  const sandboxStops: string[] = [];
  const logsDir = () => path.join(node.dataDir, 'logs');
  let desired: Pod[] = [];

  beforeAll(async () => {
    node = await startTestNode();
    await startPods();
  }, 60_000);
  afterAll(async () => {
    started?.stop();
    await node?.remove();
  }, 60_000);
  afterEach(async () => {
    desired = [];
    pods.apply([], true);
    await expect.poll(() => pods.all().length).toBe(0);
  });

  /** Why the runtime does not tell the status of a sandbox, by its id. */
  const untold = new Map<string, string>();

  const startPods = async () => {
    const { runtime } = node.containerd;
    const podSandboxStatus: typeof runtime.podSandboxStatus = (request, options) => {
      const why = untold.get(request.podSandboxId ?? '');
      if (why !== undefined) return Promise.reject(new GrpcError(grpcCodes.unknown, 'PodSandboxStatus', why));
      return runtime.podSandboxStatus(request, options);
    };
    const stopPodSandbox: typeof runtime.stopPodSandbox = (request, options) => {
      sandboxStops.push(request.podSandboxId ?? '');
      return runtime.stopPodSandbox(request, options);
    };
    started = await startTestPods(node, { runtime: { ...runtime, stopPodSandbox, podSandboxStatus } });
    ({ pods, configMaps } = started);
  };
  const status = (uid: string) => started.statuses.get(uid);
  const run = (...added: Pod[]) => {
    desired = [...desired, ...added];
    pods.apply(desired, true);
  };
  const phase = (uid: string) => expect.poll(() => status(uid)?.phase, { interval: 10 });
  const log = (uid: string, name: string, attempt = 0) =>
    fs.readFile(path.join(logsDir(), `default_${uid}_${uid}`, name, `${attempt}.log`), 'utf8');
  const ready = (uid: string) => status(uid)?.conditions?.find(({ type }) => type === 'Ready')?.status;

  it('runs a pod: address, environment, host name, hosts file, volumes', async () => {
    configMaps.set('settings', { metadata: { name: 'settings' }, data: { color: 'blue', 'a.txt': 'first' } });
    const script =
      'echo "$COLOR $GREETING $POD"; hostname; cat /etc/hosts; cat /config/a.txt; echo; echo data > /scratch/x; sleep 1000';
    const one = scriptContainer('main', script, {
      env: [
        { name: 'COLOR', valueFrom: { configMapKeyRef: { name: 'settings', key: 'color' } } },
        { name: 'GREETING', value: 'hello $(COLOR)' },
        { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      ],
      volumeMounts: [
        { name: 'config', mountPath: '/config' },
        { name: 'scratch', mountPath: '/scratch' },
      ],
    });
    run(
      podOn('first', {
        containers: [one],
        volumes: [
          { name: 'config', configMap: { name: 'settings' } },
          { name: 'scratch', emptyDir: {} },
        ],
      }),
    );
    await phase('first').toBe('Running');
    expect(ready('first')).toBe('True');
    expect(status('first')?.podIP).toMatch(/^10\.77\.0\./);
    await expect.poll(() => log('first', 'main')).toContain('stdout F blue hello blue first');
    await expect.poll(() => log('first', 'main')).toContain('stdout F first\n');
    await expect.poll(() => log('first', 'main')).toContain(`stdout F ${status('first')?.podIP}\tfirst`);

    configMaps.set('settings', { metadata: { name: 'settings' }, data: { color: 'blue', 'a.txt': 'second' } });
    pods.changed('objects');
    const file = path.join(node.dataDir, 'pods', 'first', 'volumes', 'config', 'a.txt');
    await expect.poll(() => fs.readFile(file, 'utf8')).toBe('second');
  });

  it('looks again only at pods of which the API says something new', async () => {
    run(podOn('told', { containers: [scriptContainer('main', 'sleep 1000')] }));
    await phase('told').toBe('Running');
    const worker = pods.get('told');
    const update = worker && vi.spyOn(worker, 'update');
    run(podOn('other', { containers: [scriptContainer('main', 'sleep 1000')] }));
    expect(update).not.toHaveBeenCalled();
    pods.apply(structuredClone(desired), true);
    expect(update).toHaveBeenCalledOnce();
  });

  it('gives containers other resources while they run, and knows what they have after its own restart', async () => {
    const script = "dd if=/dev/zero of=/dev/shm/used bs=1M count=30; trap 'exit 0' TERM; sleep 1000 & wait";
    const sized = (memory: string, generation: number): Pod => {
      const resources = { requests: { cpu: '100m', memory }, limits: { cpu: '200m', memory } };
      const one = podOn('sized', {
        containers: [scriptContainer('main', script, { resources })],
      });
      return { ...one, metadata: { ...one.metadata, generation } };
    };
    run(sized('64Mi', 1));
    await phase('sized').toBe('Running');
    const own = 'cat /sys/fs/cgroup/memory.max 2>/dev/null || cat /sys/fs/cgroup/memory/memory.limit_in_bytes';
    const limit = async () => {
      const containerId = status('sized')?.containerStatuses?.[0]?.containerID?.replace('containerd://', '') ?? '';
      const { stdout } = await node.containerd.runtime.execSync({ containerId, cmd: ['sh', '-c', own], timeout: 10 });
      return Number(Buffer.from(stdout).toString()) / 2 ** 20;
    };
    expect(await limit()).toBe(64);
    desired = [sized('96Mi', 2)];
    pods.apply(desired, true);
    await expect.poll(limit).toBe(96);
    await expect
      .poll(() => status('sized')?.containerStatuses?.[0]?.resources?.limits)
      .toEqual({ cpu: '200m', memory: '96Mi' });

    const known = status('sized');
    started.stop();
    await startPods();
    desired = [{ ...sized('80Mi', 3), ...(known && { status: known }) }];
    pods.apply(desired, true);
    await expect.poll(limit).toBe(80);
    await expect.poll(() => status('sized')?.observedGeneration).toBe(3);
    expect(status('sized')?.containerStatuses?.[0]).toMatchObject({
      restartCount: 0,
      containerID: known?.containerStatuses?.[0]?.containerID,
    });

    desired = [sized('20Mi', 4)];
    pods.apply(desired, true);
    const progress = () => status('sized')?.conditions?.find(({ type }) => type === 'PodResizeInProgress');
    await expect.poll(() => progress()?.reason).toBe('Error');
    expect(progress()?.message).toContain(
      'attempting to set container "main" memory limit (20971520) below current usage',
    );
    expect(await limit()).toBe(80);
  });

  it('shows the files of an image as a volume, those of all its layers, and gives them back', async () => {
    const name = 'example.com/layers:1';
    const files = [
      { path: '/a/below', content: 'below' },
      { path: '/a/both', content: 'hidden' },
    ];
    const above = [
      { path: '/a/both', content: 'above' },
      { path: '/b', content: 'above' },
    ];
    const archive = path.join(node.dataDir, 'layers.tar');
    await fs.writeFile(archive, ociArchive({ name, files, layersAbove: [above] }));
    await loadImage(node.dataDir, archive);
    const volumes = [
      { name: 'all', image: { reference: name, pullPolicy: 'IfNotPresent' } },
      { name: 'again', image: { reference: name, pullPolicy: 'Never' } },
    ];
    const volumeMounts = [
      { name: 'all', mountPath: '/image' },
      { name: 'again', mountPath: '/part', subPath: 'a' },
    ];
    const script =
      'cat /image/a/below /image/a/both /image/b /part/both; echo; touch /image/new || echo kept; sleep 1000';
    const one = podOn('images', { containers: [scriptContainer('main', script, { volumeMounts })], volumes });
    run(one);
    await phase('images').toBe('Running');
    await expect.poll(() => log('images', 'main')).toContain('stdout F belowaboveaboveabove\n');
    await expect.poll(() => log('images', 'main')).toContain('stdout F kept\n');
    const held = async () => {
      const address = ['--address', node.containerd.endpoint, '--namespace', 'k8s.io'];
      const { stdout } = await runProgram('ctr', [...address, 'snapshots', 'ls']);
      return stdout.split('\n').filter((line) => line.startsWith('zeroplane.dev/image-volume/images/')).length;
    };
    expect(await held()).toBe(2);
    desired = [];
    pods.apply([], true);
    await expect.poll(() => pods.all().length).toBe(0);
    expect(await held()).toBe(0);
  });

  it('says of a volume that is an image which image is not to be had', async () => {
    const waiting = (uid: string) => status(uid)?.containerStatuses?.[0]?.state?.waiting;
    const of = (uid: string, reference: string, pullPolicy: string) =>
      podOn(uid, {
        containers: [scriptContainer('main', 'sleep 1000', { volumeMounts: [{ name: 'files', mountPath: '/files' }] })],
        volumes: [{ name: 'files', image: { reference, pullPolicy } }],
      });
    // Nothing listens there.
    const away = '127.0.0.1:1/none:1';
    run(of('pulls', away, 'IfNotPresent'));
    await expect.poll(() => waiting('pulls')?.reason, { timeout: 60_000 }).toBe('ImagePullBackOff');
    expect(waiting('pulls')?.message).toContain(`Back-off pulling image "${away}": ErrImagePull: failed to pull image`);
    run(of('never', away, 'Never'));
    await expect.poll(() => waiting('never')?.reason, { timeout: 60_000 }).toBe('ErrImageNeverPull');
    const both = of('partly', away, 'Never');
    const without = scriptContainer('without', 'sleep 1000', {
      volumeMounts: [{ name: 'scratch', mountPath: '/scratch' }],
    });
    both.spec.containers.push(without);
    both.spec.volumes?.push({ name: 'scratch', emptyDir: {} });
    run(both);
    const stateOf = (name: string) => status('partly')?.containerStatuses?.find((each) => each.name === name)?.state;
    await expect.poll(() => stateOf('without')?.running, { timeout: 60_000 }).toBeDefined();
    await expect.poll(() => stateOf('main')?.waiting?.reason).toBe('ErrImageNeverPull');
  });

  it('runs init containers in order, then sidecars, then the application, and ends in Succeeded', async () => {
    const share = { volumeMounts: [{ name: 'share', mountPath: '/share' }] };
    run(
      podOn('ordered', {
        restartPolicy: 'Never',
        volumes: [{ name: 'share', emptyDir: {} }],
        initContainers: [
          scriptContainer('one', 'echo one >> /share/order', share),
          {
            ...scriptContainer('side', 'echo side >> /share/order; sleep 1000', share),
            restartPolicy: 'Always',
            startupProbe: { exec: { command: ['grep', 'side', '/share/order'] }, periodSeconds: 1 },
          },
          scriptContainer('two', 'echo two >> /share/order', share),
        ],
        containers: [scriptContainer('main', 'echo main >> /share/order; cat /share/order', share)],
      }),
    );
    await phase('ordered').toBe('Succeeded');
    const lines = (await log('ordered', 'main')).trim().split('\n');
    expect(lines.map((line) => line.split(' ').at(-1))).toEqual(['one', 'side', 'two', 'main']);
    expect(status('ordered')?.containerStatuses?.[0]?.state?.terminated).toMatchObject({
      exitCode: 0,
      reason: 'Completed',
    });
    expect(status('ordered')?.conditions?.find(({ type }) => type === 'Initialized')?.reason).toBe('PodCompleted');
  });

  it('restarts a crashed container at once, then with back-off, and tells its last words', async () => {
    run(podOn('crash', { containers: [scriptContainer('main', 'echo -n the end > /dev/termination-log; exit 7')] }));
    await expect.poll(() => status('crash')?.containerStatuses?.[0]?.state?.waiting?.reason).toBe('CrashLoopBackOff');
    expect(status('crash')?.phase).toBe('Running');
    const [main] = status('crash')?.containerStatuses ?? [];
    expect(main?.restartCount).toBe(1);
    expect(main?.lastState?.terminated).toMatchObject({ exitCode: 7, reason: 'Error', message: 'the end' });
    expect(ready('crash')).toBe('False');
  });

  it('restarts all containers in place when a rule says so, init containers first', async () => {
    const scratch = { volumeMounts: [{ name: 'scratch', mountPath: '/scratch' }] };
    const rules = [{ action: 'RestartAllContainers', exitCodes: { operator: 'In', values: [88] } }];
    const watch = 'if [ $(wc -l < /scratch/runs) = 1 ]; then exit 88; fi; trap "exit 0" TERM; sleep 1000 & wait';
    run(
      podOn('anew', {
        restartPolicy: 'Never',
        initContainers: [scriptContainer('init', 'echo run >> /scratch/runs', scratch)],
        containers: [
          scriptContainer('done', 'true'),
          scriptContainer('main', 'trap "exit 0" TERM; sleep 1000 & wait'),
          scriptContainer('watch', watch, { ...scratch, restartPolicy: 'Never', restartPolicyRules: rules }),
        ],
        volumes: [{ name: 'scratch', emptyDir: {} }],
      }),
    );
    const counts = () => {
      const { initContainerStatuses = [], containerStatuses = [] } = status('anew') ?? {};
      return [...initContainerStatuses, ...containerStatuses].map(({ restartCount }) => restartCount);
    };
    await expect.poll(counts).toEqual([1, 1, 1, 1]);
    await expect
      .poll(() => status('anew')?.containerStatuses?.slice(1))
      .toEqual([
        expect.objectContaining({ name: 'main', state: { running: expect.anything() } }),
        expect.objectContaining({
          name: 'watch',
          lastState: { terminated: expect.objectContaining({ exitCode: 88 }) },
        }),
      ]);
    await phase('anew').toBe('Running');
    const sandboxes = await node.containerd.runtime.listPodSandbox({});
    expect(sandboxes.items.filter(({ metadata }) => metadata?.uid === 'anew')).toHaveLength(1);
    const runs = path.join(node.dataDir, 'pods', 'anew', 'volumes', 'scratch', 'runs');
    expect(await fs.readFile(runs, 'utf8')).toBe('run\nrun\n');
  });

  it('restarts a container whose liveness probe fails, and waits for readiness', async () => {
    const main = scriptContainer('main', 'trap "exit 0" TERM; touch /tmp/ok; sleep 2; rm /tmp/ok; sleep 1000 & wait', {
      livenessProbe: {
        exec: { command: ['test', '-f', '/tmp/ok'] },
        periodSeconds: 1,
        failureThreshold: 1,
        initialDelaySeconds: 1,
      },
      readinessProbe: { exec: { command: ['test', '-f', '/tmp/ok'] }, periodSeconds: 1 },
    });
    run(podOn('probed', { containers: [main] }));
    await expect.poll(() => ready('probed')).toBe('True');
    await expect.poll(() => status('probed')?.containerStatuses?.[0]?.restartCount).toBe(1);
  });

  it('says why a container does not start', async () => {
    const missingMap = scriptContainer('main', 'true', { envFrom: [{ configMapRef: { name: 'later' } }] });
    const noImage = { ...scriptContainer('main', 'true'), image: 'docker.io/library/none:1', imagePullPolicy: 'Never' };
    run(
      podOn('config', { containers: [missingMap], restartPolicy: 'Never' }),
      podOn('image', { containers: [noImage] }),
    );
    const reason = (uid: string) => status(uid)?.containerStatuses?.[0]?.state?.waiting?.reason;
    await expect.poll(() => reason('config')).toBe('CreateContainerConfigError');
    await expect.poll(() => reason('image')).toBe('ErrImageNeverPull');
    configMaps.set('later', { metadata: { name: 'later' }, data: {} });
    pods.changed('objects');
    await phase('config').toBe('Succeeded');
  });

  it('gives a pod its grace, runs its preStop hook, and leaves nothing', async () => {
    const main = scriptContainer('main', 'trap "echo bye; exit 0" TERM; sleep 1000 & wait', {
      lifecycle: { preStop: { exec: { command: ['sh', '-c', 'echo stopping > /proc/1/fd/1'] } } },
    });
    const going = podOn('going', { containers: [main] });
    run(going);
    await phase('going').toBe('Running');
    const asked = { filter: { labelSelector: { app: 'going' } } };
    const [sandbox] = (await node.containerd.runtime.listPodSandbox(asked)).items;
    const kept = path.join(node.dataDir, 'kept.log');
    await fs.link(path.join(logsDir(), 'default_going_going', 'main', '0.log'), kept);
    desired = [
      {
        ...going,
        metadata: { ...going.metadata, deletionTimestamp: new Date().toISOString(), deletionGracePeriodSeconds: 5 },
      },
    ];
    pods.apply(desired, true);
    await expect.poll(() => started.terminated.has('going')).toBe(true);
    expect(await fs.readFile(kept, 'utf8')).toMatch(/stopping\n.* bye\n$/s);
    expect(status('going')?.containerStatuses?.[0]?.state?.terminated?.exitCode).toBe(0);
    const { items } = await node.containerd.runtime.listPodSandbox(asked);
    expect(items).toEqual([]);
    // Each stop runs all of the network's plugins.
    expect(sandboxStops.filter((id) => id === sandbox?.id)).toHaveLength(1);
    await expect(fs.stat(path.join(node.dataDir, 'pods', 'going'))).rejects.toThrow('ENOENT');
    await expect(fs.stat(path.join(logsDir(), 'default_going_going'))).rejects.toThrow('ENOENT');
  });

  it('confines a container as its security context says', async () => {
    const script = [
      'id',
      'grep -E "CapEff|NoNewPrivs|Seccomp:" /proc/self/status',
      'touch /x || echo read-only root',
      'stat -c "%a %g" /scratch /memory',
      'cat /sub/inner',
      'mount | grep " /memory "',
      'ps -o pid,comm | grep -c pause',
      'cat /proc/sys/net/ipv4/ip_unprivileged_port_start',
      'hostname -f; cat /etc/resolv.conf',
    ].join('; ');
    const main = scriptContainer('main', script, {
      securityContext: {
        runAsUser: 1000,
        runAsGroup: 2000,
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
        seccompProfile: { type: 'RuntimeDefault' },
      },
      env: [{ name: 'DIR', value: 'deep' }],
      volumeMounts: [
        { name: 'scratch', mountPath: '/scratch' },
        { name: 'memory', mountPath: '/memory' },
        { name: 'scratch', mountPath: '/sub', subPathExpr: '$(DIR)/er' },
      ],
      resources: { limits: { memory: '64Mi', cpu: '500m' } },
    });
    const volumeMounts = [{ name: 'scratch', mountPath: '/scratch' }];
    run(
      podOn('confined', {
        restartPolicy: 'Never',
        shareProcessNamespace: true,
        hostname: 'host',
        subdomain: 'sub',
        securityContext: {
          fsGroup: 3000,
          supplementalGroups: [4000],
          sysctls: [{ name: 'net.ipv4.ip_unprivileged_port_start', value: '7' }],
        },
        dnsConfig: { searches: ['more.example'], options: [{ name: 'ndots', value: '2' }] },
        volumes: [
          { name: 'scratch', emptyDir: {} },
          { name: 'memory', emptyDir: { medium: 'Memory', sizeLimit: '8Mi' } },
        ],
        initContainers: [
          scriptContainer('make', 'mkdir -p /scratch/deep/er; echo inside > /scratch/deep/er/inner', { volumeMounts }),
        ],
        containers: [main],
      }),
    );
    await phase('confined').toBe('Succeeded');
    const text = await log('confined', 'main');
    expect(text).toContain('uid=1000 gid=2000 groups=2000,3000,4000');
    expect(text).toMatch(/CapEff:\t0{16}/);
    expect(text).toMatch(/NoNewPrivs:\t1/);
    expect(text).toMatch(/Seccomp:\t2/);
    expect(text).toContain('read-only root');
    expect(text).toMatch(/F 2777 3000\n.* F 2777 3000\n/);
    expect(text).toContain('F inside');
    expect(text).toContain('size=8192k');
    expect(text).toMatch(/F 1\n.* F 7\n/);
    expect(text).toContain('F host.sub.default.svc.cluster.local');
    expect(text).toContain('F options ndots:2');
    expect(text).toContain('cluster.local more.example');
  });

  it('refuses to run as root what must not', async () => {
    const main = scriptContainer('main', 'true', { securityContext: { runAsNonRoot: true } });
    run(podOn('root', { containers: [main] }));
    const waiting = () => status('root')?.containerStatuses?.[0]?.state?.waiting;
    await expect.poll(() => waiting()?.reason).toBe('CreateContainerConfigError');
    expect(waiting()?.message).toBe('container has runAsNonRoot and image will run as root');
  });

  it('tells that a container used more memory than its limit', async () => {
    const main = scriptContainer('main', 'tail /dev/zero', { resources: { limits: { memory: '16Mi' } } });
    run(podOn('greedy', { restartPolicy: 'Never', containers: [main] }));
    await phase('greedy').toBe('Failed');
    expect(status('greedy')?.containerStatuses?.[0]?.state?.terminated).toMatchObject({
      reason: 'OOMKilled',
      exitCode: 137,
    });
    expect(status('greedy')?.qosClass).toBe('Burstable');
  });

  it('ends a pod at its deadline, and runs a pod in the network of the node', async () => {
    run(
      podOn('late', { activeDeadlineSeconds: 1, containers: [scriptContainer('main', 'sleep 1000')] }),
      podOn('host', {
        hostNetwork: true,
        restartPolicy: 'Never',
        containers: [scriptContainer('main', 'ip link show dev zp0 | grep -c mtu')],
      }),
    );
    await phase('host').toBe('Succeeded');
    expect(await log('host', 'main')).toContain('stdout F 1');
    expect(status('host')?.podIP).toBe('10.0.0.1');
    await phase('late').toBe('Failed');
    expect(status('late')).toMatchObject({ reason: 'DeadlineExceeded' });
  });

  it('leaves a pod as it is whose state the runtime cannot tell, and goes on with the others', async () => {
    const sleeper = scriptContainer('main', 'sleep 1000');
    const { runtime } = node.containerd;
    const sandboxesOf = async (app: string) =>
      (await runtime.listPodSandbox({ filter: { labelSelector: { app } } })).items.map(({ id }) => id);
    const idOf = (uid: string) => status(uid)?.containerStatuses?.[0]?.containerID;
    run(...['told', 'untold', 'ended'].map((name) => podOn(name, { containers: [sleeper] })));
    for (const each of ['told', 'untold', 'ended']) await phase(each).toBe('Running');
    const before = { told: idOf('told'), untold: idOf('untold') };
    started.stop();
    for (const app of ['untold', 'ended'])
      for (const id of await sandboxesOf(app)) untold.set(id, 'its files are gone');
    await startPods();
    desired = desired.filter(({ metadata }) => metadata.uid !== 'ended');
    run(podOn('later', { containers: [sleeper] }));
    await phase('later').toBe('Running');
    await phase('told').toBe('Running');
    expect(idOf('told')).toBe(before.told);
    await expect.poll(() => sandboxesOf('ended')).toEqual([]);
    expect(status('untold')).toBeUndefined();
    expect(started.events.filter(({ pod }) => pod === 'untold')).toEqual([
      expect.objectContaining({ reason: 'FailedSync', message: expect.stringMatching(/its files are gone$/) }),
    ]);
    untold.clear();
    await phase('untold').toBe('Running');
    expect(idOf('untold')).toBe(before.untold);
    expect(status('untold')?.containerStatuses?.[0]?.restartCount).toBe(0);
    expect(await sandboxesOf('untold')).toHaveLength(1);
  });

  it('takes a running pod over after a restart of the agent, and ends nothing before the API said so', async () => {
    run(
      podOn('kept', { containers: [scriptContainer('main', 'sleep 1000')] }),
      podOn('unknown', { containers: [scriptContainer('main', 'sleep 1000')] }),
    );
    await phase('kept').toBe('Running');
    await phase('unknown').toBe('Running');
    const before = status('kept')?.containerStatuses?.[0]?.containerID;
    started.stop();
    await startPods();
    desired = desired.filter(({ metadata }) => metadata.uid === 'kept');
    pods.apply(desired, false);
    await phase('kept').toBe('Running');
    expect(status('kept')?.containerStatuses?.[0]?.containerID).toBe(before);
    expect(
      (await node.containerd.runtime.listPodSandbox({ filter: { labelSelector: { app: 'unknown' } } })).items,
    ).toHaveLength(1);
    pods.apply(desired, true);
    await expect
      .poll(
        async () =>
          (await node.containerd.runtime.listPodSandbox({ filter: { labelSelector: { app: 'unknown' } } })).items
            .length,
        { timeout: 60_000 },
      )
      .toBe(0);
  });
});
