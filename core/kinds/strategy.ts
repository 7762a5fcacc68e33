// What is particular to a kind: defaults that depend on other fields, what a write may change, validation, and how it ends.
// Everything else follows from its definition. Strategies work on the stored version.

import type { UserInfo } from '../authorization/user-info.ts';
import type { FieldError } from '../machinery/field-error.ts';
import type { Int64, KubeObject } from '../machinery/object.ts';
import type { Steps } from '../machinery/steps.ts';
import type { Write } from '../store/store.ts';
import type { DeleteOptions } from './delete-options.ts';
import type { Environment } from './environment.ts';

/** The part of a write that a strategy may look at beside the objects. */
export interface Situation {
  readonly env: Environment;
  readonly user: UserInfo;
  readonly now: Date;
  /** Empty for the object itself. */
  readonly subresource: string;
  readonly dryRun: boolean;
  /** Warnings for the client. */
  readonly warn: (text: string) => void;
}

export interface StrategyOf<T> {
  /** Conditional defaults, after the schema's own. Must give the same result when it runs again. */
  readonly defaults?: (object: T, old?: T) => void;
  /** Fields that a client may not set on create are dropped here; `status` is dropped before, unless `keepStatus`. */
  readonly prepareForCreate?: (object: T, situation: Situation) => void;
  readonly prepareForUpdate?: (object: T, old: T, situation: Situation) => void;
  /** What of `validate` takes long for a large object, or for any with expressions, done in steps right before it. */
  readonly ahead?: (object: T) => Steps<void>;
  /** Runs for create and update of the object itself. `group`: of the API that the client speaks, where a type is served in several. */
  readonly validate?: (object: T, old: T | undefined, group?: string) => FieldError[];
  /** What may not change, for an update of anything but status. */
  readonly validateUpdate?: (object: T, old: T, subresource: string) => FieldError[];
  readonly validateStatus?: (object: T, old: T) => FieldError[];
  readonly validateName?: (name: string, prefix: boolean) => string[];
  readonly warnings?: (object: T, old: T | undefined) => string[];
  /** Other keys that must be written in the same commit (allocations). Called again when one of them had a conflict. */
  readonly companions?: (situation: Situation, object: T, old: T | undefined) => Promise<Write[]>;
  /** The same for a delete: what it releases. */
  readonly release?: (situation: Situation, object: T) => Promise<Write[]>;
  /** What it is read by without the type's others (core/store/groups.ts): the node that a pod is bound to. */
  readonly groupOf?: (object: T) => string | undefined;
  /** Whether a change of the spec raises metadata.generation. */
  readonly generation?: boolean;
  /** Whether `status` may be set on create (kinds without the subresource do not need it). */
  readonly keepStatus?: boolean;
  /** Whether objects of the kind hold expressions (CEL, patterns), which its validation compiles. */
  readonly expressions?: boolean;
  readonly createOnUpdate?: boolean;
  /** An update must name its resource version. */
  readonly conditionalUpdate?: boolean;
  /** Where a delete says nothing. Default Background. */
  readonly propagation?: 'Orphan' | 'Background';
  /** Seconds between the request to delete and the delete; undefined = at once, without marking. */
  readonly gracePeriod?: (object: T, options: DeleteOptions) => Int64;
  /** Whether the object stays, marked, until this says no (namespaces: until spec.finalizers is empty). */
  readonly holds?: (object: T) => boolean;
  readonly beforeDelete?: (object: T, situation: Situation) => void;
  /** Unix time in seconds at which it ends by itself (events). */
  readonly expiresAt?: (object: T, situation: Situation) => number;
}

export type Strategy = StrategyOf<KubeObject>;

/** A strategy written against a kind's own type. */
export function strategyFor<T>(of: StrategyOf<T>): Strategy {
  // The registry gives a strategy only objects of the type it is registered for, validated against its schema.
  return of as unknown as Strategy;
}
