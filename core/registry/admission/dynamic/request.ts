// The request as webhooks and policies see it. Source: admission.k8s.io/v1 AdmissionRequest.

import type { ResourceDefinition } from '../../../api/definition.ts';
import { bodyOf } from '../../../api/subresource-body.ts';
import type { Environment } from '../../../kinds/environment.ts';
import type { KubeObject } from '../../../machinery/object.ts';
import { scaleOf, scalePaths } from '../../scale.ts';
import { fromStored } from '../../versions.ts';
import type { Attributes } from '../plugin.ts';

/** The objects of a request in the version of `shown`. */
export interface ShownObjects {
  readonly object: KubeObject | null;
  readonly oldObject: KubeObject | null;
}

export async function objectsIn(
  env: Environment,
  attributes: Attributes,
  shown: ResourceDefinition,
): Promise<ShownObjects> {
  const { object, old, operation, subresource } = attributes;
  // What a client sends to connect has no metadata, and what is no object of the resource has one version.
  if (operation === 'CONNECT') return { object: object ? withoutMetadata(object) : null, oldObject: null };
  if (takesOwnBody(attributes)) return { object: object ?? null, oldObject: null };
  const show = async (each: KubeObject | undefined) => {
    if (!each) return null;
    if (subresource === 'scale')
      return scaleOf(each, scalePaths({ definition: shown, namespace: attributes.namespace, name: attributes.name }));
    return await fromStored(env, shown, each);
  };
  return { object: await show(object), oldObject: await show(old) };
}

/** Whether the request's object is not one of the resource, but a Binding, an Eviction or a TokenRequest. */
export function takesOwnBody({ definition, operation, subresource }: Attributes): boolean {
  return operation === 'CREATE' && subresource !== '' && bodyOf(definition, subresource) !== definition;
}

function withoutMetadata({ metadata: _, ...options }: KubeObject): KubeObject {
  return options as KubeObject; // as it is shown, and nothing else
}

/** Everything of an AdmissionRequest but its uid and objects. */
export function requestOf(attributes: Attributes, shown: ResourceDefinition) {
  const { definition, operation, name, namespace, subresource, dryRun, context } = attributes;
  const { username, uid, groups, extra } = context.user;
  return {
    kind: kindOf(shown, attributes),
    resource: resourceOf(shown),
    ...(subresource && { subResource: subresource }),
    requestKind: kindOf(definition, attributes),
    requestResource: resourceOf(definition),
    ...(subresource && { requestSubResource: subresource }),
    ...(name && { name }),
    ...(namespace && { namespace }),
    operation,
    userInfo: { username, groups, ...(uid && { uid }), ...(extra && { extra }) },
    dryRun,
    options: optionsOf(attributes),
  };
}

function kindOf({ group, version, kind, subresources }: ResourceDefinition, { subresource }: Attributes) {
  const own = subresources.find(({ name }) => name === subresource);
  if (own && own.kind !== kind) return { group: own.group ?? group, version: own.version ?? version, kind: own.kind };
  return { group, version, kind };
}

function resourceOf({ group, version, resource }: ResourceDefinition) {
  return { group, version, resource };
}

const optionKinds = { CREATE: 'CreateOptions', UPDATE: 'UpdateOptions', DELETE: 'DeleteOptions' } as const;

function optionsOf({ operation, deleteOptions, dryRun }: Attributes) {
  if (operation === 'CONNECT') return null;
  const { dryRun: _, ...options } = deleteOptions ?? {};
  return { kind: optionKinds[operation], apiVersion: 'meta.k8s.io/v1', ...options, ...(dryRun && { dryRun: ['All'] }) };
}
