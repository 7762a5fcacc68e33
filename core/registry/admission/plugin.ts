// Admission: plugins that may change or refuse a write before it is stored. The chain is a list; webhooks and policies are rows of it.

import type { TypeMap } from '../../../generated/type-map.ts';
import type { ResourceDefinition } from '../../api/definition.ts';
import type { DeleteOptions } from '../../kinds/delete-options.ts';
import type { Environment } from '../../kinds/environment.ts';
import type { Strategy } from '../../kinds/strategy.ts';
import type { KubeObject } from '../../machinery/object.ts';
import type { TypeName, Write } from '../../store/store.ts';
import type { RequestContext } from '../registry.ts';
import type { WebhookCaller } from '../webhooks/caller.ts';
import type { AdmissionMetrics } from './metrics.ts';
import type { Operation } from './operation.ts';

export interface Attributes {
  readonly operation: Operation;
  readonly context: RequestContext;
  /** As requested. */
  readonly definition: ResourceDefinition;
  readonly namespace: string;
  readonly name: string;
  /** Empty for the object itself. */
  readonly subresource: string;
  readonly dryRun: boolean;
  /**
   * In the stored version. A mutating plugin changes it in place. Undefined for DELETE. For a subresource that takes a body of its own
   * (Binding, Eviction, TokenRequest), that body; for a connection, its options.
   */
  readonly object: KubeObject | undefined;
  /** In the stored version. Never change it. */
  readonly old: KubeObject | undefined;
  readonly deleteOptions?: DeleteOptions;
  /** Writes of other keys that must happen in the same commit. */
  readonly companions: Write[];
}

/** The same of one type, for a plugin that looks at objects of that type: it asks for `subresource` first, whose bodies may be others. */
export type AttributesOf<T extends keyof TypeMap> = Omit<Attributes, 'object' | 'old'> & {
  readonly object: TypeMap[T] | undefined;
  readonly old: TypeMap[T] | undefined;
};

/** Whether a write is of a type, whose objects it then has: what is stored, or about to be, was validated as its type. */
export function isOfType<T extends keyof TypeMap>(
  attributes: Attributes,
  type: T,
): attributes is Attributes & AttributesOf<T> {
  return attributes.definition.type === type;
}

declare const passed: unique symbol;

/**
 * What passed every check of a write: `validate` of chain.ts gives it, and nothing commits without it (write/commit.ts). Each attempt of a
 * write gets its own, for the objects of that attempt.
 */
export type Admitted = Attributes & { readonly [passed]: true };

export interface AdmissionPlugin {
  readonly name: string;
  readonly operations: readonly Operation[];
  /** The types it wants to see; undefined = all. */
  readonly types?: readonly TypeName[];
  readonly mutate?: (attributes: Attributes, env: WriteEnvironment) => void | Promise<void>;
  /** Refuses by throwing a StatusError. */
  readonly validate?: (attributes: Attributes, env: WriteEnvironment) => void | Promise<void>;
}

/** Plugins that are loaded before the first write of one of these types: nobody else waits for them, or carries them. */
export interface LatePlugins {
  /** All that one of them wants to see. */
  readonly types: readonly TypeName[];
  /** In the order in which they run. */
  readonly load: () => Promise<readonly AdmissionPlugin[]>;
}

export type AdmissionRow = AdmissionPlugin | LatePlugins;

/** What a write needs. Strategies and allocation see only the Environment, and so no way back into admission. */
export interface WriteEnvironment extends Environment {
  readonly admission: readonly AdmissionRow[];
  readonly admissionMetrics?: AdmissionMetrics;
  readonly callWebhook: WebhookCaller;
  strategyOf(definition: ResourceDefinition): Strategy;
}
