// What a large CustomResourceDefinition costs a server that runs as `up` starts it: processor time of its process, until its objects are
// served, and for how long others wait meanwhile. Waiting is told twice: by the clock, which a busy machine makes longer, and as what the
// thread that answers worked between a request and its answer.

import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { largeDefinition, largeObject } from '../../test/tools/large-definition.ts';
import { type Client, connect } from '../api/client.ts';
import { startOwnServer } from '../api/own-server.ts';

const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const rounds = 5;
const kilobytes = 300;
const rules = 900;
/** Between a side request's answer and the next. */
const pauseMs = 2;

interface Row {
  readonly what: string;
  /** Processor time of all threads. */
  readonly cpuMs: number;
  /** The longest that a side request waited, and what the thread that answers worked meanwhile. */
  readonly longestMs: number;
  readonly longestWorkMs: number;
}

export async function run(): Promise<readonly Row[]> {
  const server = await startOwnServer();
  const [client, side] = await Promise.all([connect(server.target, 1), connect(server.target, 1)]);
  try {
    const namespace = `/api/v1/namespaces/default`;
    await send(side, 'POST', `${namespace}/configmaps`, { metadata: { name: 'side' } });
    const measure = (what: string, work: () => Promise<unknown>) =>
      measured(what, server.pid, () => send(side, 'GET', `${namespace}/configmaps/side`), work);
    const rows: Row[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const shape = { group: `round${round}.example.com`, plural: 'products', kind: 'Product' };
      const definition = largeDefinition({ ...shape, kilobytes, rules, word: `round${round}` });
      const path = `/apis/${shape.group}/v1/namespaces/default/products`;
      const served = async () => {
        const isServed = () => send(client, 'GET', path).then(...isAnswered);
        while (!(await isServed())) await delay(5);
      };
      rows.push(
        await measure('create', async () => {
          await send(client, 'POST', crds, definition);
          await served();
        }),
        await measure('first object', () => send(client, 'POST', path, largeObject(shape.group, shape.kind, 'a'))),
        await measure('second object', () => send(client, 'POST', path, largeObject(shape.group, shape.kind, 'b'))),
        await measure('its OpenAPI', () => send(client, 'GET', `/openapi/v3/apis/${shape.group}/v1`)),
        await measure('all OpenAPI', () => send(client, 'GET', '/openapi/v2')),
      );
    }
    const size = JSON.stringify(
      largeDefinition({ group: 'round0.example.com', plural: 'products', kind: 'Product', kilobytes, rules }),
    ).length;
    console.log(
      `a definition of ${Math.round(size / 1000)} KB with ${rules} rules, ${rounds} times; goal: create 500 ms, others wait 50 ms`,
    );
    console.table(rows.map(({ what, ...figures }) => ({ what, ...rounded(figures) })));
    return rows;
  } finally {
    client.close();
    side.close();
    await server.remove();
  }
}

const isAnswered = [() => true, () => false] as const;

async function send(client: Client, method: string, path: string, body?: object): Promise<void> {
  await client.send(method, path, body && JSON.stringify(body));
}

async function measured(
  what: string,
  pid: number,
  askBeside: () => Promise<void>,
  work: () => Promise<unknown>,
): Promise<Row> {
  let isDone = false;
  let longestMs = 0;
  let longestWorkMs = 0;
  const beside = (async () => {
    while (!isDone) {
      const [began, worked] = [performance.now(), threadMs(pid, pid)];
      await askBeside();
      longestMs = Math.max(longestMs, performance.now() - began);
      longestWorkMs = Math.max(longestWorkMs, threadMs(pid, pid) - worked);
      await delay(pauseMs);
    }
  })();
  const before = processMs(pid);
  await work();
  isDone = true;
  await beside;
  // The other thread, and what is left to do behind the answer.
  await delay(200);
  return { what, cpuMs: processMs(pid) - before, longestMs, longestWorkMs };
}

function processMs(pid: number): number {
  return readdirSync(`/proc/${pid}/task`).reduce((sum, thread) => sum + threadMs(pid, Number(thread)), 0);
}

/** Time on a processor: the first field of schedstat, in nanoseconds. Source: the kernel's sched-stats. */
function threadMs(pid: number, thread: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
  } catch {
    return 0; // it ended meanwhile
  }
}

function rounded(figures: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(figures).map(([name, each]) => [name, Math.round(each)]));
}
