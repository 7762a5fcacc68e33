// Calls a webhook of the cluster over HTTPS: by URL, or through a Service to one of its ready endpoints.
// Source: admissionregistration.k8s.io/v1 WebhookClientConfig, apiextensions.k8s.io/v1 WebhookClientConfig.

import { Agent, request } from 'node:https';
import { parseJson } from '../../machinery/json.ts';
import { EndpointError, type ServiceLookups, serviceEndpoint } from '../service-endpoint.ts';

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

/** POSTs `body` and gives the JSON object that comes back. Fails with WebhookError. The webhook is told how long it has: `?timeout=10s`. */
export type WebhookCaller = (
  address: WebhookAddress,
  body: unknown,
  timeoutMs: number,
) => Promise<Record<string, unknown>>;

export interface Dial {
  readonly host: string;
  readonly port: number;
}

export interface WebhookCallerOptions extends ServiceLookups {
  /** How an address of the pod network is reached from here. Default: as it is. */
  readonly dial?: (address: Dial) => Dial;
}

/** Answers above this are refused: a patch is never larger than what it patches may be. */
const maxAnswer = 8 * 1024 * 1024;

export function createWebhookCaller(options: WebhookCallerOptions): WebhookCaller {
  // Idle connections do not keep a process alive.
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  return async (address, body, timeoutMs) => {
    const ca = address.caBundle ? { ca: Buffer.from(address.caBundle, 'base64') } : {};
    const url = urlOf(address, timeoutMs);
    try {
      const target = address.service ? await serviceTarget(options, address.service) : urlTarget(url);
      return await post({ ...target, path: url.pathname + url.search, ...ca, agent }, JSON.stringify(body), timeoutMs);
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

interface Post {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly servername?: string;
  readonly ca?: Buffer;
  readonly agent: Agent;
}

function urlTarget({ hostname, port }: URL): Omit<Post, 'agent' | 'path'> {
  return { host: hostname.replace(/^\[|\]$/g, ''), port: port ? Number(port) : 443 };
}

async function serviceTarget(
  options: WebhookCallerOptions,
  { namespace, name, port = 443 }: NonNullable<WebhookAddress['service']>,
): Promise<Omit<Post, 'agent' | 'path'>> {
  const dial = options.dial ?? ((each: Dial) => each);
  const { host, port: number } = await endpointOf(options, namespace, name, port);
  return {
    ...dial({ host, port: number }),
    servername: `${name}.${namespace}.svc`,
  };
}

async function endpointOf(options: WebhookCallerOptions, namespace: string, name: string, port: number) {
  try {
    return await serviceEndpoint(options, namespace, name, port);
  } catch (error) {
    if (error instanceof EndpointError) throw new WebhookError('unreachable', error.message);
    throw error;
  }
}

function post(target: Post, body: string, timeoutMs: number): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const fail = (error: Error) =>
      reject(
        signal.aborted
          ? new WebhookError('timeout', 'context deadline exceeded')
          : new WebhookError('unreachable', error.message),
      );
    const headers = {
      'content-type': 'application/json',
      accept: 'application/json',
      'user-agent': 'kube-apiserver-admission',
      'content-length': Buffer.byteLength(body),
    };
    const sent = request({ ...target, method: 'POST', headers, signal }, (response) => {
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
        else resolveJson(text, resolve, reject);
      });
    });
    sent.on('error', fail);
    sent.end(body);
  });
}

function resolveJson(
  text: string,
  resolve: (value: Record<string, unknown>) => void,
  reject: (error: Error) => void,
): void {
  try {
    const value: unknown = parseJson(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) resolve({ ...value });
    else reject(new WebhookError('answer', 'the answer is not a JSON object'));
  } catch {
    reject(new WebhookError('answer', 'the answer is not JSON'));
  }
}
