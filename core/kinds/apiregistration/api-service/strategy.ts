// APIServices: which server answers for a group version. Those without a Service are answered here, and say so from the start.

import type { V1APIService } from '../../../../generated/kubernetes.ts';
import { type FieldError, invalidValue, required } from '../../../machinery/field-error.ts';
import { dns1035Label, dns1123Subdomain, pathSegmentName, pathSegmentPrefix } from '../../../machinery/names.ts';
import { formatTime } from '../../../machinery/time.ts';
import { strategyFor } from '../../strategy.ts';

export const strategy = strategyFor<V1APIService>({
  conditionalUpdate: true,
  validateName: (name, prefix) => (prefix ? pathSegmentPrefix(name) : pathSegmentName(name)),
  defaults({ spec }) {
    if (spec?.service) spec.service.port ??= 443;
  },
  prepareForCreate(object, { now }) {
    if (object.spec?.service) return;
    const condition = {
      type: 'Available',
      status: 'True',
      reason: 'Local',
      message: 'Local APIServices are always available',
      lastTransitionTime: formatTime(now),
    };
    object.status = { conditions: [condition] };
  },
  validate({ metadata, spec }) {
    const { group = '', version = '' } = spec ?? {};
    const errors: FieldError[] = [];
    const name = `${version}.${group}`;
    if (metadata?.name !== name)
      errors.push(
        invalidValue(
          'metadata.name',
          metadata?.name,
          `must be \`spec.version+"."+spec.group\`: ${JSON.stringify(name)}`,
        ),
      );
    return [...errors, ...validateSpec(spec ?? {})];
  },
});

function validateSpec(spec: Partial<NonNullable<V1APIService['spec']>>): FieldError[] {
  const errors: FieldError[] = [];
  const { group = '', version = '', groupPriorityMinimum = 0, versionPriority = 0, service, caBundle } = spec;
  if (group === '' && version !== 'v1')
    errors.push(required('spec.group', 'only v1 may have an empty group and it better be legacy kube'));
  for (const each of group === '' ? [] : dns1123Subdomain(group)) errors.push(invalidValue('spec.group', group, each));
  for (const each of dns1035Label(version)) errors.push(invalidValue('spec.version', version, each));
  if (groupPriorityMinimum < 1 || groupPriorityMinimum > 20000)
    errors.push(
      invalidValue('spec.groupPriorityMinimum', groupPriorityMinimum, 'must be positive and less than 20000'),
    );
  if (versionPriority < 1 || versionPriority > 1000)
    errors.push(invalidValue('spec.versionPriority', versionPriority, 'must be positive and less than 1000'));
  if (!service) {
    if (caBundle)
      errors.push(
        invalidValue(
          'spec.caBundle',
          `${Buffer.from(caBundle, 'base64').length} bytes`,
          'local APIServices may not have a caBundle',
        ),
      );
    if (spec.insecureSkipTLSVerify)
      errors.push(
        invalidValue('spec.insecureSkipTLSVerify', true, 'local APIServices may not have insecureSkipTLSVerify'),
      );
    return errors;
  }
  if (!service.namespace) errors.push(required('spec.service.namespace'));
  if (!service.name) errors.push(required('spec.service.name'));
  if (service.port !== undefined && (service.port < 1 || service.port > 65535))
    errors.push(invalidValue('spec.service.port', service.port, 'must be between 1 and 65535, inclusive'));
  if (spec.insecureSkipTLSVerify && caBundle)
    errors.push(invalidValue('spec.insecureSkipTLSVerify', true, 'may not be true if caBundle is present'));
  return errors;
}
