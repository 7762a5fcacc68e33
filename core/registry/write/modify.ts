// Changes an object: read, change a copy, default, track, admit, prepare, validate, store on the condition that it is still what was read.
// A conflict starts over with all of it: what an attempt commits is what its own checks have seen.

import { nameRule } from '../../kinds/metadata/name-rule.ts';
import { validateMeta, validateMetaUpdate } from '../../kinds/metadata/validate.ts';
import type { Situation } from '../../kinds/strategy.ts';
import { deepClone } from '../../machinery/equality.ts';
import { invalid, invalidValue } from '../../machinery/field-error.ts';
import type { KubeObject } from '../../machinery/object.ts';
import { semanticEqual } from '../../machinery/semantic-equal.ts';
import { badRequest, conflict, hasReason, notFound, type StatusError } from '../../machinery/status.ts';
import { largeBytes, runYielding, yieldToEventLoop } from '../../machinery/steps.ts';
import { decodeObject, encodeWhole } from '../../store/encode-object.ts';
import type { Check, Item } from '../../store/store.ts';
import { mutate, validate } from '../admission/chain.ts';
import type { Admitted, Attributes, WriteEnvironment } from '../admission/plugin.ts';
import { inheritOnUpdate } from '../metadata/system-fields.ts';
import { writtenBy } from '../past/actor.ts';
import type { Modification, Outcome, RequestContext, SeenObject, Target, WriteOptions } from '../registry.ts';
import { otherObject } from '../storage-conflict.ts';
import { isConflict, isConflictAbout, storeStatus } from '../store-errors.ts';
import { keyOf, subjectOf } from '../target.ts';
import { fromStored, present, storedDefinition, toStored } from '../versions.ts';
import { addErrors } from './add-errors.ts';
import { demandBody } from './body.ts';
import { changedGroup } from './changed-group.ts';
import { commitDelete, commitPut } from './commit.ts';
import { create } from './create.ts';
import { generationOf } from './generation.ts';
import { ownerClaimLost } from './owner-claim.ts';
import { type FieldManagement, keepTracked, trackUpdate } from './ownership.ts';
import { cannotHandle, customErrors, onOtherFields, pruneDefaultValidate } from './prune-default-validate.ts';
import { keepForSubresource } from './subresource-fields.ts';

export interface Change extends Modification {
  readonly management: FieldManagement;
  /** How it is said that what was built is no object of its type; default BadRequest. */
  readonly unreadable?: (why: string, object: KubeObject) => StatusError;
  /** The request was admitted as what it is (a Binding): its change of this object is not shown to admission once more. */
  readonly admitted?: Admitted;
  /** The change was made by the registry itself: structure and values need not be looked at again. */
  readonly trusted?: boolean;
  /** The spec changes by no wish of its user (a Pod is bound): metadata.generation does not count it. */
  readonly keepsGeneration?: boolean;
  /** Conditions on other keys that hold in the same commit; one that does not hold ends the change with `lost`, at once. */
  readonly condition?: { readonly checks: readonly Check[]; readonly lost: () => StatusError };
  /** What a replica has of it: it need not be read. Where it is not that any more, the change is made of what is read then. */
  readonly seen?: SeenObject | undefined;
}

/** An unconditional change tries again this often before it reports the conflict. */
const attempts = 32;

export async function modify(
  env: WriteEnvironment,
  context: RequestContext,
  target: Target,
  change: Change,
  options: WriteOptions = {},
): Promise<Outcome & { created: boolean }> {
  const subject = subjectOf(target.definition);
  const name = target.name ?? '';
  const key = keyOf(target);
  const warnings = context.warnings.length;
  let { seen } = change;
  try {
    for (let attempt = 1; ; attempt++) {
      context.warnings.length = warnings;
      const guessed = seen !== undefined;
      const item = itemOf(key, seen) ?? (await env.store.get(target.definition.type, key));
      seen = undefined;
      if (!item) {
        if (!change.otherwise) throw notFound(subject, name);
        const created = await createInstead(env, context, target, change.otherwise, change.management, options);
        if (created) return { ...created, created: true };
        if (attempt >= attempts) throw conflict(subject, name, 'others create and delete it all the time');
        continue;
      }
      try {
        const outcome = await modifyOnce(env, context, target, item, change, options);
        return { ...(await present(env, target.definition, outcome)), created: false };
      } catch (error) {
        if (context.claim && isConflictAbout(error, [context.claim])) throw ownerClaimLost(name);
        if (change.condition && isConflictAbout(error, change.condition.checks)) throw change.condition.lost();
        // What speaks against it may be over, or it is gone.
        if (guessed) continue;
        if (!isConflict(error) || attempt >= attempts) throw error;
      }
    }
  } catch (error) {
    throw storeStatus(error, subject, name);
  }
}

