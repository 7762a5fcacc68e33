// The Registry contract: reads and writes, behind HTTP. The API server calls it for requests; controllers and
// the scheduler call it in process, as the users that they are, so that admission and validation see their writes too.

import type { ResourceDefinition } from '../api/definition.ts';
import type { Authorizer } from '../authorization/authorizer.ts';
import type { UserInfo } from '../authorization/user-info.ts';
import type { DeleteOptions } from '../kinds/delete-options.ts';
import type { KubeObject } from '../machinery/object.ts';
import type { Entry, Watch } from '../replica/replica.ts';
import type { Check } from '../store/store.ts';

/** Who asks, and what goes back beside the answer. One per request. */
export interface RequestContext {
  readonly user: UserInfo;
  /** Sent as `Warning` headers (RFC 7234, KEP-1693). */
  readonly warnings: string[];
  /**
   * A condition on another key that every commit of this request carries. When it no longer holds the request fails with a
   * Conflict that `isOwnerClaimLost` knows, and nothing was written (see write/owner-claim.ts).
   */
  readonly claim?: Check;
  /** Its body is large: what works on it lets others run in between (core/machinery/steps.ts). Set by whoever reads the body. */
  large?: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Who says what the user may do, where a write or an expression of admission asks. Default: RBAC alone. */
  readonly authorizer?: Authorizer | undefined;
  /** Audit annotations, by key. */
  readonly audit?: Record<string, string> | undefined;
  /** Absent for parts of the control plane. */
  readonly origin?: Origin | undefined;
  /** What admission webhooks took of this request: added up where it is there. */
  readonly webhooks?: { seconds: number } | undefined;
}

/** Where a request came from, as it goes into the log beside what it wrote. */
export interface Origin {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly auditID: string;
  /** The other end of the connection. */
  readonly sourceIP?: string | undefined;
  readonly userAgent?: string | undefined;
  /** Who acts as the user. */
  readonly impersonatedBy?: string | undefined;
}

export interface Target {
  readonly definition: ResourceDefinition;
  /** Required for a namespaced resource, except when listing all namespaces. */
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: string;
}

export interface WriteOptions {
  readonly dryRun?: boolean;
  readonly fieldManager?: string;
  /** Default Warn, as in Kubernetes for clients that say nothing. */
  readonly fieldValidation?: 'Ignore' | 'Warn' | 'Strict';
  /** What the text of a patch has twice, and fields of its operations that are none: told with what is wrong with the result. */
  readonly patchFaults?: readonly string[];
  /** Server-side apply: take over fields that others manage. */
  readonly force?: boolean;
  /** For a pod's binding: the claim on the node that must still hold when it commits (see subresources/node-claim.ts). */
  readonly nodeClaim?: Check;
  /** For a pod's binding: the pod as its scheduler sees it, whose reading is saved while it is that. */
  readonly seen?: SeenObject | undefined;
}

/** An object as a replica has it. */
export type SeenObject = Pick<Entry, 'revision' | 'bytes'>;

export type PatchType = 'json' | 'merge' | 'strategic' | 'apply';

export interface ListOptions {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly limit?: number;
  readonly continue?: string;
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: 'Exact' | 'NotOlderThan';
}

export interface WatchOptions {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: 'Exact' | 'NotOlderThan';
  readonly sendInitialEvents?: boolean;
  readonly allowWatchBookmarks?: boolean;
  /** Not for watches: it is refused beside a match. */
  readonly continue?: string;
  /** Everything that was written before the call is to be seen, from whatever version it begins. */
  readonly upToDate?: boolean;
  /** It begins after exactly `resourceVersion`, without any state before, also where that is 0: before everything. */
  readonly goesOn?: boolean;
}

/** A change of one object by what it is at that moment: all of it is done again with what is there after a conflict. */
export interface Modification {
  /** Throws where the object is not what is to be changed. It may not change it. */
  readonly check?: (existing: KubeObject) => void;
  /**
   * The new object from a private copy of the present one, both in the requested version; undefined: it is as it should be. `large`: it does
   * that in turns with others.
   */
  readonly build: (existing: KubeObject, large: boolean) => KubeObject | undefined | Promise<KubeObject | undefined>;
  /** What is created where there is nothing to change; default NotFound. */
  readonly otherwise?: () => KubeObject | Promise<KubeObject>;
}

export interface GetOptions {
  readonly resourceVersion?: string;
}

/** One object as it is stored or was written, in the version of the target's definition. */
export interface Outcome {
  readonly object: KubeObject;
  readonly bytes: Uint8Array;
}

export interface ListOutcome {
  readonly entries: readonly Entry[];
  readonly resourceVersion: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

export interface WatchOutcome {
  /** State to send as ADDED before the events, where the options ask for it. */
  readonly initial: readonly Entry[];
  /** Whether the initial events end with a bookmark annotated `k8s.io/initial-events-end`. */
  readonly initialBookmark: boolean;
  readonly resourceVersion: string;
  /** All up to this revision is in `initial` or waits in `watch`; undefined where events have to be converted first, by somebody else. */
  readonly reached?: number;
  readonly watch: Watch;
}

export interface DeleteOutcome extends Outcome {
  /** False when the object stays for now: graceful deletion, or finalizers. */
  readonly deleted: boolean;
}

/** Every method fails with a StatusError. */
export interface Registry {
  /** At `resourceVersion` or newer, where one is asked for. */
  get(context: RequestContext, target: Target, options?: GetOptions): Promise<Outcome>;
  list(context: RequestContext, target: Target, options: ListOptions): Promise<ListOutcome>;
  watch(context: RequestContext, target: Target, options: WatchOptions): Promise<WatchOutcome>;
  create(context: RequestContext, target: Target, object: KubeObject, options?: WriteOptions): Promise<Outcome>;
  /** `created` when the resource allows creation by update. */
  update(
    context: RequestContext,
    target: Target,
    object: KubeObject,
    options?: WriteOptions,
  ): Promise<Outcome & { created: boolean }>;
  /** Reads, changes and writes one object, whatever others do to it meanwhile. `created` when it was made. */
  modify(
    context: RequestContext,
    target: Target,
    change: Modification,
    options?: WriteOptions,
  ): Promise<Outcome & { created: boolean }>;
  /** `body` is the parsed patch: an array for `json`, else an object. `created` when an apply made the object. */
  patch(
    context: RequestContext,
    target: Target,
    type: PatchType,
    body: unknown,
    options?: WriteOptions,
  ): Promise<Outcome & { created: boolean }>;
  /**
   * Admits a request that stores nothing: a review or the request for a token (CREATE), or a connection, with the options that the client
   * sends (CONNECT). Gives `object` as mutating admission left it.
   */
  admit(
    context: RequestContext,
    target: Target,
    operation: 'CREATE' | 'CONNECT',
    object: KubeObject,
    options?: WriteOptions,
  ): Promise<KubeObject>;
  delete(context: RequestContext, target: Target, options?: DeleteOptions): Promise<DeleteOutcome>;
  deleteCollection(
    context: RequestContext,
    target: Target,
    list: ListOptions,
    options?: DeleteOptions,
  ): Promise<readonly Outcome[]>;
}
