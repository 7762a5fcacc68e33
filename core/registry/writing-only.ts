// A registry for somebody who has declared what it writes.

import type { TypeName } from '../store/store.ts';
import type { Registry, Target } from './registry.ts';

/** Whatever is written of other types throws: an error of ours, which its first test finds. */
export function writingOnly(registry: Registry, who: string, owns: readonly TypeName[]): Registry {
  const demand = ({ definition: { type } }: Target) => {
    if (!owns.includes(type)) throw new Error(`${who} wants to write ${type}, which it does not declare in \`owns\``);
  };
  return {
    ...registry,
    async create(context, target, object, options) {
      demand(target);
      return registry.create(context, target, object, options);
    },
    async update(context, target, object, options) {
      demand(target);
      return registry.update(context, target, object, options);
    },
    async modify(context, target, change, options) {
      demand(target);
      return registry.modify(context, target, change, options);
    },
    async patch(context, target, type, body, options) {
      demand(target);
      return registry.patch(context, target, type, body, options);
    },
    async delete(context, target, options) {
      demand(target);
      return registry.delete(context, target, options);
    },
    async deleteCollection(context, target, list, options) {
      demand(target);
      return registry.deleteCollection(context, target, list, options);
    },
  };
}
