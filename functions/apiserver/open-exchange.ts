// The one value that a request is from its first stage to its last: each stage reads what the ones before it wrote.

import type { ResourceDefinition } from '../../core/api/definition.ts';
import type { Authorizer } from '../../core/authorization/authorizer.ts';
import type { UserInfo } from '../../core/authorization/user-info.ts';
import type { Origin, RequestContext } from '../../core/registry/registry.ts';
import type { AuditRecord } from './audit/audit.ts';
import { type MediaTypeOptions, plainJson } from './content/negotiate.ts';
import type { Flow } from './flow-control/flow-control.ts';
import type { ApiRequest, UpgradeConnection } from './http.ts';
import { parseQuery, Query } from './query.ts';
import { type RequestInfo, unreadInfo } from './request-info.ts';
import type { Exchange } from './resources/exchange.ts';

/** Whoever has not been found out yet: no authorizer gives this name anything, not even what anonymous users have. */
export const nobody: UserInfo = { username: '', groups: [] };

/** A class with all of its fields from the start, since one is made for every request. To routes it is an Exchange, to the registry a context. */
export class OpenExchange implements Exchange, RequestContext {
  readonly request: ApiRequest;
  readonly connection: UpgradeConnection | undefined;
  readonly authorizer: Authorizer;
  readonly auditID: string;
  /** By performance.now(). */
  readonly started = performance.now();
  info: RequestInfo = unreadInfo;
  query: Query = noQuery;
  user: UserInfo = nobody;
  /** Whom the user is, where they act as another. */
  impersonator: string | undefined = undefined;
  authorized = false;
  mediaType: MediaTypeOptions = plainJson;
  definition: ResourceDefinition | undefined = undefined;
  readonly warnings: string[] = [];
  /** What webhooks took of it, and how long it waited for its seats, in seconds. */
  readonly webhooks = { seconds: 0 };
  waitedSeconds = 0;
  auditRecord: AuditRecord | undefined = undefined;
  flow: Flow | undefined = undefined;
  /** It has the seats of its flow. */
  seated = false;
  /** It is counted among those that run, which long running ones are not. */
  running = false;
  /** Of its body: what was taken from the room that all bodies share. */
  bodyBytes = 0;
  /** Ends its hold on a share of requests that last. */
  release: (() => Promise<void>) | undefined = undefined;

  constructor(request: ApiRequest, connection: UpgradeConnection | undefined, authorizer: Authorizer, auditID: string) {
    this.request = request;
    this.connection = connection;
    this.authorizer = authorizer;
    this.auditID = auditID;
  }

  get context(): RequestContext {
    return this;
  }

  /** For what it writes: most requests read. */
  get origin(): Origin {
    const { verb, group, resource, subresource } = this.info;
    const { remoteAddress, headers } = this.request;
    return {
      verb,
      group,
      resource,
      subresource,
      auditID: this.auditID,
      sourceIP: remoteAddress?.startsWith('::ffff:') ? remoteAddress.slice(7) : remoteAddress,
      userAgent: headers['user-agent'],
      impersonatedBy: this.impersonator,
    };
  }

  get audit(): Record<string, string> | undefined {
    return this.auditRecord?.annotations;
  }

  /** Asked of the request only where it is used: making one has a price. */
  get signal(): AbortSignal | undefined {
    return this.request.signal;
  }
}

const noQuery = new Query(parseQuery(''));
