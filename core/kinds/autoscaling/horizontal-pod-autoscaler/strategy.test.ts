import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestKinds, type TestKinds } from '../../../registry/testing-kinds.ts';

const type = 'autoscaling/horizontalpodautoscalers';
let kinds: TestKinds;

beforeAll(async () => {
  kinds = await openTestKinds();
});

afterAll(() => kinds.close());

const scaleTargetRef = { kind: 'Deployment', name: 'd' };
const scaler = (spec: object) => ({ spec: { scaleTargetRef, maxReplicas: 3, ...spec } });
const measuring = (...metrics: object[]) => scaler({ metrics });
const cpu = { type: 'Utilization', averageUtilization: 50 };

describe('a HorizontalPodAutoscaler is refused', () => {
  it.each<[string, object, readonly string[]]>([
    [
      'fewer than one pod',
      scaler({ minReplicas: 0, maxReplicas: 0 }),
      [
        'spec.minReplicas: Invalid value: 0: must be greater than or equal to 1',
        'spec.maxReplicas: Invalid value: 0: must be greater than 0',
        'spec.metrics: Forbidden: must specify at least one Object or External metric to support scaling to zero replicas',
      ],
    ],
    [
      'a target that no path can name',
      scaler({ scaleTargetRef: { kind: 'a/b', name: '..' } }),
      [
        `spec.scaleTargetRef.kind: Invalid value: "a/b": may not contain '/'`,
        `spec.scaleTargetRef.name: Invalid value: "..": may not be '..'`,
      ],
    ],
    [
      'a metric without a type',
      measuring({}),
      [
        'spec.metrics[0].type: Required value: must specify a metric source type',
        'spec.metrics[0].type: Unsupported value: "": supported values: "ContainerResource", "External", "Object", "Pods", "Resource"',
      ],
    ],
    [
      'a metric of another type',
      measuring({ type: 'Pods', resource: { name: 'cpu', target: cpu } }),
      ['spec.metrics[0].pods: Required value: must populate information for the given metric source'],
    ],
    [
      'a metric of two types',
      measuring({
        type: 'Resource',
        resource: { name: 'cpu', target: cpu },
        pods: { metric: { name: 'm' }, target: { type: 'AverageValue', averageValue: '1' } },
      }),
      ['spec.metrics[0].pods: Forbidden: must populate the given metric source only'],
    ],
    [
      'an object without a value',
      measuring({ type: 'Object', object: { describedObject: {}, metric: {}, target: { type: 'x' } } }),
      [
        'spec.metrics[0].object.describedObject.kind: Required value',
        'spec.metrics[0].object.describedObject.name: Required value',
        'spec.metrics[0].object.metric.name: Required value: must specify a metric name',
        'spec.metrics[0].object.target.type: Invalid value: "x": must be either Utilization, Value, or AverageValue',
        'spec.metrics[0].object.target.averageValue: Required value: must set either a target value or averageValue',
      ],
    ],
    [
      'an external metric with two values',
      measuring({
        type: 'External',
        external: { metric: { name: 'a%b' }, target: { type: 'Value', value: '0', averageValue: '-1' } },
      }),
      [
        `spec.metrics[0].external.metric.name: Invalid value: "a%b": may not contain '%'`,
        'spec.metrics[0].external.target.value: Invalid value: "0": must be positive',
        'spec.metrics[0].external.target.averageValue: Invalid value: "-1": must be positive',
        'spec.metrics[0].external.target.value: Forbidden: may not set both a target value for metric and a per-pod target',
      ],
    ],
    [
      'pods without an average',
      measuring({ type: 'Pods', pods: { metric: { name: 'm' }, target: {} } }),
      [
        'spec.metrics[0].pods.target.type: Required value: must specify a metric target type',
        'spec.metrics[0].pods.target.type: Invalid value: "": must be either Utilization, Value, or AverageValue',
        'spec.metrics[0].pods.target.averageValue: Required value: must specify a positive target averageValue',
      ],
    ],
    [
      'a resource with two targets',
      measuring({ type: 'Resource', resource: { target: { ...cpu, averageUtilization: 0, averageValue: '1' } } }),
      [
        'spec.metrics[0].resource.name: Required value: must specify a resource name',
        'spec.metrics[0].resource.target.averageUtilization: Invalid value: 0: must be greater than 0',
        'spec.metrics[0].resource.target.averageValue: Forbidden: may not set both a target raw value and a target utilization',
      ],
    ],
    [
      'a resource of no container',
      measuring(
        { type: 'ContainerResource', containerResource: { target: { type: 'Utilization' } } },
        { type: 'ContainerResource', containerResource: { name: 'pens', container: 'a.b', target: cpu } },
      ),
      [
        'spec.metrics[0].containerResource.name: Required value: must specify a resource name',
        'spec.metrics[0].containerResource.container: Required value: must specify a container',
        'spec.metrics[0].containerResource.target.averageUtilization: Required value: must set either a target raw value or a target utilization',
        'spec.metrics[1].containerResource.name: Invalid value: "pens": must be a standard resource type or fully qualified',
        'spec.metrics[1].containerResource.name: Invalid value: "pens": must be a standard resource for containers',
        'spec.metrics[1].containerResource.container: Invalid value: "a.b": must not contain dots',
      ],
    ],
    [
      'rules out of bounds',
      scaler({
        behavior: {
          scaleUp: { stabilizationWindowSeconds: -1, selectPolicy: 'Most', policies: [], tolerance: '-0.1' },
          scaleDown: {
            stabilizationWindowSeconds: 3601,
            policies: [{}, { type: 'Pods', value: 1, periodSeconds: 1801 }],
          },
        },
      }),
      [
        'spec.behavior.scaleUp.stabilizationWindowSeconds: Invalid value: -1: must be greater than or equal to zero',
        'spec.behavior.scaleUp.selectPolicy: Unsupported value: "Most": supported values: "Disabled", "Max", "Min"',
        'spec.behavior.scaleUp.tolerance: Invalid value: "-100m": must be greater than or equal to 0',
        'spec.behavior.scaleDown.stabilizationWindowSeconds: Invalid value: 3601: must be less than or equal to 3600',
        'spec.behavior.scaleDown.policies[0].type: Unsupported value: "": supported values: "Percent", "Pods"',
        'spec.behavior.scaleDown.policies[0].value: Invalid value: 0: must be greater than zero',
        'spec.behavior.scaleDown.policies[0].periodSeconds: Invalid value: 0: must be greater than zero',
        'spec.behavior.scaleDown.policies[1].periodSeconds: Invalid value: 1801: must be less than or equal to 1800',
      ],
    ],
  ])('for %s', async (_, object, expected) => {
    expect(await kinds.created(type, object)).toEqual(expected);
  });

  it('for a status that counts below zero', async () => {
    const change = { status: { currentReplicas: -1, desiredReplicas: -2 } };
    expect(await kinds.changed(type, scaler({}), change, 'status')).toEqual([
      'status.currentReplicas: Invalid value: -1: must be greater than or equal to 0',
      'status.desiredReplicas: Invalid value: -2: must be greater than or equal to 0',
    ]);
  });
});

describe('a HorizontalPodAutoscaler is taken', () => {
  it.each([
    [
      'with a resource of an extended name',
      measuring({ type: 'ContainerResource', containerResource: { name: 'a.io/gpu', container: 'c', target: cpu } }),
    ],
    ['with one rule', scaler({ behavior: { scaleUp: { stabilizationWindowSeconds: 10 } } })],
    [
      'with both values of an object',
      measuring({
        type: 'Object',
        object: {
          describedObject: { kind: 'K', name: 'n' },
          metric: { name: 'm' },
          target: { type: 'Value', value: '1', averageValue: '1' },
        },
      }),
    ],
  ])('%s', async (_, object) => {
    expect(await kinds.created(type, object)).toEqual([]);
  });
});
