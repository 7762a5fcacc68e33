// Deletes every object that a list finds, a few at a time. What others deleted meanwhile counts as deleted.

import { invalid, invalidValue } from '../../machinery/field-error.ts';
import { hasReason } from '../../machinery/status.ts';
import type { Environment } from '../environment.ts';
import { list } from '../read/list.ts';
import type { DeleteOptions, ListOptions, Outcome, RequestContext, Target } from '../registry.ts';
import { remove } from './delete.ts';

const atOnce = 16;

export async function removeCollection(
  env: Environment,
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
  const { entries } = await list(env, target, listOptions);
  const outcomes: Outcome[] = [];
  for (let start = 0; start < entries.length; start += atOnce) {
    const some = entries.slice(start, start + atOnce);
    const removed = await Promise.all(some.map((entry) => removeOne(env, context, target, entry.name, options)));
    for (const each of removed) if (each) outcomes.push(each);
  }
  return outcomes;
}

async function removeOne(
  env: Environment,
  context: RequestContext,
  target: Target,
  key: string,
  options: DeleteOptions,
): Promise<Outcome | undefined> {
  const slash = key.indexOf('/');
  const one: Target = target.definition.namespaced
    ? { ...target, namespace: key.slice(0, slash), name: key.slice(slash + 1) }
    : { ...target, name: key };
  try {
    return await remove(env, context, one, options);
  } catch (error) {
    if (hasReason(error, 'NotFound')) return undefined;
    throw error;
  }
}
