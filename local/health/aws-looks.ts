// What only a deployed stack can tell ("Look at these first" of docs/aws.md): each tried against the cluster's URL, as its clients do it.

import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { type RequestOptions, request as send } from 'node:https';
import { gunzipSync } from 'node:zlib';
import { errorText } from '../../core/machinery/error-text.ts';
import { jsonObject } from '../../core/machinery/json.ts';
import { withoutEnd } from '../../core/machinery/text-ends.ts';
import { type Finding, fault, ok } from './finding.ts';

export interface LookOptions {
  /** With the stage's path. */
  readonly server: string;
  /** `Bearer ...`. */
  readonly authorization: string;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as it comes, without a length. */
  readonly chunks?: readonly string[];
}

interface Look {
  readonly part: string;
  /** How it is. Rejects with what is not so. */
  look(server: Server): Promise<string>;
  /** Where to begin when it is not so. */
  readonly next: string;
}

interface Server {
  ask(path: string, asked?: Asked): Promise<Answer>;
  /** An answer that goes on: resolves with its head, and says when a text stood in its body. */
  open(
    path: string,
  ): Promise<{ readonly headMs: number; saw(text: string, ms: number): Promise<number>; leave(): void }>;
}

const answerMs = 60_000;
const configMaps = '/api/v1/namespaces/default/configmaps';
/** Functions start anew after a rest, and follow the log of what others write. */
const changeMs = 30_000;
const headMs = 10_000;

const looks: readonly Look[] = [
  {
    part: 'routing',
    next: 'infra/routes.ts, and what the stage made of it: aws apigateway get-resources',
    async look({ ask }) {
      for (const [path, kind] of [
        ['/api', 'APIVersions'],
        ['/apis', 'APIGroupList'],
        ['/apis/apps/v1', 'APIResourceList'],
        ['/apis/apps/v1/namespaces/default/deployments', 'DeploymentList'],
        [configMaps, 'ConfigMapList'],
      ] as const) {
        const answer = await ask(path);
        if (kindOf(answer) !== kind) throw new Error(`${path} answered ${told(answer)}, and not ${kind}`);
      }
      return '/api, /apis, groups and collections answer as themselves';
    },
  },
  {
    part: 'names in paths',
    next: 'API Gateway decodes the path before the function sees it: functions/apiserver, where the event is read',
    async look({ ask }) {
      const answer = await ask('/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Anode');
      if (kindOf(answer) !== 'ClusterRole') throw new Error(`clusterroles/system%3Anode answered ${told(answer)}`);
      return 'a name with a colon arrives';
    },
  },
  {
    part: 'query strings',
    next: 'API Gateway decodes queries before the function sees them: functions/apiserver, where the event is read',
    async look({ ask }) {
      const answer = await ask('/api/v1/namespaces?fieldSelector=metadata.name%3Ddefault&limit=5');
      const items = fieldOf(answer, 'items');
      if (!Array.isArray(items) || items.length !== 1) throw new Error(`a field selector answered ${told(answer)}`);
      return 'selectors arrive';
    },
  },
  {
    part: 'double slashes',
    next: 'clients whose server ends with a slash send them: name the server without it, and tell us what your stage answers',
    async look({ ask }) {
      const answer = await ask('//api/v1/namespaces/default');
      const kind = fieldOf(answer, 'kind');
      const redirects = answer.status >= 300 && answer.status < 400;
      if (kind !== 'Namespace' && kind !== 'Status' && !redirects)
        throw new Error(`//api/v1/... answered ${told(answer)}`);
      return `//api/v1/... answers ${answer.status}, in the API's own words`;
    },
  },
  {
    part: 'binary bodies',
    next: "binaryMediaTypes of the API (infra/api.ts) must be '*/*'",
    async look({ ask }) {
      const protobuf = await ask('/api/v1/namespaces/default', {
        headers: { accept: 'application/vnd.kubernetes.protobuf' },
      });
      if (!protobuf.body.subarray(0, 4).equals(Buffer.from('k8s\0')))
        throw new Error(`protobuf came as ${told(protobuf)}`);
      const packed = await ask('/apis/apps/v1', { headers: { 'accept-encoding': 'gzip' } });
      const is = packed.headers['content-encoding'];
      if (is !== undefined && is !== 'gzip') throw new Error(`gzip was asked for, and ${is} came`);
      const text = is === 'gzip' ? gunzipSync(packed.body) : packed.body;
      if (kindOf({ ...packed, body: text }) !== 'APIResourceList')
        throw new Error('a packed answer cannot be unpacked');
      return `protobuf and ${is === 'gzip' ? 'gzip arrive' : 'plain text arrive; nothing came packed'}`;
    },
  },
  {
    part: 'chunked bodies',
    next: 'client libraries send bodies without a length: what API Gateway answers says whether it takes them',
    async look({ ask }) {
      const body = JSON.stringify({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { generateName: 'zeroplane-doctor-' },
      });
      const answer = await ask(`${configMaps}?dryRun=All`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        chunks: [body.slice(0, 20), body.slice(20)],
      });
      if (answer.status !== 201) throw new Error(`a body in chunks was answered with ${told(answer)}`);
      return 'a body without a length is taken';
    },
  },
  {
    part: 'head of a stream',
    next: 'the route must stream (responseTransferMode STREAM, infra/api.ts), and its function must send its head at once',
    async look({ open }) {
      const stream = await open(`${configMaps}?watch=true&fieldSelector=metadata.name%3Dzeroplane-doctor-nobody`);
      stream.leave();
      if (stream.headMs > headMs) throw new Error(`a watch of nothing answered after ${stream.headMs} ms only`);
      return `a watch of nothing answers in ${stream.headMs} ms, before there is anything to tell`;
    },
  },
  {
    part: 'a change in a watch',
    next: 'the stream of the table and the alarms of streamTrigger and watches: CloudWatch, the metric WatchLag',
    async look({ ask, open }) {
      const name = `zeroplane-doctor-${randomBytes(4).toString('hex')}`;
      const stream = await open(`${configMaps}?watch=true&fieldSelector=metadata.name%3D${name}`);
      try {
        const body = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } });
        const made = await ask(configMaps, {
          ...{ method: 'POST', headers: { 'content-type': 'application/json' }, chunks: [body] },
        });
        if (made.status !== 201) throw new Error(`a ConfigMap was not made: ${told(made)}`);
        const ms = await stream.saw(name, changeMs);
        return `seen ${ms} ms after its write was answered`;
      } finally {
        stream.leave();
        await ask(`${configMaps}/${name}`, { method: 'DELETE' });
      }
    },
  },
];

