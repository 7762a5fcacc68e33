// The audit policy: which requests are written down, at which of their stages, and with how much of them.
// Source: audit.k8s.io/v1 Policy; Kubernetes documentation, "Auditing".

import type { UserInfo } from '../../../core/authorization/user-info.ts';
import { readConfigFile, refuse } from '../../../core/config/config-file.ts';
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../../../core/machinery/field-error.ts';
import type { Schema } from '../../../core/machinery/schema.ts';
import type { RequestInfo } from '../request-info.ts';

export type AuditLevel = 'None' | 'Metadata' | 'Request' | 'RequestResponse';
export type AuditStage = 'RequestReceived' | 'ResponseStarted' | 'ResponseComplete' | 'Panic';

export interface AuditPolicy {
  readonly rules: readonly AuditRule[];
  readonly omitStages?: readonly AuditStage[];
  readonly omitManagedFields?: boolean;
}

export interface AuditRule {
  readonly level: AuditLevel;
  readonly users?: readonly string[];
  readonly userGroups?: readonly string[];
  readonly verbs?: readonly string[];
  readonly resources?: readonly GroupResources[];
  /** The empty one stands for what has no namespace. */
  readonly namespaces?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
  readonly omitStages?: readonly AuditStage[];
  readonly omitManagedFields?: boolean;
}

export interface GroupResources {
  /** Empty: the core group. */
  readonly group?: string;
  // `pods`, `pods/log`, `pods/*`, `*/scale`, `*`; none: all of the group.
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
}

/** What the policy says of one request. */
export interface AuditDecision {
  readonly level: AuditLevel;
  readonly omitStages: ReadonlySet<AuditStage>;
  readonly omitManagedFields: boolean;
}

const kind = 'Policy';
const levels: readonly string[] = ['None', 'Metadata', 'Request', 'RequestResponse'] satisfies AuditLevel[];
const stages: readonly string[] = [
  'RequestReceived',
  'ResponseStarted',
  'ResponseComplete',
  'Panic',
] satisfies AuditStage[];

const string: Schema = { type: 'string' };
const boolean: Schema = { type: 'boolean' };
const strings: Schema = { type: 'array', items: string };
const rule: Schema = {
  type: 'object',
  required: ['level'],
  properties: {
    level: string,
    users: strings,
    userGroups: strings,
    verbs: strings,
    resources: {
      type: 'array',
      items: { type: 'object', properties: { group: string, resources: strings, resourceNames: strings } },
    },
    namespaces: strings,
    nonResourceURLs: strings,
    omitStages: strings,
    omitManagedFields: boolean,
  },
};

/** Throws ConfigFileError, with a line for each thing that is wrong. */
export async function readAuditPolicy(text: string): Promise<AuditPolicy> {
  const policy = await readConfigFile(text, {
    kind,
    apiVersions: ['audit.k8s.io/v1'],
    properties: {
      metadata: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
      rules: { type: 'array', items: rule },
      omitStages: strings,
      omitManagedFields: boolean,
    },
    required: ['rules'],
  });
  // as: the schema above says so.
  const read = policy as AuditPolicy;
  refuse(kind, errorsOf(read));
  return read;
}

function errorsOf({ rules, omitStages = [] }: AuditPolicy): FieldError[] {
  const errors = stageErrors('omitStages', omitStages);
  if (rules.length === 0)
    errors.push(required('rules', 'a policy without rules writes nothing down: give at least one'));
  for (const [index, each] of rules.entries()) {
    const at = `rules[${index}]`;
    if (!levels.includes(each.level)) errors.push(notSupported(`${at}.level`, each.level, levels));
    errors.push(...stageErrors(`${at}.omitStages`, each.omitStages ?? []));
    const { nonResourceURLs = [], resources = [], namespaces = [] } = each;
    if (nonResourceURLs.length > 0 && (resources.length > 0 || namespaces.length > 0))
      errors.push(
        forbiddenField(`${at}.nonResourceURLs`, 'a rule is about resources or about other URLs: write two rules'),
      );
    for (const [i, url] of nonResourceURLs.entries()) {
      const field = `${at}.nonResourceURLs[${i}]`;
      if (url !== '*' && !url.startsWith('/')) errors.push(invalidValue(field, url, 'must start with "/", or be "*"'));
      else if (url.slice(0, -1).includes('*')) errors.push(invalidValue(field, url, '"*" may only stand at the end'));
    }
    for (const [i, { group = '', resources: names = [], resourceNames = [] }] of resources.entries()) {
      if (group.includes('/'))
        errors.push(invalidValue(`${at}.resources[${i}].group`, group, 'is a group without a version, such as "apps"'));
      if (resourceNames.length > 0 && names.length === 0)
        errors.push(forbiddenField(`${at}.resources[${i}].resourceNames`, 'names need resources beside them'));
    }
  }
  return errors;
}

function stageErrors(field: string, given: readonly string[]): FieldError[] {
  return given.flatMap((stage, index) =>
    stages.includes(stage) ? [] : [notSupported(`${field}[${index}]`, stage, stages)],
  );
}

const nothing: AuditDecision = { level: 'None', omitStages: new Set(), omitManagedFields: false };

/** Of the first rule that matches; what no rule matches is not written down. */
export function decide(policy: AuditPolicy, user: UserInfo | undefined, info: RequestInfo): AuditDecision {
  const found = policy.rules.find((each) => matches(each, user, info));
  if (!found || found.level === 'None') return nothing;
  return {
    level: found.level,
    omitStages: new Set([...(policy.omitStages ?? []), ...(found.omitStages ?? [])]),
    omitManagedFields: found.omitManagedFields ?? policy.omitManagedFields ?? false,
  };
}

function matches(rule: AuditRule, user: UserInfo | undefined, info: RequestInfo): boolean {
  const { users = [], userGroups = [], verbs = [], resources = [], namespaces = [], nonResourceURLs = [] } = rule;
  if (users.length > 0 && !users.includes(user?.username ?? '')) return false;
  if (userGroups.length > 0 && !(user?.groups ?? []).some((each) => userGroups.includes(each))) return false;
  if (verbs.length > 0 && !verbs.includes(info.verb)) return false;
  if (resources.length > 0 || namespaces.length > 0) {
    if (!info.isResource) return false;
    if (namespaces.length > 0 && !namespaces.includes(info.namespace)) return false;
    return resources.length === 0 || resources.some((each) => isAmong(each, info));
  }
  if (nonResourceURLs.length > 0) return !info.isResource && nonResourceURLs.some((url) => covers(url, info.path));
  return true;
}

function isAmong({ group = '', resources = [], resourceNames = [] }: GroupResources, info: RequestInfo): boolean {
  if (group !== info.group) return false;
  if (resources.length === 0) return true;
  if (resourceNames.length > 0 && !resourceNames.includes(info.name)) return false;
  const whole = info.subresource === '' ? info.resource : `${info.resource}/${info.subresource}`;
  return resources.some(
    (each) =>
      each === '*' ||
      each === whole ||
      (info.subresource !== '' && each === `*/${info.subresource}`) ||
      each === `${info.resource}/*`,
  );
}

function covers(url: string, path: string): boolean {
  return url.endsWith('*') ? path.startsWith(url.slice(0, -1)) : url === path;
}
