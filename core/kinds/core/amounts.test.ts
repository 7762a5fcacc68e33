// Quotas and ranges of amounts, and what is small beside them: what is refused, in Kubernetes' words.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestKinds, type TestKinds } from '../../registry/testing-kinds.ts';

let kinds: TestKinds;

beforeAll(async () => {
  kinds = await openTestKinds();
});

afterAll(() => kinds.close());

const range = (...limits: object[]) => ({ spec: { limits } });
const container = (item: object) => range({ type: 'Container', ...item });
const quota = (spec: object) => ({ spec });
const standardName = 'must be a standard resource type or fully qualified';
const at = 'spec.limits[0]';

describe('a LimitRange is refused', () => {
  it.each<[string, object, readonly string[]]>([
    [
      'types that are none',
      range({ type: 'Disk' }, { type: 'Pod' }, { type: 'Pod' }),
      [
        `${at}.type: Invalid value: "Disk": must be a standard limit type or fully qualified`,
        'spec.limits[2].type: Duplicate value: "Pod"',
      ],
    ],
    [
      'names that are none',
      container({ max: { pens: '1' }, min: { storage: '1' }, maxLimitRequestRatio: { 'kubernetes.io/x': '1' } }),
      [
        `${at}.max[pens]: Invalid value: "pens": ${standardName}`,
        `${at}.max[pens]: Invalid value: "pens": must be a standard resource for containers`,
        `${at}.min[storage]: Invalid value: "storage": must be a standard resource for containers`,
        `${at}.default[pens]: Invalid value: "pens": ${standardName}`,
        `${at}.default[pens]: Invalid value: "pens": must be a standard resource for containers`,
        `${at}.defaultRequest[pens]: Invalid value: "pens": ${standardName}`,
        `${at}.defaultRequest[pens]: Invalid value: "pens": must be a standard resource for containers`,
        `${at}.defaultRequest[storage]: Invalid value: "storage": must be a standard resource for containers`,
      ],
    ],
    [
      'amounts out of order',
      container({ min: { cpu: '4' }, max: { cpu: '1' }, default: { cpu: '2' }, defaultRequest: { cpu: '3' } }),
      [
        `${at}.min[cpu]: Invalid value: "4": min value 4 is greater than max value 1`,
        `${at}.defaultRequest[cpu]: Invalid value: "3": min value 4 is greater than default request value 3`,
        `${at}.defaultRequest[cpu]: Invalid value: "3": default request value 3 is greater than max value 1`,
        `${at}.defaultRequest[cpu]: Invalid value: "3": default request value 3 is greater than default limit value 2`,
        `${at}.default[cpu]: Invalid value: "4": min value 4 is greater than default value 2`,
        `${at}.default[cpu]: Invalid value: "1": default value 2 is greater than max value 1`,
      ],
    ],
    [
      'ratios',
      range({ type: 'Pod', min: { cpu: '1' }, max: { cpu: '2' }, maxLimitRequestRatio: { cpu: '3', memory: '500m' } }),
      [
        `${at}.maxLimitRequestRatio[cpu]: Invalid value: "3": ratio 3 is greater than max/min = 2.000000`,
        `${at}.maxLimitRequestRatio[memory]: Invalid value: "500m": ratio 500m is less than 1`,
      ],
    ],
    [
      'defaults of devices that differ',
      container({ default: { 'a.io/gpu': '2' }, defaultRequest: { 'a.io/gpu': '1' } }),
      [
        `${at}.defaultRequest[a.io/gpu]: Invalid value: "1": default value 2 must equal to defaultRequest value 1 in a.io/gpu`,
      ],
    ],
  ])('for %s', async (_, object, expected) => {
    expect(await kinds.created('limitranges', object)).toEqual(expected);
  });
});

