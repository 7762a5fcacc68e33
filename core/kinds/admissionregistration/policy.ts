// What validating and mutating admission policies and their bindings have in common.

import type { V1NamedRuleWithOperations } from '../../../generated/kubernetes.ts';
import { dyn, type Type } from '../../cel/types/types.ts';
import { type FieldError, forbiddenField, invalidValue, notSupported, required } from '../../machinery/field-error.ts';
import { type LabelSelectorJson, validateLabelSelector } from '../../machinery/labels.ts';
import { dns1035Label, dns1123Subdomain, pathSegmentName } from '../../machinery/names.ts';
import { optionalField, requiredField } from '../rules/field-rule.ts';
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
  if (spec?.paramKind) errors.push(...validateParamKind(spec.paramKind, 'spec.paramKind'));
  if (!constraints) errors.push(required('spec.matchConstraints'));
  else {
    errors.push(...validateConstraints(constraints, 'spec.matchConstraints'));
    if (!constraints.resourceRules?.length) errors.push(required('spec.matchConstraints.resourceRules'));
  }
  const params = spec?.paramKind !== undefined;
  errors.push(...validateConditions(spec?.matchConditions, 'spec.matchConditions', { place: 'condition', params }));
  for (const [index, { name, expression }] of (spec?.variables ?? []).entries()) {
    const at = `spec.variables[${index}]`;
    if (!name?.trim()) errors.push(required(`${at}.name`, 'name is not specified'));
    else if (!isIdentifier(name)) errors.push(invalidValue(`${at}.name`, name, 'name is not a valid CEL identifier'));
    // Each sees those before it.
    const place = { place: 'policy', variables, params } as const;
    const checked = checkedExpression(expression, `${at}.expression`, undefined, place);
    errors.push(...checked.errors);
    variables.set(name, checked.type ?? dyn);
  }
  return errors;
}

const reserved = new Set([
  ...['true', 'false', 'null', 'in', 'as', 'break', 'const', 'continue', 'else', 'for', 'function', 'if', 'import'],
  ...['let', 'loop', 'package', 'namespace', 'return', 'var', 'void', 'while'],
]);

function isIdentifier(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !reserved.has(name);
}

function validateParamKind(
  { apiVersion, kind }: { readonly apiVersion?: string; readonly kind?: string },
  path: string,
): FieldError[] {
  const errors = apiVersion ? validateGroupVersion(apiVersion, `${path}.apiVersion`) : [required(`${path}.apiVersion`)];
  if (!kind) return [...errors, required(`${path}.kind`)];
  const wrong = dns1035Label(kind.toLowerCase());
  if (wrong.length > 0)
    errors.push(
      invalidValue(`${path}.kind`, kind, `may have mixed case, but should otherwise match: ${wrong.join(',')}`),
    );
  return errors;
}

function validateGroupVersion(apiVersion: string, path: string): FieldError[] {
  const parts = apiVersion.split('/');
  if (parts.length > 2) return [invalidValue(path, apiVersion, `unexpected GroupVersion string: ${apiVersion}`)];
  const version = parts.pop() ?? '';
  const [group = ''] = parts;
  const errors: FieldError[] = [];
  const wrongGroup = group ? dns1123Subdomain(group) : [];
  if (wrongGroup.length > 0) errors.push(invalidValue(path, group, wrongGroup.join(',')));
  if (!version) return [...errors, invalidValue(path, apiVersion, 'version must be specified')];
  const wrongVersion = dns1035Label(version);
  if (wrongVersion.length > 0) errors.push(invalidValue(path, version, wrongVersion.join(',')));
  return errors;
}

interface BindingSpec {
  readonly policyName?: string;
  readonly matchResources?: Constraints;
  readonly paramRef?: ParamRef;
}

interface ParamRef {
  readonly name?: string;
  readonly selector?: LabelSelectorJson;
  readonly parameterNotFoundAction?: string;
}

/** `resources`: how an error calls `spec.matchResources`. */
export function validateBinding(spec: BindingSpec | undefined, resources: string): FieldError[] {
  const errors = requiredField(spec?.policyName, dns1123Subdomain, 'spec.policyName');
  if (spec?.paramRef) errors.push(...validateParamRef(spec.paramRef, 'spec.paramRef'));
  if (spec?.matchResources) errors.push(...validateConstraints(spec.matchResources, resources));
  return errors;
}

const actions = ['Deny', 'Allow'];

function validateParamRef({ name, selector, parameterNotFoundAction: action }: ParamRef, path: string): FieldError[] {
  const errors = optionalField(name, pathSegmentName, `${path}.name`);
  const both = 'name and selector are mutually exclusive';
  if (name && selector) errors.push(forbiddenField(`${path}.name`, both));
  errors.push(...validateLabelSelector(selector, `${path}.selector`));
  if (name && selector) errors.push(forbiddenField(`${path}.selector`, both));
  if (!name && !selector) errors.push(required(path, 'one of name or selector must be specified'));
  if (!action) errors.push(required(`${path}.parameterNotFoundAction`));
  else if (!actions.includes(action)) errors.push(notSupported(`${path}.parameterNotFoundAction`, action, actions));
  return errors;
}

const changing = ['*', 'CONNECT', 'CREATE', 'UPDATE'];

/** What is deleted cannot be changed. Told of all rules together, as Kubernetes does. */
export function validateChanges(rules: readonly V1NamedRuleWithOperations[] | undefined, path: string): FieldError[] {
  return (rules ?? []).flatMap(({ operations }) =>
    (operations ?? []).flatMap((each) =>
      changing.includes(each) ? [] : [notSupported(`${path}.operations`, each, changing)],
    ),
  );
}

function validateConstraints(constraints: Constraints, at: string): FieldError[] {
  return [
    ...validateSelectors(constraints, at),
    ...validateRules(constraints.resourceRules ?? [], `${at}.resourceRules`),
    ...validateRules(constraints.excludeResourceRules ?? [], `${at}.excludeResourceRules`),
  ];
}