function itemOf(name: string, seen: SeenObject | undefined): Item | undefined {
  return seen && { name, revision: seen.revision, value: seen.bytes };
}

/** undefined: somebody else created it meanwhile. */
async function createInstead(
  env: WriteEnvironment,
  context: RequestContext,
  target: Target,
  make: NonNullable<Change['otherwise']>,
  management: FieldManagement,
  options: WriteOptions,
): Promise<Outcome | undefined> {
  const object = await make();
  try {
    return await create(env, context, target, object, options, management);
  } catch (error) {
    if (hasReason(error, 'AlreadyExists')) return undefined;
    throw error;
  }
}

async function modifyOnce(
  env: WriteEnvironment,
  context: RequestContext,
  target: Target,
  item: Item,
  change: Change,
  options: WriteOptions,
): Promise<Outcome> {
  const { definition } = target;
  const subresource = target.subresource ?? '';
  const stored = storedDefinition(env, definition);
  const strategy = env.strategyOf(stored);
  const dryRun = options.dryRun ?? false;
  const large = context.large === true || item.value.length > largeBytes;

  const old = decodeObject(item.value);
  if (large) await yieldToEventLoop();

  const before = await fromStored(env, definition, old);
  change.check?.(before);
  const copy = deepClone(before);
  if (large) await yieldToEventLoop();
  const next = await change.build(copy, large);
  if (large) await yieldToEventLoop();
  if (!next) return { object: old, bytes: item.value };
  const unreadable = change.unreadable ?? ((why: string) => badRequest(`${cannotHandle(definition)}: ${why}`));
  checkIdentity(target, next, old, strategy.conditionalUpdate ?? false, unreadable);
  const schemaErrors = change.trusted ? [] : await pruneDefaultValidate(context, definition, next, options, unreadable);
  const object = await toStored(env, definition, next);
  inheritOnUpdate(object, old);
  object.metadata.resourceVersion = String(item.revision);
  keepForSubresource(stored, subresource, object, old);
  strategy.defaults?.(object, old);
  if (large) await yieldToEventLoop();

  const attributes: Attributes = change.admitted ?? {
    operation: 'UPDATE',
    context,
    definition,
    namespace: target.namespace ?? '',
    name: target.name ?? '',
    subresource,
    dryRun,
    object,
    old,
    companions: context.claim ? [context.claim] : [],
  };
  // Before admission, as in Kubernetes: nobody owns what admission fills in.
  await trackUpdate(env, large, target, object, old, options, change.management);
  if (large) await yieldToEventLoop();
  const { metadata } = object;
  const { managedFields } = metadata;
  if (!change.admitted) await mutate(env, attributes);
  // What a webhook or a policy made of it reaches no further than the request does.
  if (object.metadata !== metadata) keepForSubresource(stored, subresource, object, old);
  keepTracked(context, object, managedFields);

  if (large) await yieldToEventLoop();
  const warn = (text: string) => void context.warnings.push(text);
  const situation: Situation = { env, user: context.user, now: env.clock(), subresource, dryRun, warn };
  strategy.prepareForUpdate?.(object, old, situation);
  const generation = change.keepsGeneration ? undefined : generationOf(stored, strategy, object, old);
  if (generation !== undefined) object.metadata.generation = generation;
  const errors = validateMeta(object.metadata, stored, nameRule(strategy));
  errors.push(...validateMetaUpdate(object.metadata, old.metadata));
  if (subresource === 'status') addErrors(errors, () => strategy.validateStatus?.(object, old));
  else {
    if (strategy.ahead && (large || strategy.expressions) && !change.trusted)
      await runYielding(strategy.ahead(object), true);
    if (!change.trusted) addErrors(errors, () => strategy.validate?.(object, old, definition.group));
    addErrors(errors, () => strategy.validateUpdate?.(object, old, subresource));
  }
  if (large) await yieldToEventLoop();
  if (definition.customResource) {
    errors.push(...(await customErrors(context, definition, await fromStored(env, definition, object), before)));
  }
  errors.push(...onOtherFields(schemaErrors, errors));
  if (errors.length > 0) throw invalid(stored.kind, stored.group, target.name ?? '', errors);
  // Of the spec, which no subresource but a person's own write changes.
  if (subresource === '') for (const warning of strategy.warnings?.(object, old) ?? []) context.warnings.push(warning);
  const admitted = change.admitted ?? (await validate(env, attributes));
  if (large) await yieldToEventLoop();

  if (sameState(object, old)) return { object: old, bytes: item.value };
  if (large) await yieldToEventLoop();
  const ends = isFinished(object, strategy.holds);
  if (dryRun) {
    // What would be given out, and whether it can be; nothing is taken.
    if (!ends) await strategy.companions?.(situation, object, old);
    return { object, bytes: encodeWhole(object) };
  }
  const verb = change.management.operation === 'Apply' ? 'apply' : 'update';
  const by = writtenBy(context, target, verb, options.fieldManager);
  const commit = { definition: stored, key: keyOf(target), object, expect: item.revision, by, large };
  if (ends) {
    const released = await strategy.release?.(situation, object);
    const leaves = changedGroup(strategy, old, undefined);
    return await commitDelete(env, admitted, { ...commit, ...leaves, ...(released && { companions: released }) });
  }
  const companions = [
    ...((await strategy.companions?.(situation, object, old)) ?? []),
    ...(change.condition?.checks ?? []),
  ];
  const expiresAt = strategy.expiresAt?.(object, situation);
  const moves = changedGroup(strategy, old, object);
  return await commitPut(env, admitted, {
    ...commit,
    ...moves,
    companions,
    ...(expiresAt !== undefined && { expiresAt }),
  });
}

