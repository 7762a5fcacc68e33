// The API under load, beside what kube-apiserver did with the same, and beside what a server of Node can do at most in the same minute: `npm run bench -- api [--server URL --token T --insecure] [--pid P]`.
// Without --server our own control plane is started: TLS, durable writes, validation, admission and authorization on. The load comes
// from this process, the server is another one; both share the machine's cores.

import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { readCommandLine } from '../../core/process/command-line.ts';
import { startBareServer } from './bare-server.ts';
import { type Client, connect, type Target } from './client.ts';
import { hasH2load, measureByH2load } from './h2load.ts';
import {
  type CpuMeter,
  cleanUp,
  configMapPaths,
  type Figure,
  measureBare,
  measureConfigMaps,
  measurePods,
  measureWatches,
  prepare,
} from './load.ts';
import { type OwnServer, startOwnServer } from './own-server.ts';
import { reference } from './reference.ts';
import { alone, takeTurns } from './turns.ts';

/** Requests of the highest concurrency share this many connections. */
const connections = 4;
const idleSeconds = 30;

export async function run(args: readonly string[]): Promise<unknown> {
  const { values } = readCommandLine(
    {
      name: 'npm run bench -- api',
      description:
        'requests to the API server, one at a time and many at once; beside it a server that knows nothing of Kubernetes',
      flags: {
        server: { value: 'url', help: 'of another API server to measure' },
        token: { value: 'token', help: 'for it' },
        insecure: { help: 'whatever certificate it has' },
        pid: { value: 'pid', help: 'of it, when it runs on this machine: its memory is measured' },
        beside: { value: 'folder', help: 'a checkout of another version: both take turns, and their ratios are shown' },
      },
    },
    args,
  );
  if (values.beside !== undefined) return compare(values.beside);
  const bare = values.server === undefined ? await bareFigures() : new Map<string, Figure>();
  const own = values.server === undefined ? await startOwnServer() : undefined;
  const target = own?.target ?? { server: values.server ?? '', token: values.token ?? '', insecure: values.insecure };
  const pid = own?.pid ?? (values.pid === undefined ? undefined : Number(values.pid));
  const cpu = () => (pid === undefined ? undefined : cpuMilliseconds(pid));
  const client = await connect(target, connections);
  const measured = { client, cpu, turn: alone };
  try {
    await prepare(client);
    const figures = [
      ...(await measureConfigMaps(measured)),
      ...(own ? getsByH2load(own.target, cpu) : []),
      ...(await measurePods(measured)),
      ...(await measureWatches(measured)),
    ];
    if (pid !== undefined) {
      figures.push({ name: 'RSS after the load', value: residentMegabytes(pid), unit: 'MB' });
      await delay(idleSeconds * 1000);
      figures.push({ name: 'RSS idle again', value: residentMegabytes(pid), unit: 'MB' });
    }
    if (!own) await cleanUp(client);
    const rows = figures.map((figure) => rowOf(figure, bare.get(figure.name)));
    console.table(rows);
    console.log(
      'times stock: how many times as good as kube-apiserver was on a machine of this kind (goal: 3; memory: 4). of bare: beside a bare server of Node, in this run (goal: 0.5); "then" is what that one did beside kube-apiserver.',
    );
    return rows;
  } finally {
    client.close();
    await own?.remove();
  }
}

/** Our server and another version's, started together; slices of each row's load take turns. */
async function compare(checkout: string): Promise<unknown> {
  const servers: OwnServer[] = [];
  const clients: Client[] = [];
  try {
    for (const each of [checkout, undefined]) {
      const server = await startOwnServer(each);
      servers.push(server);
      clients.push(await connect(server.target, connections));
    }
    // Together: a server that idles gives memory back, compiled code included (core/process/idle-memory.ts).
    await Promise.all(clients.map(prepare));
    const turns = takeTurns(clients.length);
    const figures = await Promise.all(
      clients.map(async (client, i) => {
        const measured = { client, cpu: () => cpuMilliseconds(servers[i]?.pid ?? 0), turn: turns[i] ?? alone };
        return [
          ...(await measureConfigMaps(measured)),
          ...(await measurePods(measured)),
          ...(await measureWatches(measured)),
        ];
      }),
    );
    const [before = [], now = []] = figures;
    const rows = now.map((figure, i) => comparedRow(figure, before[i]));
    console.table(rows);
    console.log(
      'time: what a slice took here by what it took there, the median of them; below 1 is faster here. CPU: of the server, the same way.',
    );
    return rows;
  } finally {
    for (const client of clients) client.close();
    for (const server of servers) await server.remove();
  }
}

function comparedRow(now: Figure, before: Figure | undefined) {
  const pairs = (now.took ?? []).map((took, i) => took / (before?.took?.[i] ?? Number.NaN)).sort((a, b) => a - b);
  const cpu = now.cpu === undefined || before?.cpu === undefined ? '' : Number((now.cpu / before.cpu).toFixed(3));
  return {
    what: now.name,
    there: before?.value ?? '',
    here: now.value,
    unit: now.unit,
    'time here / there': Number((pairs[Math.floor(pairs.length / 2)] ?? Number.NaN).toFixed(3)),
    'CPU here / there': cpu,
  };
}

/** As many as our own client gets. */
function getsByH2load(target: Target, cpu: CpuMeter): Figure[] {
  if (!hasH2load()) {
    console.log('h2load is not here (Debian: nghttp2-client): the gets are measured by our own client alone');
    return [];
  }
  return [
    measureByH2load(target, cpu, configMapPaths(1, 500, 2000), 1, connections),
    measureByH2load(target, cpu, configMapPaths(64, 8000, 32_000), 64, connections),
  ];
}

/** The machine is faster at one time than at another: what Node can do is measured along. */
async function bareFigures(): Promise<Map<string, Figure>> {
  const server = await startBareServer();
  const client = await connect(server.target, connections);
  try {
    const figures = await measureBare(client, () => cpuMilliseconds(server.pid));
    return new Map(figures.map((figure) => [figure.name, figure]));
  } finally {
    client.close();
    await server.remove();
  }
}

function rowOf({ name, value, unit, p50, p99, cpu }: Figure, bare: Figure | undefined) {
  const { stock, limit } = reference[name] ?? {};
  const ratio = stock === undefined ? undefined : unit === '/s' ? value / stock : stock / value;
  return {
    what: name,
    value,
    unit,
    'p50 ms': p50 ?? '',
    'p99 ms': p99 ?? '',
    'server CPU us': cpu ?? '',
    'kube-apiserver': stock ?? '',
    'times stock': ratio === undefined ? '' : Number(ratio.toFixed(2)),
    bare: bare?.value ?? '',
    'of bare': bare === undefined ? '' : Number((value / bare.value).toFixed(2)),
    'bare then': limit ?? '',
  };
}

function residentMegabytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Math.round((Number(kilobytes) * 1024) / 1e6);
}

/** What all its threads ran (Documentation/scheduler/sched-stats.rst of Linux): finer than the ticks of /proc/PID/stat. */
function cpuMilliseconds(pid: number): number {
  let nanoseconds = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`))
    nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
  return nanoseconds / 1e6;
}
