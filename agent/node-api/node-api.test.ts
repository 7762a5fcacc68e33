import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readExposition } from '../../core/metrics/testing.ts';
import { ByteQueue } from '../../core/node/byte-queue.ts';
import { frameDuplex } from '../../core/node/frame-duplex.ts';
import type { FrameSocket } from '../../core/node/frame-socket.ts';
import { promtool, withoutPromtool } from '../../test/tools/promtool.ts';
import { createApiMetrics } from '../api-client/api-metrics.ts';
import { containerStates, sandboxStates } from '../cri/messages.ts';
import { linuxFiles } from '../files/linux-files.ts';
import { createCgroupSource } from '../platform/linux/cgroup-rows.ts';
import { linuxMachine } from '../platform/linux/machine.ts';
import { labels } from '../pods/observed.ts';
import { createProbeMetrics } from '../probes/probe-metrics.ts';
import { createCgroupReader } from '../stats/cgroup-use.ts';
import { writeLegacyCgroup } from '../stats/testing.ts';
import type { UsedVolume } from '../volumes/volume-usage.ts';
import type { NodeApiContext } from './context.ts';
import { serveNodeApi } from './node-api.ts';

// The node's API over both ends of a stream, without the WebSocket between them; what the runtime says is the test's.

let folder: string;
let notReady: string | undefined;
let broken: boolean;
let ended: Promise<void>[];
let api: ReturnType<typeof createApiMetrics>;
let probes: ReturnType<typeof createProbeMetrics>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'node-api-'));
  notReady = undefined;
  broken = false;
  ended = [];
  api = createApiMetrics('api:6443');
  probes = createProbeMetrics();
  for (const cgroup of ['', 'node', 'node/podu1', 'node/podu1/sandbox', 'node/podu1/id-app'])
    writeLegacyCgroup(join(folder, 'cgroup'), cgroup, cgroup === 'node/podu1/id-app' ? 50_000 : -1);
});
afterEach(async () => {
  await Promise.all(ended);
  rmSync(folder, { recursive: true, force: true });
});

const container = (name: string, cpu: number, memory: number) => ({
  attributes: {
    id: `id-${name}`,
    labels: {
      [labels.podNamespace]: 'team',
      [labels.podName]: 'web',
      [labels.podUid]: 'u1',
      [labels.containerName]: name,
    },
  },
  cpu: { usageCoreNanoSeconds: { value: cpu } },
  memory: { workingSetBytes: { value: memory } },
});

/** As the runtime lists it: `app` was started anew, and what it was before is still there. */
const listed = (id: string, state: number, createdAt: number) => ({
  id,
  state,
  createdAt: String(createdAt),
  labels: container(id.replace(/^(id|old)-/, ''), 0, 0).attributes.labels,
});

const { [labels.containerName]: _, ...sandboxLabels } = container('', 0, 0).attributes.labels;
const pod = {
  metadata: { name: 'web', namespace: 'team', uid: 'u1' },
  spec: { containers: [{ name: 'app', image: 'i' }] },
};
const running = {
  containerID: 'containerd://id-app',
  image: 'docker.io/library/app:1',
  state: { running: { startedAt: '2026-01-01T00:00:00Z' } },
};

const volume: UsedVolume = {
  ...{ uid: 'u1', namespace: 'team', name: 'data', claim: 'files' },
  at: Date.parse('2026-01-02T00:00:00Z'),
  use: { capacity: 1000, available: 400, used: 600, inodes: 10, inodesFree: 4, inodesUsed: 6 },
};