/** One after the other: a look does not disturb another. */
export async function lookFindings(options: LookOptions): Promise<Finding[]> {
  const server = createServer(options);
  const found: Finding[] = [];
  try {
    const { status, body } = await server.ask('/version');
    if (status !== 200)
      return [
        fault(
          'the API',
          `${options.server}/version answered ${status}: ${body}`,
          'take ApiUrl of the stack’s outputs, with its stage',
        ),
      ];
  } catch (error) {
    return [
      fault('the API', `${options.server} is not reached: ${errorText(error)}`, 'take ApiUrl of the stack’s outputs'),
    ];
  }
  for (const { part, look, next } of looks)
    found.push(
      await look(server).then(
        (how) => ok(part, how),
        (error: unknown) => fault(part, errorText(error), next),
      ),
    );
  return found;
}

function createServer({ server, authorization }: LookOptions): Server {
  const base = new URL(server);
  const prefix = withoutEnd(base.pathname, '/');
  const begin = (path: string, { method = 'GET', headers, chunks }: Asked = {}) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const options: RequestOptions = {
        ...{
          method,
          agent: false,
          timeout: answerMs,
          host: base.hostname,
          port: base.port || 443,
          path: prefix + path,
        },
        headers: { accept: 'application/json', authorization, ...headers },
      };
      const call = send(options, resolve);
      call.once('timeout', () => call.destroy(new Error(`no answer to ${method} ${path} within ${answerMs / 1000} s`)));
      call.once('error', reject);
      for (const chunk of chunks ?? []) call.write(chunk);
      call.end();
    });
  return {
    async ask(path, asked) {
      const response = await begin(path, asked);
      const body: Buffer[] = [];
      for await (const chunk of response) body.push(chunk);
      return { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(body) };
    },
    async open(path) {
      const began = performance.now();
      let response = await begin(path);
      const { location } = response.headers;
      if (response.statusCode === 307 && location !== undefined) {
        // A watch is served by a function of its own.
        response.resume();
        response = await begin(
          new URL(location, base.origin + prefix + path).href.slice(base.origin.length + prefix.length),
        );
      }
      const head = Math.round(performance.now() - began);
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text = (text + chunk).slice(-100_000);
      });
      response.on('error', () => undefined);
      if (response.statusCode !== 200) {
        response.destroy();
        throw new Error(`a watch answered ${response.statusCode}`);
      }
      return {
        headMs: head,
        leave: () => response.destroy(),
        saw: (what, ms) =>
          new Promise((resolve, reject) => {
            const since = performance.now();
            const late = setTimeout(() => {
              clearInterval(looking);
              reject(new Error(`a watch did not see a change within ${ms / 1000} s`));
            }, ms);
            const looking = setInterval(() => {
              if (!text.includes(what)) return;
              clearInterval(looking);
              clearTimeout(late);
              resolve(Math.round(performance.now() - since));
            }, 10);
          }),
      };
    },
  };
}

function kindOf(answer: Answer): unknown {
  return answer.status === 200 ? fieldOf(answer, 'kind') : undefined;
}

function fieldOf({ body }: Answer, name: 'items' | 'kind'): unknown {
  const { items, kind } = { items: undefined, kind: undefined, ...jsonObject(body.toString()) };
  return name === 'items' ? items : kind;
}

function told({ status, body }: Answer): string {
  return `${status} ${JSON.stringify(body.subarray(0, 200).toString())}`;
}
