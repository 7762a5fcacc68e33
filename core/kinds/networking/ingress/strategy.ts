// Ingresses.

import type {
  V1HTTPIngressPath,
  V1Ingress,
  V1IngressBackend,
  V1IngressRule,
} from '../../../../generated/kubernetes.ts';
import { familyOf } from '../../../machinery/cidr.ts';
import { type FieldError, invalidValue, notSupported, required } from '../../../machinery/field-error.ts';
import {
  dns1123Label,
  dns1123Subdomain,
  pathSegmentName,
  portName,
  portNumber,
  wildcardDns1123Subdomain,
} from '../../../machinery/names.ts';
import { optionalField, requiredField } from '../../rules/field-rule.ts';
import { validateLoadBalancerIngress } from '../../rules/load-balancer-status.ts';
import { strategyFor } from '../../strategy.ts';

const classAnnotation = 'kubernetes.io/ingress.class';

export const strategy = strategyFor<V1Ingress>({
  generation: true,
  validate({ metadata, spec = {} }, old) {
    const errors: FieldError[] = [];
    const { rules = [], tls = [], ingressClassName } = spec;
    if (rules.length === 0 && !spec.defaultBackend)
      errors.push(invalidValue('spec', spec.rules ?? null, 'either `defaultBackend` or `rules` must be specified'));
    if (spec.defaultBackend) errors.push(...validateBackend(spec.defaultBackend, 'spec.defaultBackend'));
    // What was taken before it was looked at may stay.
    const lenient = old?.spec?.rules?.some((rule) => isWildcard(rule) && validateHttp(rule, '').length > 0);
    rules.forEach((rule, index) => {
      const path = `spec.rules[${index}]`;
      if (rule.host) errors.push(...validateHost(rule.host, `${path}.host`));
      if (!lenient || !isWildcard(rule)) errors.push(...validateHttp(rule, path));
    });
    const anySecret = old?.spec?.tls?.some(({ secretName }) => secretName && dns1123Subdomain(secretName).length > 0);
    tls.forEach(({ hosts, secretName }, index) => {
      hosts?.forEach((host, at) => {
        const rule = host.includes('*') ? wildcardDns1123Subdomain : dns1123Subdomain;
        errors.push(...rule(host).map((message) => invalidValue(`spec.tls[${index}].hosts[${at}]`, host, message)));
      });
      if (!anySecret) errors.push(...optionalField(secretName, dns1123Subdomain, `spec.tls[${index}].secretName`));
    });
    if (ingressClassName !== undefined)
      for (const message of dns1123Subdomain(ingressClassName))
        errors.push(invalidValue('spec.ingressClassName', ingressClassName, message));
    const annotated = metadata?.annotations?.[classAnnotation];
    if (!old && annotated !== undefined && ingressClassName !== undefined && annotated !== ingressClassName)
      errors.push(
        // The field is told as Kubernetes tells it.
        invalidValue(
          `annotations.${classAnnotation}`,
          annotated,
          'must match `ingressClassName` when both are specified',
        ),
      );
    return errors;
  },
  validateStatus: ({ status }, old) =>
    validateLoadBalancerIngress(
      status?.loadBalancer?.ingress ?? [],
      old.status?.loadBalancer?.ingress ?? [],
      'status.loadBalancer.ingress',
    ),
  warnings: ({ metadata }, old) =>
    !old && metadata?.annotations?.[classAnnotation] !== undefined
      ? [`annotation "${classAnnotation}" is deprecated, please use 'spec.ingressClassName' instead`]
      : [],
});

function isWildcard({ host }: V1IngressRule): boolean {
  return host?.includes('*') ?? false;
}

function validateHttp({ http }: V1IngressRule, path: string): FieldError[] {
  if (!http) return [];
  const errors = http.paths?.length ? [] : [required(`${path}.http.paths`)];
  http.paths?.forEach((each, at) => {
    errors.push(...validatePath(each, `${path}.http.paths[${at}]`));
  });
  return errors;
}

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
  if (pathType === undefined) return [required(`${at}.pathType`, 'pathType must be specified')];
  if (!pathTypes.includes(pathType)) errors.push(notSupported(`${at}.pathType`, pathType, pathTypes));
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
    const { apiGroup } = resource;
    const wrong = apiGroup == null ? [] : dns1123Subdomain(apiGroup);
    return [
      ...wrong.map((message) => invalidValue(`${path}.resource.apiGroup`, apiGroup, message)),
      ...requiredField(resource.kind, pathSegmentName, `${path}.resource.kind`),
      ...requiredField(resource.name, pathSegmentName, `${path}.resource.name`),
    ];
  }
  if (!service) return [invalidValue(path, '', 'resource or service backend is required')];
  const errors = requiredField(service.name, dns1123Label, `${path}.service.name`);
  const { name, number } = service.port ?? {};
  if (name && number) errors.push(invalidValue(path, '', 'cannot set both port name & port number'));
  else if (name) errors.push(...optionalField(name, portName, `${path}.service.port.name`));
  else if (number)
    for (const message of portNumber(number)) errors.push(invalidValue(`${path}.service.port.number`, number, message));
  else errors.push(required(path, 'port name or number is required'));
  return errors;
}
