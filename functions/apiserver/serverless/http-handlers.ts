// An API server as handlers of API Gateway's integrations: answers that are streamed, and answers that are whole.

import middy from '@middy/core';
import { executionModeStreamifyResponse } from '@middy/core/StreamifyResponse';
import { statusCodes } from '../../../core/machinery/status.ts';
import type { Log } from '../../../core/process/log.ts';
import type { InvocationContext } from '../../../core/work/invocation.ts';
import type { Meter } from '../../../core/work/meter.ts';
import type { ApiResponse } from '../http.ts';
import { type GatewayEvent, toApiRequest } from './gateway-event.ts';
import { toBuffered, toStreamed } from './gateway-response.ts';
import { requestMiddleware } from './request-middleware.ts';
import type { ServerlessApi } from './serverless-api.ts';

/** A stream ends this long before its function's time is over, so that its client sees an end and no break. */
const reserveMs = 5_000;

type Respond<T> = (response: ApiResponse, done: () => void) => Promise<T>;

export function httpHandlers(api: ServerlessApi, meter: Meter, log: Log) {
  async function answer<T>(event: GatewayEvent, context: InvocationContext, respond: Respond<T>): Promise<T> {
    // Nobody tells a function that its client left, or that its time is over.
    const ending = new AbortController();
    const timer = setTimeout(() => ending.abort(), Math.max(0, context.getRemainingTimeInMillis() - reserveMs));
    const done = () => {
      clearTimeout(timer);
      api.answered();
    };
    try {
      const response = await api.handle(toApiRequest(event, ending.signal));
      if (isOurFailure(response.status)) meter.failed(reasonOf(response.status));
      return await respond(response, done);
    } catch (error) {
      done();
      throw error;
    }
  }

  return {
    stream: middy({ executionMode: executionModeStreamifyResponse })
      .use(requestMiddleware(meter, log, { streams: true }))
      .handler((event, context) => {
        // as: only API Gateway's integrations invoke this function.
        return answer(event as GatewayEvent, context, async (response, done) =>
          toStreamed(response, () => {
            done();
            meter.end();
          }),
        );
      }),
    buffered: middy()
      .use(requestMiddleware(meter, log))
      .handler((event, context) => {
        // as: as above.
        return answer(event as GatewayEvent, context, async (response, done) => {
          const result = await toBuffered(response);
          done();
          return result;
        });
      }),
  };
}

/** 501 is what this cluster cannot do: the client's request, and no failure. */
function isOurFailure(code: number): boolean {
  return code >= 500 && code !== 501;
}

function reasonOf(code: number): string {
  return Object.entries(statusCodes).find(([, each]) => each === code)?.[0] ?? 'InternalError';
}
