// StatefulSets.

import type {
  V1PodTemplateSpec,
  V1StatefulSet,
  V1StatefulSetPersistentVolumeClaimRetentionPolicy,
  V1StatefulSetSpec,
} from '../../../../generated/kubernetes.ts';
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../../../machinery/field-error.ts';
import { dns1123Label } from '../../../machinery/names.ts';
import { semanticEqual } from '../../../machinery/semantic-equal.ts';
import {
  defaultTemplate,
  isBrokenSelector,
  validateEndless,
  validateSelectorOf,
  validateTemplate,
} from '../../core/pod-template/template.ts';
import { specChanged, warnOfWorkload } from '../../core/pod-template/warnings.ts';
import { named } from '../../metadata/name-rule.ts';
import { validateClaimSpec } from '../../rules/claim-spec.ts';
import { warnOfClaim } from '../../rules/claim-warnings.ts';
import { amountOf, countOrPercent } from '../../rules/count-or-percent.ts';
import { optionalField } from '../../rules/field-rule.ts';
import { nonNegative } from '../../rules/non-negative.ts';
import { validateReplicaStatus } from '../../rules/replica-status.ts';
import { strategyFor } from '../../strategy.ts';

const mutable = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
] as const;

export const strategy = strategyFor<V1StatefulSet>({
  generation: true,
  validateName: named(dns1123Label),
  defaults({ spec }) {
    if (!spec) return;
    defaultTemplate(spec.template);
    if (spec.updateStrategy?.type === 'RollingUpdate') spec.updateStrategy.rollingUpdate ??= { partition: 0 };
    for (const claim of spec.volumeClaimTemplates ?? []) {
      claim.kind ??= 'PersistentVolumeClaim';
      claim.apiVersion ??= 'v1';
      claim.status ??= { phase: 'Pending' };
    }
  },
  validate({ spec }, old) {
    if (!spec) return [required('spec')];
    const { selector, template, podManagementPolicy: management } = spec;
    const errors: FieldError[] = [];
    if (management && !managements.includes(management))
      errors.push(invalidValue('spec.podManagementPolicy', management, "must be 'OrderedReady' or 'Parallel'"));
    errors.push(
      ...validateUpdates(spec),
      ...validateRetention(spec.persistentVolumeClaimRetentionPolicy, 'spec.persistentVolumeClaimRetentionPolicy'),
      ...nonNegative(spec.replicas, 'spec.replicas'),
      ...nonNegative(spec.minReadySeconds, 'spec.minReadySeconds'),
      ...nonNegative(spec.ordinals?.start, 'spec.ordinals.start'),
    );
    // What is stored was taken under other rules, and does not change.
    if (!old) {
      errors.push(...optionalField(spec.serviceName, dns1123Label, 'spec.serviceName'));
      spec.volumeClaimTemplates?.forEach(({ spec: claim }, index) => {
        errors.push(...validateClaimSpec(claim ?? {}, `spec.volumeClaimTemplates[${index}].spec`));
      });
    }
    errors.push(...validateSelectorOf(selector, template, 'spec', 'statefulset'));
    if (isBrokenSelector(selector, 'spec.selector')) errors.push(invalidValue('spec.selector', selector, ''));
    else errors.push(...validateTemplate(withClaims(spec), 'spec.template'));
    return [...errors, ...validateEndless(template, 'StatefulSet')];
  },
  warnings(object, old) {
    const { spec } = object;
    if (!spec || !specChanged(object, old)) return [];
    const warnings = warnOfWorkload(object, old);
    spec.volumeClaimTemplates?.forEach((claim, index) => {
      if (claim.spec) warnings.push(...warnOfClaim(claim.spec, `spec.volumeClaimTemplates[${index}]`));
    });
    if (spec.revisionHistoryLimit !== undefined && spec.revisionHistoryLimit < 0)
      warnings.push(
        'spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended',
      );
    return warnings;
  },
  validateStatus: ({ status }, old) =>
    validateReplicaStatus(status, old.status, {
      parts: ['readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas'],
      more: ['observedGeneration'],
      ready: 'status.readyReplicas',
    }),
  validateUpdate(object, old) {
    if (!object.spec || !old.spec) return [];
    return semanticEqual(withoutMutable(object.spec), withoutMutable(old.spec))
      ? []
      : [
          forbiddenField(
            'spec',
            "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
          ),
        ];
  },
});

/** The template as its pods will have it: each claim template is a volume, in place of one of the same name. */
function withClaims({ template, volumeClaimTemplates = [] }: V1StatefulSetSpec): V1PodTemplateSpec {
  if (!template?.spec || volumeClaimTemplates.length === 0) return template;
  const volumes = new Map((template.spec.volumes ?? []).map((volume) => [volume.name, volume]));
  for (const { metadata } of volumeClaimTemplates) {
    const name = metadata?.name;
    if (name) volumes.set(name, { name, persistentVolumeClaim: { claimName: name } });
  }
  return { ...template, spec: { ...template.spec, volumes: [...volumes.values()] } };
}

const managements = ['OrderedReady', 'Parallel'];
const retentions = ['Retain', 'Delete'];

/** Whether claims stay when their set, or their pod, is gone. */
function validateRetention(
  policy: V1StatefulSetPersistentVolumeClaimRetentionPolicy | undefined,
  path: string,
): FieldError[] {
  return (['whenDeleted', 'whenScaled'] as const).flatMap((when) => {
    const value = policy?.[when];
    return value && !retentions.includes(value) ? [notSupported(`${path}.${when}`, value, retentions)] : [];
  });
}

function validateUpdates({ updateStrategy }: V1StatefulSetSpec): FieldError[] {
  if (!updateStrategy?.type) return [];
  const path = 'spec.updateStrategy';
  if (updateStrategy.type === 'OnDelete') {
    return updateStrategy.rollingUpdate
      ? [
          invalidValue(
            `${path}.rollingUpdate`,
            updateStrategy.rollingUpdate,
            "only allowed for updateStrategy 'RollingUpdate'",
          ),
        ]
      : [];
  }
  if (updateStrategy.type !== 'RollingUpdate')
    return [invalidValue(path, updateStrategy, "must be 'RollingUpdate' or 'OnDelete'")];
  const { partition, maxUnavailable } = updateStrategy.rollingUpdate ?? {};
  const errors = nonNegative(partition, `${path}.rollingUpdate.partition`);
  if (maxUnavailable === undefined) return errors;
  const at = `${path}.rollingUpdate.maxUnavailable`;
  errors.push(...countOrPercent(maxUnavailable, at));
  if (amountOf(maxUnavailable) === 0) errors.push(invalidValue(at, maxUnavailable, 'cannot be 0'));
  return errors;
}

function withoutMutable(spec: V1StatefulSetSpec): object {
  const rest: Partial<V1StatefulSetSpec> = { ...spec };
  for (const field of mutable) delete rest[field];
  return rest;
}
