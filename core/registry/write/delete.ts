// Deletes an object: at once, or by marking it and waiting for a grace period, for finalizers, or for what the kind waits for.

import type { DeleteOptions, Preconditions } from '../../kinds/delete-options.ts';
import type { Situation, Strategy } from '../../kinds/strategy.ts';
import type { Int64, KubeObject } from '../../machinery/object.ts';
import { conflict, notFound } from '../../machinery/status.ts';
import { formatTime, millisecondsOf } from '../../machinery/time.ts';
import { decodeObject, encodeWhole } from '../../store/encode-object.ts';
import type { Item, Write } from '../../store/store.ts';
import { mutate, validate } from '../admission/chain.ts';
import type { Admitted, Attributes, WriteEnvironment } from '../admission/plugin.ts';
import { writtenBy } from '../past/actor.ts';
import type { DeleteOutcome, RequestContext, Target } from '../registry.ts';
import { isConflict, isConflictAbout, storeStatus } from '../store-errors.ts';
import { keyOf, subjectOf } from '../target.ts';
import { present, storedDefinition } from '../versions.ts';
import { changedGroup } from './changed-group.ts';
import { commitDelete, commitPut } from './commit.ts';
import { checkDeleteOptions } from './delete-options.ts';
import { removeUnreadable } from './delete-unreadable.ts';
import { isFinished } from './modify.ts';
import { ownerClaimLost } from './owner-claim.ts';
import { finalizersAfter } from './propagation.ts';

const attempts = 32;

/** What more there is to a deletion than its name and options. */
export interface Deciding {
  /** Decides on the object of each attempt, as it is stored; throws where it may not go. The writes commit with its deletion. */
  readonly decide: (object: KubeObject) => readonly Write[] | Promise<readonly Write[]>;
  /** The request was admitted as what it is (an Eviction): the deletion is not shown to admission once more. */
  readonly admitted?: Admitted;
  /** What its last state says of the reason, in a copy. */
  readonly explain?: (object: KubeObject) => KubeObject;
}

export async function remove(
  env: WriteEnvironment,
  context: RequestContext,
  target: Target,
  options: DeleteOptions = {},
  deciding?: Deciding,
): Promise<DeleteOutcome> {
  checkDeleteOptions(options);
  const subject = subjectOf(target.definition);
  const name = target.name ?? '';
  const key = keyOf(target);
  try {
    if (options.ignoreStoreReadErrorWithClusterBreakingPotential) return await removeUnreadable(env, context, target);
    for (let attempt = 1; ; attempt++) {
      const item = await env.store.get(target.definition.type, key);
      if (!item) throw notFound(subject, name);
      try {
        const outcome = await removeOnce(env, context, target, item, options, deciding);
        return await present(env, target.definition, outcome);
      } catch (error) {
        if (context.claim && isConflictAbout(error, [context.claim])) throw ownerClaimLost(name);
        if (!isConflict(error) || attempt >= attempts) throw error;
      }
    }
  } catch (error) {
    throw storeStatus(error, subject, name);
  }
}

async function removeOnce(
  env: WriteEnvironment,
  context: RequestContext,
  target: Target,
  item: Item,
  options: DeleteOptions,
  deciding: Deciding | undefined,
): Promise<DeleteOutcome> {
  const stored = storedDefinition(env, target.definition);
  const strategy = env.strategyOf(stored);
  const old = decodeObject(item.value);
  checkPreconditions(target, old, options.preconditions);
  const decided = deciding && (await deciding.decide(old));
  const admitted = deciding?.admitted ?? (await admitDelete(env, context, target, old, options));

  const situation: Situation = {
    env,
    user: context.user,
    now: env.clock(),
    subresource: '',
    dryRun: options.dryRun ?? false,
    warn: (text) => void context.warnings.push(text),
  };
  const marked = mark(old, strategy, options, situation);
  // What is not marked ends at once.
  const stays = marked.metadata.deletionTimestamp !== undefined && !isFinished(marked, strategy.holds);
  if (marked === old && stays) return { object: old, bytes: item.value, deleted: false };
  const object = deciding?.explain ? deciding.explain(marked) : marked;
  const by = writtenBy(context, target, 'delete', undefined);
  const commit = { definition: stored, key: keyOf(target), expect: item.revision, by };
  if (stays) {
    if (options.dryRun) return { object, bytes: encodeWhole(object), deleted: false };
    return {
      ...(await commitPut(env, admitted, { ...commit, object, ...(decided && { companions: decided }) })),
      deleted: false,
    };
  }
  if (options.dryRun) return { object, bytes: encodeWhole(object), deleted: true };
  const companions = [...(decided ?? []), ...((await strategy.release?.(situation, object)) ?? [])];
  const last = { ...object, metadata: { ...object.metadata } };
  const leaves = changedGroup(strategy, old, undefined);
  return { ...(await commitDelete(env, admitted, { ...commit, ...leaves, object: last, companions })), deleted: true };
}

