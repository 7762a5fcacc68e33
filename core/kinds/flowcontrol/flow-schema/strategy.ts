// FlowSchemas.

import type {
  FlowcontrolV1Subject,
  V1FlowSchema,
  V1NonResourcePolicyRule,
  V1PolicyRulesWithSubjects,
  V1ResourcePolicyRule,
} from '../../../../generated/kubernetes.ts';
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../../../machinery/field-error.ts';
import { dns1123Label, dns1123Subdomain } from '../../../machinery/names.ts';
import { semanticEqual } from '../../../machinery/semantic-equal.ts';
import { optionalField } from '../../rules/field-rule.ts';
import { strategyFor } from '../../strategy.ts';
import { validateTypes } from '../condition-types.ts';
import { mandatorySchemas } from '../mandatory.ts';

const lowestPrecedence = 10_000;
const methods = ['ByNamespace', 'ByUser'];

export const strategy = strategyFor<V1FlowSchema>({
  generation: true,
  validate({ metadata, spec }) {
    const errors: FieldError[] = [];
    const { matchingPrecedence: precedence = 0, distinguisherMethod: method, rules = [] } = spec ?? {};
    const path = 'spec.matchingPrecedence';
    if (precedence <= 0) errors.push(invalidValue(path, precedence, 'must be a positive value'));
    if (precedence > lowestPrecedence)
      errors.push(invalidValue(path, precedence, `must not be greater than ${lowestPrecedence}`));
    if (precedence === 1 && metadata?.name !== 'exempt')
      errors.push(invalidValue(path, precedence, "only the schema named 'exempt' may have matchingPrecedence 1"));
    if (method && !methods.includes(method.type))
      errors.push(notSupported('spec.distinguisherMethod.type', method.type ?? '', methods));
    const level = spec?.priorityLevelConfiguration?.name;
    if (!level) errors.push(required('spec.priorityLevelConfiguration.name', 'must reference a priority level'));
    errors.push(...optionalField(level, dns1123Subdomain, 'spec.priorityLevelConfiguration.name'));
    rules.forEach((rule, index) => {
      errors.push(...validateRule(rule, `spec.rules[${index}]`));
    });
    const name = metadata?.name ?? '';
    const fixed = mandatorySchemas.get(name);
    if (fixed && !semanticEqual(spec, fixed))
      errors.push(invalidValue('spec', spec, `spec of '${name}' must equal the fixed value`));
    return errors;
  },
  validateStatus: ({ status }) => validateTypes(status?.conditions ?? []),
});

function validateRule(rule: V1PolicyRulesWithSubjects, path: string): FieldError[] {
  const { subjects = [], resourceRules = [], nonResourceRules = [] } = rule;
  const errors = subjects.flatMap((subject, index) => validateSubject(subject, `${path}.subjects[${index}]`));
  if (subjects.length === 0) errors.push(required(`${path}.subjects`, 'subjects must contain at least one value'));
  if (resourceRules.length === 0 && nonResourceRules.length === 0)
    errors.push(required(path, 'at least one of resourceRules and nonResourceRules has to be non-empty'));
  resourceRules.forEach((each, index) => {
    errors.push(...validateResourceRule(each, `${path}.resourceRules[${index}]`));
  });
  nonResourceRules.forEach((each, index) => {
    errors.push(...validateNonResourceRule(each, `${path}.nonResourceRules[${index}]`));
  });
  return errors;
}

/** The field of each kind of subject. */
const subjectFields = { ServiceAccount: 'serviceAccount', User: 'user', Group: 'group' } as const;

function validateSubject(subject: FlowcontrolV1Subject, path: string): FieldError[] {
  const { kind = '' } = subject;
  const known = Object.entries(subjectFields);
  const own = known.find(([each]) => each === kind)?.[1];
  if (!own) return [notSupported(`${path}.kind`, kind, ['Group', 'ServiceAccount', 'User'])];
  const errors = validateNamed(subject, own, `${path}.${own}`, kind);
  for (const [other, field] of known)
    if (field !== own && subject[field] !== undefined)
      errors.push(forbiddenField(`${path}.${field}`, `${field} is forbidden when subject kind is not '${other}'`));
  return errors;
}

