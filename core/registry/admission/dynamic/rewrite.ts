// Brings an object that a webhook or a policy changed into its stored version, pruned and defaulted.

import type { V1Scale } from '../../../../generated/kubernetes.ts';
import type { ResourceDefinition } from '../../../api/definition.ts';
import { type Body, bodyOf } from '../../../api/subresource-body.ts';
import { deepEqual } from '../../../machinery/equality.ts';
import type { KubeObject } from '../../../machinery/object.ts';
import { setOwn } from '../../../machinery/own.ts';
import { StatusError } from '../../../machinery/status.ts';
import { applyDefaults } from '../../../machinery/structure/apply-defaults.ts';
import { isRecord } from '../../../machinery/structure/field-at.ts';
import { prune } from '../../../machinery/structure/prune.ts';
import { validateStructure } from '../../../machinery/structure/validate-structure.ts';
import { scalePaths, setReplicas } from '../../scale.ts';
import { storedDefinition, toStored } from '../../versions.ts';
import type { Attributes, WriteEnvironment } from '../plugin.ts';
import { takesOwnBody } from './request.ts';

/** `next` is in the version of `shown`. Tells whether anything changed. Fails with InternalError for what is no such object. */
export async function rewrite(
  env: WriteEnvironment,
  attributes: Attributes,
  shown: ResourceDefinition,
  before: KubeObject,
  next: unknown,
  who: string,
): Promise<boolean> {
  const { object, old, operation, subresource } = attributes;
  if (!object) return false;
  const connects = operation === 'CONNECT';
  if (!isRecord(next) || !(connects || isRecord(next['metadata'])))
    throw broken(who, 'the result is no object with metadata');
  if (deepEqual(before, next)) return false;
  const changed = next as KubeObject; // an object with metadata; its structure is checked below
  if (connects) replace(object, { ...changed, metadata: object.metadata });
  else {
    pruneDefaultCheck(bodyOf(shown, subresource), shown.customResource !== undefined, changed, who);
    if (subresource === 'scale') scaleTo(object, attributes, shown, changed);
    else if (takesOwnBody(attributes)) replace(object, changed);
    else {
      const stored = await toStored(env, shown, changed);
      env.strategyOf(storedDefinition(env, shown)).defaults?.(stored, old);
      replace(object, stored);
    }
  }
  return true;
}

function pruneDefaultCheck({ schema, kind }: Body, custom: boolean, changed: KubeObject, who: string): void {
  prune(schema, changed);
  applyDefaults(schema, changed);
  // Custom resources are checked once more before they are stored; a Scale of one is not one.
  if (custom && kind !== 'Scale') return;
  const [wrong] = validateStructure(schema, changed);
  if (wrong) throw broken(who, `${wrong.field}: ${wrong.message}`);
}

/** Of a Scale only the wish counts; it stands in the object that is scaled. */
function scaleTo(object: KubeObject, { namespace, name }: Attributes, shown: ResourceDefinition, scale: KubeObject) {
  // It was checked as a Scale.
  const replicas = (scale as V1Scale).spec?.replicas ?? 0;
  setReplicas(object, scalePaths({ definition: shown, namespace, name }), replicas);
}

function replace(object: KubeObject, by: KubeObject): void {
  for (const field of Object.keys(object)) delete object[field];
  for (const [field, value] of Object.entries(by)) setOwn(object, field, value);
}

function broken(who: string, why: string): StatusError {
  return new StatusError('InternalError', `Internal error occurred: ${who} made an invalid object: ${why}`);
}
