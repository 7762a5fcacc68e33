// The TypeScript types of what is stored, by the names of logs.

import type { TypeMap } from '../../generated/type-map.ts';
import type { ObjectMeta } from '../machinery/object.ts';
import type { TypeName } from '../store/store.ts';

/** Every write was validated as its type, so what is read is of it. `Other`: of a custom resource, or a type that is known at run time only. */
export type Stored<T extends TypeName, Other = unknown> = T extends keyof TypeMap
  ? TypeMap[T] & { metadata: ObjectMeta }
  : Other;
