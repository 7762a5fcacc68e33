// Creates an object: decoded -> defaulted -> tracked -> admitted -> prepared -> validated -> stored, if it does not exist yet.

import { nameRule } from '../../kinds/metadata/name-rule.ts';
import { validateMeta } from '../../kinds/metadata/validate.ts';
import type { Situation } from '../../kinds/strategy.ts';
import { deepClone } from '../../machinery/equality.ts';
import { invalid } from '../../machinery/field-error.ts';
import { generateName } from '../../machinery/names.ts';
import type { KubeObject } from '../../machinery/object.ts';
import { alreadyExists, badRequest, StatusError } from '../../machinery/status.ts';
import { runYielding, yieldToEventLoop } from '../../machinery/steps.ts';
import { encodeWhole } from '../../store/encode-object.ts';
import { mutate, validate } from '../admission/chain.ts';
import type { Attributes, WriteEnvironment } from '../admission/plugin.ts';
import { fillOnCreate } from '../metadata/system-fields.ts';
import { writtenBy } from '../past/actor.ts';
import type { Outcome, RequestContext, Target, WriteOptions } from '../registry.ts';
import { isConflict, isConflictAbout, storeStatus } from '../store-errors.ts';
import { hasStatus, keyOf, subjectOf } from '../target.ts';
import { fromStored, present, storedDefinition, toStored } from '../versions.ts';
import { demandBody } from './body.ts';
import { changedGroup } from './changed-group.ts';
import { commitPut, isOwnConflict } from './commit.ts';
import { ownerClaimLost } from './owner-claim.ts';
import { type FieldManagement, keepTracked, trackCreate, updates } from './ownership.ts';
import { customErrors, onOtherFields, pruneDefaultValidate } from './prune-default-validate.ts';

/** How often another generated name is tried. */
const nameAttempts = 8;
/** How often it starts over when another key of its commit (an allocation, a quota) was changed meanwhile. */
const attempts = 64;

export async function create(
  env: WriteEnvironment,
  context: RequestContext,
  target: Target,
  input: KubeObject,
  options: WriteOptions = {},
  management: FieldManagement = updates,
): Promise<Outcome> {
  const { definition } = target;
  const warnings = context.warnings.length;
  for (let attempt = 1; ; attempt++) {
    context.warnings.length = warnings;
    const object = identify(target, deepClone(input));
    const generated = !object.metadata.name && Boolean(object.metadata.generateName);
    if (generated) object.metadata.name = generateName(object.metadata.generateName ?? '', () => env.random.number());
    try {
      return await createOnce(env, context, target, object, options, management);
    } catch (error) {
      if (context.claim && isConflictAbout(error, [context.claim])) throw ownerClaimLost(object.metadata.name ?? '');
      if (isConflict(error)) {
        const own = isOwnConflict(error, definition, error.failure.code === 'conflict' ? error.failure.data.name : '');
        if (own ? generated && attempt < nameAttempts : attempt < attempts) continue;
        if (own) throw existsAlready(target, object.metadata.name ?? '', generated);
      }
      throw storeStatus(error, subjectOf(definition), object.metadata.name ?? '');
    }
  }
}

