// Changes an object by a patch. Without a resourceVersion in the patch it is applied again to whatever a conflict shows.

import type { ResourceDefinition } from '../../api/definition.ts';
import { applying } from '../../machinery/apply/apply.ts';
import { faultsIn } from '../../machinery/apply/duplicates.ts';
import { setOf } from '../../machinery/apply/field-set.ts';
import { deepClone } from '../../machinery/equality.ts';
import { goText } from '../../machinery/go-text.ts';
import type { KubeObject, ObjectMeta } from '../../machinery/object.ts';
import { badRequest, conflict, notFound } from '../../machinery/status.ts';
import { runYielding, yieldToEventLoop } from '../../machinery/steps.ts';
import { pruneApplied } from '../../machinery/structure/prune.ts';
import { formatTime } from '../../machinery/time.ts';
import type { WriteEnvironment } from '../admission/plugin.ts';
import type { Outcome, PatchType, RequestContext, Target, WriteOptions } from '../registry.ts';
import { apiVersionOf, hasStatus, subjectOf } from '../target.ts';
import { applyPatch, unreadablePatch } from './apply-patch.ts';
import { modify } from './modify.ts';
import { servedVersions } from './other-versions.ts';
import { applies, updates } from './ownership.ts';
import { mayUse } from './permission.ts';

export async function patch(
  env: WriteEnvironment,
  context: RequestContext,
  target: Target,
  type: PatchType,
  body: unknown,
  options: WriteOptions = {},
): Promise<Outcome & { created: boolean }> {
  if (type === 'apply') return await applyConfiguration(env, context, target, body, options);
  const { definition } = target;
  const strategic = type === 'strategic';
  let before: KubeObject | undefined;
  const build = (existing: KubeObject, large: boolean) => {
    before = existing;
    const result = applyPatch(type, existing, body, definition, large);
    // Read field by field into an object of its type, whatever the patch calls it.
    return strategic && !(result instanceof Promise) ? ofItsKind(definition, result) : result;
  };
  const unreadable = (why: string, result: KubeObject) => {
    // What it held of unknown fields is gone from it by now.
    const again = strategic || !before ? undefined : applyPatch(type, before, body, definition);
    return unreadablePatch(body, strategic ? undefined : again && !(again instanceof Promise) ? again : result, why);
  };
  return await modify(env, context, target, { build, unreadable, management: updates }, options);
}

function ofItsKind(definition: ResourceDefinition, object: KubeObject): KubeObject {
  object.apiVersion = apiVersionOf(definition);
  object.kind = definition.kind;
  return object;
}

async function applyConfiguration(
  env: WriteEnvironment,
  context: RequestContext,
  target: Target,
  body: unknown,
  options: WriteOptions,
): Promise<Outcome & { created: boolean }> {
  const { definition } = target;
  const manager = applierOf(options);
  const first = configuration(target, body);
  const { uid, name } = first.metadata;
  // The object takes parts of the configuration over: each attempt has its own.
  let unused: KubeObject | undefined = first;
  const join = async (live: KubeObject | undefined, large = context.large ?? false) => {
    if (large) await yieldToEventLoop();
    const applied = unused ?? configuration(target, body);
    unused = undefined;
    const request = {
      large,
      schema: definition.schema,
      live,
      applied,
      manager,
      ...(target.subresource && { subresource: target.subresource }),
      apiVersion: apiVersionOf(definition),
      force: options.force ?? false,
      time: formatTime(env.clock()),
      ...(!target.subresource && hasStatus(definition) && { resetFields: setOf(['f:status']) }),
    };
    const versions = servedVersions(env, definition, live);
    if (!versions) return await runYielding(applying(request), large);
    const { applyAcrossVersions } = await import('../../machinery/apply/apply-across-versions.ts');
    return await applyAcrossVersions(request, versions);
  };
  return await modify(
    env,
    context,
    target,
    {
      build: join,
      management: applies,
      otherwise: async () => {
        await mayUse(env, context, target, 'create');
        const subject = subjectOf(definition);
        if (target.subresource) throw notFound(subject, target.name ?? '');
        if (uid) {
          const why = `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`;
          throw conflict(subject, target.name ?? '', why);
        }
        const object = await join(undefined);
        if (!name) object.metadata.name = target.name ?? '';
        delete object.metadata.resourceVersion;
        return object;
      },
    },
    options,
  );
}

/** Who applies, which an apply must say. */
export function applierOf({ fieldManager }: WriteOptions): string {
  if (fieldManager) return fieldManager;
  throw badRequest('PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch');
}

/** Of faults of keys: what is beyond tells nobody more. */
const maxReportedKeys = 100;

/**
 * The applied configuration, which must speak of this object in this version, and of nothing that the schema does not know. `kindOf`: what
 * is applied, where that is not of the target's own kind.
 */
export function configuration(
  target: Target,
  body: unknown,
  kindOf: Pick<ResourceDefinition, 'group' | 'version' | 'kind' | 'schema'> = target.definition,
): KubeObject {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw badRequest('an apply patch must be an object');
  // Checked just above and below.
  const applied = deepClone(body) as KubeObject;
  const key = `${target.namespace ?? ''}/${target.name}`;
  const untyped = (why: string) => {
    const { group, version, kind } = kindOf;
    return badRequest(`failed to create typed patch object (${key}; ${group}/${version}, Kind=${kind}): ${why}`);
  };
  const metadata: unknown = applied.metadata ?? {};
  if (typeof metadata !== 'object' || Array.isArray(metadata))
    throw untyped(`.metadata: expected map, got &{${goText(metadata)}}`);
  applied.metadata = metadata as ObjectMeta; // its fields are checked with the rest
  // What is no text says nothing, to Go.
  const [asked, kind] = [applied.apiVersion, applied.kind].map((each) => (typeof each === 'string' ? each : ''));
  if (asked !== apiVersionOf(kindOf) || kind !== kindOf.kind) {
    const [version, ...group] = (asked ?? '').split('/').reverse();
    throw badRequest(`invalid object type: ${group.join('/')}/${version}, Kind=${kind}`);
  }
  const { schema } = kindOf;
  const wrong = pruneApplied(schema, applied).map((path) => `${path}: field not declared in schema`);
  wrong.push(...faultsIn(schema, applied).slice(0, maxReportedKeys));
  const [first, ...others] = wrong;
  if (first) throw untyped(others.length === 0 ? first : `errors:\n${wrong.map((each) => `  ${each}`).join('\n')}`);
  const { name, namespace } = applied.metadata;
  if (name && name !== target.name)
    throw badRequest(`the name of the object (${name}) does not match the name on the URL (${target.name})`);
  if (namespace && namespace !== target.namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  return applied;
}