function context(): NodeApiContext {
  return {
    options: {
      nodeName: 'n',
      nodeIP: '10.0.0.1',
      dataDir: folder,
      maxPods: 110,
      clusterDNS: '10.96.0.10',
      clusterDomain: 'cluster.local',
      providerID: undefined,
      evictionHard: 'memory.available<100Mi',
    },
    // as: of a pod and its status, and of the runtime's answers, these parts are read.
    pods: () =>
      [{ pod, status: { phase: 'Running', containerStatuses: [running] } }] as unknown as ReturnType<
        NodeApiContext['pods']
      >,
    runtime: {
      listContainers: async () => {
        if (broken) throw new Error('away');
        return {
          containers: [
            listed('old-app', containerStates.exited, 1),
            listed('id-app', containerStates.running, 2),
            listed('id-side', containerStates.running, 1),
          ],
        };
      },
      listContainerStats: async () => {
        const ended = container('app', 9e9, 0);
        ended.attributes.id = 'old-app';
        return { stats: [ended, container('app', 2e9, 1024), container('side', 5e8, 512)] };
      },
      listPodSandbox: async () => ({
        items: [
          { id: 'sandbox', state: sandboxStates.ready, createdAt: '1767225600000000000', labels: sandboxLabels },
          { id: 'before', state: sandboxStates.notReady, createdAt: '1', labels: sandboxLabels },
        ],
      }),
      imageFsInfo: async () => ({ imageFilesystems: [] }),
    } as unknown as NodeApiContext['runtime'],
    usage: { rate: (id) => (id === 'id-app' ? 250e6 : undefined) },
    health: async () => ({
      pressure: new Set(),
      ...(notReady !== undefined && { notReady }),
    }),
    machine: linuxMachine,
    files: linuxFiles,
    cgroups: createCgroupSource({
      reader: createCgroupReader(join(folder, 'cgroup')),
      root: '/node',
      pod: (uid) => `/node/pod${uid}`,
    }),
    pauseImage: 'pause:1',
    volumes: { read: async () => [volume] },
    probeMetrics: probes,
    apiMetrics: api.families,
    startedAt: Date.parse('2026-01-01T00:00:00Z'),
    systemLogs: join(folder, 'log'),
    now: () => Date.parse('2026-01-02T00:00:00Z'),
  };
}

function socketPair(): [FrameSocket, FrameSocket] {
  const queues = [new ByteQueue(1 << 20, () => {}), new ByteQueue(1 << 20, () => {})] as const;
  const end = (own: ByteQueue, other: ByteQueue): FrameSocket => ({
    frames: own,
    send: async (frame) => other.push(Buffer.from(frame)),
    deserted: () => new Promise<void>(() => {}),
    close() {
      own.end();
      other.end();
    },
  });
  return [end(queues[0], queues[1]), end(queues[1], queues[0])];
}

function get(path: string, method = 'GET'): Promise<{ status: number | undefined; text: string }> {
  const [near, far] = socketPair();
  ended.push(serveNodeApi(context(), far));
  const socket = frameDuplex(near);
  return new Promise((resolve, reject) => {
    const request = http.request({ path, method, createConnection: () => socket }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      answer.on('end', () => {
        socket.destroy();
        resolve({ status: answer.statusCode, text });
      });
    });
    request.on('error', reject).end();
  });
}

