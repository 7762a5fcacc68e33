// A model as the generator writes it: fields and texts of @kubernetes/client-node, facts of core/api/published and of the kinds' fields.ts.

import type { Json } from '../machinery/object.ts';

export interface ModelRow {
  /** OpenAPI name, such as `io.k8s.api.core.v1.Pod`. */
  readonly name: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly required: readonly string[];
  /** Server-side apply replaces it whole, wherever it stands. */
  readonly atomic?: true;
  /** Its numbers are not pointers in Go, so that defaulting cannot tell 0 from absent. */
  readonly zeroIsUnset?: true;
  readonly go?: GoNames;
  /** By field. */
  readonly facts?: Readonly<Record<string, RowFacts>>;
  /** By path below it, of structs that other models share and that have the default here alone. */
  readonly defaults?: Readonly<Record<string, Json>>;
}

/**
 * How Go's JSON writes fields. `omitted`: left out while empty ('', 0, false, [], {}). `zero`, `struct`, `nil`: always written, as a zero
 * scalar, as an object, as null. All others are pointers, which are left out when they are nil.
 */
export type GoNames = Readonly<Partial<Record<'omitted' | 'zero' | 'struct' | 'nil', readonly string[]>>>;

export interface RowFacts {
  /** A list that is merged by element, as a set or by these keys. Every other list is atomic. */
  readonly list?: 'set' | readonly string[];
  /** What a strategic merge patch does, and by which key. */
  readonly patch?: { readonly strategy: string; readonly key?: string };
  readonly map?: 'atomic' | 'granular';
  /** It holds a quantity, a map of quantities, or a list of them: the client package calls them strings. */
  readonly quantity?: true;
  readonly enum?: readonly string[];
  readonly default?: Json;
  /**
   * Whether OpenAPI publishes its zero value as a default, where that is not whether it is required: Kubernetes' generator says so of what
   * is no pointer and always written.
   */
  readonly publishesZero?: boolean;
}
