// Brings an object that a webhook or a policy changed into its stored version, pruned and defaulted.

import type { V1Scale } from '../../../../generated/kubernetes.ts';
import type { ResourceDefinition } from '../../../api/definition.ts';
import { type Body, bodyOf } from '../../../api/subresource-body.ts';
import { holdsMore } from '../../../machinery/depth.ts';
import { deepEqual } from '../../../machinery/equality.ts';
import type { KubeObject, ObjectMeta } from '../../../machinery/object.ts';
import { setOwn } from '../../../machinery/own.ts';
import { StatusError } from '../../../machinery/status.ts';
import { yieldToEventLoop } from '../../../machinery/steps.ts';
import { applyDefaults } from '../../../machinery/structure/apply-defaults.ts';
import { isRecord } from '../../../machinery/structure/field-at.ts';
import { prune } from '../../../machinery/structure/prune.ts';
import { validateStructure } from '../../../machinery/structure/validate-structure.ts';
import { scalePaths, setReplicas } from '../../scale.ts';
import { storedDefinition, toStored } from '../../versions.ts';
import type { Attributes, WriteEnvironment } from '../plugin.ts';
import { takesOwnBody } from './request.ts';

/** Beyond so many values what is done with them all is done in turns with what else there is to do. */
const largeValues = 2000;

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
  const large = holdsMore(next, largeValues);
  const turn = async () => {
    if (large) await yieldToEventLoop();
  };
  await turn();
  if (deepEqual(before, next)) return false;
  await turn();
  const changed = next as KubeObject; // an object with metadata; its structure is checked below
  if (connects) replace(object, { ...changed, metadata: object.metadata });
  else {
    demandSameIdentity(attributes, before, changed, who);
    await pruneDefaultCheck(bodyOf(shown, subresource), shown.customResource !== undefined, changed, who, turn);
    if (subresource === 'scale') scaleTo(object, attributes, shown, changed);
    else if (takesOwnBody(attributes)) replace(object, changed);
    else {
      const stored = await toStored(env, shown, changed);
      await turn();
      env.strategyOf(storedDefinition(env, shown)).defaults?.(stored, old);
      keepServersFields(stored, object, operation);
      replace(object, stored);
    }
  }
  return true;
}

/**
 * What was authorized, and where it is stored, goes by these. An update is held to them by the object that is there. Kubernetes stores an object
 * under the name that a webhook gives it; here it is refused.
 */
function demandSameIdentity(
  { operation }: Attributes,
  before: KubeObject,
  { kind, apiVersion, metadata }: KubeObject,
  who: string,
): void {
  const changes: readonly (readonly [field: string, before: unknown, after: unknown])[] = [
    ['kind', before.kind, kind],
    ['apiVersion', before.apiVersion, apiVersion],
    ...(operation === 'CREATE'
      ? ([
          ['metadata.name', before.metadata.name, metadata.name],
          ['metadata.namespace', before.metadata.namespace, metadata.namespace],
        ] as const)
      : []),
  ];
  for (const [field, from, to] of changes)
    if (from !== to) throw broken(who, `${field} may not be changed from ${JSON.stringify(from)}`);
}

/** As Kubernetes, which sets them after mutating admission: whatever that makes of them, they are the server's. */
function keepServersFields({ metadata }: KubeObject, object: KubeObject, operation: Attributes['operation']): void {
  for (const field of ['generation', 'resourceVersion', 'selfLink'] as const) restore(metadata, object.metadata, field);
  // Of an update they are compared with what is there.
  if (operation !== 'CREATE') return;
  for (const field of ['uid', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds'] as const)
    restore(metadata, object.metadata, field);
}

function restore<K extends keyof ObjectMeta>(meta: ObjectMeta, before: ObjectMeta, field: K): void {
  const value = before[field];
  if (value === undefined) delete meta[field];
  else meta[field] = value;
}

async function pruneDefaultCheck(
  { schema, kind }: Body,
  custom: boolean,
  changed: KubeObject,
  who: string,
  turn: () => Promise<void>,
): Promise<void> {
  prune(schema, changed);
  await turn();
  applyDefaults(schema, changed);
  await turn();
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
