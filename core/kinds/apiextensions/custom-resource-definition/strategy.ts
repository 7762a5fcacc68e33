// CustomResourceDefinitions: names and versions that fit together. Accepted and established with the write that makes them.

import type { V1CustomResourceDefinition, V1CustomResourceDefinitionNames } from '../../../../generated/kubernetes.ts';
import { type FieldError, invalidValue, notSupported, required } from '../../../machinery/field-error.ts';
import { dns1035Label, dns1123Subdomain } from '../../../machinery/names.ts';
import { formatTime } from '../../../machinery/time.ts';
import { immutable } from '../../metadata/validate.ts';
import { type Situation, strategyFor } from '../../strategy.ts';
import { approvalOf, validateApproval } from './approval.ts';
import { type CompiledRules, compileAhead, compiledRules } from './compiled-rules.ts';
import { cleanupFinalizer, isEstablished, nameConflict } from './custom-names.ts';
import { warnOfFormats } from './format-warnings.ts';
import { validateConversion } from './validate-conversion.ts';
import { validateParts, validateVersions } from './validate-versions.ts';

export const strategy = strategyFor<V1CustomResourceDefinition>({
  expressions: true,
  generation: true,
  conditionalUpdate: true,
  defaults({ spec }) {
    const { names } = spec ?? {};
    if (!names) return;
    if (!names.kind) return;
    names.singular ||= names.kind.toLowerCase();
    names.listKind ||= `${names.kind}List`;
    spec.conversion ??= { strategy: 'None' };
  },
  prepareForCreate(object, situation) {
    object.metadata.finalizers = [...new Set([...(object.metadata.finalizers ?? []), cleanupFinalizer])];
    object.status = {};
    accept(object, object, situation);
  },
  // Whoever writes the status takes away no truth of it.
  prepareForUpdate: accept,
  beforeDelete(object, { now }) {
    const terminating = {
      type: 'Terminating',
      status: 'True',
      reason: 'InstanceDeletionInProgress',
      message: 'CustomResource deletion is in progress',
      lastTransitionTime: formatTime(now),
    };
    const others = (object.status?.conditions ?? []).filter(({ type }) => type !== 'Terminating');
    object.status = { ...object.status, conditions: [...others, terminating] };
  },
  *ahead(object) {
    const rules = compiledRules();
    for (const { schema } of object.spec?.versions ?? [])
      if (schema?.openAPIV3Schema) yield* compileAhead(schema.openAPIV3Schema, rules);
    compiledAhead.set(object, rules);
  },
  validate: validateDefinition,
  warnings: warnOfFormats,
  validateUpdate(object, old) {
    // What says what is stored.
    const held = isEstablished(old)
      ? [
          ...immutable(object.spec.scope, old.spec.scope, 'spec.scope'),
          ...immutable(object.spec.names.kind, old.spec.names.kind, 'spec.names.kind'),
        ]
      : [];
    return [
      ...held,
      ...immutable(object.spec.group, old.spec.group, 'spec.group'),
      ...immutable(object.spec.names.plural, old.spec.names.plural, 'spec.names.plural'),
      ...validateStored(object),
      ...validateApproval(object, old),
      ...validateKeeping(object, old),
    ];
  },
});

const approvalType = 'KubernetesAPIApprovalPolicyConformant';

/** Keeps the status true: which names hold, and in which versions objects may be stored. */
function accept(object: V1CustomResourceDefinition, old: V1CustomResourceDefinition, { env, now }: Situation): void {
  const storage = object.spec?.versions?.find((each) => each.storage)?.name;
  const stored = object.status?.storedVersions ?? [];
  const before = object.status?.conditions ?? [];
  const conflict = object.spec?.names ? nameConflict(env.definitions, object) : undefined;
  const condition = (type: string, status: string, reason: string, message: string) => {
    const same = (old.status?.conditions ?? []).find(
      (each) => each.type === type && each.status === status && each.reason === reason,
    );
    return same ?? { type, status, reason, message, lastTransitionTime: formatTime(now) };
  };
  const approval = approvalOf(object);
  const own = new Set(['NamesAccepted', 'Established', approvalType]);
  const others = before.filter(({ type }) => !own.has(type));
  // What was served once goes on under its accepted names.
  const established = isEstablished(old) || !conflict;
  const names = conflict ? old.status?.acceptedNames : object.spec?.names;
  object.status = {
    ...object.status,
    acceptedNames: names ? { ...names } : { plural: '', kind: '' },
    conditions: [
      ...others,
      conflict
        ? condition('NamesAccepted', 'False', conflict.reason, conflict.message)
        : condition('NamesAccepted', 'True', 'NoConflicts', 'no conflicts found'),
      established
        ? condition('Established', 'True', 'InitialNamesAccepted', 'the initial names have been accepted')
        : condition('Established', 'False', 'NotAccepted', 'not all names are accepted'),
      ...(approval ? [condition(approvalType, approval.status, approval.reason, approval.message)] : []),
    ],
    storedVersions: storage && !stored.includes(storage) ? [...stored, storage] : stored,
  };
}

