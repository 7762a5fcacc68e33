// IngressClasses.

import type { V1IngressClass, V1IngressClassParametersReference } from '../../../../generated/kubernetes.ts';
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
  tooLong,
} from '../../../machinery/field-error.ts';
import { dns1123Subdomain, pathSegmentName } from '../../../machinery/names.ts';
import { immutable } from '../../metadata/validate.ts';
import { optionalField, requiredField } from '../../rules/field-rule.ts';
import { strategyFor } from '../../strategy.ts';

const longestController = 250;

export const strategy = strategyFor<V1IngressClass>({
  generation: true,
  validate: ({ spec = {} }) => [
    ...((spec.controller?.length ?? 0) > longestController ? [tooLong('spec.controller', longestController)] : []),
    ...validateController(spec.controller, 'spec.controller'),
    ...(spec.parameters ? validateParameters(spec.parameters, 'spec.parameters') : []),
  ],
  validateUpdate: (object, old) => immutable(object.spec?.controller, old.spec?.controller, 'spec.controller'),
});

function validateController(controller: string | undefined, path: string): FieldError[] {
  if (!controller) return [required(path)];
  const at = controller.indexOf('/');
  if (at < 1 || at === controller.length - 1)
    return [invalidValue(path, controller, 'must be a domain-prefixed path (such as "acme.io/foo")')];
  const errors = optionalField(controller.slice(0, at), dns1123Subdomain, path);
  if (!/^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/.test(controller.slice(at + 1)))
    errors.push(invalidValue(path, controller, 'Invalid path'));
  return errors;
}

function validateParameters(of: V1IngressClassParametersReference, path: string): FieldError[] {
  const errors = [
    ...optionalField(of.apiGroup, dns1123Subdomain, `${path}.apiGroup`),
    ...requiredField(of.kind, pathSegmentName, `${path}.kind`),
    ...requiredField(of.name, pathSegmentName, `${path}.name`),
    ...optionalField(of.namespace, pathSegmentName, `${path}.namespace`),
  ];
  if (of.scope === 'Namespace') {
    if (of.namespace === undefined)
      errors.push(required(`${path}.namespace`, "`parameters.scope` is set to 'Namespace'"));
    else if (of.namespace === '') errors.push(invalidValue(`${path}.namespace`, '', 'must not be empty'));
  } else if (of.scope === undefined || of.scope === 'Cluster') {
    if (of.namespace !== undefined)
      errors.push(forbiddenField(`${path}.namespace`, "`parameters.scope` is set to 'Cluster'"));
  } else errors.push(notSupported(`${path}.scope`, of.scope, ['Cluster', 'Namespace']));
  return errors;
}
