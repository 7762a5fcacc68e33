// Names of fields in CEL: what is a word of the language, or has other characters, is read by another name.
// Source: KEP-2876, "Field names".

/** What no name of a field may be in CEL. */
const reservedInCel: ReadonlySet<string> = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
);

/** The name under which an expression reads a property; undefined for what it cannot reach. */
export function celName(property: string): string | undefined {
  if (reservedInCel.has(property)) return `__${property}__`;
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(property)) return property.replaceAll('__', '__underscores__');
  if (!/^[A-Za-z_.\-/][A-Za-z0-9_.\-/]*$/.test(property)) return undefined;
  return property
    .replaceAll('__', '__underscores__')
    .replaceAll('.', '__dot__')
    .replaceAll('-', '__dash__')
    .replaceAll('/', '__slash__');
}

/** The property that a name of `celName` stands for. */
export function celProperty(name: string): string {
  const word = /^__(\w+)__$/.exec(name)?.[1];
  if (word && reservedInCel.has(word)) return word;
  return name
    .replaceAll('__dot__', '.')
    .replaceAll('__dash__', '-')
    .replaceAll('__slash__', '/')
    .replaceAll('__underscores__', '__');
}
