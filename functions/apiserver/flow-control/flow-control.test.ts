import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { UserInfo } from '../../../core/authorization/user-info.ts';
import { renderFamilies } from '../../../core/metrics/exposition.ts';
import { flowSchemas } from '../../../core/registry/bootstrap/flow-control.ts';
import { bootstrap } from '../../../core/registry/bootstrap.ts';
import { parseQuery, Query } from '../query.ts';
import { parseRequestInfo } from '../request-info.ts';
import { openTestApi, type TestApi } from '../testing/open-test-api.ts';
import { createFlowControl, type FlowControl } from './flow-control.ts';
import { compileFlowSchemas } from './flow-schema.ts';

const flowcontrol = '/apis/flowcontrol.apiserver.k8s.io/v1';
const authenticated = 'system:authenticated';
const user = (username: string, ...groups: string[]): UserInfo => ({ username, groups: [...groups, authenticated] });
const infoOf = (method: string, target: string) => {
  const [path = '', query = ''] = target.split('?');
  return parseRequestInfo(method, path, parseQuery(query));
};
const jane = user('jane');

describe('the flow schemas of every cluster', () => {
  const schemas = compileFlowSchemas(flowSchemas);
  const flowOf = (who: UserInfo, method: string, target: string) => {
    const info = infoOf(method, target);
    const found = schemas.find((each) => each.matches(who, info));
    return `${found?.name}/${found?.distinguisher(who, info)}`;
  };
  const account = (namespace: string, name: string) =>
    user(`system:serviceaccount:${namespace}:${name}`, 'system:serviceaccounts', `system:serviceaccounts:${namespace}`);

  it('tell requests apart as Kubernetes does', () => {
    const node = user('system:node:n', 'system:nodes');
    const lease = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/x';
    expect(flowOf(user('admin', 'system:masters'), 'GET', '/api/v1/pods')).toBe('exempt/');
    expect(flowOf(jane, 'GET', '/readyz')).toBe('probes/');
    expect(flowOf(account('kube-system', 'x'), 'PUT', lease)).toBe(
      'system-leader-election/system:serviceaccount:kube-system:x',
    );
    expect(flowOf(account('team', 'x'), 'PUT', lease)).toBe('workload-leader-election/system:serviceaccount:team:x');
    expect(flowOf(node, 'PATCH', '/api/v1/nodes/n/status')).toBe('system-node-high/system:node:n');
    expect(flowOf(node, 'GET', '/api/v1/namespaces/a/configmaps/c')).toBe('system-nodes/system:node:n');
    expect(flowOf(user('system:kube-scheduler'), 'GET', '/api/v1/namespaces/a/pods')).toBe('kube-scheduler/a');
    expect(flowOf(account('kube-system', 'x'), 'GET', '/api/v1/namespaces/a/pods')).toBe(
      'kube-system-service-accounts/a',
    );
    expect(flowOf(account('team', 'x'), 'GET', '/api/v1/pods')).toBe('service-accounts/system:serviceaccount:team:x');
    expect(flowOf(jane, 'GET', '/api/v1/pods')).toBe('global-default/jane');
  });
});

