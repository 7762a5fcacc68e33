// Whether a webhook or a policy is meant by a request: rules, scope, and the labels of the object and of its namespace.
// Source: admissionregistration.k8s.io/v1 RuleWithOperations, MatchResources, matchPolicy.

import type { V1LabelSelector, V1NamedRuleWithOperations } from '../../../../generated/kubernetes.ts';
import type { ResourceDefinition } from '../../../api/definition.ts';
import type { Environment } from '../../../kinds/environment.ts';
import { type LabelSelectorJson, labelSelectorOf, matchesLabels } from '../../../machinery/labels.ts';
import type { KubeObject } from '../../../machinery/object.ts';
import type { Attributes } from '../plugin.ts';

export interface Constraints {
  readonly rules: readonly V1NamedRuleWithOperations[];
  readonly excludeRules?: readonly V1NamedRuleWithOperations[];
  readonly matchPolicy?: string;
  readonly namespaceSelector?: V1LabelSelector;
  readonly objectSelector?: V1LabelSelector;
}

/** The definition in whose version the object is to be shown; undefined when the request is not meant. */
export async function matchRequest(
  env: Environment,
  attributes: Attributes,
  constraints: Constraints,
): Promise<ResourceDefinition | undefined> {
  const matched = matchRules(env, attributes, constraints);
  if (!matched) return undefined;
  if (!isEverything(constraints.objectSelector) && !matchesObject(attributes, constraints.objectSelector))
    return undefined;
  if (!isEverything(constraints.namespaceSelector)) {
    const labels = await namespaceLabels(env, attributes);
    if (labels !== undefined && !matchesLabels(selectorOf(constraints.namespaceSelector), labels)) return undefined;
  }
  return matched;
}

function matchRules(
  env: Environment,
  attributes: Attributes,
  { rules, excludeRules = [], matchPolicy }: Constraints,
): ResourceDefinition | undefined {
  const { definition } = attributes;
  const meant = (each: ResourceDefinition) =>
    rules.some((rule) => matchesRule(rule, attributes, each)) &&
    !excludeRules.some((rule) => matchesRule(rule, attributes, each));
  if (meant(definition)) return definition;
  if (matchPolicy === 'Exact' || excludeRules.some((rule) => matchesRule(rule, attributes, definition)))
    return undefined;
  // The same objects in another version or group.
  if (!rules.some((rule) => rule.resources?.some((each) => each === '*' || each.split('/')[0] === definition.resource)))
    return undefined;
  return env.definitions.all().find((each) => each.type === definition.type && each !== definition && meant(each));
}

function matchesRule(rule: V1NamedRuleWithOperations, attributes: Attributes, definition: ResourceDefinition): boolean {
  const { operation, subresource, name } = attributes;
  return (
    includes(rule.operations, operation) &&
    includes(rule.apiGroups, definition.group) &&
    includes(rule.apiVersions, definition.version) &&
    matchesScope(rule.scope, definition) &&
    (rule.resources ?? []).some((each) => matchesResource(each, definition.resource, subresource)) &&
    (!rule.resourceNames?.length || rule.resourceNames.includes(name))
  );
}

function includes(values: readonly string[] | undefined, value: string): boolean {
  return values?.some((each) => each === '*' || each === value) ?? false;
}

function matchesScope(scope: string | undefined, { namespaced }: ResourceDefinition): boolean {
  if (scope === 'Namespaced') return namespaced;
  return scope !== 'Cluster' || !namespaced;
}

/** `pods`, `pods/status`, `pods/*`, `*` (no subresources), `*`/`*`, `*`/`scale`. */
function matchesResource(pattern: string, resource: string, subresource: string): boolean {
  const [wanted, wantedSub] = pattern.split('/');
  if (wanted !== '*' && wanted !== resource) return false;
  if (wantedSub === undefined) return subresource === '';
  return wantedSub === '*' || wantedSub === subresource;
}

const selectors = new WeakMap<V1LabelSelector, ReturnType<typeof labelSelectorOf>>();

function selectorOf(selector: V1LabelSelector | undefined) {
  if (!selector) return undefined;
  if (!selectors.has(selector)) selectors.set(selector, labelSelectorOf(selector as LabelSelectorJson)); // validated when it was written
  return selectors.get(selector);
}

function isEverything(selector: V1LabelSelector | undefined): boolean {
  return !selector?.matchExpressions?.length && Object.keys(selector?.matchLabels ?? {}).length === 0;
}

function matchesObject({ object, old }: Attributes, selector: V1LabelSelector | undefined): boolean {
  const wanted = selectorOf(selector);
  return [object, old].some((each) => each?.metadata && matchesLabels(wanted, each.metadata.labels));
}

/** Those of the object's namespace, or of the object where it is one; undefined: it has none, and matches every selector. */
async function namespaceLabels(env: Environment, attributes: Attributes): Promise<Record<string, string> | undefined> {
  const { definition, object, old, namespace } = attributes;
  if (definition.type === 'namespaces') return (object ?? old)?.metadata.labels ?? {};
  if (!definition.namespaced) return undefined;
  return (await namespaceOf(env, namespace))?.metadata.labels ?? {};
}

export function namespaceOf(env: Environment, namespace: string): Promise<KubeObject | undefined> {
  return env.lookUp('namespaces', namespace);
}
