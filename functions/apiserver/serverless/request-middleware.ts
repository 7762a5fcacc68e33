// What every function that answers requests does around them.

import { StatusError } from '../../../core/machinery/status.ts';
import type { Log } from '../../../core/process/log.ts';
import { logInvocation, meterInvocations } from '../../../core/work/invocation.ts';
import type { Meter } from '../../../core/work/meter.ts';

/** What stands before the handler of a function that answers requests, from the outside in. */
export function requestMiddleware(meter: Meter, log: Log, { streams = false } = {}) {
  return [meterInvocations(meter, { streams }), logInvocation(log, Date.now), answerFailure(log)];
}

/** A failure of the entry point itself, such as an event that is no request: answered as a Status, like every other. */
function answerFailure(log: Log) {
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
