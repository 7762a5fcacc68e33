// What is read of a cluster to say how it is: over its API, as who the kubeconfig says. What may not be read says so; the rest is seen.

import { connect } from 'node:tls';
import { type ApiClient, ApiError } from '../../agent/api-client/api-client.ts';
import { errorText } from '../../core/machinery/error-text.ts';
import type { V1APIService, V1Node, V1Pod } from '../../generated/kubernetes.ts';

/** What was read, or why it was not. */
export type Seen<T> = { readonly value: T } | { readonly why: string };

export interface Listed<T> {
  readonly items: readonly T[];
  /** There are more, which were not read. */
  readonly cut: boolean;
}

export interface ClusterView {
  readonly server: string;
  /** Of Kubernetes, as `/version` says. */
  readonly version: Seen<string>;
  /** Status and text of `/readyz?verbose`. */
  readonly ready: Seen<{ readonly status: number; readonly text: string }>;
  readonly serverCertificateEnds: Seen<Date>;
  readonly nodes: Seen<Listed<V1Node>>;
  readonly pods: Seen<Listed<V1Pod>>;
  readonly apiServices: Seen<Listed<V1APIService>>;
  /** Prometheus text. */
  readonly metrics: Seen<string>;
}

const answerMs = 15_000;
const pageSize = 500;
/** Beyond it a person reads no list, and the API has better to do. */
const most = 10_000;

/** Rejects with UnreachableError when the API does not answer at all. */
export async function viewCluster(api: ApiClient): Promise<ClusterView> {
  const { server } = api.credentials;
  // First, and alone: when nobody answers there, nothing else is asked.
  const { text } = await api.request('GET', '/version', { timeoutMs: answerMs });
  const [ready, serverCertificateEnds, nodes, pods, apiServices, metrics] = await Promise.all([
    seen(async () => {
      const { status, text } = await api.request('GET', '/readyz?verbose', { timeoutMs: answerMs });
      return { status, text };
    }),
    seen(() => certificateEnd(server, api.credentials.ca)),
    seen(() => list<V1Node>(api, '/api/v1/nodes')),
    seen(() => list<V1Pod>(api, '/api/v1/pods')),
    seen(() => list<V1APIService>(api, '/apis/apiregistration.k8s.io/v1/apiservices')),
    seen(async () => {
      const { status, text } = await api.request('GET', '/metrics', { timeoutMs: answerMs });
      if (status !== 200) throw new Error(`HTTP ${status}`);
      return text;
    }),
  ]);
  const version = /"gitVersion":\s*"([^"]+)"/.exec(text)?.[1];
  return {
    server,
    version: version === undefined ? { why: 'it does not say its version' } : { value: version },
    ...{ ready, serverCertificateEnds, nodes, pods, apiServices, metrics },
  };
}

export async function seen<T>(read: () => Promise<T>): Promise<Seen<T>> {
  try {
    return { value: await read() };
  } catch (error) {
    return { why: error instanceof ApiError ? `${error.message} (${error.code})` : errorText(error) };
  }
}

/** In pages. Rejects with ApiError and UnreachableError. */
export async function list<T>(api: ApiClient, path: string, selector = ''): Promise<Listed<T>> {
  const items: T[] = [];
  let next: string | undefined;
  do {
    const query = `${selector}&limit=${pageSize}${next === undefined ? '' : `&continue=${encodeURIComponent(next)}`}`;
    const page = await api.json<{ items: T[]; metadata?: { continue?: string } }>('GET', `${path}?${query}`, {
      timeoutMs: answerMs,
    });
    items.push(...page.items);
    next = page.metadata?.continue || undefined;
  } while (next !== undefined && items.length < most);
  return { items, cut: next !== undefined };
}

function certificateEnd(server: string, ca: string | undefined): Promise<Date> {
  const { hostname, port } = new URL(server);
  return new Promise((resolve, reject) => {
    const host = hostname.replace(/^\[|\]$/g, '');
    const name = /^[\d.]+$|:/.test(host) ? undefined : host;
    const socket = connect({
      ...{ host, port: Number(port || 443), timeout: answerMs },
      ...(name !== undefined && { servername: name }),
      ...(ca !== undefined && { ca }),
    });
    socket.once('secureConnect', () => {
      resolve(new Date(socket.getPeerCertificate().valid_to));
      socket.destroy();
    });
    socket.once('timeout', () => socket.destroy(new Error(`no answer within ${answerMs / 1000} s`)));
    socket.once('error', reject);
  });
}
