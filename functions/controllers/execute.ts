// Carries out the actions of one reconcile through the registry: actions on different objects together, in bounded batches;
// actions on one object in order; nothing past a barrier until everything before it succeeded.

import type { Definitions, ResourceDefinition } from '../../core/api/definition.ts';
import { parseJson } from '../../core/machinery/json.ts';
import type { KubeObject } from '../../core/machinery/object.ts';
import { conflict, hasReason, StatusError } from '../../core/machinery/status.ts';
import type { EventRecorder } from '../../core/registry/event-recorder.ts';
import type { Registry, RequestContext } from '../../core/registry/registry.ts';
import type { Check, TypeName } from '../../core/store/store.ts';
import { type Announcement, type AnyAction, type Controller, demandOwned } from './controller.ts';

export interface Executor {
  readonly registry: Registry;
  readonly definitions: Definitions;
  readonly events: EventRecorder;
  readonly context: RequestContext;
  /** Whose actions these are: what it does not own is not written. */
  readonly controller: Pick<Controller, 'name' | 'owns'>;
  /** The name that events carry as their source. */
  readonly component: string;
  /** Called before a write of a type: the replicas must see it before anything is reconciled again. */
  wrote(type: TypeName): void;
}

export interface Execution {
  /** Errors that say that the snapshot was stale: reconcile again at once. */
  readonly conflicts: readonly unknown[];
  readonly failures: readonly unknown[];
  readonly requeueMs: number | undefined;
}

const batch = 32;

type Moved = Map<string, KubeObject>;

/** Whether an action changes another object than the one whose children the controller counts. */
export function needsClaim(action: AnyAction, owners?: TypeName): boolean {
  switch (action.do) {
    case 'create':
    case 'update':
    case 'patch':
    case 'delete':
      return action.type !== owners;
    default:
      return false;
  }
}

/** `claim`: of what is written of other types than `owners` each commit holds only while the claim does. */
export async function execute(
  executor: Executor,
  actions: readonly AnyAction[],
  owners?: TypeName,
  claim?: Check,
): Promise<Execution> {
  const claimed: Executor = claim ? { ...executor, context: { ...executor.context, claim } } : executor;
  const conflicts: unknown[] = [];
  const failures: unknown[] = [];
  let requeueMs: number | undefined;
  for (const action of actions) {
    if (action.do === 'requeue') requeueMs = Math.min(requeueMs ?? Number.POSITIVE_INFINITY, action.afterMs);
  }
  /** What an object is after this reconcile's own write, by the resourceVersion that it had before. */
  const moved: Moved = new Map();
  for (const stage of stagesOf(actions)) {
    const queue = groupsOf(stage);
    const worker = async () => {
      for (let group = queue.shift(); group; group = queue.shift()) {
        for (const action of group) {
          try {
            await perform(needsClaim(action, owners) ? claimed : executor, action, moved);
          } catch (error) {
            if (isStale(error, action)) conflicts.push(error);
            else failures.push(error);
            break;
          }
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(batch, queue.length) }, worker));
    if (conflicts.length || failures.length) break;
  }
  return { conflicts, failures, requeueMs };
}

function stagesOf(actions: readonly AnyAction[]): AnyAction[][] {
  const stages: AnyAction[][] = [[]];
  for (const action of actions) {
    if (action.do === 'barrier') stages.push([]);
    else if (action.do !== 'requeue') stages.at(-1)?.push(action);
  }
  return stages;
}

/** Actions on one object stay together. */
function groupsOf(actions: readonly AnyAction[]): AnyAction[][] {
  const groups = new Map<string, AnyAction[]>();
  for (const [i, action] of actions.entries()) {
    const key = subjectOf(action) ?? `#${i}`;
    const group = groups.get(key);
    if (group) group.push(action);
    else groups.set(key, [action]);
  }
  return [...groups.values()];
}

function subjectOf(action: AnyAction): string | undefined {
  switch (action.do) {
    case 'create':
    case 'update': {
      const { namespace, name } = metadataOf(action.object);
      return name ? `${action.type}/${namespace ?? ''}/${name}` : undefined;
    }
    case 'patch':
    case 'delete':
      return `${action.type}/${action.namespace}/${action.name}`;
    default:
      return undefined;
  }
}

function isStale(error: unknown, action: AnyAction): boolean {
  return hasReason(error, 'Conflict') || (action.do === 'create' && hasReason(error, 'AlreadyExists'));
}

/** Creating in a namespace that is going away: nothing can be done, and nothing needs to be. */
function isNamespaceGone(error: unknown): boolean {
  return (
    hasReason(error, 'Forbidden') &&
    error.details?.causes?.some((each) => each.reason === 'NamespaceTerminating') === true
  );
}

