// Selectors of many requirements by their keys: what it costs to match an object depends on its labels and not on the selector, which anybody
// can make as long as a request may be, and which then meets every object of a type.

/** Of one key or field. */
export interface Rule {
  /** A value must be there. */
  present: boolean;
  /** None may be there. */
  absent: boolean;
  /** What it may be. undefined: anything. */
  allowed: ReadonlySet<string> | undefined;
  readonly denied: Set<string>;
  /** What else holds for a value that is there. */
  readonly conditions: Map<string, (value: string) => boolean>;
}

/** Selectors up to this size are gone through as they are. */
const fewRequirements = 8;
const fewValues = 16;

export function isLargeSelector(selector: readonly unknown[]): boolean {
  return selector.length > fewRequirements;
}

/** `values` are sorted. */
export function isAmong(values: readonly string[], value: string): boolean {
  if (values.length <= fewValues) return values.includes(value);
  let [from, to] = [0, values.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((values[middle] ?? '') < value) from = middle + 1;
    else to = middle;
  }
  return values[from] === value;
}

export function ruleOf(rules: Map<string, Rule>, key: string): Rule {
  const known = rules.get(key);
  if (known) return known;
  const rule = { present: false, absent: false, allowed: undefined, denied: new Set<string>(), conditions: new Map() };
  rules.set(key, rule);
  return rule;
}

/** What is allowed beside what was. */
export function narrow(rule: Rule, values: readonly string[]): void {
  rule.present = true;
  const { allowed } = rule;
  rule.allowed = new Set(allowed ? values.filter((each) => allowed.has(each)) : values);
}

export function holds(rule: Rule, value: string): boolean {
  if (rule.absent || rule.denied.has(value)) return false;
  if (rule.allowed && !rule.allowed.has(value)) return false;
  for (const condition of rule.conditions.values()) if (!condition(value)) return false;
  return true;
}
