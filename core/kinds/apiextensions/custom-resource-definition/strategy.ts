// CustomResourceDefinitions: names and versions that fit together. Accepted and established with the write that makes them.

import type { V1CustomResourceDefinition, V1CustomResourceDefinitionNames } from '../../../../generated/kubernetes.ts';
import { deepEqual } from '../../../machinery/equality.ts';
import { type FieldError, invalidValue, notSupported, required } from '../../../machinery/field-error.ts';
import { dns1035Label, dns1123Subdomain } from '../../../machinery/names.ts';
import { formatTime } from '../../../machinery/time.ts';
import { immutable } from '../../metadata/validate.ts';
import { type Situation, strategyFor } from '../../strategy.ts';
import { approvalOf, validateApproval } from './approval.ts';
import { type CompiledRules, compileAhead, compiledRules } from './compiled-rules.ts';
import { cleanupFinalizer, isEstablished, nameConflict } from './custom-names.ts';
import { warnOfFormats } from './format-warnings.ts';
import { validateColumns } from './printer-columns.ts';
import { validateSchema } from './structural-schema.ts';
import { validateConversion } from './validate-conversion.ts';
import { validateDeprecation, validateScale, validateSelectable, versionPaths } from './validate-version.ts';

export const strategy = strategyFor<V1CustomResourceDefinition>({
  expressions: true,
  generation: true,
  conditionalUpdate: true,
  defaults({ spec }) {
    const { names } = spec ?? {};
    if (!names) return;
    names.singular ||= names.kind?.toLowerCase();
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
    return [
      ...immutable(object.spec.group, old.spec.group, 'spec.group'),
      ...immutable(object.spec.names.plural, old.spec.names.plural, 'spec.names.plural'),
      ...immutable(object.spec.scope, old.spec.scope, 'spec.scope'),
      ...(isEstablished(old) ? immutable(object.spec.names.kind, old.spec.names.kind, 'spec.names.kind') : []),
      ...validateApproval(object, old),
      ...(object.status?.storedVersions ?? []).flatMap((stored, index) =>
        object.spec.versions.some(({ name }) => name === stored)
          ? []
          : invalidValue(
              `status.storedVersions[${index}]`,
              stored,
              `missing from spec.versions; ${stored} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${stored} and removes ${stored} from status.storedVersions`,
            ),
      ),
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
  if (names) errors.push(...validateOtherNames(names));
  if (!versions?.length)
    return [...errors, invalidValue('spec.versions', [], 'must have exactly one version marked as storage version')];
  if (versions.filter((each) => each.storage).length !== 1)
    errors.push(
      invalidValue(
        'spec.versions',
        versions.map(({ name }) => name),
        'must have exactly one version marked as storage version',
      ),
    );
  if (new Set(versions.map(({ name }) => name)).size < versions.length)
    errors.push(
      invalidValue(
        'spec.versions',
        versions.map(({ name }) => name),
        'must contain unique version names',
      ),
    );
  const pathOf = versionPaths(versions);
  versions.forEach((version, index) => {
    const path = `spec.versions[${index}]`;
    for (const message of dns1035Label(version.name ?? ''))
      errors.push(invalidValue(`${path}.name`, version.name ?? '', message));
    errors.push(...validateDeprecation(version, path));
    const schema = version.schema?.openAPIV3Schema;
    const at = pathOf('schema', index);
    if (!schema) errors.push(required(`${path}.schema.openAPIV3Schema`, 'schemas are required'));
    // What was accepted once stays: rules of later releases hold for what changes.
    else if (
      at !== undefined &&
      !deepEqual(schema, old?.spec.versions.find(({ name }) => name === version.name)?.schema?.openAPIV3Schema)
    )
      errors.push(...validateSchema(schema, `${at}.openAPIV3Schema`, rules));
    const columns = pathOf('additionalPrinterColumns', index);
    if (columns !== undefined) errors.push(...validateColumns(version.additionalPrinterColumns, columns));
    const scale = pathOf('subresources', index);
    if (scale !== undefined) errors.push(...validateScale(version, `${scale}.scale`));
    const fields = pathOf('selectableFields', index);
    if (fields !== undefined) errors.push(...validateSelectable(version, fields));
  });
  // What is unknown is kept by schemas that say so; a definition of before that may keep all.
  if (spec?.preserveUnknownFields && !old?.spec.preserveUnknownFields)
    errors.push(invalidValue('spec.preserveUnknownFields', true, 'must be false'));
  return [...errors, ...validateConversion(spec), ...(old ? [] : validateApproval(object, undefined))];
}

function validateOtherNames({
  singular,
  listKind,
  shortNames,
  categories,
}: V1CustomResourceDefinitionNames): FieldError[] {
  const at = (field: string, value: string, why = '') =>
    dns1035Label(why ? value.toLowerCase() : value).map((message) =>
      invalidValue(`spec.names.${field}`, value, `${why}${message}`),
    );
  return [
    ...(singular ? at('singular', singular) : []),
    ...(listKind ? at('listKind', listKind, 'may have mixed case, but should otherwise match: ') : []),
    ...(shortNames ?? []).flatMap((name, index) => at(`shortNames[${index}]`, name)),
    ...(categories ?? []).flatMap((name, index) => at(`categories[${index}]`, name)),
  ];
}
