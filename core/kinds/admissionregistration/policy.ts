// What validating and mutating admission policies and their bindings have in common.

import type { V1NamedRuleWithOperations } from '../../../generated/kubernetes.ts';
import { dyn, type Type } from '../../cel/types/types.ts';
import { type FieldError, invalidValue, notSupported, required } from '../../machinery/field-error.ts';
import {
  checkedExpression,
  defaultRules,
  validateConditions,
  validateRules,
  validateSelectors,
} from './admission-rules.ts';

interface Constraints {
  matchPolicy?: string;
  namespaceSelector?: object;
  objectSelector?: object;
  resourceRules?: V1NamedRuleWithOperations[];
  excludeResourceRules?: V1NamedRuleWithOperations[];
}

export function rulesIn(constraints: Constraints | undefined): V1NamedRuleWithOperations[] {
  return [...(constraints?.resourceRules ?? []), ...(constraints?.excludeResourceRules ?? [])];
}

export function defaultConstraints(spec: { matchConstraints?: Constraints } | undefined): void {
  const constraints = spec?.matchConstraints;
  if (!constraints) return;
  constraints.matchPolicy ??= 'Equivalent';
  constraints.namespaceSelector ??= {};
  constraints.objectSelector ??= {};
  defaultRules(rulesIn(constraints));
}

interface PolicySpec {
  readonly matchConstraints?: Constraints;
  readonly matchConditions?: { name: string; expression: string }[];
  readonly paramKind?: { apiVersion?: string; kind?: string };
  readonly variables?: { name: string; expression: string }[];
}

/** `variables`: is told the type of each variable that can be worked out. */
export function validatePolicy(spec: PolicySpec | undefined, variables: Map<string, Type>): FieldError[] {
  const errors: FieldError[] = [];
  const constraints = spec?.matchConstraints;
  if (!constraints) errors.push(required('spec.matchConstraints'));
  else {
    if (!constraints.resourceRules?.length) errors.push(required('spec.matchConstraints.resourceRules'));
    errors.push(...validateConstraints(constraints, 'spec.matchConstraints'));
  }
  if (spec?.paramKind) {
    if (!spec.paramKind.apiVersion) errors.push(required('spec.paramKind.apiVersion'));
    if (!spec.paramKind.kind) errors.push(required('spec.paramKind.kind'));
  }
  for (const [index, each] of (spec?.variables ?? []).entries()) {
    const at = `spec.variables[${index}]`;
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(each.name ?? ''))
      errors.push(invalidValue(`${at}.name`, each.name, 'name is not a valid CEL identifier'));
    // Each sees those before it.
    const place = { place: 'policy', variables } as const;
    const checked = checkedExpression(each.expression, `${at}.expression`, undefined, place);
    errors.push(...checked.errors);
    variables.set(each.name, checked.type ?? dyn);
  }
  errors.push(...validateConditions(spec?.matchConditions, 'spec.matchConditions', 'condition'));
  return errors;
}

interface BindingSpec {
  readonly policyName?: string;
  readonly matchResources?: Constraints;
  readonly paramRef?: { name?: string; selector?: object; parameterNotFoundAction?: string };
}

export function validateBinding(spec: BindingSpec | undefined): FieldError[] {
  const errors: FieldError[] = [];
  if (!spec?.policyName) errors.push(required('spec.policyName'));
  if (spec?.matchResources) errors.push(...validateConstraints(spec.matchResources, 'spec.matchResources'));
  if (spec?.paramRef) {
    const { name, selector, parameterNotFoundAction } = spec.paramRef;
    if (!name === !selector) errors.push(required('spec.paramRef', 'one of name or selector must be specified'));
    if (!parameterNotFoundAction) errors.push(required('spec.paramRef.parameterNotFoundAction'));
    else if (!['Allow', 'Deny'].includes(parameterNotFoundAction))
      errors.push(notSupported('spec.paramRef.parameterNotFoundAction', parameterNotFoundAction, ['Allow', 'Deny']));
  }
  return errors;
}

function validateConstraints(constraints: Constraints, at: string): FieldError[] {
  return [
    ...validateSelectors(constraints, at),
    ...validateRules(constraints.resourceRules ?? [], `${at}.resourceRules`),
    ...validateRules(constraints.excludeResourceRules ?? [], `${at}.excludeResourceRules`),
  ];
}
