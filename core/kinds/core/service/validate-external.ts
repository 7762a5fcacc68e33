// Validation of what of a Service only makes sense for those that are reached from outside of the cluster.

import type { V1Service, V1ServiceSpec } from '../../../../generated/kubernetes.ts';
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../../../machinery/field-error.ts';
import { qualifiedNameErrors } from '../../../machinery/names.ts';
import { validateCidr } from '../../rules/addresses.ts';
import { optionalField } from '../../rules/field-rule.ts';
import { validateLoadBalancerIngress } from '../../rules/load-balancer-status.ts';

const kubeletPort = 10250;

const onlyForLoadBalancers = "may only be used when `type` is 'LoadBalancer'";

export function validateLoadBalancer(spec: V1ServiceSpec): FieldError[] {
  if (spec.type !== 'LoadBalancer')
    return [
      // The name of the field is told as Kubernetes tells it.
      ...(spec.loadBalancerSourceRanges?.length
        ? [forbiddenField('spec.LoadBalancerSourceRanges', onlyForLoadBalancers)]
        : []),
      ...(spec.loadBalancerClass !== undefined ? [forbiddenField('spec.loadBalancerClass', onlyForLoadBalancers)] : []),
      ...(spec.allocateLoadBalancerNodePorts !== undefined
        ? [forbiddenField('spec.allocateLoadBalancerNodePorts', onlyForLoadBalancers)]
        : []),
    ];
  const errors = optionalField(spec.loadBalancerClass, qualifiedNameErrors, 'spec.loadBalancerClass');
  spec.ports?.forEach(({ port }, index) => {
    if (port === kubeletPort)
      errors.push(
        invalidValue(
          `spec.ports[${index}]`,
          port,
          `may not expose port ${port} externally since it is used by kubelet`,
        ),
      );
  });
  return errors;
}

/** Who answers for a load balancer goes on to. */
export function validateClassUpdate({ spec }: V1Service, { spec: before }: V1Service): FieldError[] {
  if (spec?.type !== 'LoadBalancer' || before?.type !== 'LoadBalancer') return [];
  return spec.loadBalancerClass === before.loadBalancerClass
    ? []
    : [invalidValue('spec.loadBalancerClass', spec.loadBalancerClass ?? null, 'may not change once set')];
}

const rangesAnnotation = 'service.beta.kubernetes.io/load-balancer-source-ranges';

/** In the field or, as before there was one, in an annotation; either may have blanks around a range. */
export function validateSourceRanges({ metadata, spec }: V1Service, old: V1Service | undefined): FieldError[] {
  const ranges = spec?.loadBalancerSourceRanges ?? [];
  const known = old?.spec?.loadBalancerSourceRanges?.map((range) => range.trim());
  // The name of the field is told as Kubernetes tells it.
  if (ranges.length > 0)
    return ranges.flatMap((range, index) =>
      validateCidr(range.trim(), `spec.LoadBalancerSourceRanges[${index}]`, known),
    );
  const annotated = metadata?.annotations?.[rangesAnnotation];
  if (annotated === undefined) return [];
  const path = `metadata.annotations[${rangesAnnotation}]`;
  const errors = spec?.type === 'LoadBalancer' ? [] : [forbiddenField(path, onlyForLoadBalancers)];
  if (annotated.trim() !== '' && annotated !== old?.metadata?.annotations?.[rangesAnnotation])
    for (const range of annotated.trim().split(',')) errors.push(...validateCidr(range.trim(), path));
  return errors;
}

const ipModes = ['Proxy', 'VIP'];

export function validateServiceStatus({ spec, status }: V1Service, old: V1Service): FieldError[] {
  const path = 'status.loadBalancer.ingress';
  const places = status?.loadBalancer?.ingress ?? [];
  if (spec?.type !== 'LoadBalancer' && places.length > 0)
    return [forbiddenField(path, "may only be used when `spec.type` is 'LoadBalancer'")];
  return validateLoadBalancerIngress(places, old.status?.loadBalancer?.ingress ?? [], path, ({ ip, ipMode }, at) => {
    if (ipMode === undefined) return ip ? [required(`${at}.ipMode`, 'must be specified when `ip` is set')] : [];
    if (!ip) return [forbiddenField(`${at}.ipMode`, 'may not be specified when `ip` is not set')];
    return ipModes.includes(ipMode) ? [] : [notSupported(`${at}.ipMode`, ipMode, ipModes)];
  });
}
