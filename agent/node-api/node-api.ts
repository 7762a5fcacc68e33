// What kubelet serves on its own port, served here on connections that the API server asks for (nodes/proxy): nothing listens on the
// node. Whoever comes this way was authorized by the API server. Loaded with the first request.
// Source: kubelet's server, the paths that tools read.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { errorText } from '../../core/machinery/error-text.ts';
import { expositionType, renderFamilies } from '../../core/metrics/exposition.ts';
import { frameDuplex } from '../../core/node/frame-duplex.ts';
import type { FrameSocket } from '../../core/node/frame-socket.ts';
import type { V1Pod } from '../../generated/kubernetes.ts';
import { runningContainers } from '../stats/running-containers.ts';
import type { UsedVolume } from '../volumes/volume-usage.ts';
import { cadvisorMetrics } from './cadvisor-text.ts';
import type { NodeApiContext } from './context.ts';
import { sendLogFile } from './log-files.ts';
import { kubeletMetrics, resourceMetrics, scrapeError } from './metrics-text.ts';
import { readStats } from './read-stats.ts';
import { toSummary } from './summary.ts';
import { volumeMetrics } from './volume-metrics.ts';

/** Resolves when the connection is over. */
export function serveNodeApi(context: NodeApiContext, peer: FrameSocket): Promise<void> {
  const connection = frameDuplex(peer);
  const server = createServer((request, response) => {
    answer(context, request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else text(response, 500, `${errorText(error)}\n`);
    });
  });
  return new Promise((resolve) => {
    connection.once('close', resolve);
    connection.on('error', () => connection.destroy());
    server.emit('connection', connection);
  });
}

const version = 'v1.36.0+zeroplane';

async function answer(context: NodeApiContext, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = decodeURIComponent((request.url ?? '/').replace(/\?.*$/s, ''));
  if (request.method !== 'GET' && request.method !== 'HEAD') return text(response, 405, 'only GET is served here\n');
  switch (path.length > 1 ? path.replace(/\/$/, '') : path) {
    case '/healthz':
    case '/healthz/ping':
    case '/healthz/log':
    case '/healthz/syncloop': {
      const { notReady } = path === '/healthz' ? await context.health() : {};
      return notReady === undefined ? text(response, 200, 'ok') : text(response, 500, `[-]node failed: ${notReady}\n`);
    }
    case '/pods':
    case '/runningpods':
      return json(response, { kind: 'PodList', apiVersion: 'v1', metadata: {}, items: podsOf(context) });
    case '/stats/summary': {
      const [stats, volumes] = await Promise.all([
        running(context).then((all) => readStats(context, all)),
        context.volumes.read(),
      ]);
      return json(response, toSummary(stats, podsOf(context), volumes, context.options.nodeName, context.startedAt));
    }
    case '/metrics':
      return metrics(response, kubeletMetrics(figuresOf(context, await context.volumes.read())));
    case '/metrics/cadvisor':
      return metrics(response, await cadvisorPage(context));
    case '/metrics/resource':
      return metrics(response, await resourcePage(context));
    case '/metrics/probes':
      return metrics(response, renderFamilies(context.probeMetrics.families()));
    case '/configz':
      return json(response, { kubeletconfig: configurationOf(context) });
  }
  if (path === '/logs' || path.startsWith('/logs/'))
    if (await sendLogFile(context.files, context.systemLogs, path.slice('/logs'.length), response)) return;
  text(response, 404, `404 page not found: this node serves no ${path}\n`);
}

function running({ runtime, options }: NodeApiContext) {
  return runningContainers(runtime, options.nodeName);
}

async function resourcePage(context: NodeApiContext): Promise<string> {
  try {
    const containers = await running(context);
    return resourceMetrics(await readStats(context, containers), await cgroupRows(context, containers));
  } catch {
    return renderFamilies([scrapeError('resource_scrape_error', 1)]);
  }
}

async function cadvisorPage(context: NodeApiContext): Promise<string> {
  try {
    const containers = await running(context);
    const [rows, { at, node }] = [await cgroupRows(context, containers), await readStats(context, containers)];
    const numbers = new Set(rows.flatMap(({ use }) => [...use.io.keys()]));
    const named = [...numbers].map(async (each) => [each, (await context.cgroups?.device(each)) ?? each] as const);
    const machine = {
      cores: node.cores,
      memory: node.memoryTotal,
      swap: node.swapTotal,
      filesystem: node.filesystem,
    };
    return cadvisorMetrics(rows, machine, new Map(await Promise.all(named)), at);
  } catch {
    return renderFamilies([scrapeError('container_scrape_error', 1)]);
  }
}

async function cgroupRows(context: NodeApiContext, containers: Awaited<ReturnType<typeof running>>) {
  return (await context.cgroups?.rows(context, containers)) ?? [];
}

function podsOf({ pods }: NodeApiContext): V1Pod[] {
  return pods().map(({ pod, status }) => ({ apiVersion: 'v1', kind: 'Pod', ...pod, ...(status && { status }) }));
}

function figuresOf(context: NodeApiContext, volumes: readonly UsedVolume[]) {
  const pods = podsOf(context);
  const containers = { created: 0, exited: 0, running: 0 };
  for (const { status } of pods)
    for (const { state } of status?.containerStatuses ?? [])
      containers[state?.running ? 'running' : state?.terminated ? 'exited' : 'created'] += 1;
  const { user, system } = process.cpuUsage();
  return {
    nodeName: context.options.nodeName,
    version,
    runningPods: pods.filter(({ status }) => status?.phase === 'Running').length,
    containers,
    process: {
      cpuSeconds: (user + system) / 1e6,
      residentBytes: process.memoryUsage.rss(),
      startedAtSeconds: context.startedAt / 1000,
    },
    more: [...volumeMetrics(volumes), ...context.apiMetrics()],
  };
}

/** kubelet.config.k8s.io/v1beta1, as far as the agent has such settings. */
function configurationOf({ options }: NodeApiContext) {
  return {
    kind: 'KubeletConfiguration',
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    clusterDNS: options.clusterDNS.split(','),
    clusterDomain: options.clusterDomain,
    maxPods: options.maxPods,
    nodeStatusUpdateFrequency: `${Math.round((options.heartbeatMs ?? 10_000) / 1000)}s`,
    ...(options.providerID !== undefined && { providerID: options.providerID }),
    evictionHard: Object.fromEntries(options.evictionHard.split(',').map((each) => each.split('<'))),
    cgroupDriver: 'cgroupfs',
  };
}

function text(response: ServerResponse, code: number, body: string): void {
  response.writeHead(code, { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' });
  response.end(body);
}

function json(response: ServerResponse, body: object): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

function metrics(response: ServerResponse, body: string): void {
  response.writeHead(200, { 'content-type': expositionType });
  response.end(body);
}
