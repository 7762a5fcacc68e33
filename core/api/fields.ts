// What fields.ts of a kind's folder says of the fields of its models, where no published source does: Kubernetes sets these defaults and
// refuses other values in code. List types, merge keys, what is written while it is empty and the like come from core/api/published.

import type { Json } from '../machinery/object.ts';

/** By model (`V1DeploymentSpec`) and field. A path instead of a field counts below this model alone, where the struct at it is shared. */
export type Fields = Readonly<Record<string, Readonly<Record<string, FieldFacts>>>>;

export interface FieldFacts {
  /** What it gets when a write leaves it out and that depends on nothing else; other defaults are the strategy's. */
  readonly default?: Json;
  /** The only strings that it takes, sorted as Kubernetes' messages have them. */
  readonly enum?: readonly string[];
  /** A list, map or pointer without `omitempty` that a valid object may lack: it is written as null. */
  readonly nil?: true;
}
