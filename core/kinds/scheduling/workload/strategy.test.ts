import { describe, expect, it } from 'vitest';
import type { V1alpha2PodGroupTemplate, V1alpha2Workload } from '../../../../generated/kubernetes.ts';
import type { KubeObject } from '../../../machinery/object.ts';
import { strategy } from './strategy.ts';

const basic: V1alpha2PodGroupTemplate = { name: 'a', schedulingPolicy: { basic: {} } };
const gang = (minCount: number): V1alpha2PodGroupTemplate => ({ name: 'b', schedulingPolicy: { gang: { minCount } } });
// as: a strategy takes what is stored, which is such an object.
const workload = (...podGroupTemplates: V1alpha2PodGroupTemplate[]) =>
  ({ metadata: { name: 'w' }, spec: { podGroupTemplates } }) satisfies V1alpha2Workload as KubeObject &
    V1alpha2Workload;
const errorsOf = (object: KubeObject) =>
  strategy.validate?.(object, undefined).map(({ field, message }) => `${field}: ${message}`);

describe('a Workload', () => {
  it('has one to eight templates of different names', () => {
    expect(errorsOf(workload(basic, gang(2)))).toEqual([]);
    expect(errorsOf(workload())).toEqual(['spec.podGroupTemplates: Required value: must have at least one item']);
    const nine = Array.from({ length: 9 }, (_, index) => ({ ...basic, name: `t${index}` }));
    expect(errorsOf(workload(...nine))).toEqual(['spec.podGroupTemplates: Too many: 9: must have at most 8 items']);
    expect(errorsOf(workload(basic, basic))).toEqual([
      `spec.podGroupTemplates[1]: Duplicate value: ${JSON.stringify(basic)}`,
    ]);
  });

  it('has one policy in each', () => {
    const policy = 'spec.podGroupTemplates[0].schedulingPolicy';
    expect(errorsOf(workload({ name: 'a', schedulingPolicy: {} }))).toEqual([
      `${policy}: Invalid value: "": must specify one of: \`basic\`, \`gang\``,
    ]);
    expect(errorsOf(workload({ name: 'a', schedulingPolicy: { basic: {}, gang: { minCount: 1 } } }))).toHaveLength(1);
    expect(errorsOf(workload(gang(0)))).toEqual([`${policy}.gang.minCount: Required value`]);
    expect(errorsOf(workload(gang(-1)))).toEqual([
      `${policy}.gang.minCount: Invalid value: -1: must be greater than zero`,
    ]);
  });

  it('keeps its templates, and the controller that it was given', () => {
    const fields = (object: KubeObject, old: KubeObject) =>
      strategy.validateUpdate?.(object, old, '').map(({ field }) => field);
    const owned = workload(basic);
    owned.spec = { ...owned.spec, controllerRef: { kind: 'Job', name: 'j' } };
    expect(fields(workload(gang(1)), workload(gang(2)))).toEqual(['spec.podGroupTemplates']);
    expect(fields(owned, workload(basic))).toEqual([]);
    expect(fields(workload(basic), owned)).toEqual(['spec.controllerRef']);
  });
});
