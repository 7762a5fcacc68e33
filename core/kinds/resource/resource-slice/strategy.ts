// The devices that a driver publishes (KEP-4381), or the counters that they share (KEP-4815).

import type { V1CounterSet, V1ResourceSlice, V1ResourceSliceSpec } from '../../../../generated/kubernetes.ts';
import { type FieldError, invalidValue, required } from '../../../machinery/field-error.ts';
import { formatTime } from '../../../machinery/time.ts';
import { validateNodeTerms } from '../../core/pod/validate-scheduling.ts';
import { immutable } from '../../metadata/validate.ts';
import { validateDriverName } from '../../storage/driver-name.ts';
import { strategyFor } from '../../strategy.ts';
import { limits } from '../limits.ts';
import { validateSet } from '../lists.ts';
import { validatePoolName } from '../names.ts';
import { validateCounters } from './validate-counters.ts';
import { validateDevice } from './validate-device.ts';
import { validateNodeName } from './validate-node-name.ts';

export const strategy = strategyFor<V1ResourceSlice>({
  generation: true,
  prepareForCreate: (object, { now }) => markTaints(object, now),
  prepareForUpdate: (object, _, { now }) => markTaints(object, now),
  validate({ spec }, old) {
    const { driver, pool, devices = [] } = spec ?? {};
    const count = pool?.resourceSliceCount ?? 0;
    const errors = [...validateDriverName(driver, 'spec.driver'), ...validatePoolName(pool?.name, 'spec.pool.name')];
    if (count <= 0) errors.push(invalidValue('spec.pool.resourceSliceCount', count, 'must be greater than zero'));
    if (pool && pool.generation < 0)
      errors.push(invalidValue('spec.pool.generation', pool.generation, 'must be greater than or equal to zero'));
    if (old)
      errors.push(
        ...immutable(pool?.name, old.spec?.pool?.name, 'spec.pool.name'),
        ...immutable(driver, old.spec?.driver, 'spec.driver'),
        ...immutable(spec?.nodeName, old.spec?.nodeName, 'spec.nodeName'),
      );
    errors.push(...validatePlace(spec ?? {}, 'spec'));
    if (spec?.sharedCounters && spec.devices)
      errors.push(invalidValue('spec', '', 'only one of `sharedCounters` or `devices` is allowed'));
    const sharing = devices.some(({ taints, consumesCounters }) => taints?.length || consumesCounters?.length);
    const before = new Map(old?.spec?.devices?.map((each) => [each.name, each]));
    return [
      ...errors,
      ...validateSet(
        devices,
        sharing ? limits.devicesThatShare : limits.devices,
        'spec.devices',
        ({ name }) => name ?? '',
        (each, path) => validateDevice(each, before.get(each.name), spec?.perDeviceNodeSelection === true, path),
      ),
      ...validateSet(
        spec?.sharedCounters,
        limits.counterSets,
        'spec.sharedCounters',
        ({ name }) => name ?? '',
        (each: V1CounterSet, path) => validateCounters(each.name, each.counters, path, 'name'),
      ),
    ];
  },
});

/** A taint says since when it holds. */
function markTaints({ spec }: V1ResourceSlice, now: Date): void {
  for (const { taints } of spec?.devices ?? []) for (const taint of taints ?? []) taint.timeAdded ??= formatTime(now);
}

type Place = Partial<Pick<V1ResourceSliceSpec, 'nodeName' | 'nodeSelector' | 'allNodes' | 'perDeviceNodeSelection'>>;

const ways = '`nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection`';

/** Where the devices can be used: said in exactly one way. */
function validatePlace(spec: Place, path: string): FieldError[] {
  const { nodeName, nodeSelector } = spec;
  const given: string[] = [];
  const errors: FieldError[] = [];
  if (nodeName) {
    given.push('`nodeName`');
    errors.push(...validateNodeName(nodeName, `${path}.nodeName`));
  } else if (nodeName === '')
    errors.push(invalidValue(`${path}.nodeName`, '', 'must be either unset or set to a non-empty string'));
  if (nodeSelector) {
    const at = `${path}.nodeSelector.nodeSelectorTerms`;
    given.push('`nodeSelector`');
    errors.push(...validateNodeTerms(nodeSelector.nodeSelectorTerms, at));
    if (nodeSelector.nodeSelectorTerms?.length !== 1)
      errors.push(invalidValue(at, nodeSelector.nodeSelectorTerms, 'must have exactly one node selector term'));
  }
  for (const field of ['allNodes', 'perDeviceNodeSelection'] as const) {
    if (spec[field]) given.push(`\`${field}\``);
    else if (spec[field] === false)
      errors.push(invalidValue(`${path}.${field}`, false, 'must be either unset or set to true'));
  }
  if (given.length === 0) errors.push(required(path, `exactly one of ${ways} is required`));
  if (given.length > 1)
    errors.push(
      invalidValue(path, `{${given.join(', ')}}`, `exactly one of ${ways} is required, but multiple fields are set`),
    );
  return errors;
}
