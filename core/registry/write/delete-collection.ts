// Deletes every object that a list finds, a few at a time. What others deleted meanwhile counts as deleted; what they changed so that it is
// no longer meant stays.

import type { DeleteOptions } from '../../kinds/delete-options.ts';
import { invalid, invalidValue } from '../../machinery/field-error.ts';
import type { KubeObject } from '../../machinery/object.ts';
import { hasReason, notFound } from '../../machinery/status.ts';
import { settleAll } from '../../process/settle-all.ts';
import type { Entry } from '../../replica/replica.ts';
import type { WriteEnvironment } from '../admission/plugin.ts';
import { selectsConverted } from '../read/converted-selection.ts';
import { list } from '../read/list.ts';
import { type Selection, select } from '../read/selection.ts';
import type { ListOptions, Outcome, RequestContext, Target } from '../registry.ts';
import { subjectOf } from '../target.ts';
import { fromStored } from '../versions.ts';
import { remove } from './delete.ts';

const atOnce = 16;

export async function removeCollection(
  env: WriteEnvironment,
  context: RequestContext,
  target: Target,
  listOptions: ListOptions,
  options: DeleteOptions = {},
): Promise<readonly Outcome[]> {
  if (options.ignoreStoreReadErrorWithClusterBreakingPotential) {
    const why = 'is not allowed with DELETECOLLECTION, try again after removing the option';
    const error = invalidValue('ignoreStoreReadErrorWithClusterBreakingPotential', true, why);
    throw invalid('DeleteOptions', 'meta.k8s.io', '', [error]);
  }
  const selection = select(target, listOptions);
  const { entries } = await list(env, target, listOptions);
  const outcomes: Outcome[] = [];
  for (let start = 0; start < entries.length; start += atOnce) {
    const some = entries.slice(start, start + atOnce);
    const removed = await settleAll(some.map((entry) => removeOne(env, context, target, selection, entry, options)));
    for (const each of removed) if (each) outcomes.push(each);
  }
  return outcomes;
}

async function removeOne(
  env: WriteEnvironment,
  context: RequestContext,
  target: Target,
  selection: Selection,
  entry: Entry,
  options: DeleteOptions,
): Promise<Outcome | undefined> {
  const key = entry.name;
  const slash = key.indexOf('/');
  const one: Target = target.definition.namespaced
    ? { ...target, namespace: key.slice(0, slash), name: key.slice(slash + 1) }
    : { ...target, name: key };
  try {
    return await remove(env, context, one, options, {
      async decide(stored) {
        // Entries of a replica hold what the registry stored.
        const listed = entry.object as KubeObject;
        const converts = selectsConverted(env, target.definition, selection);
        const object = converts ? await fromStored(env, target.definition, stored) : stored;
        if (object.metadata.uid !== listed.metadata.uid || !selection.matches({ ...entry, object }))
          throw notFound(subjectOf(target.definition), one.name ?? '');
        return [];
      },
    });
  } catch (error) {
    if (hasReason(error, 'NotFound')) return undefined;
    throw error;
  }
}
