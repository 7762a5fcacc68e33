// Ingresses.

import type { V1HTTPIngressPath, V1Ingress, V1IngressBackend } from '../../../../generated/kubernetes.ts';
import { familyOf } from '../../../machinery/cidr.ts';
import { type FieldError, invalidValue, notSupported, required } from '../../../machinery/field-error.ts';
import {
  dns1035Label,
  dns1123Subdomain,
  pathSegmentName,
  portName,
  portNumber,
  wildcardDns1123Subdomain,
} from '../../../machinery/names.ts';
import { optionalField, requiredField } from '../../rules/field-rule.ts';
import { strategyFor } from '../../strategy.ts';

const classAnnotation = 'kubernetes.io/ingress.class';

export const strategy = strategyFor<V1Ingress>({
  generation: true,
  validate({ metadata, spec = {} }, old) {
    const errors: FieldError[] = [];
    const annotated = metadata?.annotations?.[classAnnotation];
    if (!old && annotated !== undefined && spec.ingressClassName !== undefined)
      errors.push(
        invalidValue(
          `metadata.annotations[${classAnnotation}]`,
          annotated,
          'can not be set when the class field is also set',
        ),
      );
    if (!spec.rules?.length && !spec.defaultBackend)
      errors.push(invalidValue('spec', spec, 'either `defaultBackend` or `rules` must be specified'));
    if (spec.defaultBackend) errors.push(...validateBackend(spec.defaultBackend, 'spec.defaultBackend'));
    if (spec.ingressClassName !== undefined)
      errors.push(...requiredField(spec.ingressClassName, dns1123Subdomain, 'spec.ingressClassName'));
    spec.rules?.forEach(({ host, http }, index) => {
      const path = `spec.rules[${index}]`;
      if (host) errors.push(...validateHost(host, `${path}.host`));
      if (!http) return;
      if (!http.paths?.length) errors.push(required(`${path}.http.paths`));
      http.paths?.forEach((each, at) => {
        errors.push(...validatePath(each, `${path}.http.paths[${at}]`));
      });
    });
    spec.tls?.forEach(({ hosts, secretName }, index) => {
      errors.push(...optionalField(secretName, dns1123Subdomain, `spec.tls[${index}].secretName`));
      hosts?.forEach((host, at) => {
        const rule = host.includes('*') ? wildcardDns1123Subdomain : dns1123Subdomain;
        errors.push(...optionalField(host, rule, `spec.tls[${index}].hosts[${at}]`));
      });
    });
    return errors;
  },
  warnings: ({ metadata }, old) =>
    !old && metadata?.annotations?.[classAnnotation] !== undefined
      ? [`annotation "${classAnnotation}" is deprecated, please use 'spec.ingressClassName' instead`]
      : [],
});

function validateHost(host: string, path: string): FieldError[] {
  const errors = familyOf(host) ? [invalidValue(path, host, 'must be a DNS name, not an IP address')] : [];
  return [...errors, ...optionalField(host, host.includes('*') ? wildcardDns1123Subdomain : dns1123Subdomain, path)];
}

const pathTypes = ['Exact', 'ImplementationSpecific', 'Prefix'];

const badSequences = ['//', '/./', '/../', '%2f', '%2F'];

const badEnds = ['/..', '/.'];

function validatePath({ path, pathType, backend }: V1HTTPIngressPath, at: string): FieldError[] {
  const errors: FieldError[] = [];
  const text = path ?? '';
  if (!pathType) errors.push(required(`${at}.pathType`, 'pathType must be specified'));
  else if (!pathTypes.includes(pathType)) errors.push(notSupported(`${at}.pathType`, pathType, pathTypes));
  else if (pathType !== 'ImplementationSpecific' || text !== '') {
    if (!text.startsWith('/')) errors.push(invalidValue(`${at}.path`, text, 'must be an absolute path'));
    if (pathType !== 'ImplementationSpecific' && text !== '') {
      for (const bad of badSequences)
        if (text.includes(bad)) errors.push(invalidValue(`${at}.path`, text, `must not contain '${bad}'`));
      for (const bad of badEnds)
        if (text.endsWith(bad)) errors.push(invalidValue(`${at}.path`, text, `cannot end with '${bad}'`));
    }
  }
  return [...errors, ...validateBackend(backend, `${at}.backend`)];
}

function validateBackend(backend: V1IngressBackend | undefined, path: string): FieldError[] {
  const { service, resource } = backend ?? {};
  if (service && resource) return [invalidValue(path, '', 'cannot set both resource and service backends')];
  if (resource) {
    return [
      ...optionalField(resource.apiGroup ?? undefined, dns1123Subdomain, `${path}.resource.apiGroup`),
      ...requiredField(resource.kind, pathSegmentName, `${path}.resource.kind`),
      ...requiredField(resource.name, pathSegmentName, `${path}.resource.name`),
    ];
  }
  if (!service) return [required(path, 'service or resource backend is required')];
  const errors = requiredField(service.name, dns1035Label, `${path}.service.name`);
  const { name, number } = service.port ?? {};
  if (name && number) errors.push(invalidValue(path, '', 'cannot set both port name & port number'));
  else if (name) errors.push(...optionalField(name, portName, `${path}.service.port.name`));
  else if (number)
    for (const message of portNumber(number)) errors.push(invalidValue(`${path}.service.port.number`, number, message));
  else errors.push(required(path, 'port name or number is required'));
  return errors;
}
