// Discovery and OpenAPI documents over HTTP: which form the client accepts, and 304 where it has the document already.
// Source: KEP-3352 (aggregated discovery), RFC 9110 (13.1.2 If-None-Match).

import type { Definitions } from '../../../core/api/definition.ts';
import { type Document, discoveryOf } from '../../../core/api/discovery.ts';
import type { ApiRequest, ApiResponse } from '../http.ts';
import type { Exchange } from '../resources/exchange.ts';

export interface Documents {
  discovery(exchange: Exchange): Promise<ApiResponse | undefined>;
  openapi(exchange: Exchange): Promise<ApiResponse | undefined>;
}

export function createDocuments(definitions: Definitions): Documents {
  const discovery = discoveryOf(definitions);

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
    openapi: async () => undefined,
  };
}

function plain(document: Document | undefined): [Document, string] | undefined {
  return document && [document, 'application/json'];
}

// The newest version that the client takes; the older one is for clients before Kubernetes 1.30.
function aggregatedVersion(request: ApiRequest): 'v2' | 'v2beta1' | undefined {
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

function serverAddress(request: ApiRequest): string {
  return request.headers[':authority'] ?? request.headers['host'] ?? 'localhost';
}

export function respondDocument(request: ApiRequest, { body, etag }: Document, contentType: string): ApiResponse {
  const headers = { 'content-type': contentType, etag, vary: 'Accept', 'cache-control': 'public' };
  const known = request.headers['if-none-match'];
  if (known?.split(',').some((each) => each.trim().replace(/^W\//, '') === etag)) return { status: 304, headers };
  return { status: 200, headers, body: Buffer.from(body) };
}