/** Whether a deleted object's last reason to stay is gone: it is deleted instead of written. */
export function isFinished(object: KubeObject, holds: ((object: KubeObject) => boolean) | undefined): boolean {
  const meta = object.metadata;
  if (!meta.deletionTimestamp || meta.finalizers?.length) return false;
  return !meta.deletionGracePeriodSeconds && !holds?.(object);
}

function checkIdentity(
  target: Target,
  next: KubeObject,
  old: KubeObject,
  conditional: boolean,
  unreadable: (why: string, object: KubeObject) => StatusError,
): void {
  demandBody(target.definition, next, (why) => unreadable(why, next));
  const meta = next.metadata;
  const name = target.name ?? '';
  if (!meta.name) {
    throw badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
  }
  if (meta.name !== name) {
    throw badRequest(`the name of the object (${meta.name}) does not match the name on the URL (${name})`);
  }
  if (target.definition.namespaced) {
    if (meta.namespace && meta.namespace !== target.namespace) {
      throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
    }
    meta.namespace = target.namespace ?? '';
  }
  const subject = subjectOf(target.definition);
  if (meta.uid && meta.uid !== old.metadata.uid) {
    const at = { namespace: target.namespace, name };
    throw conflict(subject, name, otherObject(target.definition, at, meta.uid, old.metadata.uid));
  }
  if (meta.resourceVersion && meta.resourceVersion !== '0' && meta.resourceVersion !== old.metadata.resourceVersion) {
    throw conflict(
      subject,
      name,
      'the object has been modified; please apply your changes to the latest version and try again',
    );
  }
  if (conditional && !meta.resourceVersion) {
    // Kubernetes names the resource here, and not the kind.
    throw invalid(target.definition.resource, target.definition.group, name, [
      invalidValue('metadata.resourceVersion', 0, 'must be specified for an update'),
    ]);
  }
}

/** A write that changes nothing is not made: its answer is the state as it is. */
function sameState(object: KubeObject, old: KubeObject): boolean {
  return semanticEqual(withoutTimes(object), withoutTimes(old));
}

function withoutTimes(object: KubeObject): KubeObject {
  const { managedFields, ...meta } = object.metadata;
  if (!managedFields) return object;
  return { ...object, metadata: { ...meta, managedFields: managedFields.map(({ time: _, ...each }) => each) } };
}