async function perform(executor: Executor, action: AnyAction, moved: Moved): Promise<void> {
  if (action.do === 'event') {
    await executor.events.record(executor.context, executor.component, action.regarding, action.event);
    return;
  }
  if (action.do === 'barrier' || action.do === 'requeue') return;
  demandOwned(executor.controller, action);
  const definition = executor.definitions.ofType(action.type);
  if (!definition) return;
  const announce = 'announce' in action ? action.announce : undefined;
  executor.wrote(action.type);
  try {
    await write(executor, definition, action, moved);
  } catch (error) {
    executor.wrote(action.type);
    if (isMoot(error, action)) return;
    if (!isStale(error, action)) await announceFailure(executor, announce, error);
    throw error;
  }
  executor.wrote(action.type);
  if (announce?.success) {
    await executor.events.record(contextOf(executor), executor.component, announce.regarding, announce.success);
  }
}

/** What was to be done is no longer needed. */
function isMoot(error: unknown, action: AnyAction): boolean {
  if (action.do === 'create') {
    return (action.existsIsFine === true && hasReason(error, 'AlreadyExists')) || isNamespaceGone(error);
  }
  return hasReason(error, 'NotFound');
}

async function announceFailure(executor: Executor, announce: Announcement | undefined, error: unknown): Promise<void> {
  if (!announce?.failure) return;
  const text = error instanceof StatusError ? error.message : 'internal error';
  const event = { ...announce.failure, message: `${announce.failure.message}${text}` };
  await executor.events.record(contextOf(executor), executor.component, announce.regarding, event);
}

/** Of events: they are recorded whoever holds the claim. */
function contextOf({ context }: Executor): RequestContext {
  return { user: context.user, warnings: context.warnings };
}

/** As Kubernetes' controllers are named in managedFields. */
const writeOptions = { fieldManager: 'kube-controller-manager' };

async function write(
  { registry, context }: Executor,
  definition: ResourceDefinition,
  action: Exclude<AnyAction, { do: 'event' | 'barrier' | 'requeue' }>,
  moved: Moved,
): Promise<void> {
  switch (action.do) {
    case 'create': {
      const object = asObject(action.object);
      await registry.create(context, { definition, ...namespaceOf(object.metadata.namespace) }, object, writeOptions);
      return;
    }
    case 'update': {
      const given = asObject(action.object);
      const { namespace, name, resourceVersion } = given.metadata;
      const key = `${action.type}/${namespace ?? ''}/${name}@${resourceVersion}`;
      const object = after(moved.get(key), given, action.subresource);
      const target = {
        definition,
        ...namespaceOf(namespace),
        ...(name && { name }),
        ...(action.subresource && { subresource: action.subresource }),
      };
      const outcome = await registry.update(context, target, object, writeOptions);
      moved.set(key, outcome.object);
      return;
    }
    case 'patch': {
      const { namespace, name, subresource } = action;
      const target = { definition, ...namespaceOf(namespace), name, ...(subresource && { subresource }) };
      const condition = conditionOf(action.body);
      const key = `${action.type}/${namespace}/${name}@${condition}`;
      const outcome = await registry.patch(context, target, action.patchType, action.body, writeOptions);
      if (condition) moved.set(key, outcome.object);
      return;
    }
    case 'delete': {
      const { namespace, name } = action;
      await registry.delete(context, { definition, ...namespaceOf(namespace), name }, action.options);
      return;
    }
    case 'expectAbsent': {
      const { namespace, name, uid } = action;
      const { object } = await registry.get(context, { definition, ...namespaceOf(namespace), name });
      const subject = { group: definition.group, resource: definition.resource };
      if (!uid || object.metadata.uid === uid) throw conflict(subject, name, 'it exists, although it was not in view');
      return;
    }
    case 'deleteCollection':
      await registry.deleteCollection(context, { definition, namespace: action.namespace }, {});
      return;
  }
}

/** `given` was made of what the object was before this reconcile wrote it: a status goes onto what it is now, which loses nothing of that. */
function after(now: KubeObject | undefined, given: KubeObject, subresource: string | undefined): KubeObject {
  if (!now) return given;
  if (subresource === 'status') return { ...now, status: given['status'] };
  return { ...given, metadata: { ...given.metadata, resourceVersion: now.metadata.resourceVersion } };
}

function namespaceOf(namespace: string | undefined): { namespace?: string } {
  return namespace ? { namespace } : {};
}

/** The resourceVersion that a merge patch requires, if it does. */
function conditionOf(body: unknown): string | undefined {
  // Any JSON may be a patch; only an object with metadata has the field.
  return (body as { metadata?: { resourceVersion?: string } } | null)?.metadata?.resourceVersion;
}

/** Controllers build objects of the known types, with metadata. Copied: snapshots share theirs; and absent fields are left out. */
function asObject(object: object): KubeObject {
  return parseJson(JSON.stringify(object)) as KubeObject;
}

function metadataOf(object: object): { namespace?: string; name?: string } {
  // As in `asObject`.
  return (object as KubeObject).metadata ?? {};
}
