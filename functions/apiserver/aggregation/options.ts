// What aggregation needs from outside.

import type { Definitions } from '../../../core/api/definition.ts';
import type { ExtensionVersion } from '../../../core/api/extensions.ts';
import type { Log } from '../../../core/process/log.ts';
import type { Reach } from '../../../core/registry/reach.ts';
import type { Registry } from '../../../core/registry/registry.ts';
import type { Replica, Replicas } from '../../../core/replica/replica.ts';
import type { Stored } from '../../../core/replica/stored-type.ts';
import type { FrontProxy } from './connection.ts';
import type { ExtensionServer } from './extension-server.ts';

export const apiServices = 'apiregistration.k8s.io/apiservices';

export interface AggregationOptions {
  readonly registry: Registry;
  readonly definitions: Definitions;
  readonly replicas: Replicas;
  /** The way to the endpoints of their Services. */
  readonly reach: Reach;
  readonly frontProxy: FrontProxy;
  readonly log?: Log | undefined;
  readonly now: () => Date;
  /** Who knows of the servers behind them. Default: they are followed here. */
  readonly servers?: OpenServers;
}

/** `changed` is called after anything that discovery tells has changed. */
export type OpenServers = (
  options: AggregationOptions,
  replica: Replica<Stored<typeof apiServices>>,
  changed: () => void,
) => Promise<ExtensionServers>;

export interface ExtensionServers {
  find(name: string): ExtensionServer | undefined;
  versions(): readonly ExtensionVersion[];
  v3Paths(): Readonly<Record<string, string>>;
  v2(): Promise<readonly unknown[]>;
  close(): void;
}

/** Those of the process, or what stands for them where it does not last. */
export interface Timers {
  setTimeout(callback: () => void, ms: number): unknown;
  clearTimeout(handle: unknown): void;
}
