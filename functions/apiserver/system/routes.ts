// What is served beside resources: version, health, metrics, the issuer of service account tokens, discovery, OpenAPI, queues.

import type { Definitions } from '../../../core/api/definition.ts';
import { late } from '../../../core/machinery/late.ts';
import { getOwn } from '../../../core/machinery/own.ts';
import { installPath } from '../../../core/node/agent-program.ts';
import type { Log } from '../../../core/process/log.ts';
import type { Queue } from '../../../core/queue/queue.ts';
import type { Aggregation } from '../aggregation/aggregation.ts';
import type { ServiceAccountTokens } from '../authentication/service-account-tokens.ts';
import { respondValue } from '../content/respond.ts';
import type { ApiResponse } from '../http.ts';
import type { Installer } from '../install/installer.ts';
import type { Exchange } from '../resources/exchange.ts';
import { noSuchResource } from '../resources/routes.ts';
import type { Responder } from '../responder.ts';
import type { CheckedParts } from './checks.ts';
import type { Health, HealthCheck } from './health.ts';
import type { ScrapeSources } from './scrape.ts';
import { versionInfo } from './version.ts';

export interface SystemOptions extends ScrapeSources {
  readonly definitions: Definitions;
  readonly queue: Queue;
  readonly tokens: ServiceAccountTokens;
  readonly aggregation?: Aggregation | undefined;
  readonly checked: CheckedParts;
  /** Beside our own. */
  readonly checks?: readonly HealthCheck[];
  readonly log?: Log | undefined;
  /** What machines fetch to become nodes. */
  readonly installer?: Installer;
}

type Route = (exchange: Exchange) => Promise<ApiResponse | undefined>;

export function createSystemRoutes(options: SystemOptions): Responder {
  const { tokens } = options;
  const documents = late(async () => {
    const { createDocuments } = await import('./documents.ts');
    return createDocuments(options.definitions, options.aggregation);
  });
  const discoveryRoute: Route = async (exchange) => documents(({ discovery }) => discovery(exchange));
  // A function's first request seldom asks for it.
  let opening: Promise<Health> | undefined;
  const health = () => {
    opening ??= openHealth(options);
    return opening;
  };
  const healthRoute: Route = async ({ info, query }) => (await health()).respond(info.segments, query);

  // Agents of machines without AWS use them.
  const queues = late(async () => {
    const { createQueueRoute } = await import('./queues.ts');
    return { answer: createQueueRoute(options.queue) };
  });

  // By the first segment of the path.
  const routes: Readonly<Record<string, Route>> = {
    version: async ({ mediaType, info }) =>
      info.segments.length === 1 ? respondValue(200, versionInfo(), mediaType) : undefined,
    healthz: healthRoute,
    livez: healthRoute,
    readyz: healthRoute,
    metrics: async ({ info: { path } }) => {
      if (path !== '/metrics' && path !== '/metrics/slis') return undefined;
      const { scrape, scrapeHealth } = await import('./scrape.ts');
      return path === '/metrics' ? scrape(options) : scrapeHealth((await health()).results);
    },
    openid: async ({ info, mediaType }) =>
      info.path === '/openid/v1/jwks'
        ? json(respondValue(200, await tokens.keySet(), mediaType), 'application/jwk-set+json')
        : undefined,
    '.well-known': async ({ info, mediaType }) =>
      info.path === '/.well-known/openid-configuration'
        ? respondValue(200, await openIdConfiguration(tokens), mediaType)
        : undefined,
    api: discoveryRoute,
    apis: discoveryRoute,
    openapi: async (exchange) => documents(({ openapi }) => openapi(exchange)),
    [installPath]: async ({ info, request }) => options.installer?.(info.segments, request.remoteAddress),
  };

  return {
    serves: ({ isResource }) => !isResource,
    async respond(exchange) {
      const { segments, verb } = exchange.info;
      const [first] = segments;
      if (first === undefined) return respondValue(200, { paths: paths(options.definitions) }, exchange.mediaType);
      if (first === 'queues') return queues(({ answer }) => answer(exchange));
      const route = getOwn(routes, first);
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

async function openHealth({ checked, checks = [], log }: SystemOptions): Promise<Health> {
  const [{ createHealth }, { healthChecks }] = await Promise.all([import('./health.ts'), import('./checks.ts')]);
  return createHealth([...healthChecks(checked), ...checks], log);
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
  const fixed = [
    '/.well-known/openid-configuration',
    '/api',
    '/apis',
    '/healthz',
    '/livez',
    '/metrics',
    '/metrics/slis',
  ];
  return [...fixed, ...groups, '/openapi/v2', '/openapi/v3', '/openid/v1/jwks', '/readyz', '/version'].sort();
}
