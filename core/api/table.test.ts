import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../machinery/object.ts';
import { builtInColumns } from './built-in-columns.ts';
import { loadDefinitions } from './definitions.ts';
import { columnsOf, toTable } from './table.ts';

const definitions = loadDefinitions();
const now = new Date('2026-01-02T00:00:00Z');

function cells(group: string, resource: string, object: object, version = 'v1'): Record<string, unknown> {
  const definition = definitions.find(group, version, resource)!;
  const metadata = { name: 'a', namespace: 'default', creationTimestamp: '2026-01-01T00:00:00Z' };
  const whole = { ...object, metadata: { ...metadata, ...('metadata' in object && (object.metadata as object)) } };
  const { columnDefinitions, rows } = toTable(builtInColumns(definition), [whole as KubeObject], {
    includeObject: 'None',
    metadata: {},
    now,
  });
  return Object.fromEntries(columnDefinitions.map(({ name }, index) => [name, rows[0]?.cells[index]]));
}

const running = (name: string, restartCount = 0) => ({
  name,
  restartCount,
  ready: true,
  state: { running: { startedAt: '2026-01-01T00:00:00Z' } },
});
const ended = (exitCode: number, reason?: string) => ({ terminated: { exitCode, ...(reason && { reason }) } });

function pod(status: object, spec: object = {}, metadata: object = {}): Record<string, unknown> {
  return cells('', 'pods', { metadata, spec: { containers: [{ name: 'a' }], ...spec }, status });
}

describe('STATUS of a pod', () => {
  const waiting = (reason: string) => ({ name: 'a', restartCount: 4, ready: false, state: { waiting: { reason } } });
  const twoInit = { initContainers: [{ name: 'i' }, { name: 'j' }] };
  const cases: readonly (readonly [string, Record<string, unknown>])[] = [
    ['Pending', pod({ phase: 'Pending' })],
    ['ContainerCreating', pod({ phase: 'Pending', containerStatuses: [waiting('ContainerCreating')] })],
    ['CrashLoopBackOff', pod({ phase: 'Running', containerStatuses: [waiting('CrashLoopBackOff')] })],
    ['Running', pod({ phase: 'Running', containerStatuses: [running('a')] })],
    ['Completed', pod({ phase: 'Succeeded', containerStatuses: [{ ...running('a'), state: ended(0, 'Completed') }] })],
    ['ExitCode:3', pod({ phase: 'Failed', containerStatuses: [{ ...running('a'), state: ended(3) }] })],
    ['OOMKilled', pod({ phase: 'Failed', containerStatuses: [{ ...running('a'), state: ended(137, 'OOMKilled') }] })],
    ['Init:0/2', pod({ phase: 'Pending', initContainerStatuses: [running('i')] }, twoInit)],
    [
      'Init:1/2',
      pod({ phase: 'Pending', initContainerStatuses: [{ ...running('i'), state: ended(0) }, running('j')] }, twoInit),
    ],
    [
      'Init:Error',
      pod({ phase: 'Pending', initContainerStatuses: [{ ...running('i'), state: ended(1, 'Error') }] }, twoInit),
    ],
    ['Evicted', pod({ phase: 'Failed', reason: 'Evicted' })],
    ['Terminating', pod({ phase: 'Running' }, {}, { deletionTimestamp: '2026-01-01T00:00:00Z' })],
    ['Unknown', pod({ phase: 'Running', reason: 'NodeLost' }, {}, { deletionTimestamp: '2026-01-01T00:00:00Z' })],
    [
      'SchedulingGated',
      pod({ phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }] }),
    ],
    [
      'NotReady',
      pod({
        phase: 'Running',
        containerStatuses: [{ name: 'a', restartCount: 0, ready: false, state: ended(0, 'Completed') }, running('b')],
      }),
    ],
  ];
  for (const [expected, row] of cases) it(`is ${expected}`, () => expect(row['Status']).toBe(expected));

  it('counts a running sidecar as a container', () => {
    const row = pod(
      {
        phase: 'Running',
        initContainerStatuses: [{ ...running('s'), started: true }],
        containerStatuses: [running('a')],
      },
      { initContainers: [{ name: 's', restartPolicy: 'Always' }] },
    );
    expect(row).toMatchObject({ Ready: '2/2', Status: 'Running' });
  });

  it('says when the last restart was', () => {
    const again = {
      ...running('a', 3),
      lastState: { terminated: { exitCode: 1, finishedAt: '2026-01-01T23:55:00Z' } },
    };
    expect(pod({ phase: 'Running', containerStatuses: [again] })).toMatchObject({ Restarts: '3 (5m ago)', Age: '24h' });
  });
});

describe('columns', () => {
  it('show what kubectl shows of a service', () => {
    const spec = {
      type: 'NodePort',
      clusterIPs: ['10.0.0.7'],
      ports: [{ port: 80, nodePort: 30080, protocol: 'TCP' }],
    };
    expect(cells('', 'services', { spec })).toEqual({
      Name: 'a',
      Type: 'NodePort',
      'Cluster-IP': '10.0.0.7',
      'External-IP': '<none>',
      'Port(s)': '80:30080/TCP',
      Age: '24h',
      Selector: '<none>',
    });
  });

  it('show the targets of an autoscaler in both versions', () => {
    const scaleTargetRef = { kind: 'Deployment', name: 'web' };
    const v1 = {
      apiVersion: 'autoscaling/v1',
      spec: { scaleTargetRef, maxReplicas: 3, targetCPUUtilizationPercentage: 70 },
    };
    expect(cells('autoscaling', 'horizontalpodautoscalers', v1)['Targets']).toBe('cpu: <unknown>/70%');
    const metrics = [{ type: 'Resource', resource: { name: 'cpu', target: { averageUtilization: 70 } } }];
    const v2 = {
      apiVersion: 'autoscaling/v2',
      spec: { scaleTargetRef, maxReplicas: 3, metrics },
      status: {
        currentMetrics: [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 12 } } }],
      },
    };
    expect(cells('autoscaling', 'horizontalpodautoscalers', v2, 'v2')['Targets']).toBe('cpu: 12%/70%');
  });

  it('never fail on an object that has only its metadata', () => {
    for (const { group, version, resource } of definitions.all()) {
      const bare = {};
      expect(cells(group, resource, bare, version), resource).toBeTypeOf('object');
    }
  });
});

describe('columns', () => {
  it('are those that a definition brings along, or of its built-in type, for which nobody waits twice', async () => {
    const pods = definitions.find('', 'v1', 'pods')!;
    expect(await columnsOf(pods)).toBe(columnsOf(pods));
    expect(columnsOf(pods)).toBe(builtInColumns(pods));
    expect(columnsOf({ ...pods, columns: [] })).toEqual([]);
  });
});

describe('rows', () => {
  it('carry what was asked for', () => {
    const definition = definitions.find('', 'v1', 'configmaps')!;
    const object: KubeObject = { metadata: { name: 'a' }, data: { k: 'v' } };
    const row = (includeObject: 'None' | 'Metadata' | 'Object') =>
      toTable(builtInColumns(definition), [object], { includeObject, metadata: { resourceVersion: '7' }, now }).rows[0];
    expect(row('None')).not.toHaveProperty('object');
    expect(row('Metadata')?.object).toEqual({
      kind: 'PartialObjectMetadata',
      apiVersion: 'meta.k8s.io/v1',
      metadata: { name: 'a' },
    });
    expect(row('Object')?.object).toBe(object);
  });
});
