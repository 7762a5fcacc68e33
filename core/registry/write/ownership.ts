// managedFields of a write: an apply brings its own, every other write is compared with what was there.

import type { ResourceDefinition } from '../../api/definition.ts';
import { setOf } from '../../machinery/apply/field-set.ts';
import { trackUpdate as track } from '../../machinery/apply/track.ts';
import type { KubeObject } from '../../machinery/object.ts';
import { formatTime } from '../../machinery/time.ts';
import type { Environment } from '../environment.ts';
import type { Target, WriteOptions } from '../registry.ts';
import { apiVersionOf, hasStatus } from '../target.ts';

export interface FieldManagement {
  readonly operation: 'Update' | 'Apply';
}

const statusOnly = setOf(['f:status']);
const unknownManager = 'unknown';

export function trackCreate(
  env: Environment,
  definition: ResourceDefinition,
  object: KubeObject,
  options: WriteOptions,
  management: FieldManagement,
): void {
  if (management.operation === 'Apply') return;
  setManagedFields(object, track({ ...request(env, definition, object, options), live: undefined }));
}

export function trackUpdate(
  env: Environment,
  target: Target,
  object: KubeObject,
  old: KubeObject,
  options: WriteOptions,
  management: FieldManagement,
): void {
  if (management.operation === 'Apply') return;
  setManagedFields(
    object,
    track({
      ...request(env, target.definition, object, options),
      live: old,
      ...(target.subresource && { subresource: target.subresource, resetFields: setOf([]) }),
    }),
  );
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

function setManagedFields(object: KubeObject, entries: KubeObject['metadata']['managedFields']): void {
  if (entries?.length) object.metadata.managedFields = entries;
  else delete object.metadata.managedFields;
}
