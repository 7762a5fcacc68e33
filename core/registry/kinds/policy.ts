// PodDisruptionBudgets, priority classes, ingresses, network policies, autoscalers and endpoint slices.

import type {
  V1EndpointSlice,
  V1Ingress,
  V1NetworkPolicy,
  V1PodDisruptionBudget,
  V1PriorityClass,
  V2HorizontalPodAutoscaler,
} from '../../../generated/kubernetes.ts';
import { type FieldError, forbiddenField, invalidValue, notSupported, required } from '../../machinery/field-error.ts';
import { validateLabelSelector } from '../../machinery/labels.ts';
import { dns1123Subdomain, wildcardDns1123Subdomain } from '../../machinery/names.ts';
import { familyOf } from '../allocate/cidr.ts';
import { immutable } from '../metadata/validate.ts';
import { strategy } from '../strategy.ts';
import { countOrPercent } from './count-or-percent.ts';

export const podDisruptionBudget = strategy<V1PodDisruptionBudget>({
  generation: true,
  conditionalUpdate: true,
  validate({ spec }) {
    if (!spec) return [];
    const errors: FieldError[] = [];
    if (spec.minAvailable !== undefined && spec.maxUnavailable !== undefined) {
      errors.push(invalidValue('spec', spec, 'minAvailable and maxUnavailable cannot be both set'));
    }
    if (spec.minAvailable !== undefined) errors.push(...countOrPercent(spec.minAvailable, 'spec.minAvailable'));
    if (spec.maxUnavailable !== undefined) errors.push(...countOrPercent(spec.maxUnavailable, 'spec.maxUnavailable'));
    const policies = ['AlwaysAllow', 'IfHealthyBudget'];
    const policy = spec.unhealthyPodEvictionPolicy;
    if (policy && !policies.includes(policy))
      errors.push(notSupported('spec.unhealthyPodEvictionPolicy', policy, policies));
    return [...errors, ...validateLabelSelector(spec.selector, 'spec.selector')];
  },
});

const highestUserPriority = 1_000_000_000;

export const priorityClass = strategy<V1PriorityClass>({
  generation: true,
  validate(object) {
    const { metadata, value = 0 } = object;
    const errors: FieldError[] = [];
    if (metadata.name?.startsWith('system-')) {
      const known: Readonly<Record<string, number>> = {
        'system-node-critical': 2000001000,
        'system-cluster-critical': 2000000000,
      };
      if (known[metadata.name] !== value)
        errors.push(
          forbiddenField(
            'metadata.name',
            "priority class names with 'system-' prefix are reserved for system use only",
          ),
        );
    } else if (value > highestUserPriority)
      errors.push(
        forbiddenField('value', `maximum allowed value of a user defined priority is ${highestUserPriority}`),
      );
    return errors;
  },
  validateUpdate(object, old) {
    const errors: FieldError[] = [];
    if (object.value !== old.value) errors.push(forbiddenField('Value', 'may not be changed in an update.'));
    errors.push(...immutable(object.preemptionPolicy, old.preemptionPolicy, 'preemptionPolicy'));
    return errors;
  },
});

export const ingress = strategy<V1Ingress>({
  generation: true,
  validate({ spec }) {
    if (!spec) return [];
    const errors: FieldError[] = [];
    if (!spec.rules?.length && !spec.defaultBackend)
      errors.push(invalidValue('spec', spec, 'either `defaultBackend` or `rules` must be specified'));
    spec.rules?.forEach(({ host, http }, index) => {
      const path = `spec.rules[${index}]`;
      if (host) {
        const rule = host.startsWith('*.') ? wildcardDns1123Subdomain : dns1123Subdomain;
        if (familyOf(host)) errors.push(invalidValue(`${path}.host`, host, 'must be a DNS name, not an IP address'));
        for (const message of rule(host)) errors.push(invalidValue(`${path}.host`, host, message));
      }
      http?.paths?.forEach((each, at) => {
        const place = `${path}.http.paths[${at}]`;
        const types = ['Exact', 'ImplementationSpecific', 'Prefix'];
        if (!each.pathType) errors.push(required(`${place}.pathType`, 'pathType must be specified'));
        else if (!types.includes(each.pathType)) errors.push(notSupported(`${place}.pathType`, each.pathType, types));
        else if (each.pathType !== 'ImplementationSpecific' && !each.path?.startsWith('/'))
          errors.push(invalidValue(`${place}.path`, each.path ?? '', 'must be an absolute path'));
        errors.push(...validateBackend(each.backend, `${place}.backend`));
      });
    });
    if (spec.defaultBackend) errors.push(...validateBackend(spec.defaultBackend, 'spec.defaultBackend'));
    return errors;
  },
});

