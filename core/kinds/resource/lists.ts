// Lists with a largest size: one that is longer is told of, and not looked into.

import { duplicate, type FieldError, tooMany } from '../../machinery/field-error.ts';

type Validate<T> = (item: T, path: string) => FieldError[];

export function validateList<T>(
  list: readonly T[] | undefined,
  most: number,
  path: string,
  validate: Validate<T>,
): FieldError[] {
  if (!list) return [];
  if (list.length > most) return [tooMany(path, list.length, most)];
  return list.flatMap((item, index) => validate(item, `${path}[${index}]`));
}

/** A list of which each has a key of its own. */
export function validateSet<T>(
  list: readonly T[] | undefined,
  most: number,
  path: string,
  keyOf: (item: T) => string,
  validate: Validate<T>,
): FieldError[] {
  const errors = validateList(list, most, path, validate);
  if (!list || list.length > most) return errors;
  const seen = new Set<string>();
  list.forEach((item, index) => {
    const key = keyOf(item);
    if (seen.has(key)) errors.push(duplicate(`${path}[${index}]`, key));
    seen.add(key);
  });
  return errors;
}

/** Entries are told of by their key, shortened to `longestKey`. */
export function validateMap<T>(
  map: Readonly<Record<string, T>> | undefined,
  { most, longestKey, path }: { readonly most: number; readonly longestKey: number; readonly path: string },
  validateKey: (key: string, path: string) => FieldError[],
  validate: Validate<T> = () => [],
): FieldError[] {
  const entries = Object.entries(map ?? {});
  if (entries.length > most) return [tooMany(path, entries.length, most)];
  return entries.flatMap(([key, item]) => [
    ...validateKey(key, path),
    ...validate(item, `${path}[${shortened(key, longestKey)}]`),
  ]);
}

function shortened(text: string, longest: number): string {
  if (text.length <= longest) return text;
  const rest = longest - '...'.length;
  return `${text.slice(0, Math.ceil(rest / 2))}...${text.slice(text.length - Math.floor(rest / 2))}`.toWellFormed();
}
