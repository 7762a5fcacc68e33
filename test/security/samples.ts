// One valid object of every built-in type that can be created, of each version: sample.ts of the types' folders.

import { resourceRows } from '../../core/api/models.ts';
import type { SampleObject } from '../../core/api/sample.ts';
import { typeOf } from '../../core/api/type-of.ts';
import { samples as samplesOfTypes } from '../../generated/samples.ts';

export interface Sample {
  /** Of its collection, in the namespace `a` where it has one. */
  readonly path: string;
  readonly object: SampleObject;
}

export const samples: readonly Sample[] = resourceRows.flatMap(({ group, version, resource, namespaced }) => {
  const object = samplesOfTypes.get(typeOf(group, resource))?.[version];
  const base = group ? `/apis/${group}/${version}` : `/api/${version}`;
  return object ? [{ path: `${base}${namespaced ? '/namespaces/a' : ''}/${resource}`, object }] : [];
});