function validateBackend(
  backend: { service?: { name?: string; port?: { name?: string; number?: number } }; resource?: unknown } | undefined,
  path: string,
): FieldError[] {
  if (backend?.service && backend.resource)
    return [invalidValue(path, '', 'cannot set both resource and service backends')];
  if (!backend?.service) return backend?.resource ? [] : [required(path, 'service or resource backend is required')];
  const { name, port } = backend.service;
  if (!name) return [required(`${path}.service.name`)];
  if (port?.name && port.number) return [invalidValue(path, '', 'cannot set both port name & port number')];
  return port?.name || port?.number ? [] : [required(path, 'port name or number is required')];
}

export const networkPolicy = strategy<V1NetworkPolicy>({
  generation: true,
  defaults({ spec }) {
    if (!spec || spec.policyTypes?.length) return;
    spec.policyTypes = spec.egress?.length ? ['Ingress', 'Egress'] : ['Ingress'];
  },
  validate({ spec }) {
    if (!spec) return [];
    const errors = validateLabelSelector(spec.podSelector, 'spec.podSelector');
    const types = ['Egress', 'Ingress'];
    spec.policyTypes?.forEach((each, index) => {
      if (!types.includes(each)) errors.push(notSupported(`spec.policyTypes[${index}]`, each, types));
    });
    return errors;
  },
});

export const horizontalPodAutoscaler = strategy<V2HorizontalPodAutoscaler>({
  validate({ spec }) {
    if (!spec) return [required('spec')];
    const errors: FieldError[] = [];
    if (!(spec.maxReplicas >= 1))
      errors.push(invalidValue('spec.maxReplicas', spec.maxReplicas, 'must be greater than 0'));
    if (spec.minReplicas !== undefined && spec.minReplicas < 1)
      errors.push(invalidValue('spec.minReplicas', spec.minReplicas, 'must be greater than or equal to 1'));
    if (spec.maxReplicas < (spec.minReplicas ?? 1))
      errors.push(invalidValue('spec.maxReplicas', spec.maxReplicas, 'must be greater than or equal to `minReplicas`'));
    for (const field of ['kind', 'name'] as const)
      if (!spec.scaleTargetRef?.[field]) errors.push(required(`spec.scaleTargetRef.${field}`));
    return errors;
  },
});

export const endpointSlice = strategy<V1EndpointSlice>({
  generation: true,
  conditionalUpdate: true,
  validate({ addressType, endpoints }) {
    const types = ['FQDN', 'IPv4', 'IPv6'];
    if (!addressType) return [required('addressType')];
    if (!types.includes(addressType)) return [notSupported('addressType', addressType, types)];
    const errors: FieldError[] = [];
    endpoints?.forEach(({ addresses }, index) => {
      const path = `endpoints[${index}].addresses`;
      if (!addresses?.length) errors.push(required(path, 'must contain at least 1 address'));
      addresses?.forEach((address, at) => {
        if (addressType !== 'FQDN' && familyOf(address) !== addressType)
          errors.push(invalidValue(`${path}[${at}]`, address, `must be an ${addressType} address`));
      });
    });
    return errors;
  },
  validateUpdate: (object, old) => immutable(object.addressType, old.addressType, 'addressType'),
});
