// Which FlowSchema a request belongs to: the first by precedence whose rules match who asks and what for. Pure.
// Source: flowcontrol.apiserver.k8s.io/v1; KEP-1040.

import type { UserInfo } from '../../../core/authorization/user-info.ts';
import type { V1FlowSchema } from '../../../generated/kubernetes.ts';
import type { RequestInfo } from '../request-info.ts';

type Spec = NonNullable<V1FlowSchema['spec']>;
type Rule = NonNullable<Spec['rules']>[number];
type Subject = NonNullable<Rule['subjects']>[number];

export interface FlowSchema {
  readonly name: string;
  readonly uid: string;
  readonly precedence: number;
  readonly levelName: string;
  matches(user: UserInfo, info: RequestInfo): boolean;
  /** What tells its requests apart, so that one flow does not take what is another's. */
  distinguisher(user: UserInfo, info: RequestInfo): string;
}

/** By precedence, then by name: in this order the first that matches is taken. */
export function compileFlowSchemas(objects: readonly V1FlowSchema[]): FlowSchema[] {
  return objects.map(compile).sort((a, b) => a.precedence - b.precedence || (a.name < b.name ? -1 : 1));
}

function compile({ metadata, spec }: V1FlowSchema): FlowSchema {
  const rules = (spec?.rules ?? []).map(compileRule);
  const by = spec?.distinguisherMethod?.type;
  return {
    name: metadata?.name ?? '',
    uid: metadata?.uid ?? '',
    precedence: spec?.matchingPrecedence ?? 1000,
    levelName: spec?.priorityLevelConfiguration.name ?? '',
    matches(user, info) {
      for (const rule of rules) if (rule(user, info)) return true;
      return false;
    },
    distinguisher: (user, { namespace }) => (by === 'ByUser' ? user.username : by === 'ByNamespace' ? namespace : ''),
  };
}

type Matches = (user: UserInfo, info: RequestInfo) => boolean;

function compileRule({ subjects, resourceRules, nonResourceRules }: Rule): Matches {
  const isSubject = compileSubjects(subjects ?? []);
  const resources = (resourceRules ?? []).map(({ verbs, apiGroups, resources: names, namespaces, clusterScope }) => {
    const [verb, group, resource, namespace] = [verbs, apiGroups, names, namespaces ?? []].map(oneOf);
    return (info: RequestInfo) =>
      verb!(info.verb) &&
      group!(info.group) &&
      resource!(info.subresource === '' ? info.resource : `${info.resource}/${info.subresource}`) &&
      (info.namespace === '' ? clusterScope === true : namespace!(info.namespace));
  });
  const urls = (nonResourceRules ?? []).map(({ verbs, nonResourceURLs }) => {
    const verb = oneOf(verbs);
    const exact = oneOf(nonResourceURLs);
    const prefixes = nonResourceURLs.filter((each) => each.endsWith('/*')).map((each) => each.slice(0, -1));
    return (info: RequestInfo) =>
      verb(info.verb) && (exact(info.path) || prefixes.some((prefix) => info.path.startsWith(prefix)));
  });
  return (user, info) => {
    // What is asked is cheaper to compare than who asks.
    for (const each of info.isResource ? resources : urls) if (each(info)) return isSubject(user);
    return false;
  };
}

function oneOf(values: readonly string[]): (value: string) => boolean {
  if (values.includes('*')) return () => true;
  if (values.length === 1) {
    const [only] = values;
    return (value) => value === only;
  }
  const set = new Set(values);
  return (value) => set.has(value);
}

function compileSubjects(subjects: readonly Subject[]): (user: UserInfo) => boolean {
  const users = new Set<string>();
  const groups = new Set<string>();
  const prefixes: string[] = [];
  for (const { kind, user, group, serviceAccount } of subjects) {
    if (kind === 'User' && user) users.add(user.name);
    else if (kind === 'Group' && group) groups.add(group.name);
    else if (kind === 'ServiceAccount' && serviceAccount) {
      const prefix = `system:serviceaccount:${serviceAccount.namespace}:`;
      if (serviceAccount.name === '*') prefixes.push(prefix);
      else users.add(prefix + serviceAccount.name);
    }
  }
  if (users.has('*') || groups.has('*')) return () => true;
  return (user) => {
    if (users.has(user.username)) return true;
    for (const each of user.groups) if (groups.has(each)) return true;
    for (const each of prefixes) if (user.username.startsWith(each)) return true;
    return false;
  };
}
