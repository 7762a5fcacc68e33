import { afterEach, beforeEach, expect, it } from 'vitest';
import { readExposition } from '../../../core/metrics/testing.ts';
import { createLog } from '../../../core/process/log.ts';
import { bootstrap } from '../../../core/registry/bootstrap.ts';
import { openTestApi, type TestApi } from '../testing/open-test-api.ts';
import type { HealthCheck } from './health.ts';

let t: TestApi;
let lines: Record<string, unknown>[];
let failWith: Error | undefined;

const engine: HealthCheck = {
  name: 'engine',
  endpoints: ['readyz'],
  async check() {
    if (failWith) throw failWith;
  },
};
const stuck: HealthCheck = { name: 'stuck', endpoints: ['livez'], timeoutMs: 1, check: () => new Promise(() => {}) };

const open = async (...checks: HealthCheck[]) => {
  const log = createLog('info', (line) => lines.push(JSON.parse(line)));
  const opened = await openTestApi({ checks, log });
  await makeFirstObjects(opened);
  return opened;
};

const makeFirstObjects = ({ registry, definitions }: TestApi) =>
  bootstrap(registry, definitions, { advertiseAddress: '192.0.2.1', port: 443, serviceCIDR: '10.96.0.0/16' });

beforeEach(async () => {
  lines = [];
  failWith = undefined;
  t = await open(engine);
});

afterEach(async () => {
  await t.close();
});

it('Health is told in a word, or check by check', async () => {
  expect(await t.get('/livez', { as: null })).toMatchObject({ status: 200, text: 'ok' });
  const { text, headers } = await t.get('/readyz?verbose');
  expect(text).toBe(`[+]ping ok
[+]log ok
[+]etcd ok
[+]informer-sync ok
[+]poststarthook/rbac/bootstrap-roles ok
[+]shutdown ok
[+]engine ok
readyz check passed
`);
  expect(headers).toMatchObject({ 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' });
  expect((await t.get('/livez?verbose')).text).not.toContain('engine');
  expect((await t.get('/healthz?verbose')).text).toContain('[+]engine ok\nhealthz check passed\n');
});

it('One check can be asked for alone', async () => {
  for (const path of ['/livez/ping', '/readyz/etcd', '/healthz/poststarthook/rbac/bootstrap-roles'])
    expect(await t.get(path)).toMatchObject({ status: 200, text: 'ok' });
  expect(await t.get('/readyz/nothing')).toMatchObject({ status: 404 });
  expect(await t.get('/livez/engine')).toMatchObject({ status: 404 });
});

it('Anybody may know that a check fails, and only who may see it alone, or the log, why', async () => {
  failWith = new Error('no fuel');
  const refused = await t.get('/readyz', { as: null });
  expect(refused.status).toBe(500);
  expect(refused.text).toBe(`[+]ping ok
[+]log ok
[+]etcd ok
[+]informer-sync ok
[+]poststarthook/rbac/bootstrap-roles ok
[+]shutdown ok
[-]engine failed: reason withheld
readyz check failed
`);
  expect(lines).toEqual([expect.objectContaining({ msg: 'readyz check failed', failed: { engine: 'no fuel' } })]);
  expect(await t.get('/readyz/engine')).toMatchObject({ status: 500, text: 'internal server error: no fuel\n' });
  expect(await t.get('/readyz/engine', { as: null })).toMatchObject({ status: 403 });
  expect(await t.get('/livez')).toMatchObject({ status: 200 });
});

it('A check that is left out does not count, and one that is not there is told', async () => {
  failWith = new Error('no fuel');
  expect(await t.get('/readyz?exclude=engine')).toMatchObject({ status: 200, text: 'ok' });
  expect((await t.get('/readyz?verbose&exclude=engine&exclude=y&exclude=x')).text).toContain(
    `[+]engine excluded: ok
warn: some health checks cannot be excluded: no matches for "x","y"
readyz check passed
`,
  );
});

it('A check that does not answer fails when its time is over', async () => {
  await t.close();
  t = await open(stuck);
  expect((await t.get('/livez')).text).toContain('[-]stuck failed: reason withheld\nlivez check failed\n');
  expect((await t.get('/livez/stuck')).text).toBe('internal server error: no answer within 1 ms\n');
});

it('A store that is gone is no health', async () => {
  await t.store.close();
  expect((await t.get('/livez')).text).toContain('[-]etcd failed: reason withheld');
  expect((await t.get('/readyz')).text).toContain('[-]informer-sync failed: reason withheld');
  t = await open();
});

it('First roles that were not made are no health; those that were made and deleted are no concern', async () => {
  await t.close();
  t = await openTestApi();
  const failed = '[-]poststarthook/rbac/bootstrap-roles failed';
  expect((await t.get('/livez')).text).toContain(failed);
  expect((await t.get('/readyz')).text).toContain(failed);
  await makeFirstObjects(t);
  await expect.poll(() => t.get('/livez')).toMatchObject({ status: 200 });
  const roles = '/apis/rbac.authorization.k8s.io/v1/clusterroles';
  await t.remove(`${roles}/cluster-admin`);
  await t.remove(roles);
  expect((await t.get(roles)).body.items).toEqual([]);
  expect(await t.get('/livez')).toMatchObject({ status: 200 });
});

it('Whoever ends is not ready any more, alive, and answers', async () => {
  t.api.beginShutdown();
  expect((await t.get('/readyz')).text).toContain('[-]shutdown failed: reason withheld\n');
  expect((await t.get('/readyz/shutdown')).text).toBe('internal server error: process is shutting down\n');
  expect(await t.get('/livez')).toMatchObject({ status: 200 });
  expect(await t.get('/api/v1/namespaces')).toMatchObject({ status: 200 });
});

it('/metrics/slis tells what came of checks so far', async () => {
  const slis = async () => readExposition((await t.get('/metrics/slis')).text);
  expect((await slis()).get('kubernetes_healthcheck')?.samples).toEqual([]);
  await t.get('/readyz');
  failWith = new Error('no fuel');
  await t.get('/readyz');
  await t.get('/readyz?exclude=engine');
  const families = await slis();
  const of = (name: string) =>
    families
      .get(name)
      ?.samples.filter(({ labels }) => labels['name'] === 'engine' || labels['name'] === 'ping')
      .map(({ labels, value }) => [labels['name'], labels['type'], labels['status'], value]);
  expect(of('kubernetes_healthcheck')).toEqual([
    ['ping', 'readyz', undefined, 1],
    ['engine', 'readyz', undefined, 0],
  ]);
  expect(of('kubernetes_healthchecks_total')).toEqual([
    ['ping', 'readyz', 'success', 3],
    ['engine', 'readyz', 'error', 1],
    ['engine', 'readyz', 'success', 1],
  ]);
  expect(await t.get('/metrics/nothing')).toMatchObject({ status: 404 });
  expect(await t.get('/metrics/slis', { as: { name: 'jane' } })).toMatchObject({ status: 403 });
});
