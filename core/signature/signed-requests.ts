// Signed requests to an AWS service, for the few operations that functions need. AWS's own clients do the same and more, but loading them
// takes longer than everything else that a function does before its first request.

import { type Answer, createRequests } from './requests.ts';
import { type AwsCredentials, type RequestToSign, signHeaders } from './sigv4.ts';

export type { Answer };

export interface SignedRequestsOptions {
  /** As signatures name it: `dynamodb`, `sqs`, `s3`. */
  readonly service: string;
  readonly region: string;
  readonly credentials: () => AwsCredentials;
  /** How long a connection may take to be made. */
  readonly connectMs: number;
}

export interface SignedRequests {
  /** Rejects with what the socket says, or a TimeoutError after `answerMs` on a connection without an answer, or the signal's reason. */
  send(request: RequestToSign, answerMs: number, signal?: AbortSignal): Promise<Answer>;
  /** Ends connections that nobody uses. */
  close(): void;
}

export function createSignedRequests(options: SignedRequestsOptions): SignedRequests {
  const { service, region, credentials, connectMs } = options;
  const requests = createRequests({ service, connectMs });
  return {
    send(request, answerMs, signal) {
      const headers = signHeaders(request, { credentials: credentials(), region, service, now: new Date() });
      return requests.send({ ...request, headers }, answerMs, signal);
    },
    close: () => requests.close(),
  };
}
