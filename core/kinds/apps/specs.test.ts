// Specs of workloads: what is refused, in Kubernetes' words.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestKinds, type TestKinds } from '../../registry/testing-kinds.ts';

let kinds: TestKinds;

beforeAll(async () => {
  kinds = await openTestKinds();
});

afterAll(() => kinds.close());

const labels = { app: 'a' };
const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } };
const workload = (spec: object) => ({ spec: { selector: { matchLabels: labels }, template, ...spec } });
const withoutSelector = { spec: { template } };
const mismatch =
  'spec.template.metadata.labels: Invalid value: {"app":"a"}: `selector` does not match template `labels`';
const broken = { matchExpressions: [{ key: 'app', operator: 'Near' }] };
const notOperator = 'spec.selector.matchExpressions[0].operator: Invalid value: "Near": not a valid selector operator';
const ds = (updateStrategy: object) => workload({ updateStrategy });
const rolling = (rollingUpdate: object) => ds({ type: 'RollingUpdate', rollingUpdate });
const sts = (spec: object) => workload({ serviceName: 's', ...spec });
const claim = (spec: object) => ({ metadata: { name: 'data' }, spec });
const path = 'spec.updateStrategy.rollingUpdate';

describe('a workload is refused', () => {
  it.each<[string, string, object, readonly string[]]>([
    ['without a selector', 'apps/deployments', withoutSelector, ['spec.selector: Required value', mismatch]],
    ['without a selector', 'apps/replicasets', withoutSelector, ['spec.selector: Required value', mismatch]],
    ['without a selector', 'apps/statefulsets', withoutSelector, ['spec.selector: Required value', mismatch]],
    ['without a selector', 'apps/daemonsets', withoutSelector, [mismatch]],
    [
      'with a selector that is none',
      'apps/deployments',
      workload({ selector: broken, template: {} }),
      [
        notOperator,
        'spec.selector: Invalid value: {"matchExpressions":[{"key":"app","operator":"Near"}]}: invalid label selector',
      ],
    ],
    [
      'with a selector that is none',
      'apps/statefulsets',
      sts({ selector: broken }),
      [notOperator, 'spec.selector: Invalid value: {"matchExpressions":[{"key":"app","operator":"Near"}]}'],
    ],
    [
      'of another strategy',
      'apps/deployments',
      workload({ strategy: { type: 'Blue' } }),
      ['spec.strategy: Unsupported value: {"type":"Blue"}: supported values: "Recreate", "RollingUpdate"'],
    ],
    [
      'that cannot move',
      'apps/deployments',
      workload({ strategy: { rollingUpdate: { maxSurge: '00%', maxUnavailable: 0 } } }),
      ['spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0'],
    ],
    [
      'of another strategy',
      'apps/daemonsets',
      ds({ type: 'Blue' }),
      ['spec.updateStrategy: Unsupported value: {"type":"Blue"}: supported values: "RollingUpdate", "OnDelete"'],
    ],
    [
      'that cannot move',
      'apps/daemonsets',
      rolling({ maxUnavailable: 0, maxSurge: '0%' }),
      [`${path}.maxUnavailable: Required value: cannot be 0 when maxSurge is 0`],
    ],
    [
      'that has more and fewer',
      'apps/daemonsets',
      rolling({ maxUnavailable: '101%', maxSurge: 1 }),
      [
        `${path}.maxUnavailable: Invalid value: "101%": must not be greater than 100%`,
        `${path}.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero`,
      ],
    ],
    [
      'of another strategy',
      'apps/statefulsets',
      sts({ updateStrategy: { type: 'Blue' } }),
      ['spec.updateStrategy: Invalid value: {"type":"Blue"}: must be \'RollingUpdate\' or \'OnDelete\''],
    ],
    [
      'field by field',
      'apps/statefulsets',
      sts({
        podManagementPolicy: 'Random',
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: -1, maxUnavailable: 0 } },
        persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Keep', whenScaled: 'Delete' },
        replicas: -1,
        minReadySeconds: -1,
        ordinals: { start: -1 },
        serviceName: 'a.b',
        volumeClaimTemplates: [claim({ accessModes: [], resources: {} })],
      }),
      [
        "spec.podManagementPolicy: Invalid value: \"Random\": must be 'OrderedReady' or 'Parallel'",
        `${path}.partition: Invalid value: -1: must be greater than or equal to 0`,
        `${path}.maxUnavailable: Invalid value: 0: cannot be 0`,
        'spec.persistentVolumeClaimRetentionPolicy.whenDeleted: Unsupported value: "Keep": supported values: "Retain", "Delete"',
        'spec.replicas: Invalid value: -1: must be greater than or equal to 0',
        'spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0',
        'spec.ordinals.start: Invalid value: -1: must be greater than or equal to 0',
        'spec.serviceName: Invalid value: "a.b": must not contain dots',
        'spec.volumeClaimTemplates[0].spec.accessModes: Required value: at least 1 access mode is required',
        'spec.volumeClaimTemplates[0].spec.resources[storage]: Required value',
      ],
    ],
    [
      'of a revision that is no object',
      'apps/controllerrevisions',
      { data: 'x', revision: 1 },
      ['data: Required value: data must be a valid JSON object'],
    ],
  ])('%s: %s', async (_, type, object, expected) => {
    expect(await kinds.created(type, object)).toEqual(expected);
  });

  it('for a change of a StatefulSet beside what may change', async () => {
    const expected =
      "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";
    expect(await kinds.changed('apps/statefulsets', sts({}), { spec: { serviceName: 't' } })).toEqual([expected]);
    const change = { spec: { replicas: 3, ordinals: { start: 2 }, minReadySeconds: 1, revisionHistoryLimit: 1 } };
    expect(await kinds.changed('apps/statefulsets', sts({}), change)).toEqual([]);
  });
});
