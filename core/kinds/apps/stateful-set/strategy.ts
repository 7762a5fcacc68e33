// StatefulSets.

import type { V1PodTemplateSpec, V1StatefulSet, V1StatefulSetSpec } from '../../../../generated/kubernetes.ts';
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
  validateEndless,
  validateSelectorOf,
  validateTemplate,
} from '../../core/pod-template/template.ts';
import { specChanged, warnOfWorkload } from '../../core/pod-template/warnings.ts';
import { named } from '../../metadata/name-rule.ts';
import { warnOfClaim } from '../../rules/claim-warnings.ts';
import { countOrPercent } from '../../rules/count-or-percent.ts';
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
  validate({ spec }) {
    if (!spec) return [required('spec')];
    const errors = nonNegative(spec.replicas, 'spec.replicas');
    errors.push(
      ...nonNegative(spec.minReadySeconds, 'spec.minReadySeconds'),
      ...nonNegative(spec.ordinals?.start, 'spec.ordinals.start'),
    );
    errors.push(
      ...validateSelectorOf(spec.selector, spec.template, 'spec', 'statefulset'),
      ...validateTemplate(withClaims(spec), 'spec.template'),
    );
    errors.push(...validateEndless(spec.template, 'StatefulSet'));
    const policies = ['OrderedReady', 'Parallel'];
    if (spec.podManagementPolicy && !policies.includes(spec.podManagementPolicy)) {
      errors.push(
        invalidValue('spec.podManagementPolicy', spec.podManagementPolicy, "must be 'OrderedReady' or 'Parallel'"),
      );
    }
    return [...errors, ...validateStrategy(spec)];
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

function validateStrategy({ updateStrategy }: V1StatefulSetSpec): FieldError[] {
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
    return [notSupported(`${path}.type`, updateStrategy.type, ['OnDelete', 'RollingUpdate'])];
  const { partition, maxUnavailable } = updateStrategy.rollingUpdate ?? {};
  const errors = nonNegative(partition, `${path}.rollingUpdate.partition`);
  if (maxUnavailable === undefined) return errors;
  const at = `${path}.rollingUpdate.maxUnavailable`;
  errors.push(...countOrPercent(maxUnavailable, at));
  if (maxUnavailable === 0 || /^0+%$/.test(String(maxUnavailable)))
    errors.push(invalidValue(at, maxUnavailable, 'cannot be 0'));
  return errors;
}

function withoutMutable(spec: V1StatefulSetSpec): object {
  const rest: Partial<V1StatefulSetSpec> = { ...spec };
  for (const field of mutable) delete rest[field];
  return rest;
}
