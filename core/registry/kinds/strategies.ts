// Which strategy each built-in type has. A type without a row is served by its schema alone.

import type { ResourceDefinition } from '../../api/definition.ts';
import type { TypeName } from '../../store/store.ts';
import type { Strategy } from '../strategy.ts';
import { customResource } from './custom-resource.ts';

const plain: Strategy = {};

export const strategies: Readonly<Record<TypeName, Strategy>> = {
  'coordination.k8s.io/leases': { createOnUpdate: true, conditionalUpdate: false },
};

export function strategyOf(definition: ResourceDefinition): Strategy {
  if (definition.customResource) return customResource;
  return strategies[definition.type] ?? plain;
}
