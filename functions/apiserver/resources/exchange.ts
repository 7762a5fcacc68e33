// One request on its way, as routes see it: what the stages in front of them found out about it (request-pipeline.ts).

import type { ResourceDefinition } from '../../../core/api/definition.ts';
import type { RequestContext } from '../../../core/registry/registry.ts';
import type { AuditRecord } from '../audit/audit.ts';
import type { MediaTypeOptions } from '../content/negotiate.ts';
import type { RoutedRequest } from '../http.ts';
import type { Query } from '../query.ts';
import type { RequestInfo } from '../request-info.ts';

export interface Exchange {
  readonly request: RoutedRequest;
  readonly info: RequestInfo;
  readonly query: Query;
  /** What the client accepts. */
  readonly mediaType: MediaTypeOptions;
  readonly context: RequestContext;
  /** Of the resource that it is about; undefined where we serve none of this name. */
  readonly definition: ResourceDefinition | undefined;
  /** Where it is written down. */
  readonly auditRecord?: Pick<AuditRecord, 'trail'> | undefined;
}
