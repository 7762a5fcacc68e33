// Which strategy each built-in type has: that of its folder in core/kinds. A type without one is served by its schema alone.

import { strategies } from '../../generated/strategies.ts';
import type { ResourceDefinition } from '../api/definition.ts';
import type { Strategy } from '../kinds/strategy.ts';
import { customResource } from './custom-resource-strategy.ts';

const plain: Strategy = {};

export function strategyOf(definition: ResourceDefinition): Strategy {
  if (definition.customResource) return customResource;
  return strategies.get(definition.type) ?? plain;
}
