// A registry for somebody whose writes are looked at first.

import type { TypeName } from '../store/store.ts';
import type { Registry, RequestContext, Target } from './registry.ts';

/** The verb as rules of roles have it. */
export type WriteVerb = 'create' | 'update' | 'patch' | 'delete' | 'deletecollection';

/** Throws or rejects for a write that is not to be done. */
export type WriteCheck = (verb: WriteVerb, context: RequestContext, target: Target) => void | Promise<void>;

export function checkedWrites(registry: Registry, check: WriteCheck): Registry {
  return {
    ...registry,
    async create(context, target, object, options) {
      await check('create', context, target);
      return registry.create(context, target, object, options);
    },
    async update(context, target, object, options) {
      await check('update', context, target);
      return registry.update(context, target, object, options);
    },
    async modify(context, target, change, options) {
      await check('update', context, target);
      return registry.modify(context, target, change, options);
    },
    async patch(context, target, type, body, options) {
      await check('patch', context, target);
      return registry.patch(context, target, type, body, options);
    },
    async delete(context, target, options) {
      await check('delete', context, target);
      return registry.delete(context, target, options);
    },
    async deleteCollection(context, target, list, options) {
      await check('deletecollection', context, target);
      return registry.deleteCollection(context, target, list, options);
    },
  };
}

/** Whatever is written of other types throws: an error of ours, which its first test finds. */
export function writingOnly(registry: Registry, who: string, owns: readonly TypeName[]): Registry {
  return checkedWrites(registry, (_verb, _context, { definition: { type } }) => {
    if (!owns.includes(type)) throw new Error(`${who} wants to write ${type}, which it does not declare in \`owns\``);
  });
}
