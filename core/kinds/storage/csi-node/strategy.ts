// CSINodes.

import type { V1CSINode, V1CSINodeDriver } from '../../../../generated/kubernetes.ts';
import { duplicate, errorsOf, type FieldError, invalidValue, required } from '../../../machinery/field-error.ts';
import { qualifiedNameErrors } from '../../../machinery/names.ts';
import { seenBefore } from '../../../machinery/seen-before.ts';
import { semanticEqual } from '../../../machinery/semantic-equal.ts';
import { nonNegative } from '../../rules/non-negative.ts';
import { strategyFor } from '../../strategy.ts';
import { validateDriverName } from '../driver-name.ts';

const longestNodeId = 256;

export const strategy = strategyFor<V1CSINode>({
  conditionalUpdate: true,
  validate({ spec }) {
    const drivers = spec?.drivers ?? [];
    const names = new Set<string>();
    return drivers.flatMap((driver, index) => {
      const path = `spec.drivers[${index}]`;
      const errors = validateNodeDriver(driver, path);
      if (names.has(driver.name)) errors.push(duplicate(`${path}.name`, driver.name));
      names.add(driver.name);
      return [...errors, ...validateKeys(driver.topologyKeys ?? [], path)];
    });
  },
  validateUpdate(object, old) {
    // A driver that leaves and comes back may be another; one that stays does not change.
    const before = new Map((old.spec?.drivers ?? []).map((each) => [each.name, withoutLimits(each)]));
    return (object.spec?.drivers ?? []).flatMap((driver) => {
      const known = before.get(driver.name);
      return !known || semanticEqual(known, withoutLimits(driver))
        ? []
        : [invalidValue('spec.drivers', withoutLimits(driver), 'field is immutable')];
    });
  },
});

/** How many volumes a node takes may change (KEP-4876). */
function withoutLimits({ allocatable: _, ...driver }: V1CSINodeDriver): object {
  return driver;
}

function validateNodeDriver({ name, nodeID = '', allocatable }: V1CSINodeDriver, path: string): FieldError[] {
  const errors = validateDriverName(name, `${path}.name`);
  if (!nodeID) errors.push(required(`${path}.nodeID`));
  if (Buffer.byteLength(nodeID) > longestNodeId)
    errors.push(invalidValue(`${path}.nodeID`, nodeID, `must be ${longestNodeId} characters or less`));
  return [...errors, ...nonNegative(allocatable?.count, `${path}.allocatable.count`)];
}

/** Told of the driver, as Kubernetes does. */
function validateKeys(keys: readonly string[], path: string): FieldError[] {
  const again = seenBefore();
  return errorsOf(keys, (key) => [
    ...(key ? [] : [required(path)]),
    ...(again(key) ? [duplicate(path, key)] : []),
    ...qualifiedNameErrors(key).map((message) => invalidValue(path, key, message)),
  ]);
}