describe('priority and fairness', () => {
  let t: TestApi;
  let control: FlowControl;
  beforeAll(async () => {
    t = await openTestApi({ flowControl: { seats: 245 } });
    await bootstrap(t.registry, t.definitions, { advertiseAddress: '192.0.2.1', port: 6443 });
    control = await createFlowControl({ replicas: t.replicas, definitions: t.definitions, seats: 245, maxWaitMs: 20 });
  });
  afterAll(async () => {
    control.close();
    await t.close();
  });

  const ask = (who = jane, target = '/api/v1/namespaces/default/pods/p') =>
    control.classify(who, infoOf('GET', target), new Query(parseQuery(target.split('?')[1] ?? '')));
  const metric = (name: string) => {
    const line = renderFamilies(control.families())
      .split('\n')
      .find((each) => each.startsWith(`apiserver_flowcontrol_${name}`));
    return Number(line?.split(' ').at(-1));
  };

  it('tells every client its flow schema and priority level', async () => {
    const schema = (await t.get(`${flowcontrol}/flowschemas/global-default`)).body;
    const level = (await t.get(`${flowcontrol}/prioritylevelconfigurations/global-default`)).body;
    // A failure has them too.
    const { status, headers } = await t.get('/api/v1/pods', { as: { name: 'jane' } });
    expect([status, headers['x-kubernetes-pf-flowschema-uid'], headers['x-kubernetes-pf-prioritylevel-uid']]).toEqual([
      403,
      schema.metadata.uid,
      level.metadata.uid,
    ]);
  });

  it('answers 429 with Retry-After where there is no seat, and says so in its metrics', async () => {
    const limited = { nominalConcurrencyShares: 0, borrowingLimitPercent: 0, limitResponse: { type: 'Reject' } };
    await t.post(`${flowcontrol}/prioritylevelconfigurations`, {
      metadata: { name: 'none' },
      spec: { type: 'Limited', limited },
    });
    const rule = { verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: ['*'], clusterScope: true };
    await t.post(`${flowcontrol}/flowschemas`, {
      metadata: { name: 'bob' },
      spec: {
        matchingPrecedence: 50,
        priorityLevelConfiguration: { name: 'none' },
        rules: [{ subjects: [{ kind: 'User', user: { name: 'bob' } }], resourceRules: [rule] }],
      },
    });
    await expect.poll(async () => (await t.get('/api/v1/pods', { as: { name: 'bob' } })).status).toBe(429);
    const refused = await t.get('/api/v1/pods', { as: { name: 'bob' } });
    expect(refused.headers['retry-after']).toBe('1');
    expect(refused.body).toMatchObject({
      kind: 'Status',
      reason: 'TooManyRequests',
      details: { retryAfterSeconds: 1 },
    });
    const { text } = await t.get('/metrics');
    expect(text).toMatch(
      /apiserver_flowcontrol_rejected_requests_total\{flow_schema="bob",priority_level="none",reason="concurrency-limit"\} \d/,
    );
    expect(text).toContain('apiserver_flowcontrol_nominal_limit_seats{priority_level="workload-low"} 100');
    await t.remove(`${flowcontrol}/flowschemas/bob`);
    await expect.poll(async () => (await t.get('/api/v1/pods', { as: { name: 'bob' } })).status).toBe(403);
  });

  it('lets a request wait for a seat, for so long, and no longer than its client', async () => {
    const flows = [];
    for (let flow = ask(); ; flow = ask()) {
      const wait = flow.enter({});
      if (wait) {
        flows.at(0)?.leave();
        await wait;
        flows.push(flow);
        break;
      }
      flows.push(flow);
    }
    await expect(ask().enter({})).rejects.toMatchObject({ code: 429 });
    const gone = new AbortController();
    const left = ask().enter({ signal: gone.signal });
    gone.abort();
    await expect(left).rejects.toMatchObject({ code: 429 });
    await expect(ask().enter({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 429 });
    // Who may do everything waits for nobody.
    const exempt = ask(user('admin', 'system:masters'));
    expect(exempt.enter({})).toBeUndefined();
    exempt.leave();
    for (const each of flows.slice(1)) each.leave();
    const labels = 'flow_schema="global-default",priority_level="global-default"';
    expect(metric(`current_executing_seats{${labels}}`)).toBe(0);
    expect(metric(`current_inqueue_requests{${labels}}`)).toBe(0);
    expect(metric(`rejected_requests_total{${labels},reason="cancelled"}`)).toBe(2);
    expect(metric(`rejected_requests_total{${labels},reason="time-out"}`)).toBe(1);
    // Who ran at once counts as one that was alone in its queue; who waits for nobody has none.
    const entered = metric(`dispatched_requests_total{${labels}}`) + 3;
    expect(metric(`request_queue_length_after_enqueue_bucket{${labels},le="0"}`)).toBe(0);
    expect(metric(`request_queue_length_after_enqueue_count{${labels}}`)).toBe(entered);
    expect(metric('request_queue_length_after_enqueue_count{flow_schema="exempt"')).toBe(0);
  });

  it('counts a large list for more than one seat, as long as its limit does not make it small', async () => {
    await t.replicas.of('pods');
    const seatsOf = (target: string) => {
      const flow = ask(jane, target);
      flow.enter({});
      const taken = metric('current_executing_seats{flow_schema="global-default"');
      flow.leave();
      return taken;
    };
    const roles = '/apis/rbac.authorization.k8s.io/v1/clusterroles';
    for (let i = 0; i < 200; i++)
      await t.create('rbac.authorization.k8s.io/clusterroles', '', { metadata: { name: `r${i}` } });
    await (await t.replicas.of('rbac.authorization.k8s.io/clusterroles')).catchUp();
    expect(seatsOf('/api/v1/pods')).toBe(1);
    expect(seatsOf(roles)).toBeGreaterThanOrEqual(3);
    expect(seatsOf(`${roles}?limit=150`)).toBe(2);
    expect(seatsOf(`${roles}/admin`)).toBe(1);
    expect(seatsOf(`${roles}?watch=true`)).toBe(1);
    expect(seatsOf(`${roles}?watch=true&sendInitialEvents=true`)).toBeGreaterThanOrEqual(3);
  });

  it('costs a few microseconds a request', () => {
    const info = infoOf('GET', '/api/v1/namespaces/default/pods/p');
    const query = new Query(parseQuery(''));
    const who = user('system:serviceaccount:team:x', 'system:serviceaccounts', 'system:serviceaccounts:team');
    const run = (count: number) => {
      const before = process.cpuUsage();
      for (let i = 0; i < count; i++) {
        const flow = control.classify(who, info, query);
        flow.enter({});
        flow.leave();
        flow.stamp({});
      }
      const { user: own, system } = process.cpuUsage(before);
      return (own + system) / count;
    };
    run(20_000);
    const each = Math.min(run(20_000), run(20_000), run(20_000));
    console.log(`priority and fairness: ${each.toFixed(2)} µs of processor time a request`);
    // Far above what it takes, far below what a request costs.
    expect(each).toBeLessThan(25);
  });
});
