// Validation of a Job's spec, in a Job or in a CronJob's template.

import type { V1JobSpec } from '../../../../generated/kubernetes.ts';
import { type FieldError, invalidValue, notSupported, required, tooLong } from '../../../machinery/field-error.ts';
import { dns1123Subdomain } from '../../../machinery/names.ts';
import { validateRestartPolicy, validateTemplate } from '../../core/pod-template/template.ts';
import { nonNegative } from '../../rules/non-negative.ts';
import { validateFailurePolicy, validateSuccessPolicy } from './policies.ts';

const most = { parallelism: 100_000, failedIndexes: 100_000, manager: 63 } as const;

/** Of Jobs with more completions than `above`, whose indexes fail one by one: their lists must fit into the status. */
const many = { above: 100_000, parallelism: 10_000, failedIndexes: 10_000 } as const;

const counts = [
  'parallelism',
  'completions',
  'activeDeadlineSeconds',
  'backoffLimit',
  'ttlSecondsAfterFinished',
  'backoffLimitPerIndex',
  'maxFailedIndexes',
] as const;

export function validateJobSpec(spec: V1JobSpec, path: string): FieldError[] {
  const errors = counts.flatMap((field) => nonNegative(spec[field], `${path}.${field}`));
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined)
    errors.push(required(`${path}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified'));
  if (spec.managedBy !== undefined) errors.push(...validateManager(spec.managedBy, `${path}.managedBy`));
  if (spec.completionMode === 'Indexed') errors.push(...validateIndexed(spec, path));
  else
    for (const field of ['backoffLimitPerIndex', 'maxFailedIndexes'] as const)
      if (spec[field] !== undefined)
        errors.push(invalidValue(`${path}.${field}`, spec[field], 'requires indexed completion mode'));
  if (spec.podFailurePolicy) errors.push(...validateFailurePolicy(spec, `${path}.podFailurePolicy`));
  if (spec.successPolicy && spec.completionMode !== 'Indexed')
    errors.push(invalidValue(`${path}.successPolicy`, spec.successPolicy, 'requires indexed completion mode'));
  else if (spec.successPolicy) errors.push(...validateSuccessPolicy(spec, `${path}.successPolicy`));
  if (spec.podFailurePolicy && spec.podReplacementPolicy && spec.podReplacementPolicy !== 'Failed')
    errors.push(notSupported(`${path}.podReplacementPolicy`, spec.podReplacementPolicy, ['Failed']));
  errors.push(...validateTemplate(spec.template, `${path}.template`));
  const policy = spec.template?.spec?.restartPolicy;
  const at = `${path}.template.spec.restartPolicy`;
  if (policy === 'Always') errors.push(required(at, 'valid values: "OnFailure", "Never"'));
  else errors.push(...validateRestartPolicy(spec.template, ['OnFailure', 'Never'], `${path}.template`));
  if (spec.podFailurePolicy && policy === 'OnFailure')
    errors.push(invalidValue(at, policy, 'only "Never" is supported when podFailurePolicy is specified'));
  return errors;
}

function validateIndexed(spec: V1JobSpec, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const { completions, parallelism = 0, maxFailedIndexes: failed, backoffLimitPerIndex } = spec;
  if (completions === undefined) errors.push(required(`${path}.completions`, 'when completion mode is Indexed'));
  if (parallelism > most.parallelism)
    errors.push(
      invalidValue(
        `${path}.parallelism`,
        parallelism,
        `must be less than or equal to ${most.parallelism} when completion mode is Indexed`,
      ),
    );
  const at = `${path}.maxFailedIndexes`;
  if (completions !== undefined && failed !== undefined && failed > completions)
    errors.push(invalidValue(at, failed, 'must be less than or equal to completions'));
  if (failed !== undefined && failed > most.failedIndexes)
    errors.push(invalidValue(at, failed, `must be less than or equal to ${most.failedIndexes}`));
  if (completions === undefined || completions <= many.above || backoffLimitPerIndex === undefined) return errors;
  const when = `when completions are above ${many.above} and used with backoff limit per index`;
  if (failed === undefined) errors.push(required(at, `must be specified when completions is above ${many.above}`));
  else if (failed > many.failedIndexes)
    errors.push(invalidValue(at, failed, `must be less than or equal to ${many.failedIndexes} ${when}`));
  if (parallelism > many.parallelism)
    errors.push(
      invalidValue(`${path}.parallelism`, parallelism, `must be less than or equal to ${many.parallelism} ${when}`),
    );
  return errors;
}

/** A path below a domain, such as `kueue.x-k8s.io/multikueue` (KEP-4368). */
function validateManager(name: string, path: string): FieldError[] {
  if (!name) return [required(path)];
  const errors: FieldError[] = [];
  const slash = name.indexOf('/');
  if (slash <= 0 || slash === name.length - 1)
    errors.push(invalidValue(path, name, 'must be a domain-prefixed path (such as "acme.io/foo")'));
  else {
    const domain = name.slice(0, slash);
    for (const message of dns1123Subdomain(domain)) errors.push(invalidValue(path, domain, message));
    if (!/^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/.test(name.slice(slash + 1)))
      errors.push(invalidValue(path, name.slice(slash + 1), 'Invalid path'));
  }
  if (Buffer.byteLength(name) > most.manager) errors.push(tooLong(path, most.manager));
  return errors;
}
