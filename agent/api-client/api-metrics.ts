// What the agent asks of the API server, as client-go counts it. Plain numbers; text is made of them when somebody scrapes.

import { type Family, labelsOf } from '../../core/metrics/family.ts';
import { createHistogram, type Histogram, observe } from '../../core/metrics/histogram.ts';

export interface ApiMetrics {
  /** `code`: undefined where no answer came. `seconds`: undefined where they say nothing (a long poll). */
  answered(method: string, code: number | undefined, seconds: number | undefined): void;
  families(): Family[];
}

interface Counts {
  readonly codes: Map<number | undefined, number>;
  readonly seconds: Histogram;
}

// Kubernetes' bounds.
const bounds = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60];

export function createApiMetrics(host: string): ApiMetrics {
  const methods = new Map<string, Counts>();
  return {
    answered(method, code, seconds) {
      const counts = methods.get(method) ?? { codes: new Map(), seconds: createHistogram(bounds) };
      methods.set(method, counts);
      counts.codes.set(code, (counts.codes.get(code) ?? 0) + 1);
      if (seconds !== undefined) observe(counts.seconds, seconds);
    },
    families: () => [
      {
        name: 'rest_client_requests_total',
        help: 'Requests to the API server, by code, method and host.',
        type: 'counter',
        series: [...methods].flatMap(([method, { codes }]) =>
          [...codes].map(([code, value]) => ({
            labels: labelsOf({ code: code === undefined ? '<error>' : String(code), host, method }),
            value,
          })),
        ),
      },
      {
        name: 'rest_client_request_duration_seconds',
        help: 'Time of a request to the API server, long polls left out, by verb and host.',
        type: 'histogram',
        series: [...methods].map(([verb, { seconds }]) => ({ labels: labelsOf({ host, verb }), value: seconds })),
      },
    ],
  };
}
