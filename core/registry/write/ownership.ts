// managedFields of a write: an apply brings its own, every other write is compared with what was there.

import type { ResourceDefinition } from '../../api/definition.ts';
import type { Environment } from '../../kinds/environment.ts';
import type { Views } from '../../machinery/apply/differences.ts';
import { setOf } from '../../machinery/apply/field-set.ts';
import { decodeManagers, encodeManagers } from '../../machinery/apply/managers.ts';
import { type TrackRequest, trackingUpdate } from '../../machinery/apply/track.ts';
import type { KubeObject, ManagedFieldsEntry } from '../../machinery/object.ts';
import { runYielding } from '../../machinery/steps.ts';
import { formatTime } from '../../machinery/time.ts';
import type { RequestContext, Target, WriteOptions } from '../registry.ts';
import { apiVersionOf, hasStatus } from '../target.ts';
import { fromStored, isServedAsStored } from '../versions.ts';
import { servedVersions, viewsOf } from './other-versions.ts';

export interface FieldManagement {
  readonly operation: 'Update' | 'Apply';
  /** The object that is built says its owners already. */
  readonly saysOwners: boolean;
}

export const updates: FieldManagement = { operation: 'Update', saysOwners: false };
export const applies: FieldManagement = { operation: 'Apply', saysOwners: true };

const statusOnly = setOf(['f:status']);
export const unknownManager = 'unknown';

/** `object` is in the stored version. A promise only where the request speaks another. */
export function trackCreate(
  env: Environment,
  large: boolean,
  definition: ResourceDefinition,
  object: KubeObject,
  options: WriteOptions,
  management: FieldManagement,
): void | Promise<void> {
  if (management.saysOwners) return;
  const finish = (shown: KubeObject) =>
    setManagedFields(object, large, { ...request(env, definition, shown, options), live: undefined });
  const shown = inVersion(env, definition, object);
  return shown instanceof Promise ? shown.then(finish) : finish(shown);
}

/**
 * `object` and `old` are in the stored version. A promise only where the request, or a manager of the object before it, speaks
 * another.
 */
export function trackUpdate(
  env: Environment,
  large: boolean,
  target: Target,
  object: KubeObject,
  old: KubeObject,
  options: WriteOptions,
  management: FieldManagement,
): void | Promise<void> {
  if (management.saysOwners) return;
  const { definition, subresource } = target;
  const finish = (shown: KubeObject, live: KubeObject, views?: Views) =>
    setManagedFields(object, large, {
      ...request(env, definition, shown, options),
      live,
      ...(subresource && { subresource, resetFields: setOf([]) }),
      ...(views && { views }),
    });
  const shown = inVersion(env, definition, object);
  const live = inVersion(env, definition, old);
  const versions = servedVersions(env, definition, old);
  if (!versions && !(shown instanceof Promise) && !(live instanceof Promise)) return finish(shown, live);
  return (async () => {
    const [after, before] = [await shown, await live];
    await finish(after, before, versions && (await viewsOf(versions, before, after)));
  })();
}

/** What mutating admission made of the managedFields that were tracked before it, unless nobody can read that. */
export function keepTracked(
  { warnings }: Pick<RequestContext, 'warnings'>,
  { metadata }: KubeObject,
  tracked: ManagedFieldsEntry[] | undefined,
): void {
  const { managedFields: found } = metadata;
  if (found === tracked) return;
  const managers = decodeManagers(found ?? [], tracked ?? []);
  if (!managers)
    warnings.push(
      '.metadata.managedFields was in an invalid state after admission; this could be caused by an outdated mutating admission controller; please fix your requests: an entry has no apiVersion, no operation or fields that cannot be read',
    );
  const kept = managers ? encodeManagers(managers) : (tracked ?? []);
  if (kept.length > 0) metadata.managedFields = kept;
  else delete metadata.managedFields;
}

/** A stored object as the version of `definition` shows it: managers own fields of the version that they write in. */
function inVersion(
  env: Environment,
  definition: ResourceDefinition,
  object: KubeObject,
): KubeObject | Promise<KubeObject> {
  return isServedAsStored(env, definition) ? object : fromStored(env, definition, object);
}

function request(env: Environment, definition: ResourceDefinition, object: KubeObject, options: WriteOptions) {
  return {
    schema: definition.schema,
    object,
    manager: options.fieldManager || unknownManager,
    apiVersion: apiVersionOf(definition),
    time: formatTime(env.clock()),
    ...(hasStatus(definition) && { resetFields: statusOnly }),
  };
}

function setManagedFields(object: KubeObject, large: boolean, write: TrackRequest): void | Promise<void> {
  const set = (entries: ManagedFieldsEntry[]) => {
    if (entries.length > 0) object.metadata.managedFields = entries;
    else delete object.metadata.managedFields;
  };
  const found = runYielding(trackingUpdate(write), large);
  return found instanceof Promise ? found.then(set) : set(found);
}
