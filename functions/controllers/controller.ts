// The contract of a controller: what wakes it, and a pure function from a view of the cluster to what should be done.
// The loop that runs controllers is run.ts; actions are data, so that a test or a simulation can apply them to anything.

import type { DeleteOptions } from '../../core/kinds/delete-options.ts';
import type { KubeObject, ObjectMeta } from '../../core/machinery/object.ts';
import type { EventText, Regarding } from '../../core/registry/event-recorder.ts';
import type { PatchType } from '../../core/registry/registry.ts';
import type { ScalePaths } from '../../core/registry/scale.ts';
import type { TypeName } from '../../core/store/store.ts';
import type { TypeMap } from '../../generated/type-map.ts';

/** An object that is stored: what the API server sets is there. */
export type Live<T> = T & { metadata: ObjectMeta & { name: string; uid: string; resourceVersion: string } };

export type ObjectOf<T extends TypeName> = Live<T extends keyof TypeMap ? TypeMap[T] : KubeObject>;

export interface LabelSelector {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key: string; operator: string; values?: string[] }[];
}

/** A resource that is served, as controllers of any kind of object need to know it. */
export interface ServedType {
  readonly type: TypeName;
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /** Where it keeps its replicas, if it has the subresource `scale`. */
  readonly scale?: ScalePaths;
}

/**
 * A read-only view of some types of the cluster: nothing can be read through it that is not `Seen`. Objects are shared: never change one.
 * Functions and no methods, since those could be given a view of less than they ask for.
 */
export interface Snapshot<in Seen extends TypeName> {
  /** `namespace` is '' for cluster-scoped resources. */
  readonly get: <T extends Seen>(type: T, namespace: string, name: string) => ObjectOf<T> | undefined;
  /** Without `namespace`: all namespaces. Without `selector`: everything; an empty selector matches everything too. */
  readonly list: <T extends Seen>(type: T, namespace?: string, selector?: LabelSelector) => ObjectOf<T>[];
  /** Objects of a type with an ownerReference to `uid`. */
  readonly ownedBy: <T extends Seen>(type: T, uid: string) => ObjectOf<T>[];
  readonly podsOnNode: (this: Snapshot<'pods'>, node: string) => ObjectOf<'pods'>[];
  /** Whether a pod of this name was deleted a short while ago: such names are not given again at once. */
  readonly recentlyDeleted: (this: Snapshot<'pods'>, namespace: string, name: string) => boolean;
  /** All served resources, custom ones among them. */
  readonly types: readonly ServedType[];
}

export interface SnapshotEvent<T extends TypeName = TypeName> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: ObjectOf<T>;
  readonly previous?: ObjectOf<T>;
}

/** Which keys an event of `type` wakes. Pure; the snapshot already includes the event. */
export interface WatchRule<T extends TypeName = TypeName, Seen extends TypeName = TypeName> {
  /** '*': every served type. */
  readonly type: T;
  readonly keys: (event: SnapshotEvent, snapshot: Snapshot<Seen>, type: TypeName) => readonly string[];
}

/** Builds a rule whose event has the type's own fields. What it reads of other types is `Seen`. */
export function watch<T extends TypeName, Seen extends TypeName = never>(
  type: T,
  keys: (event: SnapshotEvent<T>, snapshot: Snapshot<T | Seen>) => readonly string[],
): WatchRule<T, T | Seen> {
  // The loop only hands a rule events of the rule's own type.
  return { type, keys: (event, snapshot) => keys(event as SnapshotEvent<T>, snapshot) };
}

/** Events to record depending on how a write ends. The failure's text is appended to `failure.message`. */
export interface Announcement {
  readonly regarding: Regarding;
  readonly success?: EventText;
  readonly failure?: EventText;
}

/**
 * What a controller wants done. `Written` are the types that it may write: of none, there are only events, conditions and the order of
 * things. Whether a type may be written says the compiler by `owns` (`defineController`), and once more the loop (`demandOwned`).
 */
