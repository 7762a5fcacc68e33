// A part of the API server that answers some of its requests.

import type { ApiResponse, UpgradeConnection } from './http.ts';
import type { RequestInfo } from './request-info.ts';
import type { Exchange } from './resources/exchange.ts';

export interface Responder {
  serves(info: RequestInfo): boolean;
  respond(exchange: Exchange): Promise<ApiResponse>;
  /** Where it takes requests that leave HTTP. Resolves with a response when it refuses; else it has taken the connection over. */
  upgrade?(exchange: Exchange, connection: UpgradeConnection): Promise<ApiResponse | undefined>;
}
