// Names of roles and bindings: whatever can stand in a path.

import { pathSegmentName, pathSegmentPrefix } from '../../machinery/names.ts';

export const validateName = (name: string, prefix: boolean) =>
  prefix ? pathSegmentPrefix(name) : pathSegmentName(name);
