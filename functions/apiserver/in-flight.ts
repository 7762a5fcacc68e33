// Bounds how many requests run at once, so that load beyond it gets a quick 429 instead of a slow time-out.
// Source: kube-apiserver --max-requests-inflight and --max-mutating-requests-inflight. The caller leaves out what lasts by nature.

import { StatusError } from '../../core/machinery/status.ts';

export interface InFlightLimits {
  /** Default 400. */
  readonly reading: number;
  /** Default 200. */
  readonly mutating: number;
}

export interface InFlight {
  /** Counts the request in. Throws TooManyRequests. Returns what counts it out. */
  enter(verb: string): () => void;
  readonly reading: number;
  readonly mutating: number;
}

const readingVerbs = new Set(['get', 'list', 'head', 'options']);

export function createInFlight(limits: InFlightLimits = { reading: 400, mutating: 200 }): InFlight {
  let reading = 0;
  let mutating = 0;
  const leaveReading = () => {
    reading -= 1;
  };
  const leaveMutating = () => {
    mutating -= 1;
  };
  return {
    get reading() {
      return reading;
    },
    get mutating() {
      return mutating;
    },
    enter(verb) {
      if (readingVerbs.has(verb)) {
        if (reading >= limits.reading) throw tooMany();
        reading += 1;
        return leaveReading;
      }
      if (mutating >= limits.mutating) throw tooMany();
      mutating += 1;
      return leaveMutating;
    },
  };
}

function tooMany(): StatusError {
  return new StatusError('TooManyRequests', 'Too many requests, please try again later.', { retryAfterSeconds: 1 });
}
