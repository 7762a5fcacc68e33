// Updates and patches of a scale. Other subresources are changed as an update of the object, which knows what they may reach.

import type { V1Scale } from '../../../generated/kubernetes.ts';
import { deepClone } from '../../machinery/equality.ts';
import { invalid, invalidValue } from '../../machinery/field-error.ts';
import type { KubeObject } from '../../machinery/object.ts';
import { badRequest } from '../../machinery/status.ts';
import { encodeWhole } from '../../store/encode-object.ts';
import type { WriteEnvironment } from '../admission/plugin.ts';
import type { Outcome, PatchType, RequestContext, Target, WriteOptions } from '../registry.ts';
import { missingReplicas, scaleOf, scalePaths, setReplicas } from '../scale.ts';
import { applyPatch } from '../write/apply-patch.ts';
import { demandBody } from '../write/body.ts';
import { modify } from '../write/modify.ts';

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
const scaleKind = { group: 'autoscaling', version: 'v1', kind: 'Scale' };

async function changeScale(
  env: WriteEnvironment,
  context: RequestContext,
  target: Target,
  change: ScaleChange,
  options: WriteOptions,
): Promise<Outcome & { created: boolean }> {
  const paths = scalePaths(target);
  if ('object' in change) demandBody(scaleKind, change.object);
  const outcome = await modify(
    env,
    context,
    target,
    {
      management: { operation: 'Update' },
      async build(existing, large) {
        const before = scaleOf(existing, paths);
        const after = 'object' in change ? change.object : await patched(before, change, large);
        const missing =
          'object' in change || !target.definition.customResource ? undefined : missingReplicas(existing, paths);
        // As its type is: what a PUT does not say is 0.
        if (missing && (after as V1Scale).spec?.replicas === undefined)
          throw badRequest(`the spec replicas field ${missing} cannot be empty`);
        const replicas = replicasOf(target, after);
        const { uid, resourceVersion } = after.metadata ?? {};
        const next = deepClone(existing);
        setReplicas(next, paths, replicas);
        if (uid) next.metadata.uid = uid;
        if (resourceVersion) next.metadata.resourceVersion = resourceVersion;
        return next;
      },
    },
    options,
  );
  const object = scaleOf(outcome.object, paths);
  return { object, bytes: encodeWhole(object), created: false };
}

function patched(
  scale: KubeObject,
  { type, body }: { readonly type: PatchType; readonly body: unknown },
  large: boolean,
): KubeObject | Promise<KubeObject> {
  // A Scale has no lists: strategic and apply patches of it are merge patches.
  return applyPatch(type === 'json' ? 'json' : 'merge', scale, body, undefined, large);
}

function replicasOf(target: Target, object: KubeObject): number {
  // The value is checked below, whatever it is.
  const scale = object as V1Scale;
  const name = target.name ?? '';
  if (scale.metadata?.name && scale.metadata.name !== name) {
    throw badRequest(`the name of the object (${scale.metadata.name}) does not match the name on the URL (${name})`);
  }
  const replicas = scale.spec?.replicas ?? 0;
  if (!Number.isInteger(replicas))
    throw badRequest('Scale in version "v1" cannot be handled as a Scale: spec.replicas: must be an integer');
  if (replicas < 0) {
    throw invalid('Scale', 'autoscaling', name, [
      invalidValue('spec.replicas', replicas, 'must be greater than or equal to 0'),
    ]);
  }
  return replicas;
}
