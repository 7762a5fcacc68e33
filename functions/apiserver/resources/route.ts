// What answers one verb of resources, and what it works with.

import type { Definitions, ResourceDefinition } from '../../../core/api/definition.ts';
import type { ReadEnvironment } from '../../../core/kinds/environment.ts';
import type { Histogram } from '../../../core/metrics/histogram.ts';
import type { Shares } from '../../../core/process/shares.ts';
import type { Registry, Target } from '../../../core/registry/registry.ts';
import type { TypeName } from '../../../core/store/store.ts';
import type { ApiResponse } from '../http.ts';
import type { Exchange } from './exchange.ts';

export type Route = (parts: RouteParts, exchange: Exchange, target: Target) => Promise<ApiResponse>;

export interface RouteParts {
  readonly registry: Registry;
  readonly definitions: Definitions;
  readonly watch: WatchLimits;
  readonly watchMeter: MeterWatch;
  readonly watches: Shares;
  readonly channel: FollowChannel | undefined;
  readonly watchElsewhere?: WatchElsewhere | undefined;
  readonly now: () => Date;
  /** What reads of the past work with. */
  readonly past: ReadEnvironment;
}

/** Where a process is not to hold a watch: what its client gets, such as a redirect. undefined: it is served here. */
export type WatchElsewhere = (exchange: Exchange, target: Target) => Promise<ApiResponse | undefined>;

export interface FollowChannel {
  /** A WebSocket. */
  readonly url: string;
  /** What it takes from who was allowed to watch a type. */
  ticketOf(type: TypeName): string;
}

export interface WatchLimits {
  /** Bookmarks come about this often. Default 60 s. */
  readonly bookmarkMs: number;
  /** A watch whose client names no time-out ends between once and twice this. Default 30 min. */
  readonly minTimeoutMs: number;
  /** A watch never lasts longer. Default: no limit (Lambda has one). */
  readonly maxTimeoutMs?: number;
  /** A watch without bookmarks says something that means nothing about this often, or ends where it cannot. Default: never. */
  readonly keepAliveMs?: number;
  /** Of all users together. One user may have a quarter of what it leaves free. */
  readonly atOnce: number;
}

export const defaultWatchLimits: WatchLimits = { bookmarkMs: 60_000, minTimeoutMs: 30 * 60_000, atOnce: 20_000 };

/** Where the bytes of a resource's events are counted. */
export type MeterWatch = (definition: ResourceDefinition) => { readonly bytes: Histogram };
