// A served resource: what a row of discovery, a route, a table and a validator are derived from.
// Built-in types come from the generated schema and the folders of core/kinds; custom resources add rows at run time.

import type { Looks } from '../machinery/jsonpath.ts';
import type { KubeObject } from '../machinery/object.ts';
import type { Schema } from '../machinery/schema.ts';
import type { TypeName } from '../store/store.ts';

export type Verb = 'create' | 'delete' | 'deletecollection' | 'get' | 'list' | 'patch' | 'update' | 'watch';

/** What cells may still cost: what custom columns look at and show is their author's choice, and how often they do. */
export interface CellWork {
  /** That the cells of this row may look at. */
  readonly looks: Looks;
  /** Characters that this Table may still show of them. */
  characters: number;
}

/** A printer column (metav1.TableColumnDefinition), with how its cell is found. */
export interface Column {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  readonly format?: string;
  readonly description?: string;
  /** 0 = always shown, 1 = with -o wide. */
  readonly priority: number;
  /** The cell of one object; dates as the time itself (the printer turns it into an age). */
  readonly cell: (object: KubeObject, now: Date, work?: CellWork) => string | number | bigint | boolean | null;
}

export interface Subresource {
  /** `status`, `scale`, `binding`, `eviction`, `log`, `exec`, ... */
  readonly name: string;
  readonly verbs: readonly string[];
  /** The kind that its body has, where it is not the resource's own: `autoscaling/v1` Scale, `policy/v1` Eviction. */
  readonly group?: string;
  readonly version?: string;
  readonly kind: string;
  /** The OpenAPI name of its body; absent where there is none, as for connections. */
  readonly model?: string;
}

/** Between a version that is served and the one that is stored. */
export interface Conversion {
  readonly toStorage: (object: KubeObject) => KubeObject | Promise<KubeObject>;
  readonly fromStorage: (object: KubeObject) => KubeObject | Promise<KubeObject>;
}

export interface ResourceDefinition {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly listKind: string;
  /** The plural name in paths. */
  readonly resource: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  readonly verbs: readonly Verb[];
  readonly subresources: readonly Subresource[];
  readonly schema: Schema;
  /** Of what is no built-in type: those have theirs by `columnsOf`. */
  readonly columns?: readonly Column[];
  /** Fields that field selectors may name, with how they are read. `metadata.name` and `metadata.namespace` are always there. */
  readonly selectableFields: Readonly<Record<string, (object: KubeObject) => string>>;
  /** What is said of other fields, where it is not what most kinds say: see Kind. */
  readonly unselectable?: string;
  /** The log that holds it, shared by all versions: `pods`, `apps/deployments`. */
  readonly type: TypeName;
  /** The version its stored form has. Where it is not `version`, `convert` goes between. */
  readonly storageVersion: string;
  readonly convert?: Conversion;
  /**
   * Set where stored objects may differ from what this version shows, even when it is the stored one: written in another
   * version, or before the schema got a default. Gives the object itself when there is nothing to do; never changes it.
   */
  readonly revise?: ((object: KubeObject) => KubeObject | Promise<KubeObject>) | undefined;
  /** Set for custom resources: the CustomResourceDefinition's name. */
  readonly customResource?: string;
  /** Values of its schema may take CEL or regular expressions to validate (core/machinery/expressions.ts). */
  readonly expressions?: boolean;
  /** The custom resource is about to go: objects can no longer be made. */
  readonly terminating?: boolean;
  /** Where a custom resource with the subresource `scale` keeps what it scales by. Built-in kinds: `spec.replicas`, `status.replicas`. */
  readonly scale?: {
    readonly specReplicasPath: readonly string[];
    readonly statusReplicasPath: readonly string[];
    /** A label selector in its text form. */
    readonly labelSelectorPath?: readonly string[];
  };
  /** Sent as a warning with every answer of this version. */
  readonly deprecationWarning?: string;
}

/** All served resources. One per process; custom resources come and go. */
export interface Definitions {
  find(group: string, version: string, resource: string): ResourceDefinition | undefined;
  findKind(group: string, version: string, kind: string): ResourceDefinition | undefined;
  /** The definition that a log's stored objects have. */
  ofType(type: TypeName): ResourceDefinition | undefined;
  all(): readonly ResourceDefinition[];
  /** Adds or replaces the definitions of one custom resource definition. */
  setCustom(name: string, definitions: readonly ResourceDefinition[]): void;
  removeCustom(name: string): void;
  /** Told of what is no longer served: whoever keeps something of it gives it up. The result ends that. */
  onGone(listener: (gone: readonly ResourceDefinition[]) => void): () => void;
  /** Rises when the set changes: discovery and OpenAPI documents are rebuilt when they see a new one. */
  readonly generation: number;
}
