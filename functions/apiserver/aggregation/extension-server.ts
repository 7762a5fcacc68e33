// One server behind an APIService: asked whether it is there and what it serves, and given the requests for its group version.

import type { ExtensionResource } from '../../../core/api/extensions.ts';
import type { UserInfo } from '../../../core/authorization/user-info.ts';
import { errorText } from '../../../core/machinery/error-text.ts';
import { parseJson } from '../../../core/machinery/json.ts';
import { hasMoreValues } from '../../../core/machinery/json-commas.ts';
import { getOwn } from '../../../core/machinery/own.ts';
import { hasReason, StatusError } from '../../../core/machinery/status.ts';
import { EndpointError, serviceEndpoint } from '../../../core/registry/service-endpoint.ts';
import type { V1APIServiceSpec } from '../../../generated/kubernetes.ts';
import type { ApiResponse, RoutedRequest, UpgradeConnection } from '../http.ts';
import { forward, forwardUpgrade, passedHeaders, type Upstream } from '../proxy/forward.ts';
import { encodeSegments } from '../request-info.ts';
import type { Exchange } from '../resources/exchange.ts';
import { type ConnectionOptions, connectionsOf } from './connection.ts';
import { identityHeaders } from './identity.ts';

/** The condition `Available` of an APIService. */
export interface Availability {
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
}

/** What looks at a server found. */
export interface Looked {
  readonly availability: Availability | undefined;
  /** As its last discovery had it. */
  readonly resources: readonly ExtensionResource[];
  /** Where its OpenAPI v3 document is. */
  readonly openApiUrl: string | undefined;
}

export interface ExtensionServer extends Looked {
  readonly name: string;
  readonly spec: V1APIServiceSpec;
  /** Looks whether it is there and what it serves. Never rejects. */
  look(): Promise<Availability>;
  /** Throws ServiceUnavailable while it is not available. */
  forward(exchange: Exchange): Promise<ApiResponse>;
  upgrade(exchange: Exchange, connection: UpgradeConnection): Promise<ApiResponse | undefined>;
  /** A JSON document for the API server itself. Throws StatusError when it gives none. */
  fetch(method: 'GET' | 'DELETE', path: string): Promise<{ status: number; body: unknown }>;
  /** What another process found. */
  learn(looked: Looked): void;
  close(): void;
}

export interface ExtensionServerOptions extends ConnectionOptions {
  /** A request did not get there. */
  readonly onUnreached?: (name: string, error: Error) => Promise<void>;
}

const aggregator: UserInfo = { username: 'system:kube-aggregator', groups: ['system:masters', 'system:authenticated'] };
const fetchTimeoutMs = 5_000;
const maxDocumentBytes = 8 * 1024 * 1024;
/** A document is read at one go: of more values that would hold up others. */
const maxDocumentValues = 250_000;