async function createOnce(
  env: WriteEnvironment,
  context: RequestContext,
  target: Target,
  input: KubeObject,
  options: WriteOptions,
  management: FieldManagement,
): Promise<Outcome> {
  const { definition } = target;
  const stored = storedDefinition(env, definition);
  const strategy = env.strategyOf(stored);
  const dryRun = options.dryRun ?? false;
  if (definition.terminating) {
    throw new StatusError(
      'MethodNotAllowed',
      'create not allowed while custom resource definition is terminating',
      subjectOf(definition),
    );
  }

  // Before defaulting: a status may have defaults of its own.
  if (!strategy.keepStatus && hasStatus(definition)) delete input['status'];
  const { large } = context;
  if (large) await yieldToEventLoop();
  const schemaErrors = await pruneDefaultValidate(context, definition, input, options);
  const object = await toStored(env, definition, input);
  if (large) await yieldToEventLoop();
  strategy.defaults?.(object);
  const name = object.metadata.name ?? '';
  fillOnCreate(env, object, strategy.generation ?? false);

  const attributes: Attributes = {
    operation: 'CREATE',
    context,
    definition,
    namespace: target.namespace ?? '',
    name,
    subresource: '',
    dryRun,
    object,
    old: undefined,
    companions: context.claim ? [context.claim] : [],
  };
  // Before admission, as in Kubernetes: nobody owns what admission fills in.
  await trackCreate(env, large === true, definition, object, options, management);
  if (large) await yieldToEventLoop();
  const { status } = object;
  const { managedFields } = object.metadata;
  await mutate(env, attributes);
  keepTracked(context, object, managedFields);
  // Nor does a webhook or a policy begin it: as in Kubernetes, where preparation comes after admission.
  if (!strategy.keepStatus && hasStatus(definition) && object['status'] !== status) {
    if (status === undefined) delete object['status'];
    else object['status'] = status;
  }

  if (large) await yieldToEventLoop();
  const warn = (text: string) => void context.warnings.push(text);
  const situation: Situation = { env, user: context.user, now: env.clock(), subresource: '', dryRun, warn };
  strategy.prepareForCreate?.(object, situation);
  // What preparation cleared may have defaults of its own.
  strategy.defaults?.(object);
  const errors = validateMeta(object.metadata, stored, nameRule(strategy));
  if (strategy.ahead && (large || strategy.expressions)) await runYielding(strategy.ahead(object), true);
  if (strategy.validate) errors.push(...strategy.validate(object, undefined, definition.group));
  if (large) await yieldToEventLoop();
  if (definition.customResource) {
    errors.push(...(await customErrors(context, definition, await fromStored(env, definition, object), undefined)));
  }
  errors.push(...onOtherFields(schemaErrors, errors));
  if (errors.length > 0) throw invalid(stored.kind, stored.group, name || (object.metadata.generateName ?? ''), errors);
  for (const warning of strategy.warnings?.(object, undefined) ?? []) context.warnings.push(warning);
  const admitted = await validate(env, attributes);
  if (large) await yieldToEventLoop();
  if (dryRun) {
    if (await env.store.get(definition.type, keyOf({ ...target, name }))) throw existsAlready(target, name, false);
    // What would be given out, and whether it can be; nothing is taken.
    await strategy.companions?.(situation, object, undefined);
    return await present(env, definition, { object, bytes: encodeWhole(object) });
  }
  const companions = await strategy.companions?.(situation, object, undefined);
  const expiresAt = strategy.expiresAt?.(object, situation);
  const outcome = await commitPut(env, admitted, {
    definition: stored,
    key: keyOf({ ...target, name }),
    object,
    expect: 0,
    by: writtenBy(context, target, management.operation === 'Apply' ? 'apply' : 'create', options.fieldManager),
    large: large === true,
    ...changedGroup(strategy, undefined, object),
    ...(companions && { companions }),
    ...(expiresAt !== undefined && { expiresAt }),
  });
  return await present(env, definition, outcome);
}

/** Sets what the path says, and refuses an object that says something else. */
function identify(target: Target, object: KubeObject): KubeObject {
  const { definition, namespace } = target;
  // Before its structure is checked: a name may have to be made of it.
  demandBody(definition, object);
  const meta = object.metadata;
  if (definition.namespaced) {
    if (!namespace) throw badRequest('an empty namespace may not be set during creation');
    if (meta.namespace && meta.namespace !== namespace) {
      throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
    }
    meta.namespace = namespace;
  }
  if (target.name) meta.name ??= target.name;
  if (meta.resourceVersion) throw badRequest('resourceVersion should not be set on objects to be created');
  return object;
}

function existsAlready(target: Target, name: string, generated: boolean): StatusError {
  const subject = subjectOf(target.definition);
  if (!generated) return alreadyExists(subject, name);
  const error = alreadyExists(subject, name);
  return new StatusError(
    'AlreadyExists',
    `${error.message}, the server was not able to generate a unique name for the object`,
    {
      ...error.details,
      retryAfterSeconds: 1,
    },
  );
}
