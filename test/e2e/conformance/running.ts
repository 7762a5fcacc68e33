// What a pod that runs sees of changes, and what its containers and hooks do for each other.

import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import type { V1Volume } from '../../../generated/kubernetes.ts';
import { conformance } from '../../conformance/conformance.ts';
import { eventually, type TestCluster } from '../../tools/cluster.ts';
import { kubectlWith } from '../../tools/kubectl-with.ts';
import { forever, pod, shell, web } from '../../tools/manifests.ts';

const map = (name: string, data: object) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data });
const secret = (name: string, stringData: object) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name },
  stringData,
});

const optional = true;
const downwardItems = ['labels', 'annotations'].map((path) => ({ path, fieldRef: { fieldPath: `metadata.${path}` } }));

/** By directory; of each kind one that goes, one that changes and one that comes. */
const volumes: Record<string, Omit<V1Volume, 'name'>> = {
  map: { configMap: { name: 'live-updated' } },
  'projected-map': { projected: { sources: [{ configMap: { name: 'live-updated' } }] } },
  downward: { downwardAPI: { items: downwardItems } },
  'projected-downward': { projected: { sources: [{ downwardAPI: { items: downwardItems } }] } },
  shared: { emptyDir: {} },
};
for (const state of ['deleted', 'updated', 'created']) {
  const name = `live-${state}`;
  volumes[`map-${state}`] = { configMap: { name, optional } };
  volumes[`projected-map-${state}`] = { projected: { sources: [{ configMap: { name, optional } }] } };
  volumes[`secret-${state}`] = { secret: { secretName: name, optional } };
  volumes[`projected-secret-${state}`] = { projected: { sources: [{ secret: { name, optional } }] } };
}

/** Prints the requests that come to port 8080, and answers each. */
const listen = "while true; do printf 'HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n' | nc -l -p 8080; done";

export async function startRunning(cluster: TestCluster): Promise<void> {
  const mounts = Object.keys(volumes).map((name) => ({ name, mountPath: `/${name}` }));
  const other = shell('other', forever, { volumeMounts: [{ name: 'shared', mountPath: '/there' }] });
  const live = pod('live', [shell('main', forever, { volumeMounts: mounts }), other], {
    volumes: Object.entries(volumes).map(([name, source]) => ({ ...source, name })),
  });
  const metadata = { ...live.metadata, labels: { color: 'blue' }, annotations: { builder: 'bar' } };
  await cluster.apply([
    ...['deleted', 'updated'].flatMap((state) => [
      map(`live-${state}`, { data: 'value-1' }),
      secret(`live-${state}`, { data: 'value-1' }),
    ]),
    { ...live, metadata },
    pod('listener', [shell('main', listen)]),
  ]);
}

