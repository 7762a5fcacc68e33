// Which strategy each built-in type has: that of its folder in core/kinds. A type without one is served by its schema alone. Those of a
// group are loaded before its first write: a function writes few groups, and what checks the others would be half of what it loads.

import { strategies } from '../../generated/strategies.ts';
import type { ResourceDefinition } from '../api/definition.ts';
import { groupOf } from '../api/type-of.ts';
import type { Strategy } from '../kinds/strategy.ts';
import { loadTextFormats } from '../machinery/structure/late-text-formats.ts';
import { customResource } from './custom-resource-strategy.ts';

const plain: Strategy = {};
const loaded = new Map<string, Strategy>();

/** Of a type that was loaded. */
export function strategyOf({ type, customResource: custom }: ResourceDefinition): Strategy {
  if (custom) return customResource;
  const strategy = loaded.get(type);
  if (!strategy) throw new Error(`the strategy of ${type} was not loaded`);
  return strategy;
}

/** And what its schema may name. Nothing to wait for where it is there already, as for all writes of a type but the first. */
export function loadStrategy({ type, customResource: custom }: ResourceDefinition): Promise<void> | undefined {
  if (custom) return loadTextFormats();
  return loaded.has(type) ? undefined : load(type);
}

async function load(type: string): Promise<void> {
  const ofGroup = await strategies.get(groupOf(type))?.();
  loaded.set(type, ofGroup?.get(type) ?? plain);
}
