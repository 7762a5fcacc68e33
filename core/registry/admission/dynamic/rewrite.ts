// Brings an object that a webhook or a policy changed back onto the road: into its stored version, pruned and defaulted.

import type { ResourceDefinition } from '../../../api/definition.ts';
import { deepEqual } from '../../../machinery/equality.ts';
import type { KubeObject } from '../../../machinery/object.ts';
import { setOwn } from '../../../machinery/own.ts';
import { StatusError } from '../../../machinery/status.ts';
import { applyDefaults } from '../../../machinery/structure/apply-defaults.ts';
import { isRecord } from '../../../machinery/structure/field-at.ts';
import { prune } from '../../../machinery/structure/prune.ts';
import { validateStructure } from '../../../machinery/structure/validate-structure.ts';
import type { Environment } from '../../environment.ts';
import { storedDefinition, toStored } from '../../versions.ts';
import type { Attributes } from '../plugin.ts';

/** `next` is in the version of `shown`. Tells whether anything changed. Fails with InternalError for what is no such object. */
export async function rewrite(
  env: Environment,
  { object, old }: Attributes,
  shown: ResourceDefinition,
  before: KubeObject,
  next: unknown,
  who: string,
): Promise<boolean> {
  if (!object) return false;
  if (!isRecord(next) || !isRecord(next['metadata'])) throw broken(who, 'the result is no object with metadata');
  if (deepEqual(before, next)) return false;
  const changed = next as KubeObject; // has metadata; its structure is checked below
  prune(shown.schema, changed);
  applyDefaults(shown.schema, changed);
  if (!shown.customResource) {
    const [wrong] = validateStructure(shown.schema, changed);
    if (wrong) throw broken(who, `${wrong.field}: ${wrong.message}`);
  }
  const stored = await toStored(env, shown, changed);
  env.strategyOf(storedDefinition(env, shown)).defaults?.(stored, old);
  for (const field of Object.keys(object)) delete object[field];
  for (const [field, value] of Object.entries(stored)) setOwn(object, field, value);
  return true;
}

function broken(who: string, why: string): StatusError {
  return new StatusError('InternalError', `Internal error occurred: ${who} made an invalid object: ${why}`);
}
