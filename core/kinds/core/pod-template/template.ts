// The pod template inside a workload: defaults, and validation with what the workload demands of it.

import type { V1LabelSelector, V1PodTemplateSpec } from '../../../../generated/kubernetes.ts';
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../../../machinery/field-error.ts';
import { labelSelectorOf, matchesLabels, validateLabelSelector, validateLabels } from '../../../machinery/labels.ts';
import { validateAnnotations } from '../../metadata/validate.ts';
import { defaultPodSpec } from '../pod/defaults.ts';
import { dropStopSignals } from '../pod/features-off.ts';
import { validatePodAnnotations } from '../pod/validate-annotations.ts';
import { validatePodSpec } from '../pod/validate-spec.ts';

export function defaultTemplate(template: V1PodTemplateSpec | undefined): void {
  dropStopSignals(template?.spec);
  defaultPodSpec(template?.spec);
}

export function validateTemplate(template: V1PodTemplateSpec | undefined, path: string): FieldError[] {
  if (!template) return [required(path)];
  const errors = validateLabels(template.metadata?.labels, `${path}.labels`);
  // Told of without their metadata, as Kubernetes does.
  if (template.metadata?.annotations)
    errors.push(
      ...validateAnnotations(template.metadata.annotations, `${path}.annotations`),
      ...validatePodAnnotations(template.metadata.annotations, template.spec, `${path}.annotations`),
    );
  errors.push(...validatePodSpec(template.spec, `${path}.spec`));
  if (template.spec?.ephemeralContainers?.length) {
    errors.push({
      type: 'FieldValueForbidden',
      field: `${path}.spec.ephemeralContainers`,
      message: 'Forbidden: ephemeral containers not allowed in pod template',
    });
  }
  return errors;
}

/** A selector that selects something, and the pods of the template. */
export function validateSelectorOf(
  selector: V1LabelSelector | undefined,
  template: V1PodTemplateSpec | undefined,
  path: string,
  workload: string,
): FieldError[] {
  if (!selector) return [required(`${path}.selector`), mismatch(template, path)];
  const errors = validateLabelSelector(selector, `${path}.selector`);
  if (isEmptySelector(selector))
    errors.push(invalidValue(`${path}.selector`, selector, `empty selector is invalid for ${workload}`));
  else if (errors.length === 0 && !matchesLabels(labelSelectorOf(selector), template?.metadata?.labels))
    errors.push(mismatch(template, path));
  return errors;
}

function isEmptySelector({ matchLabels, matchExpressions }: V1LabelSelector): boolean {
  return Object.keys(matchLabels ?? {}).length === 0 && !matchExpressions?.length;
}

/** A selector that no pods can be looked for with: nothing is said of the template then. */
export function isBrokenSelector(selector: V1LabelSelector | undefined, path: string): boolean {
  return selector !== undefined && validateLabelSelector(selector, path).length > 0;
}

/** Nothing selects no pods: neither do those of the template match it. */
export function mismatch(template: V1PodTemplateSpec | undefined, path: string): FieldError {
  return invalidValue(
    `${path}.template.metadata.labels`,
    template?.metadata?.labels ?? null,
    '`selector` does not match template `labels`',
  );
}

/** Of Deployments and ReplicaSets: selector and template, of which nothing is said while the selector is none. */
export function validateSelected(
  { selector, template }: { readonly selector?: V1LabelSelector; readonly template?: V1PodTemplateSpec },
  workload: string,
): FieldError[] {
  const errors = validateSelectorOf(selector, template, 'spec', workload);
  if (isBrokenSelector(selector, 'spec.selector'))
    return [...errors, invalidValue('spec.selector', selector, 'invalid label selector')];
  return [...errors, ...validateTemplate(template, 'spec.template'), ...validateEndless(template, 'ReplicaSet')];
}

export function validateRestartPolicy(
  template: V1PodTemplateSpec | undefined,
  allowed: readonly string[],
  path: string,
): FieldError[] {
  const policy = template?.spec?.restartPolicy;
  return policy && !allowed.includes(policy) ? [notSupported(`${path}.spec.restartPolicy`, policy, allowed)] : [];
}

/** Its pods run for ever: `kind` starts others in place of those that end. */
export function validateEndless(template: V1PodTemplateSpec | undefined, kind: string): FieldError[] {
  const errors = validateRestartPolicy(template, ['Always'], 'spec.template');
  if (template?.spec?.activeDeadlineSeconds !== undefined)
    errors.push(
      forbiddenField('spec.template.spec.activeDeadlineSeconds', `activeDeadlineSeconds in ${kind} is not Supported`),
    );
  return errors;
}