/** Of definitions that are validated next; nothing changes them between. */
const compiledAhead = new WeakMap<V1CustomResourceDefinition, CompiledRules>();

function validateDefinition(object: V1CustomResourceDefinition, old?: V1CustomResourceDefinition): FieldError[] {
  const { metadata, spec } = object;
  const rules = compiledAhead.get(object) ?? compiledRules();
  compiledAhead.delete(object);
  const { group, names, scope } = spec ?? {};
  const errors: FieldError[] = [];
  if (`${names?.plural ?? ''}.${group ?? ''}` !== metadata.name)
    errors.push(invalidValue('metadata.name', metadata.name, 'must be spec.names.plural+"."+spec.group'));
  if (!group) errors.push(required('spec.group'));
  else if (dns1123Subdomain(group).length > 0)
    errors.push(invalidValue('spec.group', group, dns1123Subdomain(group).join(',')));
  else if (!group.includes('.'))
    errors.push(invalidValue('spec.group', group, 'should be a domain with at least one dot'));
  const scopes = ['Cluster', 'Namespaced'];
  if (!scope) errors.push(required('spec.scope'));
  else if (!scopes.includes(scope)) errors.push(notSupported('spec.scope', scope, scopes));
  errors.push(...validateVersions(spec?.versions ?? [], rules, old));
  for (const name of ['plural', 'singular', 'kind', 'listKind'] as const)
    if (!names?.[name]) errors.push(required(`spec.names.${name}`));
  if (names) errors.push(...validateNames(names));
  errors.push(...validateParts(spec?.versions ?? [], 'above', rules, old));
  errors.push(...validateConversion(spec, old));
  if (old) return errors;
  return [...errors, ...validateStored(object), ...validateApproval(object, undefined), ...validateKeeping(object)];
}

/** What is unknown is kept by schemas that say so; a definition of before that may keep all. */
function validateKeeping({ spec }: V1CustomResourceDefinition, old?: V1CustomResourceDefinition): FieldError[] {
  if (!spec?.preserveUnknownFields || old?.spec.preserveUnknownFields) return [];
  const instead = 'set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead';
  return [invalidValue('spec.preserveUnknownFields', true, `cannot set to true, ${instead}`)];
}

/** Versions in which objects may be stored must be there. */
function validateStored({ spec, status }: V1CustomResourceDefinition): FieldError[] {
  const stored = status?.storedVersions ?? [];
  if (stored.length === 0)
    return [invalidValue('status.storedVersions', null, 'must have at least one stored version')];
  const known = new Set(stored);
  const left = new Map(stored.map((name, index) => [name, index]));
  const errors: FieldError[] = [];
  for (const { name, storage } of spec.versions ?? []) {
    if (storage && !known.has(name))
      errors.push(invalidValue('status.storedVersions', stored, `must have the storage version ${name}`));
    left.delete(name);
  }
  for (const [name, index] of left)
    errors.push(
      invalidValue(
        `status.storedVersions[${index}]`,
        name,
        `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`,
      ),
    );
  return errors;
}

function validateNames({
  plural,
  singular,
  kind,
  listKind,
  shortNames,
  categories,
}: V1CustomResourceDefinitionNames): FieldError[] {
  const at = (field: string, value: string | undefined, why = ''): FieldError[] => {
    const wrong = value ? dns1035Label(why ? value.toLowerCase() : value) : [];
    return wrong.length > 0 ? [invalidValue(`spec.names.${field}`, value, `${why}${wrong.join(',')}`)] : [];
  };
  const mixed = 'may have mixed case, but should otherwise match: ';
  return [
    ...at('plural', plural),
    ...at('singular', singular),
    ...at('kind', kind, mixed),
    ...at('listKind', listKind, mixed),
    ...(shortNames ?? []).flatMap((name, index) => at(`shortNames[${index}]`, name)),
    ...(kind && kind === listKind
      ? [invalidValue('spec.names.listKind', listKind, 'kind and listKind may not be the same')]
      : []),
    ...(categories ?? []).flatMap((name, index) => at(`categories[${index}]`, name)),
  ];
}