describe('a ResourceQuota is refused', () => {
  const expressions = 'spec.scopeSelector.matchExpressions';
  it.each<[string, object, readonly string[]]>([
    [
      'names and amounts',
      quota({ hard: { pots: '1', storage: '1', pods: '500m', 'a.io/gpu': '1500m', 'count/x.y.io': '1', cpu: '-1' } }),
      [
        `spec.hard[pots]: Invalid value: "pots": ${standardName}`,
        'spec.hard[pots]: Invalid value: "pots": must be a standard resource for quota',
        'spec.hard[storage]: Invalid value: "storage": must be a standard resource for quota',
        'spec.hard[pods]: Invalid value: "500m": must be an integer',
        'spec.hard[a.io/gpu]: Invalid value: "1500m": must be an integer',
        'spec.hard[cpu]: Invalid value: "-1": must be greater than or equal to 0',
      ],
    ],
    [
      'scopes that do not hold',
      quota({
        hard: { 'requests.ephemeral-storage': '1', secrets: '1' },
        scopes: ['Terminating', 'NotTerminating', 'Idle'],
      }),
      [
        ...Array(4).fill(
          'spec.scopes: Invalid value: ["Terminating","NotTerminating","Idle"]: unsupported scope applied to resource',
        ),
        'spec.scopes: Invalid value: ["Terminating","NotTerminating","Idle"]: unsupported scope',
        'spec.scopes: Invalid value: ["Terminating","NotTerminating","Idle"]: conflicting scopes',
      ],
    ],
    [
      'selectors of scopes',
      quota({
        hard: { pods: '1' },
        scopeSelector: {
          matchExpressions: [
            { scopeName: 'PriorityClass', operator: 'In' },
            { scopeName: 'BestEffort', operator: 'DoesNotExist', values: ['x'] },
            { scopeName: 'Idle', operator: 'Near' },
          ],
        },
      }),
      [
        `${expressions}.values: Required value: must be at least one value when \`operator\` is 'In' or 'NotIn' for scope selector`,
        `${expressions}.operator: Invalid value: "DoesNotExist": must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity`,
        `${expressions}.values: Invalid value: ["x"]: must be no value when \`operator\` is 'Exist' or 'DoesNotExist' for scope selector`,
        `${expressions}.scopeName: Invalid value: "Idle": unsupported scope`,
        `${expressions}.operator: Invalid value: "Near": not a valid selector operator`,
      ],
    ],
  ])('for %s', async (_, object, expected) => {
    const got = await kinds.created('resourcequotas', object);
    expect(got.sort()).toEqual([...expected].sort());
  });

  it('for other scopes than before, and a status of what it cannot count', async () => {
    const object = quota({ hard: { pods: '1' }, scopes: ['Terminating', 'PriorityClass'] });
    expect(
      await kinds.changed('resourcequotas', object, { spec: { scopes: ['PriorityClass', 'Terminating'] } }),
    ).toEqual([]);
    expect(await kinds.changed('resourcequotas', object, { spec: { scopes: ['Terminating'] } })).toEqual([
      'spec.scopes: Invalid value: ["Terminating"]: field is immutable',
    ]);
    const status = { hard: { pods: '1' }, used: { storage: '-1' } };
    expect(await kinds.changed('resourcequotas', object, { status }, 'status')).toEqual([
      'status.used[storage]: Invalid value: "storage": must be a standard resource for quota',
      'status.used[storage]: Invalid value: "-1": must be greater than or equal to 0',
    ]);
  });
});

describe('a Namespace, a ServiceAccount, a Lease', () => {
  it('are refused for finalizers, phases and strategies', async () => {
    expect(await kinds.created('namespaces', { spec: { finalizers: ['mine'] } })).toEqual([
      'spec.finalizers: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified',
    ]);
    expect(
      await kinds.changed('namespaces', { metadata: { name: 'ended' } }, { status: { phase: 'Gone' } }, 'status'),
    ).toEqual(['status.Phase: Invalid value: "Gone": may only be \'Active\' if `deletionTimestamp` is empty']);
    expect(
      await kinds.changed(
        'namespaces',
        { metadata: { name: 'other' } },
        { spec: { finalizers: ['mine'] } },
        'finalize',
      ),
    ).toEqual([
      'spec.finalizers[0]: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified',
    ]);
    const lease = { spec: { leaseDurationSeconds: 0, leaseTransitions: -1, strategy: 'Oldest', preferredHolder: 'x' } };
    expect(await kinds.created('coordination.k8s.io/leases', lease)).toEqual([
      'spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0',
      'spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0',
      'spec.strategy.strategy: Unsupported value: "Oldest": supported values: "OldestEmulationVersion"',
    ]);
    expect(await kinds.created('coordination.k8s.io/leases', { spec: { strategy: 'a.io/' } })).toEqual([
      'spec.strategy.strategy: Invalid value: "a.io/": name part must be non-empty',
      expect.stringContaining('spec.strategy.strategy: Invalid value: "a.io/": name part must consist of'),
    ]);
  });

  it('keep of the Secrets of a ServiceAccount their names', async () => {
    const secrets = [{ name: 's', namespace: 'other', kind: 'Secret', uid: 'u' }, {}];
    expect(await kinds.stored('serviceaccounts', { secrets })).toMatchObject({ secrets: [{ name: 's' }, {}] });
    expect((await kinds.stored('serviceaccounts', { secrets }))['secrets']).toEqual([{ name: 's' }, {}]);
  });
});
