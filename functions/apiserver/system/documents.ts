// Discovery and OpenAPI documents over HTTP: which form the client accepts, and 304 where it has the document already.
// Source: KEP-3352 (aggregated discovery), RFC 9110 (13.1.2 If-None-Match).

import { createHash } from 'node:crypto';
import type { Definitions } from '../../../core/api/definition.ts';
import { type Document, discoveryOf } from '../../../core/api/discovery.ts';
import type { OpenApi } from '../../../core/api/openapi/openapi.ts';
import type { Aggregation, ExtensionDocuments } from '../aggregation/aggregation.ts';
import type { ApiResponse, RoutedRequest } from '../http.ts';
import type { Exchange } from '../resources/exchange.ts';
import { kubernetesVersion } from './version.ts';

export interface Documents {
  discovery(exchange: Exchange): Promise<ApiResponse | undefined>;
  openapi(exchange: Exchange): Promise<ApiResponse | undefined>;
}

/** `aggregation`: what other servers add. */
export function createDocuments(definitions: Definitions, aggregation?: Aggregation): Documents {
  const discovery = discoveryOf(definitions, aggregation?.extensions);
  // Made for the first client that asks for schemas.
  let openapi: Promise<OpenApiDocuments> | undefined;
  const opened = () => {
    openapi ??= import('../../../core/api/openapi/openapi.ts').then(({ openApiOf, swaggerProtobuf }) => ({
      ...openApiOf(definitions, { version: kubernetesVersion.gitVersion }),
      swaggerProtobuf,
    }));
    return openapi;
  };

  const find = (exchange: Exchange): [Document, string] | undefined => {
    const { request, info } = exchange;
    const [prefix, first, second] = info.segments;
    const legacy = prefix === 'api';
    if (info.segments.length === 1) {
      const version = aggregatedVersion(request);
      if (version)
        return [
          discovery.aggregated(legacy ? '/api' : '/apis', version),
          `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`,
        ];
      return plain(legacy ? discovery.versions(serverAddress(request)) : discovery.groups());
    }
    if (info.segments.length === 2)
      return plain(legacy ? discovery.resources('', first ?? '') : discovery.group(first ?? ''));
    return plain(discovery.resources(first ?? '', second ?? ''));
  };

  return {
    async discovery(exchange) {
      const found = find(exchange);
      return found && respondDocument(exchange.request, ...found);
    },
    openapi: async (exchange) => openApiResponse(await opened(), aggregation?.documents, exchange),
  };
}

type OpenApiDocuments = OpenApi & Pick<typeof import('../../../core/api/openapi/openapi.ts'), 'swaggerProtobuf'>;

async function openApiResponse(
  openapi: OpenApiDocuments,
  extensions: ExtensionDocuments | undefined,
  exchange: Exchange,
): Promise<ApiResponse | undefined> {
  const { request, info, query } = exchange;
  const [, version, prefix, ...rest] = info.segments;
  const { swaggerProtobuf } = openapi;
  if (version === 'v2' && prefix === undefined) {
    const asProtobuf = (request.headers['accept'] ?? '').includes(swaggerProtobuf.accept);
    const document = await openapi.v2(await extensions?.v2());
    const etag = `"${document.hash}${asProtobuf ? '-protobuf' : ''}"`;
    return respondTagged(request, etag, asProtobuf ? swaggerProtobuf.contentType : 'application/json', () =>
      asProtobuf ? document.protobuf() : document.json(),
    );
  }
  if (version !== 'v3') return undefined;
  if (prefix === undefined) {
    const body = await openapi.index(extensions?.v3Paths());
    return respondDocument(request, { body, etag: `"${digest(body)}"` }, 'application/json');
  }
  const [group = '', name = ''] = prefix === 'api' ? ['', rest[0]] : rest;
  if ((prefix !== 'api' && prefix !== 'apis') || rest.length !== (prefix === 'api' ? 1 : 2)) return undefined;
  const elsewhere = extensions?.v3(exchange, group, name);
  if (elsewhere) return elsewhere;
  const document = await openapi.v3(group, name);
  if (document === undefined) return undefined;
  const { hash } = document;
  const asked = query.text('hash');
  // Whoever asks for one that is no more is shown the way to what is now (KEP-2896).
  if (asked && asked !== hash) {
    const path = group === '' ? `api/${name}` : `apis/${group}/${name}`;
    return { status: 301, headers: { location: `/openapi/v3/${path}?hash=${hash}`, vary: 'Accept' } };
  }
  const response = await respondTagged(request, `"${hash}"`, 'application/json', () => document.json());
  // Under its hash a document never changes (KEP-2896): clients keep it for good.
  if (asked === hash) response.headers['cache-control'] = 'public, immutable, max-age=31536000';
  return response;
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** A document that is made only when the client does not have it. */
async function respondTagged(
  request: RoutedRequest,
  etag: string,
  contentType: string,
  make: () => Promise<Uint8Array>,
): Promise<ApiResponse> {
  const headers = { 'content-type': contentType, etag, vary: 'Accept', 'cache-control': 'public' };
  if (hasDocument(request, etag)) return { status: 304, headers };
  return { status: 200, headers, body: await make() };
}

function plain(document: Document | undefined): [Document, string] | undefined {
  return document && [document, 'application/json'];
}

// The newest version that the client takes; the older one is for clients before Kubernetes 1.30.
function aggregatedVersion(request: RoutedRequest): 'v2' | 'v2beta1' | undefined {
  const accept = request.headers['accept'];
  if (accept === undefined || !accept.includes('APIGroupDiscoveryList')) return undefined;
  for (const clause of accept.split(',')) {
    const parts = new Set(clause.split(';').map((each) => each.trim()));
    if (!parts.has('application/json')) continue;
    if (!parts.has('g=apidiscovery.k8s.io') || !parts.has('as=APIGroupDiscoveryList')) return undefined;
    if (parts.has('v=v2')) return 'v2';
    if (parts.has('v=v2beta1')) return 'v2beta1';
  }
  return undefined;
}

function serverAddress(request: RoutedRequest): string {
  return request.headers[':authority'] ?? request.headers['host'] ?? 'localhost';
}

function respondDocument(request: RoutedRequest, { body, etag }: Document, contentType: string): ApiResponse {
  const headers = { 'content-type': contentType, etag, vary: 'Accept', 'cache-control': 'public' };
  if (hasDocument(request, etag)) return { status: 304, headers };
  return { status: 200, headers, body: Buffer.from(body) };
}

function hasDocument(request: RoutedRequest, etag: string): boolean {
  const known = request.headers['if-none-match'];
  return known?.split(',').some((each) => each.trim().replace(/^W\//, '') === etag) ?? false;
}
