// The objects that say what is admitted: webhook configurations, and admission policies with their bindings.

import type {
  V1MutatingAdmissionPolicy,
  V1MutatingAdmissionPolicyBinding,
  V1MutatingWebhook,
  V1MutatingWebhookConfiguration,
  V1NamedRuleWithOperations,
  V1ValidatingAdmissionPolicy,
  V1ValidatingAdmissionPolicyBinding,
  V1ValidatingWebhook,
} from '../../../generated/kubernetes.ts';
import { expressions } from '../../machinery/expressions.ts';
import { duplicate, type FieldError, invalidValue, notSupported, required } from '../../machinery/field-error.ts';
import { type LabelSelectorJson, validateLabelSelector } from '../../machinery/labels.ts';
import { dns1123Subdomain, qualifiedNameErrors } from '../../machinery/names.ts';
import { celStructs } from '../admission/dynamic/cel-structs.ts';
import {
  admissionVariables,
  policyConditionVariables,
  webhookConditionVariables,
} from '../admission/dynamic/expressions.ts';
import { strategy } from '../strategy.ts';
import { validateClientConfig } from '../webhooks/client-config.ts';

/** Of both types: a validating webhook has the fields of a mutating one but `reinvocationPolicy`. */
export const webhookConfiguration = strategy<V1MutatingWebhookConfiguration>({
  expressions: true,
  generation: true,
  conditionalUpdate: true,
  defaults: ({ webhooks }) => defaultRules(webhooks?.flatMap(({ rules }) => rules ?? [])),
  validate: ({ webhooks }) => validateHooks(webhooks ?? []),
});

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

function defaultRules(rules: V1NamedRuleWithOperations[] | undefined): void {
  for (const rule of rules ?? []) rule.scope ??= '*';
}

function defaultConstraints(spec: { matchConstraints?: Constraints } | undefined): void {
  const constraints = spec?.matchConstraints;
  if (!constraints) return;
  constraints.matchPolicy ??= 'Equivalent';
  constraints.namespaceSelector ??= {};
  constraints.objectSelector ??= {};
  defaultRules(rulesIn(constraints));
}

function validateHooks(hooks: readonly (V1ValidatingWebhook | V1MutatingWebhook)[]): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  for (const [index, hook] of hooks.entries()) {
    const at = `webhooks[${index}]`;
    if (!hook.name) errors.push(required(`${at}.name`));
    else {
      for (const message of dns1123Subdomain(hook.name)) errors.push(invalidValue(`${at}.name`, hook.name, message));
      if (hook.name.split('.').length < 3)
        errors.push(
          invalidValue(`${at}.name`, hook.name, 'should be a domain with at least three segments separated by dots'),
        );
      if (names.has(hook.name)) errors.push(duplicate(`${at}.name`, hook.name));
    }
    names.add(hook.name);
    const effects = ['None', 'NoneOnDryRun'];
    if (!hook.sideEffects) errors.push(required(`${at}.sideEffects`, 'must specify one of None, NoneOnDryRun'));
    else if (!effects.includes(hook.sideEffects))
      errors.push(notSupported(`${at}.sideEffects`, hook.sideEffects, effects));
    const versions = hook.admissionReviewVersions ?? [];
    if (versions.length === 0)
      errors.push(required(`${at}.admissionReviewVersions`, 'must specify one of v1, v1beta1'));
    else if (!versions.includes('v1'))
      errors.push(invalidValue(`${at}.admissionReviewVersions`, versions, 'must include at least one of v1'));
    const { timeoutSeconds } = hook;
    if (timeoutSeconds !== undefined && (timeoutSeconds < 1 || timeoutSeconds > 30))
      errors.push(
        invalidValue(`${at}.timeoutSeconds`, timeoutSeconds, 'the timeout value must be between 1 and 30 seconds'),
      );
    errors.push(...validateClientConfig(hook.clientConfig ?? {}, `${at}.clientConfig`));
    errors.push(...validateSelectors(hook, at), ...validateRules(hook.rules ?? [], `${at}.rules`));
    errors.push(...validateConditions(hook.matchConditions, `${at}.matchConditions`, webhookConditionVariables));
  }
  return errors;
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

function validateSelectors(of: { namespaceSelector?: object; objectSelector?: object }, at: string): FieldError[] {
  return [
    ...validateLabelSelector(of.namespaceSelector as LabelSelectorJson, `${at}.namespaceSelector`), // of that structure
    ...validateLabelSelector(of.objectSelector as LabelSelectorJson, `${at}.objectSelector`),
  ];
}

const operations = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];

function validateRules(rules: readonly V1NamedRuleWithOperations[], at: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const [index, rule] of rules.entries()) {
    const path = `${at}[${index}]`;
    for (const field of ['operations', 'apiGroups', 'apiVersions', 'resources'] as const) {
      const values = rule[field] ?? [];
      if (values.length === 0) errors.push(required(`${path}.${field}`));
      if (field !== 'resources' && values.length > 1 && values.includes('*'))
        errors.push(
          invalidValue(
            `${path}.${field}`,
            values,
            `if '*' is present, must not specify other ${field === 'apiGroups' ? 'API groups' : field === 'apiVersions' ? 'API versions' : 'operations'}`,
          ),
        );
    }
    for (const [place, each] of (rule.operations ?? []).entries())
      if (!operations.includes(each)) errors.push(notSupported(`${path}.operations[${place}]`, each, operations));
    for (const [place, each] of (rule.apiVersions ?? []).entries())
      if (!each) errors.push(required(`${path}.apiVersions[${place}]`));
  }
  return errors;
}

function validateConditions(
  conditions: readonly { name: string; expression: string }[] | undefined,
  at: string,
  variables: Readonly<Record<string, string>>,
): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  if ((conditions?.length ?? 0) > 64) return [invalidValue(at, conditions?.length, 'must have at most 64 items')];
  for (const [index, { name, expression }] of (conditions ?? []).entries()) {
    const path = `${at}[${index}]`;
    if (!name) errors.push(required(`${path}.name`));
    else for (const message of qualifiedNameErrors(name)) errors.push(invalidValue(`${path}.name`, name, message));
    if (names.has(name)) errors.push(duplicate(`${path}.name`, name));
    names.add(name);
    errors.push(...checkExpression(expression, `${path}.expression`, ['bool'], variables));
  }
  return errors;
}

/** `types`: what it may evaluate to; by the start of the type's name. */
function checkExpression(
  expression: string | undefined,
  path: string,
  types: readonly string[] | undefined,
  variables: Readonly<Record<string, string>> = admissionVariables,
): FieldError[] {
  if (!expression?.trim()) return [required(path, 'expression is not specified')];
  const compiled = expressions().cel.compileCel(celStructs(expression), variables);
  if (!compiled.ok) return [invalidValue(path, expression, `compilation failed: ${compiled.error.message}`)];
  const { type } = compiled.value;
  if (!types || type === 'dyn' || types.some((each) => type.startsWith(each))) return [];
  return [invalidValue(path, expression, `must evaluate to ${types[0]}`)];
}
