// Admission policies and their bindings, of both types.

import type {
  V1MutatingAdmissionPolicy,
  V1MutatingAdmissionPolicyBinding,
  V1NamedRuleWithOperations,
  V1ValidatingAdmissionPolicy,
  V1ValidatingAdmissionPolicyBinding,
} from '../../../generated/kubernetes.ts';
import { duplicate, type FieldError, invalidValue, notSupported, required } from '../../machinery/field-error.ts';
import { qualifiedNameErrors } from '../../machinery/names.ts';
import { policyConditionVariables } from '../expressions/variables.ts';
import { strategy } from '../strategy.ts';
import {
  checkExpression,
  defaultRules,
  validateConditions,
  validateRules,
  validateSelectors,
} from './admission-rules.ts';

export const validatingAdmissionPolicy = strategy<V1ValidatingAdmissionPolicy>({
  expressions: true,
  generation: true,
  conditionalUpdate: true,
  defaults: ({ spec }) => defaultConstraints(spec),
  validate({ spec }) {
    const errors = validatePolicy(spec);
    const { validations = [], auditAnnotations = [] } = spec ?? {};
    if (validations.length === 0 && auditAnnotations.length === 0)
      errors.push(required('spec.validations', 'validations or auditAnnotations must be set to at least one item'));
    for (const [index, each] of validations.entries()) {
      const at = `spec.validations[${index}]`;
      errors.push(...checkExpression(each.expression, `${at}.expression`, ['bool']));
      if (each.messageExpression)
        errors.push(...checkExpression(each.messageExpression, `${at}.messageExpression`, ['string']));
      if (each.message?.includes('\n'))
        errors.push(invalidValue(`${at}.message`, each.message, 'message must not contain line breaks'));
      const reasons = ['Forbidden', 'Invalid', 'RequestEntityTooLarge', 'Unauthorized'];
      if (each.reason && !reasons.includes(each.reason))
        errors.push(notSupported(`${at}.reason`, each.reason, reasons));
    }
    for (const [index, each] of auditAnnotations.entries()) {
      const at = `spec.auditAnnotations[${index}]`;
      for (const message of qualifiedNameErrors(each.key ?? ''))
        errors.push(invalidValue(`${at}.key`, each.key, message));
      errors.push(...checkExpression(each.valueExpression, `${at}.valueExpression`, ['string', 'null']));
    }
    return errors;
  },
});

export const mutatingAdmissionPolicy = strategy<V1MutatingAdmissionPolicy>({
  expressions: true,
  generation: true,
  conditionalUpdate: true,
  defaults: ({ spec }) => defaultConstraints(spec),
  validate({ spec }) {
    const errors = validatePolicy(spec);
    if (!spec?.mutations?.length) errors.push(required('spec.mutations', 'mutations must contain at least one item'));
    const policies = ['IfNeeded', 'Never'];
    if (!spec?.reinvocationPolicy) errors.push(required('spec.reinvocationPolicy'));
    else if (!policies.includes(spec.reinvocationPolicy))
      errors.push(notSupported('spec.reinvocationPolicy', spec.reinvocationPolicy, policies));
    for (const [index, { patchType, applyConfiguration, jsonPatch }] of (spec?.mutations ?? []).entries()) {
      const at = `spec.mutations[${index}]`;
      if (patchType === 'ApplyConfiguration')
        errors.push(...checkExpression(applyConfiguration?.expression, `${at}.applyConfiguration.expression`, ['map']));
      else if (patchType === 'JSONPatch')
        errors.push(...checkExpression(jsonPatch?.expression, `${at}.jsonPatch.expression`, ['list']));
      else errors.push(notSupported(`${at}.patchType`, patchType, ['ApplyConfiguration', 'JSONPatch']));
    }
    return errors;
  },
});

export const validatingAdmissionPolicyBinding = strategy<V1ValidatingAdmissionPolicyBinding>({
  generation: true,
  conditionalUpdate: true,
  defaults: ({ spec }) => defaultRules(rulesIn(spec?.matchResources)),
  validate({ spec }) {
    const errors = validateBinding(spec);
    const actions = spec?.validationActions ?? [];
    if (actions.length === 0)
      errors.push(required('spec.validationActions', 'at least one validation action is required'));
    for (const [index, each] of actions.entries()) {
      if (actions.indexOf(each) !== index) errors.push(duplicate(`spec.validationActions[${index}]`, each));
    }
    if (actions.includes('Deny') && actions.includes('Warn'))
      errors.push(invalidValue('spec.validationActions', actions, 'must not contain both Deny and Warn'));
    return errors;
  },
});

export const mutatingAdmissionPolicyBinding = strategy<V1MutatingAdmissionPolicyBinding>({
  generation: true,
  conditionalUpdate: true,
  defaults: ({ spec }) => defaultRules(rulesIn(spec?.matchResources)),
  validate: ({ spec }) => validateBinding(spec),
});

interface Constraints {
  matchPolicy?: string;
  namespaceSelector?: object;
  objectSelector?: object;
  resourceRules?: V1NamedRuleWithOperations[];
  excludeResourceRules?: V1NamedRuleWithOperations[];
}

function rulesIn(constraints: Constraints | undefined): V1NamedRuleWithOperations[] {
  return [...(constraints?.resourceRules ?? []), ...(constraints?.excludeResourceRules ?? [])];
}

function defaultConstraints(spec: { matchConstraints?: Constraints } | undefined): void {
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

function validatePolicy(spec: PolicySpec | undefined): FieldError[] {
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
    errors.push(...checkExpression(each.expression, `${at}.expression`, undefined));
  }
  errors.push(...validateConditions(spec?.matchConditions, 'spec.matchConditions', policyConditionVariables));
  return errors;
}

interface BindingSpec {
  readonly policyName?: string;
  readonly matchResources?: Constraints;
  readonly paramRef?: { name?: string; selector?: object; parameterNotFoundAction?: string };
}

function validateBinding(spec: BindingSpec | undefined): FieldError[] {
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
