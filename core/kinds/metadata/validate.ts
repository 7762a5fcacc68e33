// Validation of metadata, the same for every kind. Source: apimachinery's ValidateObjectMeta, with its texts.

import type { ResourceDefinition } from '../../api/definition.ts';
import { deepEqual } from '../../machinery/equality.ts';
import {
  errorsOf,
  type FieldError,
  forbiddenField,
  invalidValue,
  required,
  tooLong,
} from '../../machinery/field-error.ts';
import { validateLabels } from '../../machinery/labels.ts';
import { dns1123Label, qualifiedNameErrors } from '../../machinery/names.ts';
import type { ObjectMeta, OwnerReference } from '../../machinery/object.ts';
import type { NameRule } from './name-rule.ts';

const maxAnnotationsSize = 256 * 1024;
export const foregroundFinalizer = 'foregroundDeletion';
export const orphanFinalizer = 'orphan';

export function validateMeta(meta: ObjectMeta, definition: ResourceDefinition, validateName: NameRule): FieldError[] {
  return validateObjectMeta(
    meta,
    { namespaced: definition.namespaced, lenient: isExtension(definition) },
    validateName,
  );
}

/** `lenient`: finalizers without a path are taken. */
export function validateObjectMeta(
  meta: ObjectMeta,
  { namespaced, lenient }: { readonly namespaced: boolean; readonly lenient: boolean },
  validateName: NameRule,
): FieldError[] {
  const errors: FieldError[] = [];
  if (meta.generateName) {
    for (const message of validateName(meta.generateName, true))
      errors.push(invalidValue('metadata.generateName', meta.generateName, message));
  }
  if (!meta.name) errors.push(required('metadata.name', 'name or generateName is required'));
  else
    for (const message of validateName(meta.name, false))
      errors.push(invalidValue('metadata.name', meta.name, message));
  if (namespaced) {
    if (!meta.namespace) errors.push(required('metadata.namespace'));
    else
      for (const message of dns1123Label(meta.namespace))
        errors.push(invalidValue('metadata.namespace', meta.namespace, message));
  } else if (meta.namespace) {
    errors.push(forbiddenField('metadata.namespace', 'not allowed on this type'));
  }
  if ((meta.generation ?? 0) < 0)
    errors.push(invalidValue('metadata.generation', meta.generation, 'must be greater than or equal to 0'));
  if (meta.labels) errors.push(...validateLabels(meta.labels, 'metadata.labels'));
  if (meta.annotations) errors.push(...validateAnnotations(meta.annotations, 'metadata.annotations'));
  if (meta.ownerReferences) errors.push(...validateOwners(meta.ownerReferences));
  if (meta.finalizers) errors.push(...validateFinalizers(meta.finalizers, lenient, 'metadata.finalizers'));
  return errors;
}

/** As Kubernetes shows each where it is not there. */
const emptyMeta = {
  name: '',
  namespace: '',
  uid: '',
  creationTimestamp: null,
  deletionTimestamp: 'null',
  deletionGracePeriodSeconds: 'null',
};

/** What an update may not change, whatever the kind. */
export function validateMetaUpdate(meta: ObjectMeta, old: ObjectMeta): FieldError[] {
  const errors: FieldError[] = [];
  for (const field of [
    'name',
    'namespace',
    'uid',
    'creationTimestamp',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
  ] as const) {
    if (meta[field] !== old[field])
      errors.push(invalidValue(`metadata.${field}`, meta[field] ?? emptyMeta[field], 'field is immutable'));
  }
  if (old.deletionTimestamp && meta.finalizers) {
    const known = new Set(old.finalizers);
    const added = meta.finalizers.filter((each) => !known.has(each));
    if (added.length > 0) {
      errors.push(
        forbiddenField(
          'metadata.finalizers',
          `no new finalizers can be added if the object is being deleted, found new finalizers ${goStrings(added)}`,
        ),
      );
    }
  }
  return errors;
}

function goStrings(values: readonly string[]): string {
  return `[]string{${values.map((each) => JSON.stringify(each)).join(', ')}}`;
}

export function validateAnnotations(annotations: Readonly<Record<string, string>>, path: string): FieldError[] {
  const errors = errorsOf(Object.keys(annotations), (key) =>
    qualifiedNameErrors(key.toLowerCase()).map((message) => invalidValue(path, key, message)),
  );
  let size = 0;
  for (const key in annotations) size += key.length + (annotations[key]?.length ?? 0);
  if (size > maxAnnotationsSize) errors.push(tooLong(path, maxAnnotationsSize));
  return errors;
}

const bannedOwners = new Set(['v1/Event']);

function validateOwners(owners: readonly OwnerReference[]): FieldError[] {
  const errors: FieldError[] = [];
  let controller = '';
  owners.forEach((owner, index) => {
    const path = `metadata.ownerReferences[${index}]`;
    if (!owner.apiVersion)
      errors.push(invalidValue(`${path}.apiVersion`, owner.apiVersion ?? '', 'version must not be empty'));
    if (!owner.kind) errors.push(invalidValue(`${path}.kind`, owner.kind ?? '', 'must not be empty'));
    if (!owner.name) errors.push(invalidValue(`${path}.name`, owner.name ?? '', 'must not be empty'));
    if (!owner.uid) errors.push(invalidValue(`${path}.uid`, owner.uid ?? '', 'must not be empty'));
    if (bannedOwners.has(`${owner.apiVersion}/${owner.kind}`)) {
      errors.push(
        invalidValue(path, owner, `${owner.apiVersion}, Kind=${owner.kind} is disallowed from being an owner`),
      );
    }
    if (owner.controller) {
      if (controller) {
        errors.push(
          invalidValue(
            'metadata.ownerReferences',
            owners,
            `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${owner.name}`,
          ),
        );
      }
      controller = owner.name;
    }
  });
  return errors;
}

/** Extensions, and what defines them, may use finalizers without a path. */
function isExtension({ customResource, group }: ResourceDefinition): boolean {
  return customResource !== undefined || group === 'apiextensions.k8s.io' || group === 'apiregistration.k8s.io';
}

function validateFinalizers(finalizers: readonly string[], lenient: boolean, path: string): FieldError[] {
  const errors = errorsOf(finalizers, (each, index) => {
    const at = `${path}[${index}]`;
    return lenient
      ? qualifiedNameErrors(each).map((message) => invalidValue(at, each, message))
      : validateFinalizerName(each, at);
  });
  if (finalizers.includes(orphanFinalizer) && finalizers.includes(foregroundFinalizer)) {
    errors.push(
      invalidValue(path, finalizers, `finalizer ${orphanFinalizer} and ${foregroundFinalizer} cannot be both set`),
    );
  }
  return errors;
}

const plainFinalizers = new Set([orphanFinalizer, foregroundFinalizer, 'kubernetes']);

export function validateFinalizerName(name: string, path: string): FieldError[] {
  const errors = qualifiedNameErrors(name).map((message) => invalidValue(path, name, message));
  if (errors.length === 0 && !name.includes('/') && !plainFinalizers.has(name)) {
    errors.push(invalidValue(path, name, 'name is neither a standard finalizer name nor is it fully qualified'));
  }
  return errors;
}

/** For parts that a kind forbids to change: one error at `path` when they differ. */
export function immutable(value: unknown, old: unknown, path: string): FieldError[] {
  // Kubernetes shows a pointer to nothing as this text, and a list of nothing as it is.
  const nothing = Array.isArray(old) ? null : 'null';
  return deepEqual(value, old) ? [] : [invalidValue(path, value ?? nothing, 'field is immutable')];
}
