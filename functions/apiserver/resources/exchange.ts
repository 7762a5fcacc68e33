// One request on its way: what the edge found out about it before a route takes it.

import type { RequestContext } from '../../../core/registry/registry.ts';
import type { Form } from '../content/negotiate.ts';
import type { RoutedRequest } from '../http.ts';
import type { Query } from '../query.ts';
import type { RequestInfo } from '../request-info.ts';

export interface Exchange {
  readonly request: RoutedRequest;
  readonly info: RequestInfo;
  readonly query: Query;
  readonly form: Form;
  readonly context: RequestContext;
}
