// A part of the API server that answers some of its requests.

import type { ApiResponse, UpgradeConnection } from './http.ts';
import type { RequestInfo } from './request-info.ts';
import type { Exchange } from './resources/exchange.ts';

/** Answers what it is given. */
export interface Answerer {
  respond(exchange: Exchange): Promise<ApiResponse>;
  /** Where it takes requests that leave HTTP. Resolves with a response when it refuses; else it has taken the connection over. */
  upgrade?(exchange: Exchange, connection: UpgradeConnection): Promise<ApiResponse | undefined>;
}

export interface Responder extends Answerer {
  serves(info: RequestInfo): boolean;
}

/** One that is loaded for the first request that it serves: many processes never see one. */
export function lazyResponder(serves: Responder['serves'], load: () => Promise<Required<Answerer>>): Responder {
  let loading: Promise<Required<Answerer>> | undefined;
  const loaded = () => {
    loading ??= load();
    return loading;
  };
  return {
    serves,
    respond: async (exchange) => (await loaded()).respond(exchange),
    upgrade: async (exchange, connection) => (await loaded()).upgrade(exchange, connection),
  };
}