export type Action<Written extends TypeName = never> =
  | {
      readonly do: 'create';
      readonly type: Written;
      readonly object: object;
      readonly announce?: Announcement;
      /** When it exists already: nothing is wrong, and nothing is to be done. Otherwise it counts as a conflict. */
      readonly existsIsFine?: boolean;
    }
  /** A whole object; its resourceVersion is the condition. `subresource` such as `status`, `approval`, `finalize`. */
  | {
      readonly do: 'update';
      readonly type: Written;
      readonly object: object;
      readonly subresource?: string;
      readonly announce?: Announcement;
    }
  | {
      readonly do: 'patch';
      readonly type: Written;
      readonly namespace: string;
      readonly name: string;
      readonly patchType: Exclude<PatchType, 'apply'>;
      readonly body: unknown;
      readonly subresource?: string;
      readonly announce?: Announcement;
    }
  /** An object that is gone already counts as done. */
  | {
      readonly do: 'delete';
      readonly type: Written;
      readonly namespace: string;
      readonly name: string;
      readonly options: DeleteOptions;
      readonly announce?: Announcement;
    }
  /** A condition without a write: holds when the object does not exist, or (given `uid`) is another one of the same name. */
  | {
      readonly do: 'expectAbsent';
      readonly type: TypeName;
      readonly namespace: string;
      readonly name: string;
      readonly uid?: string;
    }
  /** Every object of a type in a namespace, without looking which there are. */
  | { readonly do: 'deleteCollection'; readonly type: Written; readonly namespace: string }
  | { readonly do: 'event'; readonly regarding: Regarding; readonly event: EventText }
  /** Reconcile this key again after so many milliseconds. The soonest of several counts. */
  | { readonly do: 'requeue'; readonly afterMs: number }
  /** What follows is done only when everything before it succeeded. Without it, actions on different objects run together. */
  | { readonly do: 'barrier' };

export type AnyAction = Action<TypeName>;

/** A patch of one subresource, whatever type has it. */
export type SubresourcePatch<Subresource extends string> = Extract<AnyAction, { do: 'patch' }> & {
  readonly subresource: Subresource;
};

/** The actions of whoever declares to own `Owned`. */
type ActionOf<Owned extends TypeName> =
  | Action<'*' extends Owned ? TypeName : Exclude<Owned, `*/${string}`>>
  | (Owned extends `*/${infer Subresource}` ? SubresourcePatch<Subresource> : never);

/** Why the last attempt at this key failed: some controllers show it in a condition. */
export interface Failure {
  readonly reason: string;
  readonly message: string;
}

export interface Context {
  /** Unix time in milliseconds. */
  readonly now: number;
  /** Uniform in [0, 1). */
  random(): number;
  readonly failure?: Failure;
}

/**
 * A controller as its loop and the graph see it; `defineController` makes one. What it declares is all that it has: it reads what it
 * watches or reads, and writes what it owns.
 */
export interface Controller {
  readonly name: string;
  /** What events name as their source. Default `<name>-controller`. */
  readonly component?: string;
  /** The user that its writes are made by: `system:serviceaccount:kube-system:<name>` in Kubernetes' own words. */
  readonly user: string;
  readonly watches: readonly WatchRule[];
  /** Resources that it reads beyond those that it watches. '*': every served type. */
  readonly reads?: readonly (TypeName | '*')[];
  /**
   * The type of the objects that its keys name, where it makes or removes children of theirs by counting: what it writes of
   * other types commits only while this process holds the claim on the key's object (core/registry/write/owner-claim.ts).
   */
  readonly claims?: TypeName;
  /** The name of one claim for all of its keys, where what it gives to one must not be given to another: each write holds it. */
  readonly exclusive?: string;
  // Resources that it writes; any other write does not compile, and is refused where it is done (execute.ts). '*': all. '*/scale': that subresource of all.
  readonly owns: readonly TypeName[];
  readonly reconcile: Reconcile<TypeName, AnyAction>;
}

