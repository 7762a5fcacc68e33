// What is served beside resources: version, health, metrics, the issuer of service account tokens, discovery, OpenAPI, queues.

import type { Definitions } from '../../../core/api/definition.ts';
import type { Queue } from '../../../core/queue/queue.ts';
import type { Store } from '../../../core/store/store.ts';
import type { Aggregation } from '../aggregation/aggregation.ts';
import type { Audit } from '../audit/audit.ts';
import type { ServiceAccountTokens } from '../authentication/service-account-tokens.ts';
import { respondText, respondValue } from '../content/respond.ts';
import type { FlowControl } from '../flow-control/flow-control.ts';
import type { ApiResponse } from '../http.ts';
import type { Exchange } from '../resources/exchange.ts';
import { noSuchResource } from '../resources/routes.ts';
import { createDocuments } from './documents.ts';
import { type HealthCheck, healthResponse } from './health.ts';
import type { RequestMetrics } from './metrics.ts';
import { createQueueRoute } from './queues.ts';
import { versionInfo } from './version.ts';

export interface SystemOptions {
  readonly definitions: Definitions;
  readonly store: Store;
  readonly queue: Queue;
  readonly tokens: ServiceAccountTokens;
  readonly metrics: RequestMetrics;
  readonly flowControl?: FlowControl | undefined;
  readonly aggregation?: Aggregation | undefined;
  readonly audit?: Pick<Audit, 'counts'> | undefined;
}

export interface SystemRoutes {
  answer(exchange: Exchange): Promise<ApiResponse>;
}

type Route = (exchange: Exchange) => Promise<ApiResponse | undefined>;

export function createSystemRoutes(options: SystemOptions): SystemRoutes {
  const { tokens } = options;
  const documents = createDocuments(options.definitions, options.aggregation);
  const checks = healthChecks(options.store);
  const health: Route = ({ info, query }) => healthResponse(checks, info.segments, query);

  const queues = createQueueRoute(options.queue);

  // By the first segment of the path.
  const routes: Readonly<Record<string, Route>> = {
    version: async ({ form, info }) =>
      info.segments.length === 1 ? respondValue(200, versionInfo(), form) : undefined,
    healthz: health,
    livez: health,
    readyz: health,
    metrics: async ({ info }) =>
      info.segments.length === 1
        ? respondText(200, await scrape(options), 'text/plain; version=0.0.4; charset=utf-8')
        : undefined,
    openid: async ({ info, form }) =>
      info.path === '/openid/v1/jwks'
        ? json(respondValue(200, await tokens.keySet(), form), 'application/jwk-set+json')
        : undefined,
    '.well-known': async ({ info, form }) =>
      info.path === '/.well-known/openid-configuration'
        ? respondValue(200, await openIdConfiguration(tokens), form)
        : undefined,
    api: documents.discovery,
    apis: documents.discovery,
    openapi: documents.openapi,
  };

  return {
    async answer(exchange) {
      const { segments, verb } = exchange.info;
      const [first] = segments;
      if (first === undefined) return respondValue(200, { paths: paths(options.definitions) }, exchange.form);
      if (first === 'queues') return queues(exchange);
      const route = Object.hasOwn(routes, first) ? routes[first] : undefined;
      const response = verb === 'get' || verb === 'head' ? await route?.(exchange) : undefined;
      if (!response) throw noSuchResource();
      return response;
    },
  };
}

function json(response: ApiResponse, type: string): ApiResponse {
  response.headers['content-type'] = type;
  return response;
}

function healthChecks(store: Store): HealthCheck[] {
  const both = ['livez', 'readyz'] as const;
  return [
    { name: 'ping', endpoints: both, check: async () => {} },
    { name: 'log', endpoints: both, check: async () => {} },
    // The store in place of etcd: a read of a head goes through to it. The name is what probes ask for.
    { name: 'etcd', endpoints: both, check: async () => void (await store.head('namespaces')) },
    // Made before the server answers at all.
    { name: 'informer-sync', endpoints: ['readyz'], check: async () => {} },
    { name: 'poststarthook/rbac/bootstrap-roles', endpoints: both, check: async () => {} },
  ];
}

async function scrape({ metrics, flowControl, audit }: SystemOptions): Promise<string> {
  return (await metrics.render(gauges())) + (flowControl?.renderMetrics() ?? '') + (audit ? renderAudit(audit) : '');
}

function renderAudit(audit: Pick<Audit, 'counts'>): string {
  const { events, lost } = audit.counts();
  return `# HELP apiserver_audit_event_total Audit events that were written.
# TYPE apiserver_audit_event_total counter
apiserver_audit_event_total ${events}
# HELP apiserver_audit_error_total Audit events that could not be kept.
# TYPE apiserver_audit_error_total counter
apiserver_audit_error_total{plugin="log"} ${lost}
`;
}

/** As kube-apiserver's: `gitVersion` is `git_version`. */
function buildLabels(): Record<string, string> {
  const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return Object.fromEntries(Object.entries(versionInfo()).map(([name, value]) => [snake(name), value]));
}

function gauges() {
  return [
    {
      name: 'kubernetes_build_info',
      help: 'The version served, with value 1.',
      values: [{ labels: buildLabels(), value: 1 }],
    },
  ];
}

/** OpenID Connect Discovery 1.0, as far as a verifier of tokens needs it (KEP-1393). */
async function openIdConfiguration(tokens: ServiceAccountTokens) {
  const { keys } = await tokens.keySet();
  return {
    issuer: tokens.issuer,
    jwks_uri: `${tokens.issuer.replace(/\/$/, '')}/openid/v1/jwks`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [...new Set(keys.map((key) => key.alg ?? 'RS256'))],
  };
}

function paths(definitions: Definitions): string[] {
  const groups = new Set<string>();
  for (const { group, version } of definitions.all()) {
    groups.add(group === '' ? `/api/${version}` : `/apis/${group}/${version}`);
    if (group !== '') groups.add(`/apis/${group}`);
  }
  const fixed = ['/.well-known/openid-configuration', '/api', '/apis', '/healthz', '/livez', '/metrics'];
  return [...fixed, ...groups, '/openapi/v2', '/openapi/v3', '/openid/v1/jwks', '/readyz', '/version'].sort();
}
