// Updates and patches of a scale. Other subresources are changed as an update of the object, which knows what they may reach.

import type { V1Scale } from '../../../generated/kubernetes.ts';
import { schemaOf } from '../../api/models.ts';
import { apply } from '../../machinery/apply/apply.ts';
import { trackUpdate } from '../../machinery/apply/track.ts';
import { deepClone } from '../../machinery/equality.ts';
import { invalid, invalidValue } from '../../machinery/field-error.ts';
import type { KubeObject } from '../../machinery/object.ts';
import { badRequest } from '../../machinery/status.ts';
import { validateStructure } from '../../machinery/structure/validate-structure.ts';
import { formatTime } from '../../machinery/time.ts';
import { encodeWhole } from '../../store/encode-object.ts';
import type { WriteEnvironment } from '../admission/plugin.ts';
import type { Outcome, PatchType, RequestContext, Target, WriteOptions } from '../registry.ts';
import { missingReplicas, scaleOf, scalePaths, setReplicas } from '../scale.ts';
import { apiVersionOf } from '../target.ts';
import { applyPatch } from '../write/apply-patch.ts';
import { demandBody } from '../write/body.ts';
import { modify } from '../write/modify.ts';
import { unknownManager } from '../write/ownership.ts';
import { applierOf, configuration } from '../write/patch.ts';
import { cannotHandle } from '../write/prune-default-validate.ts';
import { ownersOfObject, ownersOfScale } from './scale-owners.ts';

export type ScaleChange = { readonly object: KubeObject } | { readonly type: PatchType; readonly body: unknown };

/** Undefined when the target is no scale. */
export function changeSubresource(
  env: WriteEnvironment,
  context: RequestContext,
  target: Target,
  change: ScaleChange,
  options: WriteOptions = {},
): Promise<Outcome & { created: boolean }> | undefined {
  return target.subresource === 'scale' ? changeScale(env, context, target, change, options) : undefined;
}

/** Of built-in and custom resources alike. */
const scaleKind = {
  group: 'autoscaling',
  version: 'v1',
  kind: 'Scale',
  /** Made when it is first asked for. */
  get schema() {
    return schemaOf('V1Scale');
  },
};

async function changeScale(
  env: WriteEnvironment,
  context: RequestContext,
  target: Target,
  change: ScaleChange,
  options: WriteOptions,
): Promise<Outcome & { created: boolean }> {
  const paths = scalePaths(target);
  const place = { apiVersion: apiVersionOf(target.definition), path: paths.spec };
  if ('object' in change) demandBody(scaleKind, change.object);
  const outcome = await modify(
    env,
    context,
    target,
    {
      // The object's owners do not know who changed its scale.
      management: { operation: 'type' in change && change.type === 'apply' ? 'Apply' : 'Update', saysOwners: true },
      async build(existing, large) {
        const owners = existing.metadata.managedFields ?? [];
        const before = scaleOf(existing, paths);
        before.metadata.managedFields = ownersOfScale(owners, place);
        const after = await changed(env, target, before, change, options, large);
        const missing =
          'object' in change || !target.definition.customResource ? undefined : missingReplicas(existing, paths);
        // As its type is: what a PUT does not say is 0.
        if (missing && (after as V1Scale).spec?.replicas === undefined)
          throw badRequest(`the spec replicas field ${missing} cannot be empty`);
        const replicas = replicasOf(target, after);
        const { uid, resourceVersion, managedFields = [] } = after.metadata ?? {};
        const next = deepClone(existing);
        setReplicas(next, paths, replicas);
        if (uid) next.metadata.uid = uid;
        if (resourceVersion) next.metadata.resourceVersion = resourceVersion;
        const now = ownersOfObject(owners, managedFields, place);
        if (now.length > 0) next.metadata.managedFields = now;
        else delete next.metadata.managedFields;
        return next;
      },
    },
    options,
  );
  const object = scaleOf(outcome.object, paths);
  return { object, bytes: encodeWhole(object), created: false };
}

/** The scale after the change, with its managers. */
async function changed(
  env: WriteEnvironment,
  target: Target,
  before: KubeObject,
  change: ScaleChange,
  options: WriteOptions,
  large: boolean,
): Promise<KubeObject> {
  const ownership = {
    schema: scaleKind.schema,
    live: before,
    subresource: 'scale',
    apiVersion: apiVersionOf(scaleKind),
    time: formatTime(env.clock()),
  };
  if ('type' in change && change.type === 'apply')
    return apply({
      ...ownership,
      applied: configuration(target, change.body, scaleKind),
      manager: applierOf(options),
      force: options.force ?? false,
    });
  // A Scale has no lists: a strategic patch of it is a merge patch.
  const after =
    'object' in change
      ? change.object
      : await applyPatch(change.type === 'json' ? 'json' : 'merge', before, change.body, undefined, large);
  const object = { ...after, metadata: { ...after.metadata } };
  const found = trackUpdate({ ...ownership, object, manager: options.fieldManager || unknownManager });
  object.metadata.managedFields = found;
  return object;
}

function replicasOf(target: Target, object: KubeObject): number {
  // The value is checked below, whatever it is.
  const scale = object as V1Scale;
  const name = target.name ?? '';
  if (scale.metadata?.name && scale.metadata.name !== name) {
    throw badRequest(`the name of the object (${scale.metadata.name}) does not match the name on the URL (${name})`);
  }
  const replicas = scale.spec?.replicas ?? 0;
  const [unreadable] = validateStructure(scaleKind.schema, object);
  if (unreadable) throw badRequest(`${cannotHandle(scaleKind)}: ${unreadable.message}`);
  if (replicas < 0) {
    throw invalid('Scale', 'autoscaling', name, [
      invalidValue('spec.replicas', replicas, 'must be greater than or equal to 0'),
    ]);
  }
  return replicas;
}
