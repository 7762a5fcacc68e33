// Counters that devices share, and what each device takes of them (KEP-4815).

import type { V1Counter } from '../../../../generated/kubernetes.ts';
import { type FieldError, required } from '../../../machinery/field-error.ts';
import { limits } from '../limits.ts';
import { validateMap } from '../lists.ts';
import { validateLabelName } from '../names.ts';

const longestName = 63;

/** `field`: where the name of the set stands. */
export function validateCounters(
  name: string | undefined,
  counters: Readonly<Record<string, V1Counter>> | undefined,
  path: string,
  field: 'name' | 'counterSet',
): FieldError[] {
  const at = `${path}.counters`;
  return [
    ...(name ? validateLabelName(name, `${path}.${field}`) : [required(`${path}.${field}`)]),
    ...(Object.keys(counters ?? {}).length > 0
      ? validateMap(counters, { most: limits.counters, longestKey: longestName, path: at }, validateLabelName)
      : [required(at)]),
  ];
}
