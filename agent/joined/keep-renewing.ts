// Renews what the node was given: long before it ends, and when it is refused before its time.

import { errorText } from '../../core/machinery/error-text.ts';
import type { EventLog } from '../../core/process/log.ts';
import { ApiError } from '../api-client/api-client.ts';
import { createBackoff } from '../backoff.ts';
import { JoinError } from './join-error.ts';

/** The token is renewed this often; it is good for days. */
const renewMs = 24 * 3600_000;
const soonMs = 1000;
/** One that failed is tried again after this, then twice as long each time. */
const leastRenewMs = 10_000;
const mostRenewMs = 600_000;

export interface RenewalOptions {
  /** Rejects with JoinError or ApiError where the cluster says no. */
  readonly renew: () => Promise<unknown>;
  readonly justRenewed: boolean;
  readonly random: () => number;
  readonly log: Pick<EventLog, 'warn'>;
}

/** `soon`: the token was refused before its time, such as when the key that signed it was withdrawn. */
export function keepRenewing({ renew, justRenewed, random, log }: RenewalOptions): { soon: () => void } {
  const backoff = createBackoff(leastRenewMs, mostRenewMs, random);
  let timer: NodeJS.Timeout | undefined;
  let notBefore = Number.NEGATIVE_INFINITY;
  let working = false;
  const again = (ms: number) => {
    clearTimeout(timer);
    timer = setTimeout(() => void attempt(), ms).unref();
  };
  const attempt = async () => {
    if (working) return;
    working = true;
    try {
      await renew();
      backoff.reset();
      notBefore = performance.now() + leastRenewMs;
      again(renewMs);
    } catch (error) {
      log.warn({ error: errorText(error) }, 'the credentials could not be renewed; trying again');
      const wait = backoff.next();
      // Each request of an agent that was removed is refused, and hurries no more than the first. Where nobody answered, who answers now counts.
      notBefore = performance.now() + (isAnswer(error) ? wait : leastRenewMs);
      again(wait);
    } finally {
      working = false;
    }
  };
  again(justRenewed ? renewMs : soonMs);
  return {
    soon: () => {
      if (!working && performance.now() >= notBefore) again(0);
    },
  };
}

/** The cluster said no, where others only could not be asked. */
function isAnswer(error: unknown): boolean {
  return error instanceof JoinError || (error instanceof ApiError && error.code < 500);
}
