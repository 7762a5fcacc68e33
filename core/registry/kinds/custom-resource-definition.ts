// CustomResourceDefinitions: names and versions that fit together. Accepted and established with the write that makes them.

import type { V1CustomResourceDefinition, V1CustomResourceDefinitionCondition } from '../../../generated/kubernetes.ts';
import { duplicate, type FieldError, invalidValue, notSupported, required } from '../../machinery/field-error.ts';
import { dns1035Label, dns1123Subdomain } from '../../machinery/names.ts';
import { formatTime } from '../../machinery/time.ts';
import { immutable } from '../metadata/validate.ts';
import { type Situation, strategy } from '../strategy.ts';

export const cleanupFinalizer = 'customresourcecleanup.apiextensions.k8s.io';

export const customResourceDefinition = strategy<V1CustomResourceDefinition>({
  generation: true,
  conditionalUpdate: true,
  defaults({ spec }) {
    const { names } = spec ?? {};
    if (!names) return;
    names.singular ||= names.kind?.toLowerCase();
    names.listKind ||= `${names.kind}List`;
  },
  prepareForCreate(object, situation) {
    object.metadata.finalizers = [...new Set([...(object.metadata.finalizers ?? []), cleanupFinalizer])];
    object.status = {};
    accept(object, situation);
  },
  prepareForUpdate(object, _old, situation) {
    if (situation.subresource === '') accept(object, situation);
  },
  validate: validateDefinition,
  validateUpdate(object, old) {
    return [
      ...immutable(object.spec.group, old.spec.group, 'spec.group'),
      ...immutable(object.spec.names.plural, old.spec.names.plural, 'spec.names.plural'),
      ...immutable(object.spec.scope, old.spec.scope, 'spec.scope'),
      ...(object.status?.storedVersions ?? [])
        .filter((stored) => !object.spec.versions.some(({ name }) => name === stored))
        .map((stored, index) =>
          invalidValue(
            `status.storedVersions[${index}]`,
            stored,
            'missing from spec.versions; stored versions must stay served or readable',
          ),
        ),
    ];
  },
});

/** Keeps the status true: which names hold, and in which versions objects may be stored. */
function accept(object: V1CustomResourceDefinition, { now }: Situation): void {
  const storage = object.spec?.versions?.find((each) => each.storage)?.name;
  const stored = object.status?.storedVersions ?? [];
  const before = object.status?.conditions ?? [];
  const condition = (type: string, reason: string, message: string): V1CustomResourceDefinitionCondition =>
    before.find((each) => each.type === type && each.status === 'True') ?? {
      type,
      status: 'True',
      reason,
      message,
      lastTransitionTime: formatTime(now),
    };
  const others = before.filter(({ type }) => type !== 'NamesAccepted' && type !== 'Established');
  object.status = {
    ...object.status,
    ...(object.spec?.names && { acceptedNames: { ...object.spec.names } }),
    conditions: [
      ...others,
      condition('NamesAccepted', 'NoConflicts', 'no conflicts found'),
      condition('Established', 'InitialNamesAccepted', 'the initial names have been accepted'),
    ],
    storedVersions: storage && !stored.includes(storage) ? [...stored, storage] : stored,
  };
}

function validateDefinition({ metadata, spec }: V1CustomResourceDefinition): FieldError[] {
  const errors: FieldError[] = [];
  const { group, names, scope, versions } = spec ?? {};
  if (!group) errors.push(required('spec.group'));
  else {
    for (const message of dns1123Subdomain(group)) errors.push(invalidValue('spec.group', group, message));
    if (!group.includes('.'))
      errors.push(invalidValue('spec.group', group, 'should be a domain with at least one dot'));
  }
  const scopes = ['Cluster', 'Namespaced'];
  if (!scope) errors.push(required('spec.scope'));
  else if (!scopes.includes(scope)) errors.push(notSupported('spec.scope', scope, scopes));
  if (!names?.plural) errors.push(required('spec.names.plural'));
  else
    for (const message of dns1035Label(names.plural))
      errors.push(invalidValue('spec.names.plural', names.plural, message));
  if (!names?.kind) errors.push(required('spec.names.kind'));
  else
    for (const message of dns1035Label(names.kind.toLowerCase()))
      errors.push(
        invalidValue('spec.names.kind', names.kind, `may have mixed case, but should otherwise match: ${message}`),
      );
  if (names?.kind && names.kind === names.listKind)
    errors.push(invalidValue('spec.names.listKind', names.listKind, 'kind and listKind may not be the same'));
  if (names?.plural && group && metadata.name !== `${names.plural}.${group}`) {
    errors.push(invalidValue('metadata.name', metadata.name, 'must be spec.names.plural+"."+spec.group'));
  }
  if (!versions?.length)
    return [...errors, required('spec.versions', 'must have exactly one version marked as storage version')];
  if (versions.filter((each) => each.storage).length !== 1)
    errors.push(
      invalidValue(
        'spec.versions',
        versions.map(({ name }) => name),
        'must have exactly one version marked as storage version',
      ),
    );
  const seen = new Set<string>();
  versions.forEach((version, index) => {
    const path = `spec.versions[${index}]`;
    for (const message of dns1035Label(version.name ?? ''))
      errors.push(invalidValue(`${path}.name`, version.name ?? '', message));
    if (seen.has(version.name)) errors.push(duplicate(`${path}.name`, version.name));
    seen.add(version.name);
    if (!version.schema?.openAPIV3Schema)
      errors.push(required(`${path}.schema.openAPIV3Schema`, 'schemas are required'));
    else if (version.schema.openAPIV3Schema.type !== 'object') {
      const type = version.schema.openAPIV3Schema.type;
      const at = `${path}.schema.openAPIV3Schema.type`;
      errors.push(type ? invalidValue(at, type, 'must be object') : required(at, 'must not be empty at the root'));
    }
  });
  return errors;
}
