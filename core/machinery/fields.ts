// Field selectors: `metadata.name=a,status.phase!=Running`. Which fields may be named is the resource definition's to say.

import { holds, isLargeSelector, narrow, type Rule, ruleOf } from './large-selector.ts';
import { badRequest } from './status.ts';

export interface FieldRequirement {
  readonly field: string;
  readonly operator: '=' | '!=';
  readonly value: string;
}

/** All requirements must hold. No requirement: everything matches. */
export type FieldSelector = readonly FieldRequirement[];

/** Parses `a=b,c==d,e!=f`; a backslash escapes `,`, `=` and itself in values. Fails with BadRequest. */
export function parseFieldSelector(text: string): FieldSelector {
  const selector: FieldRequirement[] = [];
  // In the order of their texts, as Kubernetes does: of two names that are required, the first counts.
  for (const term of splitTerms(text).sort()) {
    if (term === '') continue;
    const parts = splitTerm(term);
    if (!parts) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
    selector.push({ ...parts, value: unescapeValue(parts.value) });
  }
  return selector;
}

/** Whether an object matches; `read` gives a field's value, as the resource definition's selectable fields do. */
export function matchesFields(selector: FieldSelector, read: (field: string) => string): boolean {
  if (isLargeSelector(selector)) return matchesMany(rulesOf(selector), read);
  return selector.every(({ field, operator, value }) => (read(field) === value) === (operator === '='));
}

/** Made once a selector. */
const indexed = new WeakMap<FieldSelector, ReadonlyMap<string, Rule>>();

function rulesOf(selector: FieldSelector): ReadonlyMap<string, Rule> {
  const known = indexed.get(selector);
  if (known) return known;
  const rules = new Map<string, Rule>();
  for (const { field, operator, value } of selector)
    if (operator === '=') narrow(ruleOf(rules, field), [value]);
    else ruleOf(rules, field).denied.add(value);
  indexed.set(selector, rules);
  return rules;
}

function matchesMany(rules: ReadonlyMap<string, Rule>, read: (field: string) => string): boolean {
  for (const [field, rule] of rules) if (!holds(rule, read(field))) return false;
  return true;
}

/** The same text for the same selection, whatever the order and spelling: a cache key, and what `parse` reads again. */
export function fieldSelectorString(selector: FieldSelector): string {
  return selector
    .map(({ field, operator, value }) => `${field}${operator}${value.replace(/[\\,=]/g, '\\$&')}`)
    .sort()
    .join(',');
}

/** The value that the selector requires a field to have, where it requires one: lets a list become a get. */
export function requiredFieldValue(selector: FieldSelector, field: string): string | undefined {
  return selector.find((each) => each.field === field && each.operator === '=')?.value;
}

function splitTerms(text: string): string[] {
  const terms: string[] = [];
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === ',') {
      terms.push(text.slice(start, i));
      start = i + 1;
    }
  }
  terms.push(text.slice(start));
  return terms;
}

function splitTerm(term: string): FieldRequirement | undefined {
  for (let i = 0; i < term.length; i++) {
    const field = term.slice(0, i);
    if (term.startsWith('!=', i)) return { field, operator: '!=', value: term.slice(i + 2) };
    if (term.startsWith('==', i)) return { field, operator: '=', value: term.slice(i + 2) };
    if (term[i] === '=') return { field, operator: '=', value: term.slice(i + 1) };
  }
  return undefined;
}

function unescapeValue(text: string): string {
  let value = '';
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (char === '\\') {
      const next = text[++i] ?? '';
      if (next !== '\\' && next !== ',' && next !== '=') {
        throw badRequest(`invalid field selector: invalid escape sequence: \\${next}`);
      }
      value += next;
    } else if (char === '=') {
      throw badRequest(`invalid field selector: unescaped character in value: ${char}`);
    } else value += char;
  }
  return value;
}
