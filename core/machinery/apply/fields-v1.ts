// FieldsV1 as clients send it: checked, and brought into the one form that the sets of this server have.

import { parseJson } from '../json.ts';
import type { Json } from '../object.ts';
import { getOwn, setOwn } from '../own.ts';
import { type FieldSet, isEmpty, ordered } from './field-set.ts';

/** The set that a FieldsV1 means, or undefined if it is none. */
export function decodeFields(json: unknown): FieldSet | undefined {
  if (!isRecord(json)) return undefined;
  const node: Record<string, FieldSet> = {};
  for (const [element, value] of Object.entries(json)) {
    const canonical = canonicalElement(element);
    const below = decodeFields(value);
    if (canonical === undefined || !below) return undefined;
    // `{".": {}}` and `{}` both say "a member, and nothing below it".
    setOwn(node, canonical, below['.'] && isEmpty(withoutSelf(below)) ? {} : below);
  }
  return ordered(node);
}

/** The element for an item of a map list. `key` has the list's key fields, in any order. */
export function keyElement(key: Readonly<Record<string, Json>>): string {
  return `k:${canonicalJson(key)}`;
}

/** The element for an item of a set. */
export function valueElement(value: Json): string {
  return `v:${canonicalJson(value)}`;
}

function canonicalElement(element: string): string | undefined {
  if (element === '.') return element;
  const text = element.slice(2);
  switch (element.slice(0, 2)) {
    case 'f:':
      return element;
    case 'i:':
      return /^-?\d+$/.test(text) ? element : undefined;
    case 'k:': {
      const key = parse(text);
      return isRecord(key) ? keyElement(key as Record<string, Json>) : undefined; // it comes from JSON.parse
    }
    case 'v:': {
      const value = parse(text);
      return value === undefined ? undefined : valueElement(value);
    }
    default:
      return undefined;
  }
}

function withoutSelf({ '.': _, ...rest }: FieldSet): FieldSet {
  return rest;
}

function parse(text: string): Json | undefined {
  try {
    return parseJson(text) as Json; // JSON.parse gives nothing else
  } catch {
    return undefined;
  }
}

export function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const keys = Object.keys(value).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonicalJson(getOwn(value, key)!)}`).join(',')}}`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
