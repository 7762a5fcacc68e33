// A failure of the entry point itself, such as an event that is no request: answered as a Status, like every other.

import { StatusError } from '../../../core/machinery/status.ts';
import type { Log } from '../../../core/work/log.ts';

export function answerFailure(log: Log) {
  return {
    onError: (request: { readonly error: unknown; response: unknown }): void => {
      log.error({ err: request.error }, 'an invocation failed before the API server answered');
      const { status } = new StatusError(
        'InternalError',
        'an error on the server has prevented the request from succeeding',
      );
      request.response = {
        statusCode: 500,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(status),
      };
    },
  };
}
