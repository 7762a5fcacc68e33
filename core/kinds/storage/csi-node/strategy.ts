// CSINodes.

import type { V1CSINode, V1CSINodeDriver } from '../../../../generated/kubernetes.ts';
import { duplicate, type FieldError, invalidValue, required } from '../../../machinery/field-error.ts';
import { qualifiedNameErrors } from '../../../machinery/names.ts';
import { semanticEqual } from '../../../machinery/semantic-equal.ts';
import { requiredField } from '../../rules/field-rule.ts';
import { strategyFor } from '../../strategy.ts';
import { driverName } from '../driver-name.ts';

const longestNodeId = 192;

export const strategy = strategyFor<V1CSINode>({
  conditionalUpdate: true,
  validate({ spec }) {
    const drivers = spec?.drivers ?? [];
    const names = new Set<string>();
    return drivers.flatMap((driver, index) => {
      const path = `spec.drivers[${index}]`;
      const errors = validateNodeDriver(driver, path);
      if (driver.name && names.has(driver.name)) errors.push(duplicate(`${path}.name`, driver.name));
      names.add(driver.name);
      return errors;
    });
  },
  validateUpdate(object, old) {
    // A driver that leaves and comes back may be another; one that stays does not change.
    const before = new Map((old.spec?.drivers ?? []).map((each) => [each.name, withoutLimits(each)]));
    return (object.spec?.drivers ?? []).flatMap((driver, index) => {
      const known = before.get(driver.name);
      return !known || semanticEqual(known, withoutLimits(driver))
        ? []
        : [invalidValue(`spec.drivers[${index}]`, driver, 'field is immutable')];
    });
  },
});

/** How many volumes a node takes may change (KEP-4876). */
function withoutLimits({ allocatable: _, ...driver }: V1CSINodeDriver): object {
  return driver;
}

function validateNodeDriver({ name, nodeID, topologyKeys, allocatable }: V1CSINodeDriver, path: string): FieldError[] {
  const errors = requiredField(name, driverName, `${path}.name`);
  if (!nodeID) errors.push(required(`${path}.nodeID`));
  else if (nodeID.length > longestNodeId)
    errors.push(invalidValue(`${path}.nodeID`, nodeID, `must be ${longestNodeId} characters or less`));
  if (allocatable?.count !== undefined && allocatable.count < 0)
    errors.push(invalidValue(`${path}.allocatable.count`, allocatable.count, 'must be greater than or equal to 0'));
  const keys = new Set<string>();
  for (const key of topologyKeys ?? []) {
    if (!key) errors.push(required(`${path}.topologyKeys`));
    else if (keys.has(key)) errors.push(duplicate(`${path}.topologyKeys`, key));
    else
      for (const message of qualifiedNameErrors(key)) errors.push(invalidValue(`${path}.topologyKeys`, key, message));
    keys.add(key);
  }
  return errors;
}
