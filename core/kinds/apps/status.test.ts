import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestKinds, type TestKinds } from '../../registry/testing-kinds.ts';

let kinds: TestKinds;

beforeAll(async () => {
  kinds = await openTestKinds();
});

afterAll(() => kinds.close());

const selector = { matchLabels: { a: 'b' } };
const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
const workload = { spec: { selector, template } };
const below = (field: string) => `status.${field}: Invalid value: -1: must be greater than or equal to 0`;
const above = (field: string) => `status.${field}: Invalid value: 2: cannot be greater than status.replicas`;

describe('a status is refused that cannot be', () => {
  it.each<[string, object, object, readonly string[]]>([
    [
      'apps/deployments',
      workload,
      { replicas: 1, updatedReplicas: 2, readyReplicas: 1, availableReplicas: 2, unavailableReplicas: -1 },
      [
        below('unavailableReplicas'),
        above('updatedReplicas'),
        above('availableReplicas'),
        'status.availableReplicas: Invalid value: 2: cannot be greater than readyReplicas',
      ],
    ],
    [
      'apps/replicasets',
      workload,
      { replicas: 1, fullyLabeledReplicas: 2, readyReplicas: 2 },
      [above('fullyLabeledReplicas'), above('readyReplicas')],
    ],
    [
      'apps/statefulsets',
      workload,
      { replicas: 1, currentReplicas: 2, updatedReplicas: 2, availableReplicas: 1 },
      [
        above('currentReplicas'),
        above('updatedReplicas'),
        'status.availableReplicas: Invalid value: 1: cannot be greater than status.readyReplicas',
      ],
    ],
    [
      'apps/daemonsets',
      workload,
      { numberReady: -1, numberAvailable: -1 },
      [below('numberReady'), below('numberAvailable')],
    ],
    [
      'replicationcontrollers',
      { spec: { template } },
      { replicas: -1 },
      [
        below('replicas'),
        ...['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'].map(
          (part) => `status.${part}: Invalid value: 0: cannot be greater than status.replicas`,
        ),
      ],
    ],
    ['policy/poddisruptionbudgets', { spec: {} }, { currentHealthy: -1 }, [below('currentHealthy')]],
  ])('%s %j', async (type, object, status, expected) => {
    expect(await kinds.changed(type, object, { status }, 'status')).toEqual(expected);
  });
});

describe('a StatefulSet is refused', () => {
  it.each<[number | string, string]>([
    [0, 'cannot be 0'],
    ['0%', 'cannot be 0'],
    ['101%', 'must not be greater than 100%'],
    [-1, 'must be greater than or equal to 0'],
  ])('that may lack %j pods at a time', async (maxUnavailable, why) => {
    const object = {
      spec: { ...workload.spec, updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable } } },
    };
    expect(await kinds.created('apps/statefulsets', object)).toEqual([
      `spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: ${JSON.stringify(maxUnavailable)}: ${why}`,
    ]);
  });
});
