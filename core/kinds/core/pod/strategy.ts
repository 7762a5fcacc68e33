// Pods.

import type { V1Pod } from '../../../../generated/kubernetes.ts';
import { type FieldError, forbiddenField, invalidValue, required } from '../../../machinery/field-error.ts';
import { semanticEqual } from '../../../machinery/semantic-equal.ts';
import { warnOfHostname } from '../../metadata/name-warnings.ts';
import { strategyFor } from '../../strategy.ts';
import { syncAppArmor, validateAppArmorMatch } from './app-armor.ts';
import { defaultPodSpec, defaultRequests } from './defaults.ts';
import { dropStopSignals } from './features-off.ts';
import { mergeLabelKeys } from './label-keys.ts';
import { qosClass } from './semantics/qos-class.ts';
import { isFinished } from './semantics/state.ts';
import { validatePodAnnotations } from './validate-annotations.ts';
import { validatePodSpec } from './validate-spec.ts';
import { preparePodStatus, validatePodStatus } from './validate-status.ts';
import { mirrorChanged, validatePodUpdate } from './validate-update.ts';
import { warnOfPod } from './warnings.ts';

export const strategy = strategyFor<V1Pod>({
  generation: true,
  groupOf: ({ spec }) => spec?.nodeName,
  defaults(object, old) {
    dropStopSignals(object.spec, old?.spec);
    defaultPodSpec(object.spec);
    defaultRequests(object.spec);
  },
  prepareForCreate(object, { warn }) {
    for (const warning of syncAppArmor(object)) warn(warning);
    mergeLabelKeys(object);
    const qos = object.spec?.containers?.length ? qosClass(object.spec) : undefined;
    object.status = { phase: 'Pending', ...(qos && { qosClass: qos }) };
    if (object.spec?.schedulingGates?.length) {
      object.status.conditions = [
        {
          type: 'PodScheduled',
          status: 'False',
          reason: 'SchedulingGated',
          message: 'Scheduling is blocked due to non-empty scheduling gates',
        },
      ];
    }
  },
  prepareForUpdate(object, old, { subresource }) {
    if (subresource === 'status' && object.status) preparePodStatus(object.status, old.status);
  },
  validate(object, old) {
    const { metadata, spec } = object;
    const errors = [
      ...validatePodAnnotations(metadata?.annotations, spec, 'metadata.annotations'),
      ...validatePodSpec(spec, 'spec', metadata?.name),
      ...tokensOfNobody(object),
      ...imagesOfNothing(object),
      ...paddedImages(object),
    ];
    // A pod of before a rule was made still has to be written to come to its end, and nothing new is asked of a node.
    if (errors.length > 0 && old && semanticEqual(object.spec, old.spec)) return [];
    if (!old && spec?.ephemeralContainers?.length)
      errors.push(forbiddenField('spec.ephemeralContainers', 'cannot be set on create'));
    if (!old && spec?.nodeName && spec.schedulingGates?.length)
      errors.push(forbiddenField('spec.nodeName', 'cannot be set until all schedulingGates have been cleared'));
    if (!old) errors.push(...validateAppArmorMatch(object));
    return errors;
  },
  // A pod is written far more often than a person looks at what was said.
  warnings: ({ metadata, spec }, old) =>
    old ? [] : [...warnOfHostname(metadata?.name), ...warnOfPod(spec, metadata, '')],
  validateUpdate: validatePodUpdate,
  validateStatus: (object, old) => [...mirrorChanged(object, old), ...validatePodStatus(object, old)],
  gracePeriod(object, options) {
    // A pod that no node runs, or that has ended, has nobody to wait for.
    if (!object.spec?.nodeName || isFinished(object)) return 0;
    const asked = options.gracePeriodSeconds ?? object.spec.terminationGracePeriodSeconds ?? 30;
    return asked < 0 ? 1 : asked;
  },
});

/** Of a pod and no template, whose pods get an account when they are made. */
function tokensOfNobody({ spec }: V1Pod): FieldError[] {
  if (spec?.serviceAccountName || !spec?.volumes) return [];
  return spec.volumes.flatMap(({ projected }, volume) =>
    (projected?.sources ?? []).flatMap(({ serviceAccountToken }, source) =>
      serviceAccountToken
        ? [
            forbiddenField(
              `spec.volumes[${volume}].projected.sources[${source}].serviceAccountToken`,
              'must not be specified when serviceAccountName is not set',
            ),
          ]
        : [],
    ),
  );
}

/** Of a pod and no template, whose pods may get the image when they are made. */
function imagesOfNothing({ spec }: V1Pod): FieldError[] {
  if (!spec?.volumes?.some(({ image }) => image)) return [];
  return spec.volumes.flatMap(({ image }, index) =>
    image && !image.reference ? [required(`spec.volumes[${index}].image.reference`)] : [],
  );
}

/** Of a pod and no template, which may have had them for long. */
function paddedImages({ spec }: V1Pod): FieldError[] {
  const errors: FieldError[] = [];
  for (const list of ['containers', 'initContainers', 'ephemeralContainers'] as const)
    spec?.[list]?.forEach(({ image = '' }, index) => {
      if (image !== image.trim())
        errors.push(
          invalidValue(`spec.${list}[${index}].image`, image, 'must not have leading or trailing whitespace'),
        );
    });
  return errors;
}