/** Gives a promise only where the answer comes from a computation that is asynchronous by nature (signing). */
type Reconcile<Seen extends TypeName, Wanted> = (
  snapshot: Snapshot<Seen>,
  key: string,
  context: Context,
) => readonly Wanted[] | Promise<readonly Wanted[]>;

/** What a declaration shows. */
type Shown<T extends TypeName> = '*' extends T ? TypeName : T;

interface Declaration<Watched extends TypeName, Read extends TypeName, Owned extends TypeName>
  extends Omit<Controller, 'watches' | 'reads' | 'owns' | 'reconcile'> {
  readonly watches: readonly WatchRule<Watched, NoInfer<Shown<Watched | Read>>>[];
  readonly reads?: readonly Read[];
  readonly owns: readonly Owned[];
  readonly reconcile: Reconcile<Shown<Watched | Read>, ActionOf<NoInfer<Owned>>>;
}

/** Its snapshot shows what it declares, it writes what it owns, and nothing else: all three are the compiler's to hold. */
export function defineController<
  Watched extends TypeName,
  Read extends TypeName = never,
  const Owned extends TypeName = never,
>(declaration: Declaration<Watched, Read, Owned>): Controller {
  return declaration;
}

/** Throws for a write that a controller does not declare: an error of ours, which its first test finds. */
export function demandOwned({ name, owns }: Pick<Controller, 'name' | 'owns'>, action: AnyAction): void {
  if (!('type' in action) || isOwned(owns, action)) return;
  throw new Error(`the controller ${name} wants to ${action.do} ${action.type}, which it does not declare in \`owns\``);
}

function isOwned(owns: readonly TypeName[], action: AnyAction): boolean {
  if (!('type' in action) || action.do === 'expectAbsent' || owns.includes('*') || owns.includes(action.type))
    return true;
  const { subresource } = 'subresource' in action ? action : { subresource: undefined };
  return subresource !== undefined && owns.includes(`*/${subresource}`);
}

/** The name of a user that is a service account of kube-system. */
export function controllerUser(name: string): string {
  return `system:serviceaccount:kube-system:${name}`;
}

/** `namespace/name`, or `name` for a cluster-scoped object. */
export function keyOf(object: { metadata?: { namespace?: string; name?: string } }): string {
  const { namespace, name = '' } = object.metadata ?? {};
  return namespace ? `${namespace}/${name}` : name;
}

export function splitKey(key: string): { namespace: string; name: string } {
  const slash = key.indexOf('/');
  return slash < 0 ? { namespace: '', name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** The object itself wakes its own key. */
export function watchSelf<T extends TypeName>(type: T): WatchRule<T, never> {
  return { type, keys: ({ object }) => [keyOf(object)] };
}

/** A child wakes its controller of this kind, the one before too when it changed. */
export function watchChildren<T extends TypeName>(type: T, group: string, kind: string): WatchRule<T, never> {
  return {
    type,
    keys: ({ object, previous }) => {
      const keys = new Set<string>();
      for (const each of previous ? [object, previous] : [object]) {
        const owner = each.metadata.ownerReferences?.find((reference) => reference.controller);
        if (owner?.kind === kind && groupOf(owner.apiVersion) === group) {
          keys.add(each.metadata.namespace ? `${each.metadata.namespace}/${owner.name}` : owner.name);
        }
      }
      return [...keys];
    },
  };
}

/** The group of an apiVersion: `apps` of `apps/v1`, '' of `v1`. */
export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? '' : apiVersion.slice(0, slash);
}

/** What an event about a stored object refers to. */
export function regarding(apiVersion: string, kind: string, object: Live<object>): Regarding {
  const { namespace, name, uid } = object.metadata;
  return { apiVersion, kind, ...(namespace && { namespace }), name, uid };
}
