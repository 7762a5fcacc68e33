// What API Gateway answers by itself, without asking a function, as Kubernetes' clients read it. With Retry-After only where nothing
// was done for certain: client-go sends a request again then, writes as well.
// Source: API Gateway developer guide, "Gateway response types"; client-go, rest/with_retry.go.

import { StatusError, type StatusReason } from '../core/machinery/status.ts';

interface Answer {
  readonly reason: StatusReason;
  readonly message: string;
  readonly retryAfterSeconds?: number;
}

const busy = { reason: 'TooManyRequests', retryAfterSeconds: 1 } as const;

/** By the type of the gateway's response. */
export const gatewayAnswers = {
  THROTTLED: {
    ...busy,
    message: 'the API takes no more requests a second: -c requestsPerSecond and burst say how many',
  },
  QUOTA_EXCEEDED: { ...busy, message: 'the quota of requests is used up' },
  REQUEST_TOO_LARGE: { reason: 'RequestEntityTooLarge', message: 'the request is larger than API Gateway takes' },
  INTEGRATION_TIMEOUT: {
    reason: 'Timeout',
    message: 'the request took longer than API Gateway waits; it may still be carried out',
  },
  INTEGRATION_FAILURE: {
    reason: 'Timeout',
    message: 'the function did not answer; the request may have been carried out',
  },
  MISSING_AUTHENTICATION_TOKEN: {
    reason: 'NotFound',
    message: 'the server could not find the requested resource: the URL names no route of this API',
  },
  DEFAULT_4XX: { reason: 'BadRequest', message: 'API Gateway refuses the request' },
  DEFAULT_5XX: {
    reason: 'InternalError',
    message: 'API Gateway got no answer that it can pass on; the request may have been carried out',
  },
} as const satisfies Readonly<Record<string, Answer>>;

export type GatewayAnswer = keyof typeof gatewayAnswers;

export function answerOf(type: GatewayAnswer) {
  const { reason, message, retryAfterSeconds }: Answer = gatewayAnswers[type];
  const details = retryAfterSeconds === undefined ? undefined : { retryAfterSeconds };
  const { status } = new StatusError(reason, message, details);
  return {
    statusCode: status.code ?? 500,
    headers: retryAfterSeconds === undefined ? {} : { 'Retry-After': String(retryAfterSeconds) },
    body: JSON.stringify(status),
  };
}
