// A hostile node's reports: what it may not say is refused, and nothing that it says stops the API server or others who read.

import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { validateStructure } from '../../../core/machinery/structure/validate-structure.ts';
import type { PodReport } from '../../../core/node/protocol.ts';
import { cpuCost } from '../../../test/tools/cpu-cost.ts';
import { fuzzRuns } from '../../../test/tools/fuzz-runs.ts';
import { tried } from '../../../test/tools/tried.ts';
import { openTestApi, type TestApi } from '../testing/open-test-api.ts';

let t: TestApi;
let pod: { metadata: { uid: string } };
const time = '2026-01-02T03:04:05Z';
const n1 = { as: { name: 'system:node:n1', groups: ['system:nodes'] } };
const reportPath = '/apis/agent.zeroplane.dev/v1/nodes/n1/report';
const podPath = '/api/v1/namespaces/default/pods/mine';

beforeEach(async () => {
  t = await openTestApi();
  for (const name of ['default', 'kube-system']) await t.namespace(name);
  await t.post('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } });
  expect((await t.post(reportPath, { node: legalReport('').node }, n1)).status).toBe(200);
  await t.patch('/api/v1/nodes/n1', 'application/merge-patch+json', { spec: { podCIDR: '10.244.1.0/24' } });
  const spec = {
    nodeName: 'n1',
    restartPolicy: 'Never',
    containers: [{ name: 'c', image: 'i' }],
    initContainers: [{ name: 'init', image: 'i' }],
  };
  const made = await t.post('/api/v1/namespaces/default/pods', { metadata: { name: 'mine' }, spec });
  expect(made.status).toBe(201);
  pod = made.body;
});
afterEach(() => t.close());

function legalStatus() {
  const container = { image: 'i', imageID: 'sha256:1', restartCount: 0, ready: true, started: true };
  return {
    phase: 'Running',
    startTime: time,
    hostIP: '10.0.0.11',
    hostIPs: [{ ip: '10.0.0.11' }],
    podIP: '10.244.1.5',
    podIPs: [{ ip: '10.244.1.5' }],
    conditions: [
      { type: 'Ready', status: 'True', lastTransitionTime: time },
      { type: 'PodReadyToStartContainers', status: 'True', lastTransitionTime: time },
    ],
    initContainerStatuses: [
      {
        ...container,
        name: 'init',
        state: { terminated: { exitCode: 0, reason: 'Completed', startedAt: time, finishedAt: time } },
      },
    ],
    containerStatuses: [
      { ...container, name: 'c', state: { running: { startedAt: time } }, allocatedResources: { cpu: '100m' } },
    ],
  };
}

function legalReport(uid: string) {
  return {
    node: {
      labels: { 'kubernetes.io/hostname': 'n1' },
      annotations: { a: 'b' },
      spec: { taints: [] },
      status: {
        capacity: { cpu: '2', memory: '4Gi', pods: '110' },
        allocatable: { cpu: '2', memory: '4Gi', pods: '110' },
        addresses: [
          { type: 'InternalIP', address: '10.0.0.11' },
          { type: 'Hostname', address: 'n1' },
        ],
        conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady', lastHeartbeatTime: time }],
        daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
        nodeInfo: { architecture: 'amd64', kernelVersion: '6', osImage: 'Debian', machineID: '1' },
        images: [{ names: ['i:1'], sizeBytes: 1000 }],
      },
    },
    pods: [{ namespace: 'default', name: 'mine', uid, status: legalStatus() }],
    events: [
      {
        regarding: { apiVersion: 'v1', kind: 'Pod', namespace: 'default', name: 'mine', uid },
        type: 'Normal',
        reason: 'Started',
        message: 'Container started',
        time,
      },
    ],
    usage: {
      time,
      windowSeconds: 10,
      node: { cpu: 250_000_000, memory: 2 ** 30 },
      pods: [{ namespace: 'default', name: 'mine', containers: [{ name: 'c', cpu: 1000, memory: 4096 }] }],
    },
  };
}

async function reportStatus(status: object): Promise<{ code: number; message?: string }> {
  const body = { pods: [{ namespace: 'default', name: 'mine', uid: pod.metadata.uid, status }] };
  const answer = await t.post(reportPath, body, n1);
  expect(answer.status).toBe(200);
  return answer.body.pods[0];
}

/** The same said through Kubernetes' own path. */
async function putStatus(status: object) {
  const { body } = await t.get(podPath, n1);
  return t.put(`${podPath}/status`, { ...body, status }, n1);
}

describe('a report of a hostile node', () => {
  it('of an honest one is taken whole', async () => {
    const answer = await t.post(reportPath, legalReport(pod.metadata.uid), n1);
    expect(answer).toMatchObject({ status: 200, body: { pods: [{ code: 200 }] } });
    expect((await t.get(podPath)).body.status).toMatchObject(legalStatus());
    expect((await t.get('/apis/metrics.k8s.io/v1beta1/namespaces/default/pods/mine')).status).toBe(200);
    expect((await t.get('/api/v1/namespaces/default/events')).body.items).toHaveLength(1);
  });

  it.each([
    ['1e999', '1e999'],
    ['-1e999', '-1e999'],
    ['-1', '-1'],
    ['beyond 2^53', '1e300'],
    ['null', 'null'],
    ['a text', '"1"'],
    ['a list', '[1]'],
  ])('uses no cpu of %s', async (_, number) => {
    const text = JSON.stringify({ usage: legalReport('').usage });
    for (const field of ['"cpu":250000000', '"memory":4096', '"windowSeconds":10', '"cpu":1000']) {
      const body = text.replace(field, `${field.slice(0, field.indexOf(':') + 1)}${number}`);
      expect(body).not.toBe(text);
      const answer = await t.call('POST', reportPath, { body, ...n1 });
      const why = expect.stringMatching(/report\.usage|the body is no valid JSON/);
      expect(answer, body).toMatchObject({ status: 400, body: { message: why } });
      tried('reports of a hostile node');
    }
    expect((await t.store.heartbeats.usages()).size).toBe(0);
  });

  const wrong: readonly [string, object, string][] = [
    ['a phase of its own', { phase: 'Great' }, 'phase'],
    ['null among conditions', { conditions: [null] }, 'conditions'],
    ['a condition without a type', { conditions: [{ status: 'True' }] }, 'conditions'],
    ['a condition that is Maybe', { conditions: [{ type: 'Ready', status: 'Maybe' }] }, 'conditions[0].status'],
    ['a condition twice', { conditions: [0, 1].map(() => ({ type: 'Ready', status: 'True' })) }, 'one type'],
    ['a condition with an odd name', { conditions: [{ type: '../x', status: 'True' }] }, 'conditions[0].type'],
    ['a hundred and one conditions', { conditions: conditions(101) }, 'at most 100'],
    ['conditions that are an object', { conditions: { type: 'Ready' } }, 'conditions'],
    ['a container that the pod has not', { containerStatuses: [{ ...status('x') }] }, 'containerStatuses[0].name'],
    ['a container twice', { containerStatuses: [status('c'), status('c')] }, 'Duplicate'],
    ['null among containers', { containerStatuses: [null] }, 'containerStatuses'],
    ['a count of restarts below zero', { containerStatuses: [{ ...status('c'), restartCount: -1 }] }, 'restartCount'],
    ['a container as an init container', { initContainerStatuses: [status('c')] }, 'initContainerStatuses[0].name'],
    ['the address of its loopback', { podIP: '127.0.0.1', podIPs: [{ ip: '127.0.0.1' }] }, 'podIPs[0]'],
    ['an address of the metadata service', { podIP: '169.254.169.254' }, 'podIPs[0]'],
    ['IPv4 loopback in IPv6', { podIP: '::ffff:7f00:1' }, 'podIPs[0]'],
    ['an address of another node', { podIP: '10.244.2.5' }, 'range of pod addresses'],
    ['an address that is none', { podIP: 'kube-system.svc' }, 'podIPs[0]'],
    ['three addresses', { podIPs: ['10.244.1.5', '10.244.1.6', '10.244.1.7'].map((ip) => ({ ip })) }, 'IP family'],
    ['null among addresses', { podIP: '', podIPs: [null] }, 'podIPs'],
    ['a host that it is not', { hostIP: '10.0.0.12' }, 'hostIPs[0].ip'],
    ['a time that is none', { startTime: 'yesterday' }, 'parsing time "yesterday"'],
    ['a megabyte of message', { message: 'x'.repeat(1_000_000) }, 'characters together'],
    ['a hundred thousand values', { conditions: Array.from({ length: 100_000 }, () => 1) }, 'values'],
    ['a tower of lists', { conditions: [tower(2000)] }, 'deep'],
  ];
  it.each(wrong)('cannot say of a pod: %s', async (_, change, why) => {
    const reported = { ...legalStatus(), ...change };
    const { code, message } = await reportStatus(reported);
    expect([400, 422], message).toContain(code);
    expect(message).toContain(why);
    const put = await putStatus(reported);
    expect(put.status, put.text.slice(0, 300)).toBeGreaterThanOrEqual(400);
    expect(put.status, put.text.slice(0, 300)).toBeLessThan(500);
    expect((await t.get(podPath)).body.status.phase).toBe('Pending');
    tried('statuses of a hostile node', 2);
  });

  it('sets nothing that the scheduler, the API server and controllers own', async () => {
    const before = (await t.get(podPath)).body.status;
    const own = {
      nominatedNodeName: 'n2',
      qosClass: 'Guaranteed',
      resourceClaimStatuses: [{ name: 'x', resourceClaimName: 'of-another' }],
      extendedResourceClaimStatus: { resourceClaimName: 'of-another', requestMappings: [] },
    };
    expect((await reportStatus({ ...legalStatus(), ...own })).code).toBe(200);
    const after = (await t.get(podPath)).body.status;
    for (const field of Object.keys(own)) expect(after[field], field).toEqual(before[field]);
    for (const [field, value] of Object.entries(own)) {
      const put = await putStatus({ ...after, [field]: value });
      expect([403, 422], field).toContain(put.status);
      const patched = await t.patch(
        `${podPath}/status`,
        'application/merge-patch+json',
        { status: { [field]: value } },
        n1,
      );
      expect([403, 422], field).toContain(patched.status);
      tried('statuses of a hostile node', 3);
    }
  });

  it('does not bring a pod back that has ended, nor a container that may not restart', async () => {
    const done = { terminated: { exitCode: 1, startedAt: time, finishedAt: time } };
    const ended = { ...legalStatus(), phase: 'Failed', containerStatuses: [{ ...status('c'), state: done }] };
    expect((await reportStatus(ended)).code).toBe(200);
    expect((await reportStatus({ ...ended, phase: 'Running' })).code).toBe(200);
    expect((await t.get(podPath)).body.status.phase).toBe('Failed');
    expect((await putStatus({ ...ended, phase: 'Running' })).body.message).toContain('a pod that is Failed stays so');
    expect(await reportStatus({ ...legalStatus(), phase: 'Failed' })).toMatchObject({
      code: 422,
      message: expect.stringContaining('may not be transitioned to non-terminated state'),
    });
    tried('statuses of a hostile node', 3);
  });

  it.each([
    ['null among conditions', { conditions: [null] }],
    ['an address that is none', { addresses: [{ type: 'InternalIP', address: '10.0.0.1; rm -rf /' }] }],
    ['a loopback address', { addresses: [{ type: 'InternalIP', address: '127.0.0.1' }] }],
    ['an odd host name', { addresses: [{ type: 'Hostname', address: 'a b\n' }] }],
    ['an odd kind of address', { addresses: [{ type: 'Door', address: 'n1' }] }],
    ['null among addresses', { addresses: [null] }],
    ['less than nothing', { allocatable: { cpu: '-1' } }],
    ['an amount that is none', { capacity: { cpu: 'many' } }],
    ['a resource with an odd name', { capacity: { 'a b': '1' } }],
    ['a port that is none', { daemonEndpoints: { kubeletEndpoint: { Port: 99_999 } } }],
    ['images of no size', { images: [{ names: ['i'], sizeBytes: -5 }] }],
    ['a tower of objects', { nodeInfo: tower(2000) }],
  ])('cannot say of itself: %s', async (_, change) => {
    const { node } = legalReport('');
    const answer = await t.post(reportPath, { node: { ...node, status: { ...node.status, ...change } } }, n1);
    expect([400, 422], answer.text.slice(0, 300)).toContain(answer.status);
    const { body } = await t.get('/api/v1/nodes/n1');
    const put = await t.put('/api/v1/nodes/n1/status', { ...body, status: { ...body.status, ...change } }, n1);
    expect([400, 422], put.text.slice(0, 300)).toContain(put.status);
    expect((await t.get('/api/v1/nodes/n1')).body.status).toMatchObject(node.status);
    tried('statuses of a hostile node', 2);
  });

  it('cannot say an amount of a million digits, nor anything of its range, taints, finalizers and owners', async () => {
    const { node } = legalReport('');
    const many = { ...node.status, capacity: { cpu: '9'.repeat(400_000) } };
    expect((await t.post(reportPath, { node: { ...node, status: many } }, n1)).status).toBe(400);
    const patch = async (path: string, change: object) =>
      (await t.patch(`/api/v1/nodes/${path}`, 'application/merge-patch+json', change, n1)).status;
    expect(await patch('n1', { spec: { unschedulable: true } })).toBe(200);
    for (const change of [
      { spec: { podCIDR: '10.244.2.0/24', podCIDRs: ['10.244.2.0/24'] } },
      { spec: { taints: null } },
      { spec: { configSource: { configMap: { name: 'x', namespace: 'kube-system', kubeletConfigKey: 'k' } } } },
      { metadata: { finalizers: ['example.com/stay'] } },
      { metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'n2', uid: 'u' }] } },
      { metadata: { labels: { 'node-restriction.kubernetes.io/tenant': 'a' } } },
      { metadata: { labels: { 'node-role.kubernetes.io/control-plane': '' } } },
      { metadata: { annotations: { 'zeroplane.dev/joined-by': 'system:bootstrap:abcdef' } } },
    ]) {
      expect([403, 422], JSON.stringify(change)).toContain(await patch('n1', change));
      expect(await patch('n2', change)).toBe(403);
      tried("writes of a hostile node's own Node", 2);
    }
  });

  it('records events of pods and nodes alone, and loses those that are none', async () => {
    const { events } = legalReport(pod.metadata.uid);
    const [event] = events;
    const odd = [
      null,
      'x',
      { ...event, regarding: { ...event?.regarding, kind: 'Secret' } },
      { ...event, regarding: { ...event?.regarding, name: '../../x' } },
      { ...event, regarding: { ...event?.regarding, namespace: 'a/b' } },
      { ...event, time: '9999999-01-01' },
      { ...event, type: 'Alarm' },
      { ...event, reason: 'r'.repeat(5000) },
      { ...event, message: 5 },
    ];
    const long = { ...event, message: '𝕏'.repeat(50_000) };
    expect((await t.post(reportPath, { events: [...odd, long] }, n1)).status).toBe(200);
    const { items } = (await t.get('/api/v1/events')).body;
    expect(items).toHaveLength(1);
    expect(items[0].message.length).toBeLessThanOrEqual(4096);
    tried('events of a hostile node', odd.length + 1);
  });

  it('that is a legal one with any of its values changed never fails the API server, nor breaks what others read', async () => {
    const hostile = fc.constantFrom(...hostileValues);
    const template = legalReport(pod.metadata.uid);
    const places = fc.constantFrom(...placesOf(template));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(places, hostile), { minLength: 1, maxLength: 3 }), async (changes) => {
        const body = changed(template, changes);
        let answer = { status: 0, body: { pods: [] as { code: number }[] } };
        const spent = await cpuCost(async () => {
          answer = await t.call('POST', reportPath, { body, ...n1 });
        });
        expect(spent, body.slice(0, 2000)).toBeLessThan(2000);
        expect(answer.status, body.slice(0, 2000)).toBeLessThan(500);
        for (const each of answer.body.pods ?? []) expect(each.code, body.slice(0, 2000)).toBeLessThan(500);
        tried('reports of a hostile node');
      }),
      { numRuns: fuzzRuns(400) },
    );
    for (const type of ['pods', 'nodes', 'events']) {
      const { schema } = t.definitions.ofType(type) ?? {};
      for (const item of (await t.get(`/api/v1/${type}`)).body.items) {
        expect(schema && validateStructure(schema, { apiVersion: 'v1', ...item })).toEqual([]);
        if (type === 'nodes') expect(item.spec.podCIDR).toBe('10.244.1.0/24');
      }
      const table = { headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } };
      expect((await t.get(`/api/v1/${type}`, table)).body.kind).toBe('Table');
    }
    for (const path of ['nodes', 'pods'])
      expect((await t.get(`/apis/metrics.k8s.io/v1beta1/${path}`)).status).toBe(200);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    // It may still say the truth.
    expect((await t.post(reportPath, legalReport(pod.metadata.uid), n1)).status).toBe(200);
  });

  it('cannot learn of pods that are not its own', async () => {
    await t.post('/api/v1/namespaces/default/pods', {
      metadata: { name: 'theirs' },
      spec: { nodeName: 'n2', containers: [{ name: 'c', image: 'i' }] },
    });
    const { uid } = (await t.get('/api/v1/namespaces/default/pods/theirs')).body.metadata;
    const of = (each: Partial<PodReport>) => ({
      namespace: 'default',
      name: 'theirs',
      uid: 'x',
      terminated: true,
      ...each,
    });
    const answer = await t.post(reportPath, { pods: [of({}), of({ name: 'nobodys' }), of({ uid })] }, n1);
    expect(answer.body.pods.map(({ code }: { code: number }) => code)).toEqual([404, 404, 403]);
    expect(answer.text.split(uid)).toHaveLength(1);
  });
});

