import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ReadFamily, readExposition } from '../../../core/metrics/testing.ts';
import { bootstrap } from '../../../core/registry/bootstrap.ts';
import { promtool, withoutPromtool } from '../../../test/tools/promtool.ts';
import { openTestApi, type TestApi } from '../testing/open-test-api.ts';

let t: TestApi;

beforeEach(async () => {
  t = await openTestApi({ flowControl: {} });
  await t.namespace('default');
});

afterEach(async () => {
  await t.close();
});

const configMaps = '/api/v1/namespaces/default/configmaps';
const makeConfigMap = (name: string) => t.post(configMaps, { metadata: { name }, data: { key: 'value' } });

async function scrape(): Promise<Map<string, ReadFamily>> {
  const { status, headers, text } = await t.get('/metrics');
  expect([status, headers['content-type']]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
  return readExposition(text);
}

/** The value of the one series with these labels among others; undefined where there is none. */
function amountOf(families: Map<string, ReadFamily>, name: string, labels: Record<string, string>): number | undefined {
  const family = families.get(name) ?? families.get(name.replace(/_(count|sum|bucket)$/, ''));
  const found = family?.samples.filter(
    (each) => each.name === name && Object.entries(labels).every(([key, value]) => each.labels[key] === value),
  );
  expect(found?.length ?? 0, `${name} ${JSON.stringify(labels)}`).toBeLessThanOrEqual(1);
  return found?.[0]?.value;
}

it.skipIf(withoutPromtool)('promtool complains of nothing but two names that are as Kubernetes has them', async () => {
  await makeConfigMap('a');
  for (const path of ['/api/v1/pods', '/version', '/nothing', '/apis', '/api/v1/namespaces/a/b/c/d']) await t.get(path);
  expect(await promtool((await t.get('/metrics')).text)).toEqual([
    'authenticated_user_requests counter metrics should have "_total" suffix',
    'authentication_attempts counter metrics should have "_total" suffix',
  ]);
  await t.get('/livez');
  expect(await promtool((await t.get('/metrics/slis')).text)).toEqual([]);
});

describe('Requests', () => {
  it('are counted under the names and labels that dashboards ask for', async () => {
    await makeConfigMap('a');
    await t.get(`${configMaps}/a`);
    await t.get('/api/v1/configmaps');
    const families = await scrape();
    const common = { component: 'apiserver', group: '', version: 'v1', resource: 'configmaps', subresource: '' };
    const requests = families
      .get('apiserver_request_total')
      ?.samples.filter(({ labels }) => labels['resource'] === 'configmaps');
    expect(requests?.map(({ labels }) => labels)).toEqual([
      { ...common, dry_run: '', code: '201', verb: 'POST', scope: 'resource' },
      { ...common, dry_run: '', code: '200', verb: 'GET', scope: 'resource' },
      { ...common, dry_run: '', code: '200', verb: 'LIST', scope: 'cluster' },
    ]);
    const created = { resource: 'configmaps', verb: 'POST' };
    expect(amountOf(families, 'apiserver_request_duration_seconds_count', created)).toBe(1);
    expect(amountOf(families, 'apiserver_request_sli_duration_seconds_count', created)).toBe(1);
    expect(amountOf(families, 'apiserver_request_duration_seconds_bucket', { ...created, le: '0.005' })).toBeDefined();
    expect(
      amountOf(families, 'apiserver_request_sli_duration_seconds_bucket', { ...created, le: '0.005' }),
    ).toBeUndefined();
    // Of reads only.
    expect(amountOf(families, 'apiserver_response_sizes_count', created)).toBeUndefined();
    const read = { resource: 'configmaps', verb: 'GET' };
    expect(amountOf(families, 'apiserver_response_sizes_sum', read)).toBeGreaterThan(100);
    expect(amountOf(families, 'apiserver_current_inflight_requests', { request_kind: 'readOnly' })).toBe(1);
    expect(amountOf(families, 'apiserver_current_inflight_requests', { request_kind: 'mutating' })).toBe(0);
  });

  it('tell applies, dry runs, logs and health checks apart', async () => {
    const apply = { metadata: { name: 's' } };
    const type = 'application/apply-patch+yaml';
    await t.patch(`${configMaps}/s?fieldManager=me`, type, { kind: 'ConfigMap', apiVersion: 'v1', ...apply });
    await t.patch(`${configMaps}/s`, 'application/merge-patch+json', { data: { a: 'b' } });
    await t.remove(`${configMaps}/s?dryRun=All`);
    await t.remove(`${configMaps}/s`);
    await t.get('/api/v1/namespaces/default/pods/none/log');
    await t.get('/livez');
    const families = await scrape();
    const total = (labels: Record<string, string>) => amountOf(families, 'apiserver_request_total', labels);
    expect(total({ verb: 'APPLY', resource: 'configmaps' })).toBe(1);
    expect(total({ verb: 'PATCH', resource: 'configmaps' })).toBe(1);
    expect(total({ verb: 'DELETE', dry_run: 'All' })).toBe(1);
    expect(total({ verb: 'DELETE', dry_run: '' })).toBe(1);
    // The indicator of service levels knows no dry runs apart.
    expect(amountOf(families, 'apiserver_request_sli_duration_seconds_count', { verb: 'DELETE' })).toBe(2);
    expect(total({ verb: 'CONNECT', resource: 'pods', subresource: 'log', code: '404' })).toBe(1);
    expect(total({ verb: 'GET', resource: '', subresource: '/livez', scope: '' })).toBe(1);
  });

  it('for what is not served share one series, whatever their paths say', async () => {
    for (let i = 0; i < 20; i += 1) {
      await t.get(`/apis/made-up-${i}.example/v1/things`);
      await t.get(`/api/v1/namespaces/default/pods/p/made-up-${i}`);
      await t.get(`/made-up-${i}`);
      await t.call(`MADE-UP-${i}`, configMaps);
      await t.get(`/api/v1/pods?limit=1`, { as: { name: `user-${i}` } });
    }
    const families = await scrape();
    const requests = families.get('apiserver_request_total')?.samples ?? [];
    expect(requests.filter(({ labels }) => JSON.stringify(labels).includes('made-up')).length).toBe(0);
    expect(
      amountOf(families, 'apiserver_request_total', { resource: '', subresource: '', verb: 'GET', code: '404' }),
    ).toBe(40);
    expect(amountOf(families, 'apiserver_request_total', { resource: '', verb: 'LIST', code: '404' })).toBe(20);
    expect(amountOf(families, 'apiserver_request_total', { verb: 'other' })).toBe(20);
    expect(amountOf(families, 'apiserver_request_total', { resource: 'pods', verb: 'LIST', code: '403' })).toBe(20);
    expect(families.get('authenticated_user_requests')?.samples.map(({ labels }) => labels['username'])).toEqual(
      expect.arrayContaining(['admin', 'other']),
    );
  });

  it('that last are seen while they do, and counted once they have ended', async () => {
    const watch = await t.watch(`${configMaps}?watch=1`);
    await makeConfigMap('seen');
    expect(await watch.next()).toMatchObject({ type: 'ADDED' });
    const watching = { verb: 'WATCH', resource: 'configmaps', scope: 'namespace' };
    const during = await scrape();
    expect(amountOf(during, 'apiserver_longrunning_requests', watching)).toBe(1);
    expect(amountOf(during, 'apiserver_request_total', watching)).toBeUndefined();
    const events = { group: '', version: 'v1', resource: 'configmaps' };
    expect(amountOf(during, 'apiserver_watch_events_total', events)).toBe(1);
    expect(amountOf(during, 'apiserver_watch_events_sizes_bucket', { ...events, le: '1024' })).toBe(1);
    await watch.stop();
    const after = await scrape();
    expect(amountOf(after, 'apiserver_longrunning_requests', watching)).toBe(0);
    expect(amountOf(after, 'apiserver_request_total', { ...watching, code: '200' })).toBe(1);
    expect(amountOf(after, 'apiserver_request_duration_seconds_count', watching)).toBe(1);
  });

  it('say what came of finding out who sends them', async () => {
    await t.get('/api/v1/nodes', { as: { token: 'no-such-token' } });
    await t.get('/api/v1/namespaces/default/endpoints', { as: { name: 'jane@example.com' } });
    const families = await scrape();
    expect(amountOf(families, 'authentication_attempts', { result: 'error' })).toBe(1);
    expect(amountOf(families, 'authentication_attempts', { result: 'success' })).toBe(2);
    expect(amountOf(families, 'authentication_duration_seconds_count', { result: 'error' })).toBe(1);
    expect(amountOf(families, 'authenticated_user_requests', { username: 'email_id' })).toBe(1);
  });

  it('say how long the client certificates that come with them are still good', async () => {
    const day = 86_400_000;
    await t.get('/api/v1/nodes', { as: { name: 'jane', notAfter: Date.now() + 6 * day } });
    await t.get('/api/v1/nodes', { as: { name: 'jane', notAfter: Date.now() + 400 * day } });
    await t.get('/api/v1/nodes', { as: { token: 'no-such-token' } });
    const families = await scrape();
    const name = 'apiserver_client_certificate_expiration_seconds';
    expect(amountOf(families, `${name}_bucket`, { le: '345600' })).toBe(0);
    expect(amountOf(families, `${name}_bucket`, { le: '604800' })).toBe(1);
    expect(amountOf(families, `${name}_bucket`, { le: '3.1104e+07' })).toBe(1);
    expect(amountOf(families, `${name}_count`, {})).toBe(2);
  });

  it('of a deprecated type leave a trace', async () => {
    await t.get('/api/v1/namespaces/default/endpoints');
    const labels = { group: '', version: 'v1', resource: 'endpoints', removed_release: '' };
    expect(amountOf(await scrape(), 'apiserver_requested_deprecated_apis', labels)).toBe(1);
  });
});

it('The process, its version and its priority levels are told, too', async () => {
  await bootstrap(t.registry, t.definitions, { advertiseAddress: '192.0.2.1', port: 443, serviceCIDR: '10.96.0.0/16' });
  const families = await scrape();
  for (const name of ['cpu_seconds_total', 'resident_memory_bytes', 'start_time_seconds', 'open_fds', 'max_fds'])
    expect(amountOf(families, `process_${name}`, {}), name).toBeGreaterThan(0);
  expect(families.get('kubernetes_build_info')?.samples[0]?.labels).toMatchObject({ major: '1', minor: '36' });
  const level = { priority_level: 'workload-low' };
  expect(amountOf(families, 'apiserver_flowcontrol_nominal_limit_seats', level)).toBe(245);
  expect(families.get('apiserver_flowcontrol_request_wait_duration_seconds')?.type).toBe('histogram');
});

it('What others in the process count stands beside it, each family once', async () => {
  await t.close();
  const series = [{ labels: 'result="error"', value: 5 }];
  const family = { name: 'authentication_attempts', help: 'Attempts.', type: 'counter', series } as const;
  t = await openTestApi({ moreMetrics: async () => [family] });
  await t.get('/api/v1/nodes', { as: { token: 'no-such-token' } });
  expect(amountOf(await scrape(), 'authentication_attempts', { result: 'error' })).toBe(6);
});
