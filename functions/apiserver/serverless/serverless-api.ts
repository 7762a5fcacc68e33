// What answers requests in a process that may stand still between them.

import type { ApiRequest, ApiResponse } from '../http.ts';

export interface ServerlessApi {
  /** Never rejects. Resolves when the workers got their wake-ups for what it wrote. */
  handle(request: ApiRequest): Promise<ApiResponse>;
  /** The whole answer was given, and the process may stand still from now on: writes what it would still have to tell. */
  answered(): void;
}