export function updates(cluster: () => TestCluster): void {
  const read = async (...files: string[]) =>
    (await cluster().attempt('exec', 'live', '-c', 'main', '--', 'cat', ...files.map((file) => `/${file}`))).stdout;

  let changed: Promise<void> | undefined;
  /** Every object is as it was, and is then changed, once for all tests. */
  const change = () => {
    changed ??= (async () => {
      await cluster().kubectl('wait', '--for=condition=Ready', 'pod/live', '--timeout=120s');
      expect(await read('map/data', 'secret-updated/data', 'map-deleted/data')).toBe('value-1value-1value-1');
      expect(await read('downward/labels', 'downward/annotations')).toContain('color="blue"');
      const replaced = [map('live-updated', { data: 'value-2' }), secret('live-updated', { data: 'value-2' })];
      await cluster().apply([
        ...replaced,
        map('live-created', { data: 'new' }),
        secret('live-created', { data: 'new' }),
      ]);
      await cluster().kubectl('delete', 'configmap/live-deleted', 'secret/live-deleted');
      await cluster().kubectl('label', 'pod', 'live', 'color=green', '--overwrite');
      await cluster().kubectl('annotate', 'pod', 'live', 'builder=foo', '--overwrite');
    })();
    return changed;
  };
  const shows = (file: string, text: string) => async () => {
    await change();
    await eventually(60, async () => (await read(file)).includes(text));
  };
  const follows = (kind: string) => async () => {
    await change();
    await eventually(60, async () => (await read(`${kind}-updated/data`, `${kind}-created/data`)) === 'value-2new');
    await eventually(60, async () => (await read(`${kind}-deleted/data`)) === '');
  };
  conformance('ConfigMap updates should be reflected in volume [NodeConformance]', shows('map/data', 'value-2'));
  conformance(
    'Projected configMap updates should be reflected in volume [NodeConformance]',
    shows('projected-map/data', 'value-2'),
  );
  conformance('ConfigMap optional updates should be reflected in volume [NodeConformance]', follows('map'));
  conformance(
    'Projected configMap optional updates should be reflected in volume [NodeConformance]',
    follows('projected-map'),
  );
  conformance('Secrets optional updates should be reflected in volume [NodeConformance]', follows('secret'));
  conformance(
    'Projected secret optional updates should be reflected in volume [NodeConformance]',
    follows('projected-secret'),
  );
  conformance(
    'Downward API volume should update labels on modification [NodeConformance]',
    shows('downward/labels', 'color="green"'),
  );
  conformance(
    'Downward API volume should update annotations on modification [NodeConformance]',
    shows('downward/annotations', 'builder="foo"'),
  );
  conformance(
    'Projected downwardAPI should update labels on modification [NodeConformance]',
    shows('projected-downward/labels', 'color="green"'),
  );
  conformance(
    'Projected downwardAPI should update annotations on modification [NodeConformance]',
    shows('projected-downward/annotations', 'builder="foo"'),
  );
  conformance('EmptyDir volumes pod should support shared volumes between containers', async () => {
    await cluster().kubectl('wait', '--for=condition=Ready', 'pod/live', '--timeout=120s');
    await cluster().kubectl('exec', 'live', '-c', 'main', '--', 'sh', '-c', 'echo hello > /shared/file');
    expect(await cluster().kubectl('exec', 'live', '-c', 'other', '--', 'cat', '/there/file')).toBe('hello\n');
  });
}

export function hooks(cluster: () => TestCluster): void {
  const address = async () => {
    await cluster().kubectl('wait', '--for=condition=Ready', 'pod/listener', '--timeout=120s');
    return (await cluster().read('pod', 'listener')).status.podIP;
  };
  const heard = (path: string) =>
    eventually(60, async () => (await cluster().kubectl('logs', 'listener')).includes(`GET ${path}`));
  // A hook has as long as the pod's grace: seconds are not enough on a busy machine.
  const hooked = (name: string, lifecycle: object) =>
    pod(name, [{ name: 'main', image: web, lifecycle }], { terminationGracePeriodSeconds: 15 });
  const gone = (name: string) => cluster().kubectl('delete', 'pod', name, '--timeout=120s');

  conformance(
    'Container Lifecycle Hook when create a pod with lifecycle hook should execute poststart http hook properly [NodeConformance]',
    async () => {
      const httpGet = { host: await address(), port: 8080, path: '/echo?msg=poststart' };
      await cluster().apply([hooked('poststart-http', { postStart: { httpGet } })]);
      await cluster().kubectl('wait', '--for=condition=Ready', 'pod/poststart-http', '--timeout=120s');
      await heard('/echo?msg=poststart');
      await gone('poststart-http');
    },
  );
  const stops = (name: string) => async () => {
    const httpGet = { host: await address(), port: 8080, path: `/echo?msg=${name}` };
    await cluster().apply([hooked(name, { preStop: { httpGet } })]);
    await cluster().kubectl('wait', '--for=condition=Ready', `pod/${name}`, '--timeout=120s');
    expect(await cluster().kubectl('logs', 'listener')).not.toContain(`msg=${name}`);
    await gone(name);
    await heard(`/echo?msg=${name}`);
  };
  conformance(
    'Container Lifecycle Hook when create a pod with lifecycle hook should execute prestop http hook properly [NodeConformance]',
    stops('prestop-http'),
  );
  conformance('PreStop should call prestop when killing a pod', stops('killed'));
}

