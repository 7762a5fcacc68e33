import { expect, it } from 'vitest';
import type { V1Node, V1Pod } from '../../generated/kubernetes.ts';
import { type ClusterFacts, clusterFindings } from './cluster-findings.ts';
import type { ClusterView } from './cluster-view.ts';
import { findingsText, isHealthy } from './finding.ts';

const now = new Date('2030-01-01T12:00:00Z');
const ago = (minutes: number) => new Date(now.getTime() - minutes * 60_000).toISOString();
const listed = <T>(...items: T[]) => ({ value: { items, cut: false } });

const ready: V1Node = {
  metadata: { name: 'a' },
  status: { conditions: [{ type: 'Ready', status: 'True' }] },
};
const view: ClusterView = {
  server: 'https://api:6443',
  version: { value: 'v1.36.0' },
  ready: { value: { status: 200, text: 'ok' } },
  serverCertificateEnds: { value: new Date('2031-01-01T00:00:00Z') },
  nodes: listed(ready),
  pods: listed(),
  apiServices: listed(),
  metrics: { value: '' },
};

function look(changes: Partial<ClusterView>) {
  const facts: ClusterFacts = { view: { ...view, ...changes }, clientCertificate: undefined, now };
  return clusterFindings(facts);
}
const wrong = (changes: Partial<ClusterView>) =>
  look(changes)
    .filter(({ state }) => state !== 'ok')
    .map(({ part, state, message }) => `${part}: ${state}: ${message}`);

function pod(name: string, status: V1Pod['status'], more: Partial<V1Pod> = {}): V1Pod {
  return {
    metadata: { namespace: 'default', name, creationTimestamp: ago(10), ...more.metadata },
    spec: { containers: [], nodeName: 'a', ...more.spec },
    status,
  };
}

it('has nothing to say against a cluster that is well', () => {
  expect(wrong({})).toEqual([]);
  expect(isHealthy(look({}))).toBe(true);
});

it('names the checks of an API server that is not ready', () => {
  const text = '[+]ping ok\n[-]etcd failed: reason withheld\n[+]log ok\nreadyz check failed';
  expect(wrong({ ready: { value: { status: 500, text } } })).toEqual([
    'API server: fault: https://api:6443 is not ready: etcd failed',
  ]);
});

it.each([
  [40, []],
  [29, ['server certificate: warning: ends in 29 days, on 2030-01-30']],
  [-1, ['server certificate: fault: ended on 2029-12-31']],
])('a certificate that is good for %i days', (days, said) => {
  const end = new Date(now.getTime() + days * 24 * 3_600_000);
  expect(wrong({ serverCertificateEnds: { value: end } })).toEqual(said);
});

it('says of each node what it lacks', () => {
  const node = (name: string, conditions: { type: string; status: string; message?: string }[], more = {}): V1Node => ({
    metadata: { name },
    status: { conditions: conditions.map((each) => ({ ...each, lastTransitionTime: ago(5) })) },
    ...more,
  });
  const nodes = listed(
    ready,
    node('silent', [{ type: 'Ready', status: 'Unknown' }]),
    node('broken', [{ type: 'Ready', status: 'False', message: 'containerd does not answer' }]),
    node('full', [
      { type: 'Ready', status: 'True' },
      { type: 'DiskPressure', status: 'True', message: 'less than 5 % are free' },
      { type: 'PIDPressure', status: 'False' },
    ]),
    node('closed', [{ type: 'Ready', status: 'True' }], { spec: { unschedulable: true } }),
    node('new', []),
  );
  expect(wrong({ nodes })).toEqual([
    'node silent: fault: nothing was heard of it for 5m',
    'node broken: fault: is not ready for 5m: containerd does not answer',
    'node full: warning: DiskPressure: less than 5 % are free',
    'node closed: warning: takes no new pods (cordoned)',
    'node new: fault: its agent has not reported yet',
  ]);
  expect(look({ nodes }).find(({ part }) => part === 'nodes')?.message).toBe('3 of 6 Ready');
  expect(wrong({ nodes: listed() })).toEqual(['nodes: warning: there are none: no pod can run']);
});

it('says of pods that wait what they wait for, those of the system first', () => {
  const waiting = (reason: string, message?: string) => ({
    ...{ name: 'c', image: 'i', imageID: '', ready: false, restartCount: 3 },
    state: { waiting: { reason, ...(message !== undefined && { message }) } },
  });
  const pods = listed(
    pod('runs', { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] }),
    pod('done', { phase: 'Succeeded' }),
    pod('nowhere', {
      phase: 'Pending',
      conditions: [{ type: 'PodScheduled', status: 'False', message: '0/1 nodes are available: 1 Insufficient cpu.' }],
    }),
    pod('unpulled', { phase: 'Pending', containerStatuses: [waiting('ImagePullBackOff', 'no such image')] }),
    pod(
      'starting',
      { phase: 'Pending', containerStatuses: [waiting('ContainerCreating')] },
      {
        metadata: { namespace: 'default', name: 'starting', creationTimestamp: ago(0.5) },
      },
    ),
    pod('crashing', {
      phase: 'Running',
      containerStatuses: [
        { ...waiting('CrashLoopBackOff'), lastState: { terminated: { exitCode: 137, reason: 'OOMKilled' } } },
      ],
    }),
    pod(
      'ending',
      { phase: 'Running' },
      { metadata: { namespace: 'default', name: 'ending', deletionTimestamp: ago(3) } },
    ),
    pod(
      'dns',
      {
        phase: 'Running',
        conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: ago(4), message: 'probe failed' }],
      },
      {
        metadata: { namespace: 'kube-system', name: 'dns', creationTimestamp: ago(10) },
      },
    ),
  );
  expect(wrong({ pods })).toEqual([
    'pod kube-system/dns: fault: is not ready for 4m: probe failed',
    'pod default/nowhere: warning: 0/1 nodes are available: 1 Insufficient cpu.',
    'pod default/unpulled: warning: container c: ImagePullBackOff: no such image',
    'pod default/crashing: warning: container c: CrashLoopBackOff (it ended 3 times, last with 137, out of memory)',
    'pod default/ending: warning: should have been gone 3m ago',
  ]);
});

it('reads what waits for controllers and scheduler', () => {
  const page = `# TYPE workqueue_depth gauge
workqueue_depth{name="job"} 2000
workqueue_depth{name="deployment"} 1
workqueue_unfinished_work_seconds{name="garbage"} 300
scheduler_pending_pods{queue="active"} 7
`;
  expect(wrong({ metrics: { value: page } })).toEqual([
    'controller garbage: warning: has been at one piece of work for 5m',
    'controller job: warning: 2000 objects wait for it',
  ]);
  expect(look({ metrics: { value: page } }).find(({ part }) => part === 'queues')?.message).toBe(
    '2001 objects wait for controllers, 7 pods for the scheduler',
  );
});

it('says what it was not let see, and goes on', () => {
  expect(wrong({ nodes: { why: 'nodes is forbidden (403)' } })).toEqual([
    'nodes: warning: not seen: nodes is forbidden (403)',
  ]);
});

it('lets no text of a pod write a line of its own, or order a terminal', () => {
  const text = findingsText([{ part: 'p', state: 'warning', message: 'a\nAPI server  ok\u001b[2J\u202e' }]);
  expect(text).toBe('p  warning  a API server  ok [2J');
});
