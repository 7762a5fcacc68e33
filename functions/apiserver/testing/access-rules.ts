// A small evaluator of RBAC that shares nothing with the one that is tested: rules as data, and whether they allow one object.

export interface AccessRule {
  /** Empty: in the whole cluster. */
  readonly namespace: string;
  readonly verbs: readonly string[];
  readonly group: string;
  /** `secrets`, `pods/proxy`, `*`. */
  readonly resources: readonly string[];
  /** None: all. */
  readonly names: readonly string[];
}

export interface Asked {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
}

export function ruleAllows(rule: AccessRule, { verb, group, resource, namespace, name }: Asked): boolean {
  const has = (values: readonly string[], value: string) => values.some((each) => each === '*' || each === value);
  return (
    (rule.namespace === '' || rule.namespace === namespace) &&
    has(rule.verbs, verb) &&
    rule.group === group &&
    has(rule.resources, resource) &&
    (rule.names.length === 0 || rule.names.includes(name))
  );
}