export function createExtensionServer(
  name: string,
  spec: V1APIServiceSpec,
  options: ExtensionServerOptions,
): ExtensionServer {
  const agent = connectionsOf(spec, options);
  const host = `${spec.service?.name}.${spec.service?.namespace}.svc`;
  const groupVersion = `apis/${spec.group}/${spec.version}`;
  let availability: Availability | undefined;
  let resources: readonly ExtensionResource[] = [];
  let openApiUrl: string | undefined;

  const upstreamOf = (
    { method, path, search }: { readonly method: string; readonly path: string; readonly search: string },
    request: RoutedRequest,
    user: UserInfo,
  ): Upstream => ({
    method,
    scheme: 'https',
    path: search === '' ? path : `${path}?${search}`,
    headers: { ...passedHeaders(request, path), ...identityHeaders(user), host },
    connection: { agent },
  });
  // Encoded anew, so that the server reads what was authorized.
  const asAuthorized = ({ info, query }: Exchange) => ({
    method: info.method,
    path: encodeSegments(info.path.split('/')),
    search: query.toString(),
  });
  const demandAvailable = () => {
    if (availability?.status === 'True') return;
    const why = availability ? `${availability.reason}: ${availability.message}` : 'it has not been reached yet';
    throw new StatusError('ServiceUnavailable', `the server behind APIService ${name} is not available: ${why}`, {
      retryAfterSeconds: 1,
    });
  };
  const get = async (method: 'GET' | 'DELETE', target: string) => {
    const [path = '', search = ''] = target.split('?');
    const signal = AbortSignal.timeout(fetchTimeoutMs);
    const request: RoutedRequest = { headers: { accept: 'application/json' }, signal };
    const answer = await forward(request, upstreamOf({ method, path, search }, request, aggregator));
    return { status: answer.status, body: await jsonOf(answer.body) };
  };

  async function discover(): Promise<Availability> {
    try {
      await serviceEndpoint(
        options.lookups,
        spec.service?.namespace ?? '',
        spec.service?.name ?? '',
        spec.service?.port ?? 443,
      );
      const { status, body } = await get('GET', `/${groupVersion}`);
      if (status < 200 || status > 299)
        return failed('FailedDiscoveryCheck', `bad status from https://${host}: ${status}`);
      resources = resourcesOf(body);
    } catch (error) {
      if (error instanceof EndpointError) return failed(error.reason, error.message);
      return noResponse(spec, error);
    }
    // Not every server describes itself; one that does not is available all the same.
    openApiUrl = await get('GET', '/openapi/v3').then(
      ({ body }) => urlOf(body, groupVersion),
      () => undefined,
    );
    return { status: 'True', reason: 'Passed', message: 'all checks passed' };
  }

  return {
    name,
    spec,
    get availability() {
      return availability;
    },
    get resources() {
      return resources;
    },
    get openApiUrl() {
      return openApiUrl;
    },
    async look() {
      availability = await discover();
      return availability;
    },
    async forward(exchange) {
      demandAvailable();
      const { request, context } = exchange;
      try {
        return await forward(request, upstreamOf(asAuthorized(exchange), request, context.user));
      } catch (error) {
        if (hasReason(error, 'ServiceUnavailable') && !request.signal?.aborted)
          await options.onUnreached?.(name, error);
        throw error;
      }
    },
    async upgrade(exchange, connection) {
      demandAvailable();
      const { request, context } = exchange;
      return forwardUpgrade(request, upstreamOf(asAuthorized(exchange), request, context.user), connection);
    },
    fetch: get,
    learn(looked) {
      ({ availability, resources, openApiUrl } = looked);
    },
    close: () => agent.destroy(),
  };
}

/** It did not answer, or not as an API server. */
export function noResponse({ service, group, version }: V1APIServiceSpec, error: unknown): Availability {
  const url = `https://${service?.name}.${service?.namespace}.svc/apis/${group}/${version}`;
  return failed('FailedDiscoveryCheck', `failing or missing response from ${url}: ${errorText(error)}`);
}

function failed(reason: string, message: string): Availability {
  return { status: 'False', reason, message };
}

async function jsonOf(body: AsyncIterable<Uint8Array>): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > maxDocumentBytes) throw new Error(`the document is larger than ${maxDocumentBytes} bytes`);
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString('utf8');
  if (hasMoreValues(text, maxDocumentValues)) throw new Error(`the document has more than ${maxDocumentValues} values`);
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

/** What another server calls its resources is checked before it is passed on. */
function resourcesOf(body: unknown): ExtensionResource[] {
  const list = typeof body === 'object' && body !== null && 'resources' in body ? body.resources : undefined;
  if (!Array.isArray(list)) throw new Error('the answer is no APIResourceList');
  return list.filter(isResource);
}

function isResource(value: unknown): value is ExtensionResource {
  if (typeof value !== 'object' || value === null) return false;
  const { name, kind, verbs } = value as Partial<ExtensionResource>;
  return typeof name === 'string' && typeof kind === 'string' && Array.isArray(verbs);
}

function urlOf(index: unknown, groupVersion: string): string | undefined {
  const paths = (index as { paths?: Record<string, { serverRelativeURL?: string } | undefined> } | undefined)?.paths;
  const url = getOwn(paths, groupVersion)?.serverRelativeURL;
  return typeof url === 'string' && url.startsWith('/openapi/v3/') ? url : undefined;
}
