// Objects whose names are data: labels, fields of patches and schemas, quantities by resource. Only here may a name that a program
// learns while it runs index an object (npm run check holds it). Tables of ours are Maps.

/** What data has under a name: a user's `constructor` finds nothing that all objects inherit. Of objects and lists of JSON alone. */
export function getOwn<T>(object: Readonly<Record<string, T>> | null | undefined, name: string): T | undefined;
export function getOwn(object: object | null | undefined, name: string): unknown;
export function getOwn(object: object | null | undefined, name: string): unknown {
  if (object === undefined || object === null) return undefined;
  // as: names of any kind are asked for, and what is there is looked at before it is given out.
  const value = (object as Record<string, unknown>)[name];
  // All that data inherits are functions, and its prototype; asking whose a value is costs more than the rest.
  if (typeof value !== 'function' && name !== '__proto__') return value;
  return Object.hasOwn(object, name) ? value : undefined;
}

/** Sets a property of the object itself, whatever its name: assignment of `__proto__` would change the prototype instead. */
export function setOwn<T>(object: Record<string, T>, name: string, value: NoInfer<T>): void {
  if (name === '__proto__') {
    Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
  } else object[name] = value;
}

/** What the object has under a name, made first where it has nothing. */
export function ownOr<T>(object: Record<string, T>, name: string, make: () => NoInfer<T>): T {
  const known = getOwn(object, name);
  if (known !== undefined) return known;
  const made = make();
  setOwn(object, name, made);
  return made;
}

/**
 * Names that lead from data to what all objects inherit. As names of data they are data; where a definition says by a path what
 * programs read and write (scale, selectable fields, defaults), no honest one has them.
 */
const leadingOut: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** The first name of a path that leads out of data, if one does. */
export function unsafeNameIn(path: readonly string[]): string | undefined {
  return path.find((name) => leadingOut.has(name));
}
