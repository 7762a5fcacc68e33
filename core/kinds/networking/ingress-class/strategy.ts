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
import { dns1123Label, dns1123Subdomain, pathSegmentName } from '../../../machinery/names.ts';
import { immutable } from '../../metadata/validate.ts';
import { optionalField, requiredField } from '../../rules/field-rule.ts';
import { strategyFor } from '../../strategy.ts';

const longestController = 250;
const scopes = ['Cluster', 'Namespace'];

export const strategy = strategyFor<V1IngressClass>({
  generation: true,
  validate: ({ spec = {} }) => [
    ...validateController(spec.controller ?? '', 'spec.controller'),
    ...(spec.parameters ? validateParameters(spec.parameters, 'spec.parameters') : []),
  ],
  validateUpdate: (object, old) => immutable(object.spec?.controller, old.spec?.controller, 'spec.controller'),
});

const segment = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";
const wholeSegment = new RegExp(`^(?:${segment})$`);

function validateController(controller: string, path: string): FieldError[] {
  if (!controller) return [required(path)];
  const errors = Buffer.byteLength(controller) > longestController ? [tooLong(path, longestController)] : [];
  const at = controller.indexOf('/');
  if (at < 1 || at === controller.length - 1)
    return [...errors, invalidValue(path, controller, 'must be a domain-prefixed path (such as "acme.io/foo")')];
  errors.push(...optionalField(controller.slice(0, at), dns1123Subdomain, path));
  const rest = controller.slice(at + 1);
  if (!wholeSegment.test(rest))
    errors.push(invalidValue(path, rest, `Invalid path (regex used for validation is '${segment}')`));
  return errors;
}

function validateParameters(of: V1IngressClassParametersReference, path: string): FieldError[] {
  const errors = [
    ...(of.apiGroup === undefined
      ? []
      : dns1123Subdomain(of.apiGroup).map((message) => invalidValue(`${path}.apiGroup`, of.apiGroup, message))),
    ...requiredField(of.kind, pathSegmentName, `${path}.kind`),
    ...requiredField(of.name, pathSegmentName, `${path}.name`),
  ];
  const { scope, namespace } = of;
  const at = `${path}.namespace`;
  if (scope === undefined) errors.push(required(`${path}.scope`));
  else if (!scopes.includes(scope)) errors.push(notSupported(`${path}.scope`, scope, scopes));
  else if (scope === 'Cluster' && namespace !== undefined)
    errors.push(forbiddenField(at, "`parameters.scope` is set to 'Cluster'"));
  else if (scope === 'Namespace' && namespace === undefined)
    errors.push(required(at, "`parameters.scope` is set to 'Namespace'"));
  else if (namespace !== undefined)
    errors.push(...dns1123Label(namespace).map((message) => invalidValue(at, namespace, message)));
  return errors;
}