function validateNamed(
  { serviceAccount, user, group }: FlowcontrolV1Subject,
  field: 'serviceAccount' | 'user' | 'group',
  path: string,
  kind: string,
): FieldError[] {
  const value = { serviceAccount, user, group }[field];
  if (!value) return [required(path, `${field} is required when subject kind is '${kind}'`)];
  const errors = value.name ? [] : [required(`${path}.name`)];
  if (field !== 'serviceAccount') return errors;
  if (value.name !== '*') errors.push(...optionalField(value.name, dns1123Subdomain, `${path}.name`));
  const namespace = serviceAccount?.namespace;
  if (!namespace) errors.push(required(`${path}.namespace`, 'must specify namespace for service account'));
  return [...errors, ...optionalField(namespace, dns1123Label, `${path}.namespace`)];
}

const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'proxy', 'update', 'watch'];

function validateVerbs(given: readonly string[], path: string): FieldError[] {
  if (given.length === 0) return [required(path, 'verbs must contain at least one value')];
  if (given.includes('*'))
    return given.length > 1 ? [invalidValue(path, given, "if '*' is present, must not specify other verbs")] : [];
  return given.every((verb) => verbs.includes(verb)) ? [] : [notSupported(path, given, verbs)];
}

function validateResourceRule(rule: V1ResourcePolicyRule, path: string): FieldError[] {
  const { apiGroups = [], resources = [], namespaces = [], clusterScope } = rule;
  const errors = validateVerbs(rule.verbs ?? [], `${path}.verbs`);
  if (apiGroups.length === 0)
    errors.push(required(`${path}.apiGroups`, 'resource rules must supply at least one api group'));
  errors.push(...alone(apiGroups, 'api groups', `${path}.apiGroups`));
  if (resources.length === 0)
    errors.push(required(`${path}.resources`, 'resource rules must supply at least one resource'));
  errors.push(...alone(resources, 'resources', `${path}.resources`));
  const at = `${path}.namespaces`;
  if (namespaces.length === 0 && !clusterScope)
    errors.push(required(at, 'resource rules that are not cluster scoped must supply at least one namespace'));
  else if (namespaces.includes('*')) errors.push(...alone(namespaces, 'namespaces', at));
  else
    namespaces.forEach((each, index) => {
      for (const message of dns1123Label(each))
        errors.push(
          invalidValue(`${at}[${index}]`, each, `each member of this list must be '*' or a DNS-1123 label; ${message}`),
        );
    });
  return errors;
}

/** A wildcard stands for all. */
function alone(values: readonly string[], what: string, path: string): FieldError[] {
  return values.length > 1 && values.includes('*')
    ? [invalidValue(path, values, `if '*' is present, must not specify other ${what}`)]
    : [];
}

function validateNonResourceRule(rule: V1NonResourcePolicyRule, path: string): FieldError[] {
  const errors = validateVerbs(rule.verbs ?? [], `${path}.verbs`);
  const urls = rule.nonResourceURLs ?? [];
  const at = `${path}.nonResourceURLs`;
  if (urls.length === 0) errors.push(required(at, 'nonResourceURLs must contain at least one value'));
  else if (urls.includes('*')) errors.push(...alone(urls, 'non-resource URLs', at));
  else
    urls.forEach((url, index) => {
      const why = pathFault(url);
      if (why) errors.push(invalidValue(`${at}[${index}]`, url, why));
    });
  return errors;
}

function pathFault(path: string): string | undefined {
  if (path === '') return 'must not be empty';
  if (path === '/') return undefined;
  if (!path.startsWith('/')) return 'must start with slash';
  if (path.includes(' ')) return 'must not contain white-space';
  if (path.includes('//')) return 'must not contain double slash';
  const wildcards = path.split('*').length - 1;
  return wildcards > 1 || (wildcards === 1 && !path.endsWith('/*'))
    ? 'wildcard can only do suffix matching'
    : undefined;
}
