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
import { containerStates } from '../cri/messages.ts';
import { labels } from '../pods/observed.ts';
import type { NodeApiContext } from './context.ts';
import { serveNodeApi } from './node-api.ts';

// The node's API over both ends of a stream, without the WebSocket between them; what the runtime says is the test's.

let folder: string;
let notReady: string | undefined;
let ended: Promise<void>[];
let api: ReturnType<typeof createApiMetrics>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'node-api-'));
  notReady = undefined;
  ended = [];
  api = createApiMetrics('api:6443');
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

const pod = {
  metadata: { name: 'web', namespace: 'team', uid: 'u1' },
  spec: { containers: [{ name: 'app', image: 'i' }] },
};
const running = { containerID: 'containerd://id-app', state: { running: { startedAt: '2026-01-01T00:00:00Z' } } };

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
    },
    // as: of a pod and its status, and of the runtime's answers, these parts are read.
    pods: () =>
      [{ pod, status: { phase: 'Running', containerStatuses: [running] } }] as unknown as ReturnType<
        NodeApiContext['pods']
      >,
    runtime: {
      listContainers: async () => ({
        containers: [
          listed('old-app', containerStates.exited, 1),
          listed('id-app', containerStates.running, 2),
          listed('id-side', containerStates.running, 1),
        ],
      }),
      listContainerStats: async () => {
        const ended = container('app', 9e9, 0);
        ended.attributes.id = 'old-app';
        return { stats: [ended, container('app', 2e9, 1024), container('side', 5e8, 512)] };
      },
      imageFsInfo: async () => ({ imageFilesystems: [] }),
    } as unknown as NodeApiContext['runtime'],
    usage: { rate: (id) => (id === 'id-app' ? 250e6 : undefined) },
    health: async () => ({
      pressure: { memory: false, disk: false, pids: false },
      ...(notReady !== undefined && { notReady }),
    }),
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
      },
    ]);
  });

  it('writes metrics for metrics-server, for dashboards of cAdvisor, and of itself', async () => {
    const resource = (await get('/metrics/resource')).text;
    expect(resource).toContain('container_cpu_usage_seconds_total{container="app",namespace="team",pod="web"} 2\n');
    expect(resource).toContain('pod_memory_working_set_bytes{namespace="team",pod="web"} 1536\n');
    expect(resource).toMatch(/^node_cpu_usage_seconds_total \d/m);
    expect((await get('/metrics/cadvisor')).text).toContain(
      'container_memory_working_set_bytes{container="side",id="/u1/id-side",name="id-side",namespace="team",pod="web"} 512\n',
    );
    api.answered('POST', 200, 0.3);
    api.answered('POST', 200, undefined);
    api.answered('POST', undefined, 40);
    const own = readExposition((await get('/metrics')).text);
    expect(own.get('kubelet_running_pods')?.samples).toMatchObject([{ value: 1 }]);
    expect(own.get('rest_client_requests_total')?.samples).toMatchObject([
      { labels: { code: '200', host: 'api:6443', method: 'POST' }, value: 2 },
      { labels: { code: '<error>', host: 'api:6443', method: 'POST' }, value: 1 },
    ]);
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
    for (const path of ['/metrics/resource', '/metrics/cadvisor', '/metrics'])
      expect([path, await promtool((await get(path)).text)]).toEqual([path, []]);
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