export function probes(cluster: () => TestCluster): void {
  const probe = (of: object) => ({ ...of, periodSeconds: 1, failureThreshold: 1 });
  const restarts = async (name: string): Promise<number> =>
    (await cluster().read('pod', name)).status.containerStatuses?.[0]?.restartCount ?? 0;
  const start = (name: string, livenessProbe: object) =>
    cluster().apply([pod(name, [{ name: 'main', image: web, livenessProbe: probe(livenessProbe) }])]);
  /** Through several probes. */
  const livesOn = (name: string, livenessProbe: object) => async () => {
    await start(name, livenessProbe);
    await cluster().kubectl('wait', '--for=condition=Ready', `pod/${name}`, '--timeout=120s');
    await delay(3000);
    expect(await restarts(name)).toBe(0);
    await cluster().kubectl('delete', 'pod', name, '--wait=false');
  };
  conformance(
    'Probing container should *not* be restarted with a /healthz http liveness probe [NodeConformance]',
    livesOn('alive-http', { httpGet: { path: '/', port: 8080 }, initialDelaySeconds: 1 }),
  );
  conformance(
    'Probing container should *not* be restarted with a tcp:8080 liveness probe [NodeConformance]',
    livesOn('alive-tcp', { tcpSocket: { port: 8080 }, initialDelaySeconds: 1 }),
  );
  conformance(
    'Probing container should be restarted with a /healthz http liveness probe [NodeConformance]',
    async () => {
      await start('dying-http', { httpGet: { path: '/healthz', port: 8080 }, initialDelaySeconds: 1 });
      await eventually(60, async () => (await restarts('dying-http')) >= 1);
      expect(await cluster().kubectl('events', '--for', 'pod/dying-http')).toContain('Liveness probe failed');
      await cluster().kubectl('delete', 'pod', 'dying-http', '--wait=false');
    },
  );
}

export function badSubPaths(cluster: () => TestCluster): void {
  const env = (name: string) => [
    { name: 'SUB', valueFrom: { fieldRef: { fieldPath: `metadata.annotations['${name}']` } } },
  ];
  const start = (name: string, annotations: Record<string, string>) => {
    const mounts = [{ name: 'work', mountPath: '/work', subPathExpr: '$(SUB)' }];
    const made = pod(name, [shell('main', forever, { env: env('sub'), volumeMounts: mounts })], {
      volumes: [{ name: 'work', emptyDir: {} }],
    });
    return cluster().apply([{ ...made, metadata: { ...made.metadata, annotations } }]);
  };
  const isRefused = (name: string) =>
    eventually(60, async () => {
      const { containerStatuses } = (await cluster().read('pod', name)).status;
      return containerStatuses?.[0]?.state.waiting?.reason === 'CreateContainerConfigError';
    });
  const refuses = (name: string, sub: string) => async () => {
    await start(name, { sub });
    await isRefused(name);
    await cluster().kubectl('delete', 'pod', name, '--wait=false');
  };
  conformance(
    'Variable Expansion should fail substituting values in a volume subpath with backticks',
    refuses('backs-out', '..'),
  );
  conformance(
    'Variable Expansion should fail substituting values in a volume subpath with absolute path',
    refuses('absolute', '/tmp'),
  );
  conformance(
    'Variable Expansion should verify that a failing subpath expansion can be modified during the lifecycle of a container [Slow]',
    async () => {
      await start('mended', { other: 'mypath' });
      await isRefused('mended');
      await cluster().kubectl('annotate', 'pod', 'mended', 'sub=mypath');
      await cluster().kubectl('wait', '--for=condition=Ready', 'pod/mended', '--timeout=120s');
      await cluster().kubectl('delete', 'pod', 'mended', '--wait=false');
    },
  );
}

export function commandsOverWebSocket(cluster: () => TestCluster): void {
  conformance('Pods should support remote command execution over websockets [NodeConformance]', async () => {
    await cluster().kubectl('wait', '--for=condition=Ready', 'pod/live', '--timeout=120s');
    const env = { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'true' };
    const command = ['sh', '-c', 'echo out; echo err >&2; exit 3'];
    const ran = await kubectlWith(cluster(), { env }, '-v=6', 'exec', 'live', '-c', 'main', '--', ...command);
    expect(ran).toMatchObject({ code: 3, stdout: 'out\n' });
    expect(ran.stderr).toContain('err\n');
    // It took no other way.
    expect(ran.stderr).not.toContain('RemoteCommand fallback');
  });
}