function status(name: string) {
  return { name, image: 'i', imageID: '', restartCount: 0, ready: false, state: { running: { startedAt: time } } };
}

function conditions(count: number) {
  return Array.from({ length: count }, (_, index) => ({ type: `T${index}`, status: 'True' }));
}

function tower(height: number): object {
  let top: object = { type: 'Ready' };
  for (let i = 0; i < height; i++) top = i % 2 ? [top] : { nodeInfo: top };
  return top;
}

/** As JSON texts, since some of them are no values. */
const hostileValues = [
  ...[
    'null',
    'true',
    '0',
    '-1',
    '1.5',
    '1e999',
    '-1e999',
    '9007199254740993',
    '1e300',
    '""',
    '[]',
    '{}',
    '[null]',
    '[[]]',
  ],
  ...[
    '"1e999"',
    '"-1"',
    '"127.0.0.1"',
    '"NaN"',
    '"\\u0000"',
    '"../../etc/passwd"',
    '"n2"',
    '"Succeeded"',
    '"a b"',
    '"\\ud800"',
  ],
  ...['{"__proto__":{"polluted":true}}', '{"constructor":{"prototype":{"polluted":true}}}', '[{"type":null}]'],
  JSON.stringify('x'.repeat(100_000)),
  `${'['.repeat(3000)}${']'.repeat(3000)}`,
  `${'{"a":'.repeat(3000)}1${'}'.repeat(3000)}`,
  JSON.stringify(Array.from({ length: 5000 }, () => ({ type: 'Ready', name: 'c', status: 'True' }))),
];

type Place = readonly (string | number)[];

function placesOf(value: unknown, at: Place = []): Place[] {
  if (typeof value !== 'object' || value === null) return [at];
  return [at, ...Object.entries(value).flatMap(([key, each]) => placesOf(each, [...at, key]))];
}

/** The text of the template with other texts at some places. */
function changed(template: object, changes: readonly (readonly [Place, string])[]): string {
  const copy = structuredClone({ root: template });
  changes.forEach(([place, _], index) => {
    let parent: Record<string | number, unknown> = copy;
    for (const key of ['root', ...place].slice(0, -1)) {
      const next = parent[key];
      // An earlier change took the place away.
      if (typeof next !== 'object' || next === null) return;
      // as: an object or a list, by key.
      parent = next as Record<string | number, unknown>;
    }
    parent[place.at(-1) ?? 'root'] = `@${index}@`;
  });
  return changes.reduce(
    (text, [, value], index) => text.replace(`"@${index}@"`, () => value),
    JSON.stringify(copy.root),
  );
}
