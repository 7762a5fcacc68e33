// Deletes what exists and cannot be read: as its key is lost, nothing is known of it but its name. Source: KEP-3926.

import type { DeleteOptions } from '../../kinds/delete-options.ts';
import type { Environment } from '../../kinds/environment.ts';
import { type FieldError, invalid, invalidValue } from '../../machinery/field-error.ts';
import type { KubeObject } from '../../machinery/object.ts';
import { notFound } from '../../machinery/status.ts';
import { type Sealed, StoreError } from '../../store/store.ts';
import { writtenBy } from '../past/actor.ts';
import type { DeleteOutcome, RequestContext, Target } from '../registry.ts';
import { keyOf, subjectOf } from '../target.ts';
import { storedDefinition } from '../versions.ts';
import { commitDeleteUnread } from './commit.ts';
import { mayUse } from './permission.ts';

const field = 'ignoreStoreReadErrorWithClusterBreakingPotential';

/**
 * Needs a permission of its own, beside that to delete. Neither finalizers nor admission are asked: what they would ask about is not known.
 * Fails with Invalid for an object that can be read.
 */
export async function removeUnreadable(
  env: Environment,
  context: RequestContext,
  target: Target,
): Promise<DeleteOutcome> {
  await mayUse(env, context, target, 'unsafe-delete-ignore-read-errors');
  const { namespace, name = '' } = target;
  const definition = storedDefinition(env, target.definition);
  const sealed = await sealedOf(env, target);
  const object: KubeObject = {
    kind: definition.kind,
    apiVersion: definition.group === '' ? definition.version : `${definition.group}/${definition.version}`,
    metadata: { name, ...(namespace && { namespace }) },
  };
  const by = writtenBy(context, target, 'delete', undefined);
  const commit = { definition, key: keyOf(target), object, expect: sealed.revision, by };
  return {
    ...(await commitDeleteUnread(env, { ...commit, companions: context.claim ? [context.claim] : [] })),
    deleted: true,
  };
}

async function sealedOf(env: Environment, target: Target): Promise<Sealed> {
  const { definition, name = '' } = target;
  try {
    const item = await env.store.get(definition.type, keyOf(target));
    if (!item) throw notFound(subjectOf(definition), name);
  } catch (error) {
    if (error instanceof StoreError && error.failure.code === 'sealed') return error.failure.data;
    throw error;
  }
  const why = 'is exclusively used to delete corrupt object(s), try again by removing this option';
  throw invalid(definition.kind, definition.group, name, [invalidValue(field, true, why)]);
}

/** What may not stand beside the option. */
export function checkUnreadableOptions(options: DeleteOptions): FieldError[] {
  if (!options[field]) return [];
  const others = ['dryRun', 'propagationPolicy', 'orphanDependents', 'gracePeriodSeconds', 'preconditions'] as const;
  return others
    .filter((each) => options[each] !== undefined)
    .map((each) => invalidValue(field, true, `cannot be set together with .${each}`));
}
