// Which fields a write may reach: through the main path everything but status, through /status nothing but status and metadata.

import type { ResourceDefinition } from '../../api/definition.ts';
import type { KubeObject, ObjectMeta } from '../../machinery/object.ts';
import { getOwn, setOwn } from '../../machinery/own.ts';
import { hasStatus } from '../target.ts';

/** Puts the old values back where this path does not reach. */
export function keepForSubresource(
  definition: ResourceDefinition,
  subresource: string,
  object: KubeObject,
  old: KubeObject,
): void {
  if (subresource === '') {
    if (hasStatus(definition)) restore(object, old, 'status');
    return;
  }
  if (subresource === 'ephemeralcontainers' || subresource === 'resize' || subresource === 'finalize') {
    keepAllBut(subresource, object, old);
    return;
  }
  if (subresource !== 'status' && subresource !== 'approval') return;
  for (const field of new Set([...Object.keys(object), ...Object.keys(old)])) {
    if (field !== 'status' && field !== 'metadata' && field !== 'apiVersion' && field !== 'kind')
      restore(object, old, field);
  }
  if (definition.customResource) restoreMeta(object, old);
  else {
    // Through /status nobody ends, owns or orphans an object.
    restoreMetaField(object.metadata, old.metadata, 'ownerReferences');
    restoreMetaField(object.metadata, old.metadata, 'finalizers');
    restoreMetaField(object.metadata, old.metadata, 'deletionTimestamp');
    restoreMetaField(object.metadata, old.metadata, 'deletionGracePeriodSeconds');
  }
}

/** Subresources that change one part of the spec: everything else is put back. */
function keepAllBut(
  subresource: 'ephemeralcontainers' | 'resize' | 'finalize',
  object: KubeObject,
  old: KubeObject,
): void {
  const sent = asMap(object['spec']);
  for (const field of new Set([...Object.keys(object), ...Object.keys(old)])) {
    if (field !== 'metadata' && field !== 'apiVersion' && field !== 'kind') restore(object, old, field);
  }
  restoreMeta(object, old);
  const spec: Record<string, unknown> = { ...asMap(old['spec']) };
  if (subresource === 'finalize') spec['finalizers'] = sent['finalizers'] ?? [];
  else if (subresource === 'ephemeralcontainers') spec['ephemeralContainers'] = sent['ephemeralContainers'] ?? [];
  else {
    for (const list of ['containers', 'initContainers'] as const) {
      const resized = Array.isArray(sent[list]) ? sent[list].map(asMap) : [];
      if (!Array.isArray(spec[list])) continue;
      spec[list] = spec[list].map((each) => {
        const container = asMap(each);
        const asked = resized.find(({ name }) => name === container['name']);
        if (!asked) return container;
        const { resources, resizePolicy } = asked;
        return {
          ...container,
          ...(resources !== undefined && { resources }),
          ...(resizePolicy !== undefined && { resizePolicy }),
        };
      });
    }
  }
  object['spec'] = spec;
}

function asMap(value: unknown): Record<string, unknown> {
  // Structure was validated before; anything that is no map reads as an empty one.
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function restoreMeta(object: KubeObject, old: KubeObject): void {
  const { managedFields, resourceVersion } = object.metadata;
  object.metadata = { ...old.metadata };
  if (managedFields) object.metadata.managedFields = managedFields;
  if (resourceVersion) object.metadata.resourceVersion = resourceVersion;
}

function restore(object: KubeObject, old: KubeObject, field: string): void {
  const before = getOwn(old, field);
  if (before === undefined) delete object[field];
  else setOwn(object, field, before);
}

function restoreMetaField<K extends keyof ObjectMeta>(meta: ObjectMeta, old: ObjectMeta, field: K): void {
  if (old[field] === undefined) delete meta[field];
  else meta[field] = old[field];
}
