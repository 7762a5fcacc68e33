// One RBAC rule: whether it allows a request, and whether it covers another rule.
// Source: rbac.authorization.k8s.io/v1 PolicyRule; "Referring to resources".

export interface PolicyRule {
  readonly verbs: readonly string[];
  readonly apiGroups?: readonly string[] | null;
  readonly resources?: readonly string[] | null;
  readonly resourceNames?: readonly string[] | null;
  readonly nonResourceURLs?: readonly string[] | null;
}

/** What a rule is asked about: a resource, or a path that is none. */
export interface Access {
  readonly verb: string;
  readonly isResource: boolean;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
  readonly path: string;
}

export interface RuleMatcher {
  readonly rule: PolicyRule;
  matches(access: Access): boolean;
}

type Test = (value: string) => boolean;

/** The rule with its lists made into sets, once. */
export function ruleMatcher(rule: PolicyRule): RuleMatcher {
  const verb = oneOf(rule.verbs);
  const group = oneOf(rule.apiGroups);
  const resource = resourceTest(rule.resources ?? []);
  const names = rule.resourceNames?.length ? new Set(rule.resourceNames) : undefined;
  const path = pathTest(rule.nonResourceURLs ?? []);
  return {
    rule,
    matches(access) {
      if (!verb(access.verb)) return false;
      if (!access.isResource) return path(access.path);
      return (
        group(access.group) &&
        resource(access.resource, access.subresource) &&
        (names === undefined || names.has(access.name))
      );
    },
  };
}

function oneOf(values: readonly string[] | null | undefined): Test {
  if (!values?.length) return () => false;
  if (values.includes('*')) return () => true;
  const [only] = values;
  if (values.length === 1) return (value) => value === only;
  const set = new Set(values);
  return (value) => set.has(value);
}

function resourceTest(resources: readonly string[]): (resource: string, subresource: string) => boolean {
  if (resources.includes('*')) return () => true;
  const set = new Set(resources);
  return (resource, subresource) =>
    subresource === '' ? set.has(resource) : set.has(`${resource}/${subresource}`) || set.has(`*/${subresource}`);
}

function pathTest(urls: readonly string[]): Test {
  const exact = new Set(urls);
  const prefixes = urls.filter((url) => url.endsWith('*')).map((url) => url.slice(0, -1));
  return (path) => exact.has(path) || prefixes.some((prefix) => path.startsWith(prefix));
}

/** The parts of `wanted` that `owned` does not cover: what would be an escalation. */
export function uncovered(owned: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  const missing: PolicyRule[] = [];
  for (const rule of wanted)
    for (const atom of atoms(rule)) if (!owned.some((each) => covers(each, atom))) missing.push(atom);
  return missing;
}

/** A rule as rules of one verb, group, resource and name, or one verb and URL. */
function* atoms(rule: PolicyRule): Iterable<PolicyRule> {
  for (const verb of rule.verbs) {
    for (const apiGroup of rule.apiGroups ?? [])
      for (const resource of rule.resources ?? []) {
        const base = { verbs: [verb], apiGroups: [apiGroup], resources: [resource] };
        if (!rule.resourceNames?.length) yield base;
        for (const name of rule.resourceNames ?? []) yield { ...base, resourceNames: [name] };
      }
    for (const url of rule.nonResourceURLs ?? []) yield { verbs: [verb], nonResourceURLs: [url] };
  }
}

function covers(owner: PolicyRule, atom: PolicyRule): boolean {
  const has = (values: readonly string[] | null | undefined, value: string | undefined) =>
    value !== undefined && !!values && (values.includes('*') || values.includes(value));
  if (!has(owner.verbs, atom.verbs[0])) return false;
  const url = atom.nonResourceURLs?.[0];
  if (url !== undefined)
    return (owner.nonResourceURLs ?? []).some(
      (each) => each === url || (each.endsWith('*') && url.startsWith(each.slice(0, -1))),
    );
  if (!has(owner.apiGroups, atom.apiGroups?.[0])) return false;
  const resource = atom.resources?.[0] ?? '';
  const slash = resource.indexOf('/');
  const covered =
    has(owner.resources, resource) || (slash > 0 && (owner.resources ?? []).includes(`*${resource.slice(slash)}`));
  if (!covered) return false;
  if (!owner.resourceNames?.length) return true;
  const name = atom.resourceNames?.[0];
  return name !== undefined && owner.resourceNames.includes(name);
}
