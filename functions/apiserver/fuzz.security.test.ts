// Whatever a client sends is its own fault: it gets a Status that says so, never a failure of ours.

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bootstrap } from '../../core/registry/bootstrap.ts';
import { fuzzRuns } from '../../test/tools/fuzz-runs.ts';
import { tried } from '../../test/tools/tried.ts';
import { openTestApi, type TestApi } from './testing/open-test-api.ts';

let t: TestApi;

beforeAll(async () => {
  t = await openTestApi();
  // Healthy, as one is that serves: /healthz is a path like any.
  await bootstrap(t.registry, t.definitions, { advertiseAddress: '192.0.2.1', port: 443, serviceCIDR: '10.96.0.0/16' });
  for (const name of ['a', 'b'])
    await t.post('/api/v1/namespaces/default/configmaps', { metadata: { name }, data: { k: 'v' } });
});

afterAll(async () => {
  await t.close();
});

const method = fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE', 'get');
const segment = fc.oneof(
  fc.constantFrom(
    'api',
    'apis',
    'v1',
    'namespaces',
    'default',
    'configmaps',
    'a',
    'pods',
    'status',
    'scale',
    'log',
    'token',
    'watch',
    'proxy',
  ),
  fc.constantFrom(
    'apps',
    'deployments',
    'serviceaccounts',
    'agent.zeroplane.dev',
    'nodes',
    'desired',
    'report',
    'metrics.k8s.io',
    'v1beta1',
  ),
  fc.constantFrom(
    'openapi',
    'v2',
    'v3',
    'queues',
    'healthz',
    '__proto__',
    'constructor',
    '%2e%2e',
    '%00',
    '%zz',
    '..',
    '',
  ),
  fc.string({ maxLength: 5 }).map(encodeURIComponent),
);
const path = fc.oneof(
  fc.array(segment, { maxLength: 8 }).map((parts) => `/${parts.join('/')}`),
  fc.array(segment, { maxLength: 3 }).map((parts) => `/api/v1/namespaces/default/configmaps/${parts.join('/')}`),
);
const query = fc
  .array(
    fc.tuple(
      fc.constantFrom(
        'limit',
        'continue',
        'labelSelector',
        'fieldSelector',
        'resourceVersion',
        'resourceVersionMatch',
        'dryRun',
        'pretty',
        'fieldManager',
        'force',
        'fieldValidation',
        'gracePeriodSeconds',
        'propagationPolicy',
        'includeObject',
        'cursor',
        'verbose',
      ),
      fc.oneof(
        fc.constantFrom(
          '',
          '0',
          '-1',
          '1',
          'true',
          'All',
          'Exact',
          'a=b',
          'a in (b',
          'metadata.name=a',
          'Strict',
          '99999999999999999999',
        ),
        fc.string({ maxLength: 6 }),
      ),
    ),
    { maxLength: 4 },
  )
  .map((pairs) => pairs.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&'));
const headers = fc.record(
  {
    accept: fc.constantFrom(
      'application/json',
      'application/yaml',
      'application/cbor',
      'application/vnd.kubernetes.protobuf,application/cbor',
      '*/*',
      'application/json;as=Table;v=v1;g=meta.k8s.io',
      'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io',
      ';;;,',
      'text/html',
      'a/b;q=x',
    ),
    'content-type': fc.constantFrom(
      'application/json',
      'application/yaml',
      'application/merge-patch+json',
      'application/json-patch+json',
      'application/strategic-merge-patch+json',
      'application/apply-patch+yaml',
      'application/apply-patch+cbor',
      'application/cbor',
      'application/vnd.kubernetes.protobuf',
      '',
      'x',
    ),
    'accept-encoding': fc.constantFrom('gzip', 'gzip;q=0', 'x'),
    'impersonate-extra-%zz': fc.constant('x'),
  },
  { requiredKeys: [] },
);
const body = fc.oneof(
  fc.json({ maxDepth: 4 }),
  fc.string({ maxLength: 30 }),
  fc
    .record(
      {
        apiVersion: fc.constantFrom('v1', 'apps/v1', ''),
        kind: fc.constantFrom('ConfigMap', 'Pod', 'DeleteOptions', 'TokenRequest', ''),
        metadata: fc.oneof(
          fc.record({
            name: fc.constantFrom('a', 'new', '', '../x'),
            labels: fc.json({ maxDepth: 2 }).map((text) => JSON.parse(text)),
          }),
          fc.constant(null),
          fc.constant([]),
        ),
        data: fc.json({ maxDepth: 2 }).map((text) => JSON.parse(text)),
        spec: fc.json({ maxDepth: 3 }).map((text) => JSON.parse(text)),
      },
      { requiredKeys: [] },
    )
    .map((each) => JSON.stringify(each)),
  fc.constantFrom(
    '{"metadata":{"name":"x"},"__proto__":{"polluted":1}}',
    '[{"op":"add","path":"/__proto__/x","value":1}]',
    `${'['.repeat(5000)}${']'.repeat(5000)}`,
    `{"metadata":{"name":"x"},"data":${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}}`,
    'a: &a [*a]',
    'k8s\0\n\u00ff',
  ),
);

describe('any request', () => {
  it('gets an answer, and a Status where it failed', async () => {
    await fc.assert(
      fc.asyncProperty(
        method,
        path,
        query,
        headers,
        fc.option(body, { nil: undefined }),
        async (verb, where, asked, sent, content) => {
          const request = t.request(verb, `${where}?${asked}`, {
            headers: sent,
            ...(content !== undefined && { body: content }),
          });
          const response = await t.api.handle(request);
          tried('requests made by chance');
          // A watch is ended at once; its answer was given.
          if (response.body && !(response.body instanceof Uint8Array))
            return void (await response.body[Symbol.asyncIterator]().return?.());
          const text = Buffer.from(response.body ?? []).toString();
          expect(response.status, `${verb} ${where}?${asked} ${JSON.stringify(sent)} ${content}: ${text}`).toSatisfy(
            (status: number) => status < 500 || status === 501 || status === 504,
          );
          if (
            response.status >= 400 &&
            response.headers['content-type'] === 'application/json' &&
            !where.startsWith('/queues')
          )
            expect(JSON.parse(text)).toMatchObject({ kind: 'Status', status: 'Failure', code: response.status });
        },
      ),
      { numRuns: fuzzRuns(1500) },
    );
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});

describe('a body nested without end', () => {
  it.each([
    ['application/yaml', 'a: &a [*a]'],
    ['application/json', `{"data":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
  ])('is refused: %s', async (type, content) => {
    const answer = await t.post('/api/v1/namespaces/default/configmaps', content, {
      headers: { 'content-type': type },
    });
    expect(answer).toMatchObject({ status: 400, body: { reason: 'BadRequest' } });
  });
});