describe("the node's own API", () => {
  it('tells whether the node can run pods', async () => {
    expect(await get('/healthz')).toEqual({ status: 200, text: 'ok' });
    notReady = 'no network';
    expect(await get('/healthz')).toEqual({ status: 500, text: '[-]node failed: no network\n' });
    expect(await get('/healthz/ping')).toEqual({ status: 200, text: 'ok' });
  });

  it('lists its pods with their status, and its configuration', async () => {
    const pods = JSON.parse((await get('/pods')).text);
    expect(pods).toMatchObject({
      kind: 'PodList',
      items: [{ metadata: { name: 'web' }, status: { phase: 'Running' } }],
    });
    expect(JSON.parse((await get('/configz')).text).kubeletconfig).toMatchObject({
      maxPods: 110,
      clusterDomain: 'cluster.local',
    });
  });

  it('sums up what pods and containers use', async () => {
    const { node, pods } = JSON.parse((await get('/stats/summary')).text);
    expect(node).toMatchObject({ nodeName: 'n', startTime: '2026-01-01T00:00:00Z' });
    expect(node.memory.workingSetBytes + node.memory.availableBytes).toBeGreaterThan(0);
    expect(pods).toMatchObject([
      {
        podRef: { name: 'web', namespace: 'team', uid: 'u1' },
        cpu: { usageNanoCores: 250e6, usageCoreNanoSeconds: 2.5e9 },
        memory: { workingSetBytes: 1536 },
        containers: [
          { name: 'app', startTime: '2026-01-01T00:00:00Z', memory: { workingSetBytes: 1024 } },
          { name: 'side', startTime: null },
        ],
        volume: [
          {
            ...{ time: '2026-01-02T00:00:00Z', name: 'data', pvcRef: { name: 'files', namespace: 'team' } },
            ...{ capacityBytes: 1000, availableBytes: 400, usedBytes: 600, inodes: 10, inodesFree: 4, inodesUsed: 6 },
          },
        ],
      },
    ]);
  });

  it('writes metrics for metrics-server, each with the time that it was read at', async () => {
    const at = Date.parse('2026-01-02T00:00:00Z');
    const resource = (await get('/metrics/resource')).text;
    const in_ = 'namespace="team",pod="web"';
    expect(resource).toContain(`container_cpu_usage_seconds_total{container="app",${in_}} 2 ${at}\n`);
    // Of the pod's cgroup, which has more than its containers.
    expect(resource).toContain(`pod_cpu_usage_seconds_total{${in_}} 7 ${at}\n`);
    expect(resource).toContain(`pod_memory_working_set_bytes{${in_}} 90000 ${at}\n`);
    expect(resource).toContain(`pod_swap_usage_bytes{${in_}} 300 ${at}\n`);
    expect(resource).toContain(`container_swap_usage_bytes{container="app",${in_}} 300 ${at}\n`);
    expect(resource).toContain(`container_start_time_seconds{container="app",${in_}} 1767225600\n`);
    expect(resource).toMatch(/^node_cpu_usage_seconds_total \d/m);
    expect(resource).toMatch(/^node_swap_usage_bytes \d/m);
    expect(resource).toContain('resource_scrape_error 0\n');
  });

  it('writes what cAdvisor writes under containerd: of the machine, of pods, their sandboxes and containers', async () => {
    const page = readExposition((await get('/metrics/cadvisor')).text);
    const rows = (family: string) => page.get(family)?.samples ?? [];
    const inPod = { namespace: 'team', pod: 'web' };
    const none = { namespace: '', pod: '' };
    const app = {
      ...inPod,
      ...{ container: 'app', id: '/node/podu1/id-app', image: 'docker.io/library/app:1', name: 'id-app' },
    };
    const sandbox = { ...inPod, container: '', id: '/node/podu1/sandbox', image: 'pause:1', name: 'sandbox' };
    expect(rows('container_memory_working_set_bytes').map(({ labels }) => labels)).toEqual([
      { ...none, container: '', id: '/', image: '', name: '' },
      { ...none, container: '', id: '/node', image: '', name: '' },
      { ...inPod, container: '', id: '/node/podu1', image: '', name: '' },
      sandbox,
      app,
    ]);
    expect(rows('container_cpu_usage_seconds_total').at(-1)).toMatchObject({
      labels: { ...app, cpu: 'total' },
      value: 7,
    });
    // Only what has a quota is ever held up by one.
    expect(rows('container_cpu_cfs_throttled_periods_total')).toMatchObject([{ labels: app, value: 3 }]);
    expect(rows('container_spec_cpu_quota')).toMatchObject([{ labels: app, value: 50_000 }]);
    for (const family of ['container_network_receive_bytes_total', 'container_network_transmit_packets_dropped_total'])
      expect(new Set(rows(family).map(({ labels }) => labels['id']))).toEqual(new Set(['/', '/node/podu1/sandbox']));
    expect(rows('container_fs_reads_bytes_total').at(-1)?.labels).toMatchObject({ ...app, device: '900:9' });
    const disk = rows('container_fs_limit_bytes');
    expect(disk.map(({ labels }) => labels['id'])).toEqual(['/', app.id]);
    expect(disk.every(({ value }) => value > 0)).toBe(true);
    expect(
      rows('container_memory_failures_total')
        .slice(-4)
        .map(({ labels, value }) => [labels['failure_type'], labels['scope'], value]),
    ).toEqual([
      ['pgfault', 'container', 11],
      ['pgfault', 'hierarchy', 12],
      ['pgmajfault', 'container', 13],
      ['pgmajfault', 'hierarchy', 14],
    ]);
  });

  /** What the rules and dashboards of kubernetes-mixin ask of cAdvisor. */
  const mixin = [
    ...[
      'container_cpu_usage_seconds_total',
      'container_cpu_cfs_periods_total',
      'container_cpu_cfs_throttled_periods_total',
    ],
    ...['cache', 'rss', 'swap', 'working_set_bytes'].map((each) => `container_memory_${each}`),
    ...['reads_total', 'writes_total', 'reads_bytes_total', 'writes_bytes_total'].map((each) => `container_fs_${each}`),
    ...['bytes', 'packets', 'packets_dropped'].flatMap((each) =>
      ['receive', 'transmit'].map((direction) => `container_network_${direction}_${each}_total`),
    ),
    'machine_memory_bytes',
  ];
  it.each(mixin)('has %s, which kubernetes-mixin asks for', async (family) => {
    expect(readExposition((await get('/metrics/cadvisor')).text).get(family)?.samples).not.toEqual([]);
  });

  it('counts probes by type and result until the pod is gone', async () => {
    const of = { ...{ namespace: 'team', pod: 'web', uid: 'u1' }, container: 'app' };
    probes.probed(of, 'Readiness', 'successful', 0.02);
    probes.probed(of, 'Readiness', 'failed', 1);
    probes.probed({ ...of, uid: 'u2', pod: 'other' }, 'Liveness', 'failed', 1);
    const page = readExposition((await get('/metrics/probes')).text);
    const { uid: _, ...labels } = { ...of, probe_type: 'Readiness' };
    expect(page.get('prober_probe_total')?.samples).toMatchObject([
      { labels: { ...labels, pod_uid: 'u1', result: 'successful' }, value: 1 },
      { labels: { ...labels, pod_uid: 'u1', result: 'failed' }, value: 1 },
      { labels: { pod: 'other', probe_type: 'Liveness', result: 'failed' }, value: 1 },
    ]);
    const lasted = page.get('prober_probe_duration_seconds')?.samples;
    expect(lasted?.at(-1)).toEqual({ name: 'prober_probe_duration_seconds_count', labels, value: 1 });
    probes.forget('u1');
    probes.forget('u2');
    expect(readExposition((await get('/metrics/probes')).text).get('prober_probe_total')?.samples).toEqual([]);
  });

  it('says that it could not read, where the runtime does not answer', async () => {
    broken = true;
    expect((await get('/metrics/resource')).text).toMatch(/^resource_scrape_error 1$/m);
    expect((await get('/metrics/cadvisor')).text).toMatch(/^container_scrape_error 1$/m);
  });

  it('writes metrics of itself', async () => {
    api.answered('POST', 200, 0.3);
    api.answered('POST', 200, undefined);
    api.answered('POST', undefined, 40);
    const own = readExposition((await get('/metrics')).text);
    expect(own.get('kubelet_running_pods')?.samples).toMatchObject([{ value: 1 }]);
    expect(own.get('rest_client_requests_total')?.samples).toMatchObject([
      { labels: { code: '200', host: 'api:6443', method: 'POST' }, value: 2 },
      { labels: { code: '<error>', host: 'api:6443', method: 'POST' }, value: 1 },
    ]);
    expect(own.get('kubelet_volume_stats_available_bytes')?.samples).toMatchObject([
      { labels: { namespace: 'team', persistentvolumeclaim: 'files' }, value: 400 },
    ]);
    expect(own.get('kubelet_volume_stats_inodes_used')?.samples).toMatchObject([{ value: 6 }]);
    const lasted = own.get('rest_client_request_duration_seconds')?.samples;
    expect(lasted?.find(({ labels }) => labels['le'] === '0.5')?.value).toBe(1);
    expect(lasted?.at(-1)).toMatchObject({ labels: { host: 'api:6443', verb: 'POST' }, value: 2 });
  });

  it('names each series once, and nothing of a container that ended', async () => {
    for (const path of ['/metrics/resource', '/metrics/cadvisor', '/metrics'])
      expect(readExposition((await get(path)).text).size, path).toBeGreaterThan(0);
    const used = readExposition((await get('/metrics/resource')).text).get('container_cpu_usage_seconds_total');
    expect(used?.samples.map(({ labels, value }) => [labels['container'], value])).toEqual([
      ['app', 2],
      ['side', 0.5],
    ]);
  });

  it.skipIf(withoutPromtool)('is read by promtool without a complaint', async () => {
    api.answered('POST', 200, 0.3);
    probes.probed({ namespace: 'team', pod: 'web', uid: 'u1', container: 'app' }, 'Liveness', 'successful', 0.02);
    for (const path of ['/metrics/resource', '/metrics/probes', '/metrics'])
      expect([path, await promtool((await get(path)).text)]).toEqual([path, []]);
    // cAdvisor's own names, which dashboards know.
    expect(await promtool((await get('/metrics/cadvisor')).text)).toEqual([
      'container_fs_inodes_total non-counter metrics should not have "_total" suffix',
      'container_memory_failcnt counter metrics should have "_total" suffix',
    ]);
  });

  it('shows log files, and nothing outside their directory', async () => {
    mkdirSync(join(folder, 'log', 'sub'), { recursive: true });
    writeFileSync(join(folder, 'log', 'sub', 'a.log'), 'line\n');
    writeFileSync(join(folder, 'secret'), 'secret');
    symlinkSync(join(folder, 'secret'), join(folder, 'log', 'link'));
    expect((await get('/logs/')).text).toContain('<a href="sub/">sub/</a>');
    expect(await get('/logs/sub/a.log')).toEqual({ status: 200, text: 'line\n' });
    for (const path of ['/logs/../secret', '/logs/%2e%2e/secret', '/logs/link', '/logs/none'])
      expect((await get(path)).status).toBe(404);
  });

  it('knows no other path, and takes no other method', async () => {
    expect((await get('/run/team/web/app')).status).toBe(404);
    expect((await get('/pods', 'POST')).status).toBe(405);
  });
});
