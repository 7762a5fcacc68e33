// Jobs. The selector and its label are made from the uid, so that no two jobs fight over pods.

import type { V1Job, V1JobSpec, V1ObjectMeta } from '../../../../generated/kubernetes.ts';
import { type FieldError, invalidValue, required } from '../../../machinery/field-error.ts';
import { labelSelectorOf, matchesLabels, validateLabelSelector } from '../../../machinery/labels.ts';
import { dns1123Label } from '../../../machinery/names.ts';
import { semanticEqual } from '../../../machinery/semantic-equal.ts';
import { defaultTemplate, mismatch } from '../../core/pod-template/template.ts';
import { specChanged } from '../../core/pod-template/warnings.ts';
import { warnOfPodNames } from '../../metadata/name-warnings.ts';
import { immutable } from '../../metadata/validate.ts';
import { strategyFor } from '../../strategy.ts';
import { validateJobSpec } from './validate-spec.ts';
import { warnOfJob } from './warnings.ts';

export const strategy = strategyFor<V1Job>({
  generation: true,
  propagation: 'Orphan',
  defaults(object) {
    defaultJobSpec(object.spec);
    const labels = object.spec?.template?.metadata?.labels;
    if (labels && Object.keys(object.metadata.labels ?? {}).length === 0) object.metadata.labels = { ...labels };
  },
  prepareForCreate(object) {
    object.status = {};
    if (object.spec && !object.spec.manualSelector) generateSelector(object);
  },
  validate(object) {
    const { spec } = object;
    if (!spec) return [required('spec')];
    const errors = validateJobSpec(spec, 'spec');
    errors.push(...validateSelector(spec, object.metadata));
    if (spec.completionMode === 'Indexed' && spec.completions !== undefined) {
      const longest = `${object.metadata.name ?? ''}-${Math.max(0, spec.completions - 1)}`;
      for (const message of dns1123Label(longest))
        errors.push(
          invalidValue(
            'metadata.name',
            object.metadata.name,
            `will not able to create pod with invalid DNS label: ${message}`,
          ),
        );
    }
    return errors;
  },
  warnings: (object, old) => [
    ...(old ? [] : warnOfPodNames(object.metadata.name)),
    ...(specChanged(object, old) ? warnOfJob(object.spec, 'spec') : []),
  ],
  validateUpdate(object, old) {
    const { spec } = object;
    const before = old.spec;
    if (!spec || !before) return [];
    const errors: FieldError[] = [];
    const elastic = spec.completionMode === 'Indexed' && spec.completions === spec.parallelism;
    if (!elastic) errors.push(...immutable(spec.completions, before.completions, 'spec.completions'));
    for (const field of [
      'selector',
      'completionMode',
      'podFailurePolicy',
      'backoffLimitPerIndex',
      'managedBy',
      'successPolicy',
    ] as const) {
      errors.push(...immutable(spec[field], before[field], `spec.${field}`));
    }
    if (!semanticEqual(comparableTemplate(spec, before, old), comparableTemplate(before, before, old))) {
      errors.push(invalidValue('spec.template', spec.template, 'field is immutable'));
    }
    return errors;
  },
});

export function defaultJobSpec(spec: V1JobSpec | undefined): void {
  if (!spec) return;
  defaultTemplate(spec.template);
  if (spec.completions === undefined && spec.parallelism === undefined) {
    spec.completions = 1;
    spec.parallelism = 1;
  }
  spec.parallelism ??= 1;
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? 6 : 2147483647;
  spec.podReplacementPolicy ??= spec.podFailurePolicy ? 'Failed' : 'TerminatingOrFailed';
}

function validateSelector(spec: V1JobSpec, { name = '', uid = '' }: V1ObjectMeta): FieldError[] {
  const { selector, template, manualSelector } = spec;
  if (!selector) return [required('spec.selector'), mismatch(template, 'spec')];
  const errors = validateLabelSelector(selector, 'spec.selector');
  if (errors.length > 0) return errors;
  const query = labelSelectorOf(selector);
  if (!matchesLabels(query, template?.metadata?.labels)) errors.push(mismatch(template, 'spec'));
  // What a client adds to a selector that is made for it would select nothing, or others' pods.
  if (!manualSelector && !matchesLabels(query, generatedLabels(name, uid)))
    errors.push(invalidValue('spec.selector', selector, '`selector` not auto-generated'));
  return errors;
}

function generatedLabels(name: string, uid: string): Record<string, string> {
  return {
    'batch.kubernetes.io/controller-uid': uid,
    'batch.kubernetes.io/job-name': name,
    'controller-uid': uid,
    'job-name': name,
  };
}

function generateSelector(object: V1Job): void {
  const spec = object.spec!;
  const uid = object.metadata.uid ?? '';
  const name = object.metadata.name ?? '';
  spec.template ??= {};
  spec.template.metadata ??= {};
  const metadata = spec.template.metadata;
  metadata.labels = { ...metadata.labels, ...generatedLabels(name, uid) };
  spec.selector = {
    ...spec.selector,
    matchLabels: { ...spec.selector?.matchLabels, 'batch.kubernetes.io/controller-uid': uid },
  };
}

/** The template as an update sees it: a suspended job that never started may change where its pods run (KEP-2926). */
function comparableTemplate(spec: V1JobSpec, before: V1JobSpec, old: V1Job): unknown {
  const mutable = before.suspend && !old.status?.startTime;
  if (!mutable || !spec.template.spec) return spec.template;
  const { nodeSelector: _n, affinity: _a, tolerations: _t, schedulingGates: _s, ...rest } = spec.template.spec;
  return { spec: rest };
}
