// Calls a webhook of the cluster over HTTPS: by URL, or through a Service to one of its ready endpoints.
// Source: admissionregistration.k8s.io/v1 WebhookClientConfig, apiextensions.k8s.io/v1 WebhookClientConfig.

import { Agent, request } from 'node:https';
import { jsonObject } from '../../machinery/json.ts';
import { hasMoreValues } from '../../machinery/json-commas.ts';
import { type Reach, reachEndpoints } from '../reach.ts';
import { EndpointError, type ServiceEndpoint, type ServiceLookups, serviceEndpoint } from '../service-endpoint.ts';
import { tlsAgent } from '../tls-agent.ts';

export interface WebhookAddress {
  readonly url?: string;
  readonly service?: {
    readonly namespace: string;
    readonly name: string;
    readonly path?: string;
    /** Default 443. */
    readonly port?: number;
  };
  /** PEM in base64; without it the system's authorities hold. */
  readonly caBundle?: string;
}

/** The webhook gave no answer that can be used: not reached, not trusted, too late, or not a JSON object with status 200. */
export class WebhookError extends Error {
  readonly code: 'unreachable' | 'timeout' | 'answer';

  constructor(code: WebhookError['code'], message: string) {
    super(message);
    this.name = 'WebhookError';
    this.code = code;
  }
}

/** POSTs `body` and gives the JSON object that comes back. Fails with WebhookError. The webhook is told how long it has: `?timeout=10s`. `mostValues`: of an answer. */
export type WebhookCaller = (
  address: WebhookAddress,
  body: unknown,
  timeoutMs: number,
  mostValues?: number,
) => Promise<Record<string, unknown>>;

export interface WebhookCallerOptions extends ServiceLookups {
  /** Default: at its address. */
  readonly reach?: Reach;
}

/** Answers above this are refused: a patch of an object of 3 MB takes less, in base64. What is read at one go must not hold up others. */
const maxAnswer = 5 * 1024 * 1024;

/** How long a connection to an endpoint may take to be made; the webhook's own time may be shorter. */
const connectTimeoutMs = 10_000;
/** After so long without a request a connection is closed. */
const idleMs = 90_000;

export function createWebhookCaller(options: WebhookCallerOptions): WebhookCaller {
  const { reach = reachEndpoints() } = options;
  const byUrl = new Agent({ keepAlive: true, maxSockets: 64, timeout: idleMs });
  const byService = tlsAgent<ServiceCall>(
    {
      open: ({ endpoint }, signal) => reach(endpoint, signal),
      tls: ({ servername, ca }) => ({ servername, ...(ca && { ca }) }),
      timeoutMs: connectTimeoutMs,
    },
    { maxSockets: 64, timeout: idleMs },
  );
  return async (address, body, timeoutMs, mostValues) => {
    const ca = address.caBundle ? { ca: Buffer.from(address.caBundle, 'base64') } : {};
    const url = urlOf(address, timeoutMs);
    const path = url.pathname + url.search;
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const target = address.service
        ? { ...(await serviceTarget(options, address.service)), agent: byService }
        : { ...urlTarget(url), agent: byUrl };
      return answerOf(await post({ ...target, ...ca, path }, JSON.stringify(body), signal), mostValues);
    } catch (error) {
      if (!(error instanceof WebhookError) || error.code === 'answer') throw error;
      throw new WebhookError(error.code, `Post ${JSON.stringify(shown(address, url))}: ${error.message}`);
    }
  };
}

/** What is called, as its users know it: a Service by its name. */
function urlOf({ url = '', service }: WebhookAddress, timeoutMs: number): URL {
  const { namespace, name, port = 443, path = '/' } = service ?? { namespace: '', name: '' };
  const text = service ? `https://${name}.${namespace}.svc:${port}` : url;
  if (!URL.canParse(text)) throw new WebhookError('unreachable', `invalid URL ${JSON.stringify(url)}`);
  const called = new URL(text);
  if (service) called.pathname = path;
  called.searchParams.set('timeout', `${timeoutMs / 1000}s`);
  return called;
}

/** Go says the port of a Service also where it is the scheme's own. */
function shown({ service }: WebhookAddress, { href, origin, hostname }: URL): string {
  return service ? `https://${hostname}:${service.port ?? 443}${href.slice(origin.length)}` : href;
}

interface Target {
  readonly host: string;
  readonly port: number;
}

/** What the agent gets of a request by Service. Connections are kept by host, port, server name and authorities. */
interface ServiceCall extends Target {
  readonly endpoint: ServiceEndpoint;
  readonly servername: string;
  /** What the webhook is called by, as its clients know it. */
  readonly setHost: false;
  readonly headers: { readonly host: string };
  readonly ca?: Buffer;
}

type Post = (Target | ServiceCall) & { readonly path: string; readonly ca?: Buffer; readonly agent: Agent };

function urlTarget({ hostname, port }: URL): Target {
  return { host: hostname.replace(/^\[|\]$/g, ''), port: port ? Number(port) : 443 };
}

async function serviceTarget(
  lookups: ServiceLookups,
  { namespace, name, port = 443 }: NonNullable<WebhookAddress['service']>,
): Promise<ServiceCall> {
  const endpoint = await endpointOf(lookups, namespace, name, port);
  const servername = `${name}.${namespace}.svc`;
  const headers = { host: `${servername}:${port}` };
  return { host: endpoint.host, port: endpoint.port, endpoint, servername, setHost: false, headers };
}

async function endpointOf(options: ServiceLookups, namespace: string, name: string, port: number) {
  try {
    return await serviceEndpoint(options, namespace, name, port);
  } catch (error) {
    if (error instanceof EndpointError) throw new WebhookError('unreachable', error.message);
    throw error;
  }
}

/** The text of an answer with status 200. */
function post(target: Post, body: string, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) =>
      reject(
        signal.aborted
          ? new WebhookError('timeout', 'context deadline exceeded')
          : new WebhookError('unreachable', error.message),
      );
    // A request that waits for its connection does not hear of its end by itself.
    signal.addEventListener('abort', () => fail(signal.reason), { once: true });
    const headers = {
      ...('headers' in target && target.headers),
      'content-type': 'application/json',
      accept: 'application/json',
      'user-agent': 'kube-apiserver-admission',
      'content-length': Buffer.byteLength(body),
    };
    let answered = false;
    const sent = request({ ...target, method: 'POST', headers, signal }, (response) => {
      answered = true;
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > maxAnswer) response.destroy(new Error(`the answer is larger than ${maxAnswer} bytes`));
        else chunks.push(chunk);
      });
      response.on('error', fail);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        if (response.statusCode !== 200)
          reject(new WebhookError('answer', `the server answered ${response.statusCode}: ${text.slice(0, 256)}`));
        else resolve(text);
      });
    });
    sent.on('error', (error) => {
      // A kept connection may be over just when it is used again. Webhooks are called more than once as it is.
      if (sent.reusedSocket && !answered && !signal.aborted) post(target, body, signal).then(resolve, reject);
      else fail(error);
    });
    sent.end(body);
  });
}

function answerOf(text: string, mostValues = Number.POSITIVE_INFINITY): Record<string, unknown> {
  if (hasMoreValues(text, mostValues))
    throw new WebhookError('answer', `the answer has more than ${mostValues} values`);
  const value = jsonObject(text);
  if (!value || Array.isArray(value)) throw new WebhookError('answer', 'the answer is not a JSON object');
  return { ...value };
}
