// Metrics of the API server under the names that Kubernetes dashboards expect, in the Prometheus text format.
// Counting a request must cost next to nothing, so series are plain numbers; prom-client is loaded only when somebody scrapes.

import type { RequestInfo } from '../request-info.ts';
import { createHistogram, type Histogram, observe, renderHistogram } from './histogram.ts';

export interface RequestMetrics {
  /** A request that does not last by nature begins (1) or ends (-1). */
  running(verb: string, by: 1 | -1): void;
  /** `seconds` is undefined for requests that last by nature: watches. */
  count(info: RequestInfo, code: number, seconds: number | undefined): void;
  /** `gauges` are read at the moment of the scrape. */
  render(gauges: readonly Gauge[]): Promise<string>;
}

export interface Gauge {
  readonly name: string;
  readonly help: string;
  readonly values: readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[];
}

// The buckets of kube-apiserver's request durations, in seconds, fewer at the top.
const buckets = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.5, 2, 3, 5, 10, 30, 60];

const readingVerbs = new Set(['get', 'list', 'head', 'options']);

export function createRequestMetrics(): RequestMetrics {
  const totals = new Map<string, number>();
  const durations = new Map<string, Histogram>();
  let reading = 0;
  let mutating = 0;
  return {
    running(verb, by) {
      if (readingVerbs.has(verb)) reading += by;
      else mutating += by;
    },
    count(info, code, seconds) {
      const labels = labelsOf(info);
      const key = `code="${code}",${labels}`;
      totals.set(key, (totals.get(key) ?? 0) + 1);
      if (seconds === undefined) return;
      let histogram = durations.get(labels);
      if (!histogram) {
        histogram = createHistogram(buckets);
        durations.set(labels, histogram);
      }
      observe(histogram, seconds);
    },
    async render(gauges) {
      const lines = [
        '# HELP apiserver_request_total Requests by verb, resource and HTTP code.',
        '# TYPE apiserver_request_total counter',
      ];
      for (const [labels, value] of totals) lines.push(`apiserver_request_total{${labels}} ${value}`);
      lines.push(
        '# HELP apiserver_request_duration_seconds Time from a request to its answer; watches are left out.',
        '# TYPE apiserver_request_duration_seconds histogram',
      );
      for (const [labels, histogram] of durations)
        renderHistogram('apiserver_request_duration_seconds', labels, histogram, lines);
      lines.push(
        '# HELP apiserver_current_inflight_requests Requests that run now, those that last by nature left out.',
        '# TYPE apiserver_current_inflight_requests gauge',
        `apiserver_current_inflight_requests{request_kind="readOnly"} ${reading}`,
        `apiserver_current_inflight_requests{request_kind="mutating"} ${mutating}`,
      );
      for (const gauge of gauges) {
        lines.push(`# HELP ${gauge.name} ${gauge.help}`, `# TYPE ${gauge.name} gauge`);
        for (const { labels, value } of gauge.values) {
          const text = Object.entries(labels).map(([name, each]) => `${name}=${JSON.stringify(each)}`);
          lines.push(`${gauge.name}${text.length > 0 ? `{${text.join(',')}}` : ''} ${value}`);
        }
      }
      return `${lines.join('\n')}\n${await processMetrics()}`;
    },
  };
}

/** Names come from the path, where a client may write anything: only what is served may become a series. */
function labelsOf({ isResource, verb, group, version, resource, subresource, namespace, name }: RequestInfo): string {
  if (!isResource) return `verb="${verb.toUpperCase()}",group="",version="",resource="",subresource="",scope=""`;
  const scope = name !== '' ? 'resource' : namespace !== '' ? 'namespace' : 'cluster';
  return `verb="${verb.toUpperCase()}",group="${group}",version="${version}",resource="${resource}",subresource="${subresource}",scope="${scope}"`;
}

let collecting: Promise<{ metrics(): Promise<string> }> | undefined;

async function processMetrics(): Promise<string> {
  // A CommonJS package: in a bundle it has its default export alone.
  collecting ??= import('prom-client').then(({ default: { collectDefaultMetrics, Registry } }) => {
    const register = new Registry();
    collectDefaultMetrics({ register });
    return register;
  });
  return (await collecting).metrics();
}
