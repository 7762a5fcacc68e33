// What a container can do to the files of its node, with real containers: nothing, however it swaps, links and names what the agent looks
// at.

import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { V1ContainerStatus, V1Pod, V1PodSpec } from '../../generated/kubernetes.ts';
import { eventually, startCluster, type TestCluster } from '../tools/cluster.ts';
import { forever, pod, shell } from '../tools/manifests.ts';
import { tried } from '../tools/tried.ts';

/** How many containers look, one after the other and in pods beside each other, while the link is there by turns. */
const lookers = 3;
const looks = 5;

describe.skipIf(process.getuid?.() !== 0)('files of the node (needs root)', () => {
  let cluster: TestCluster;
  /** A directory of the node that no pod may see, and one that pods share. */
  let secrets: string;
  let shared: string;
  beforeAll(async () => {
    cluster = await startCluster('zppaths', '10.210.31');
    secrets = join(tmpdir(), `zppaths-secret-${process.pid}`);
    shared = join(tmpdir(), `zppaths-shared-${process.pid}`);
    mkdirSync(secrets, { mode: 0o700 });
    mkdirSync(shared, { mode: 0o777 });
    writeFileSync(join(secrets, 'file'), 'SECRET-OF-THE-NODE\n');
  });
  afterAll(async () => {
    await cluster?.remove();
    for (const each of [secrets, shared]) if (each) rmSync(each, { recursive: true, force: true });
  });

  const ended = (name: string) =>
    eventually(240, async () => ['Succeeded', 'Failed'].includes((await cluster.read('pod', name)).status.phase));

  it('are never seen through a subPath that other containers swap for links', async () => {
    // In the volume, a link by its absolute path is one of the container's; on the node it would be one of the node's.
    // The agent makes what is missing, so that a directory may have come in its place.
    const swap = `cd /shared; while true; do mkdir -p a; echo inside > a/file; rm -rf b; mv a b; ln -s ${secrets} a; rm -rf a; mv b a; done`;
    const volumes = [{ name: 'shared', hostPath: { path: shared } }];
    const look = (index: number) =>
      shell(`look-${index}`, 'ls -R /look; cat /look/file 2>&1; exit 0', {
        volumeMounts: [{ name: 'shared', mountPath: '/look', subPath: 'a' }],
      });
    await cluster.apply([
      pod('swapper', [shell('swap', swap, { volumeMounts: [{ name: 'shared', mountPath: '/shared' }] })], {
        volumes,
      }),
    ]);
    await eventually(60, async () => existsSync(join(shared, 'a', 'file')) || existsSync(join(shared, 'b', 'file')));
    const names = Array.from({ length: lookers }, (_, each) => `looker-${each}`);
    const spec: Partial<V1PodSpec> = {
      volumes,
      restartPolicy: 'Never',
      initContainers: Array.from({ length: looks }, (_, each) => look(each)),
    };
    await cluster.apply(names.map((name) => pod(name, [look(looks)], spec, { app: 'looker' })));
    // A start that met the link is tried again, later each time: the last ones have the directory for themselves. On a busy machine nearly
    // all may meet it, so it counts that each pod was tried.
    await eventually(150, async () => {
      const { items } = await cluster.read('pods', '-l', 'app=looker');
      const statuses = items.flatMap((each: V1Pod) => each.status?.initContainerStatuses ?? []);
      return statuses.filter(({ state }: V1ContainerStatus) => state && wasTried(state)).length >= lookers;
    });
    await cluster.kubectl('delete', 'pod', 'swapper', '--now');
    // A pod that changed is tried at once: by then some wait for minutes.
    await cluster.kubectl('annotate', 'pod', ...names, 'swapped=no-more');
    let inside = 0;
    for (const name of names) {
      // What was swapped away and deleted before its container started makes that start fail, and the pod with it.
      await ended(name);
      const { stdout: logs } = await cluster.attempt('logs', name, '--all-containers', '--ignore-errors');
      expect(logs).not.toContain('SECRET');
      inside += logs.split('inside').length - 1;
      tried('containers with a subPath that is swapped', looks + 1);
    }
    expect(inside).toBeGreaterThan(0);
    expect(readdirSync(secrets)).toEqual(['file']);
    await cluster.kubectl('delete', 'pod', ...names, '--now');
  }, 600_000);

  it('are not what a link in a volume makes of a subPath, a termination message or a log', async () => {
    symlinkSync(secrets, join(shared, 'away'));
    const mounts = [{ name: 'shared', mountPath: '/look', subPath: 'away' }];
    const volumes = [{ name: 'shared', hostPath: { path: shared } }];
    const name = 'linked';
    await cluster.apply([
      pod('escaping', [shell('main', 'cat /look/file', { volumeMounts: mounts })], { volumes, restartPolicy: 'Never' }),
      // The file of the message is there from the start: only what it holds is the container's.
      pod(
        name,
        [
          shell(
            'main',
            'rm -f /dev/termination-log 2>&-; ln -s /etc/passwd /dev/termination-log 2>&-; echo said; exit 3',
          ),
        ],
        {
          restartPolicy: 'Never',
        },
      ),
      pod(
        'fifo',
        [
          shell('main', 'mkfifo /v/message; exit 3', {
            terminationMessagePath: '/v/message',
            volumeMounts: [{ name: 'v', mountPath: '/v' }],
          }),
        ],
        {
          restartPolicy: 'Never',
          volumes: [{ name: 'v', emptyDir: {} }],
        },
      ),
    ]);
    await eventually(90, async () => {
      const { status } = await cluster.read('pod', 'escaping');
      const [{ state } = { state: {} }] = status.containerStatuses ?? [];
      return state?.waiting?.message?.includes('failed to prepare subPath');
    });
    for (const each of [name, 'fifo']) {
      await cluster.kubectl('wait', '--for=jsonpath={.status.phase}=Failed', `pod/${each}`, '--timeout=90s');
      const { status } = await cluster.read('pod', each);
      expect(status.containerStatuses[0].state.terminated.message ?? '').not.toContain('root:');
    }
    tried('hostile files in place of logs and messages', 3);
    // A log that somebody with the node's directory of logs made a link.
    // The first cluster of a machine has the machine's directory.
    const directories = ['/var/log/pods', join(cluster.dataDir, 'agent/logs')].filter((each) => existsSync(each));
    const { metadata } = await cluster.read('pod', name);
    const file = directories
      .map((each) => join(each, `default_${name}_${metadata.uid}`, 'main', '0.log'))
      .find((each) => existsSync(each));
    if (file === undefined) throw new Error(`no log of ${name} under ${directories.join(' and ')}`);
    expect(await cluster.kubectl('logs', name)).toBe('said\n');
    rmSync(file);
    symlinkSync(join(secrets, 'file'), file);
    const { stdout, stderr } = await cluster.attempt('logs', name);
    expect(`${stdout}${stderr}`).not.toContain('SECRET');
    expect(stderr).toContain('no longer on its node');
    await cluster.kubectl('delete', 'pod', 'escaping', name, 'fifo', '--now');
  });

  it('are not written by the path of a token, and what a container leaves goes without what it names', async () => {
    const target = `${secrets}/token`;
    for (const path of [`../../../../../../../..${target}`, target, '..data/x']) {
      const source = { serviceAccountToken: { path } };
      const spec = { volumes: [{ name: 'v', projected: { sources: [source] } }], restartPolicy: 'Never' };
      const manifest = pod('tokens', [shell('main', 'true')], spec);
      await expect(cluster.apply([manifest])).rejects.toThrow('spec.volumes[0].projected.path: Invalid value');
      tried('hostile paths in pod specs');
    }
    expect(existsSync(target)).toBe(false);
    const deep = 'i=0; while [ $i -lt 120 ]; do d=$(printf "%0200d" 0); mkdir $d && cd $d; i=$((i+1)); done';
    const script = `cd /v; ln -s ${secrets} link; mkfifo fifo; ${deep}; ${forever}`;
    await cluster.apply([
      pod('deep', [shell('main', script, { volumeMounts: [{ name: 'v', mountPath: '/v' }] })], {
        volumes: [{ name: 'v', emptyDir: {} }],
      }),
    ]);
    await cluster.kubectl('wait', '--for=condition=Ready', 'pod/deep', '--timeout=90s');
    const { metadata } = await cluster.read('pod', 'deep');
    const directory = join(cluster.dataDir, 'agent', 'pods', metadata.uid);
    await eventually(60, async () => existsSync(join(directory, 'volumes', 'v', 'fifo')));
    await cluster.kubectl('delete', 'pod', 'deep', '--now');
    await eventually(60, async () => !existsSync(directory));
    expect(readFileSync(join(secrets, 'file'), 'utf8')).toBe('SECRET-OF-THE-NODE\n');
    expect(statSync(secrets).mode & 0o777).toBe(0o700);
  });

  it('keep no mount of a pod that ended while the agent was away', async () => {
    const mounts = [{ name: 'v', mountPath: '/part', subPath: 'a' }];
    await cluster.apply([
      pod('orphan', [shell('main', forever, { volumeMounts: mounts })], { volumes: [{ name: 'v', emptyDir: {} }] }),
    ]);
    await cluster.kubectl('wait', '--for=condition=Ready', 'pod/orphan', '--timeout=90s');
    const { metadata } = await cluster.read('pod', 'orphan');
    const directory = join(cluster.dataDir, 'agent', 'pods', metadata.uid);
    const mounted = () => readFileSync('/proc/self/mountinfo', 'utf8').includes(join(metadata.uid, 'volume-subpaths'));
    expect(mounted()).toBe(true);
    cluster.kill('agent');
    await cluster.kubectl('delete', 'pod', 'orphan', '--force', '--grace-period=0');
    expect((await cluster.zeroplane('up', '--detach')).code).toBe(0);
    await eventually(90, async () => !existsSync(directory));
    expect(mounted()).toBe(false);
  });
});

/** It ran to its end, or could not be started. */
function wasTried({ terminated, waiting }: NonNullable<V1ContainerStatus['state']>): boolean {
  return terminated !== undefined || (waiting !== undefined && waiting.reason !== 'PodInitializing');
}