async function admitDelete(
  env: WriteEnvironment,
  context: RequestContext,
  target: Target,
  old: KubeObject,
  options: DeleteOptions,
): Promise<Admitted> {
  const attributes: Attributes = {
    operation: 'DELETE',
    context,
    definition: target.definition,
    namespace: target.namespace ?? '',
    name: target.name ?? '',
    subresource: '',
    dryRun: options.dryRun ?? false,
    object: undefined,
    old,
    deleteOptions: options,
    companions: context.claim ? [context.claim] : [],
  };
  await mutate(env, attributes);
  return await validate(env, attributes);
}

/** The object as it is marked for deletion; `old` itself where nothing is to be marked. */
function mark(old: KubeObject, strategy: Strategy, options: DeleteOptions, situation: Situation): KubeObject {
  const meta = old.metadata;
  const finalizers = finalizersAfter(meta.finalizers ?? [], options, strategy.propagation ?? 'Background');
  const changed =
    finalizers.length !== (meta.finalizers ?? []).length || finalizers.some((each) => !meta.finalizers?.includes(each));
  const held = finalizers.length > 0 || (strategy.holds?.(old) ?? false);
  const grace = strategy.gracePeriod?.(old, options) ?? 0;

  if (meta.deletionTimestamp) {
    const present = meta.deletionGracePeriodSeconds ?? 0;
    const shorter = strategy.gracePeriod !== undefined && grace < present;
    if (!shorter && !changed) return old;
    const next = withFinalizers(old, finalizers);
    if (shorter) shorten(next, grace, situation);
    return next;
  }
  if (!held && grace === 0) {
    // It ends at once: its last state is the one that was, with what changed here.
    return changed ? withFinalizers(old, finalizers) : old;
  }
  const next = withFinalizers(old, finalizers);
  next.metadata.deletionTimestamp = formatTime(new Date(situation.now.getTime() + millisecondsOf(grace)));
  next.metadata.deletionGracePeriodSeconds = grace;
  if (next.metadata.generation) next.metadata.generation += 1;
  strategy.beforeDelete?.(next, situation);
  return next;
}

function shorten(next: KubeObject, grace: Int64, situation: Situation): void {
  const due = formatTime(new Date(situation.now.getTime() + millisecondsOf(grace)));
  const marked = next.metadata.deletionTimestamp;
  if (!marked || due < marked) next.metadata.deletionTimestamp = due;
  next.metadata.deletionGracePeriodSeconds = grace;
}

function withFinalizers(old: KubeObject, finalizers: string[]): KubeObject {
  const { finalizers: _, ...meta } = old.metadata;
  const next: KubeObject = { ...old, metadata: meta };
  if (finalizers.length > 0) next.metadata.finalizers = finalizers;
  // A hook of the kind may change what is below.
  if (typeof old['status'] === 'object' && old['status']) next['status'] = { ...old['status'] };
  return next;
}

function checkPreconditions(target: Target, old: KubeObject, preconditions: Preconditions | undefined): void {
  if (!preconditions) return;
  const { uid, resourceVersion } = preconditions;
  // Kubernetes names the kind here, and not the resource.
  const subject = { ...subjectOf(target.definition), resource: target.definition.kind };
  const name = target.name ?? '';
  if (uid !== undefined && uid !== old.metadata.uid)
    throw conflict(
      subject,
      name,
      `the UID in the precondition (${uid}) does not match the UID in record (${old.metadata.uid}). The object might have been deleted and then recreated`,
    );
  if (resourceVersion !== undefined && resourceVersion !== old.metadata.resourceVersion)
    throw conflict(
      subject,
      name,
      `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${old.metadata.resourceVersion}). The object might have been modified`,
    );
}
