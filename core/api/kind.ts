// What a built-in type declares of itself, in the file kind.ts of its folder. `npm run generate` reads them all: what has no such file is
// not served. Its code stands beside it: strategy.ts (validation, defaults that depend on other fields), columns.ts (kubectl's table),
// conversion.ts (between versions), fields.ts (facts of its fields). Fields and paths come from @kubernetes/client-node.

export interface Kind {
  /** '' for the core group. */
  readonly group: string;
  /** The versions that are served. */
  readonly versions: readonly string[];
  readonly kind: string;
  /** The singular name is the kind in lower case everywhere. */
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  /** Fields that field selectors may name, beside metadata.name and metadata.namespace, which every resource has. */
  readonly selectableFields?: readonly (string | SelectableField)[];
  /** What is said of a field that is none of them, `%s` for its name and `%q` for that in quotes; where it is not what most kinds say. */
  readonly unselectable?: string;
  /** Where paths do not tell the verbs. */
  readonly verbs?: readonly string[];
  /** Where it is stored, if that is not under its own name in its only version. */
  readonly storage?: { readonly type?: string; readonly version: string };
}

export interface SelectableField {
  /** As selectors name it. */
  readonly name: string;
  /** Where it stands in the stored form of the object, if that is not its name; '' where selectors may name it and see nothing. */
  readonly path?: string;
  /** Where it is read when it is empty there. */
  readonly otherwise?: string;
  /** What a selector sees where the field is absent: Go's zero value of its type. */
  readonly zero?: string;
}
