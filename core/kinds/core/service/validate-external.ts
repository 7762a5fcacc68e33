// Validation of what of a Service only makes sense for those that are reached from outside of the cluster.

import type { V1Service, V1ServiceSpec } from '../../../../generated/kubernetes.ts';
import { type FieldError, forbiddenField, invalidValue } from '../../../machinery/field-error.ts';
import { qualifiedNameErrors } from '../../../machinery/names.ts';
import { optionalField } from '../../rules/field-rule.ts';

const kubeletPort = 10250;

export function validateLoadBalancer(spec: V1ServiceSpec): FieldError[] {
  const only = "may only be used when `type` is 'LoadBalancer'";
  if (spec.type !== 'LoadBalancer')
    return [
      // The name of the field is told as Kubernetes tells it.
      ...(spec.loadBalancerSourceRanges?.length ? [forbiddenField('spec.LoadBalancerSourceRanges', only)] : []),
      ...(spec.loadBalancerClass !== undefined ? [forbiddenField('spec.loadBalancerClass', only)] : []),
      ...(spec.allocateLoadBalancerNodePorts !== undefined
        ? [forbiddenField('spec.allocateLoadBalancerNodePorts', only)]
        : []),
    ];
  const errors = optionalField(spec.loadBalancerClass, qualifiedNameErrors, 'spec.loadBalancerClass');
  spec.ports?.forEach(({ port }, index) => {
    if (port === kubeletPort)
      errors.push(
        invalidValue(
          `spec.ports[${index}].port`,
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
