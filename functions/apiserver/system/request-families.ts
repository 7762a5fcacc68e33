// What was counted of requests, as families. Loaded with the first scrape. Names, labels and types are those of Kubernetes 1.36.

import { type Family, labelsOf, type Series } from '../../../core/metrics/family.ts';
import type { RequestCounts, RequestLabels, RequestSeries } from './request-metrics.ts';

export function requestFamilies(counts: RequestCounts): Family[] {
  const all = [...counts.series];
  const plain = all.filter(({ labels }) => labels.dryRun === '');
  const perSeries = (list: readonly RequestSeries[], text: (labels: RequestLabels) => string) =>
    list.map((each) => ({ each, labels: text(each.labels) }));
  const watches = [...counts.watches.values()].map(({ definition, bytes }) => ({
    labels: labelsOf({ ...definition }),
    bytes,
  }));
  const authentications = [...counts.authentications].map(([result, value]) => ({
    labels: labelsOf({ result }),
    value,
  }));
  return [
    {
      name: 'apiserver_request_total',
      help: 'Requests by verb, dry run, group, version, resource, scope, component and HTTP code. What lasts counts once it has ended.',
      type: 'counter',
      series: perSeries(all, withDryRun).flatMap(({ each, labels }) =>
        [...each.codes].map(([code, value]): Series => ({ labels: `code="${code}",${labels}`, value })),
      ),
    },
    histogram(
      'apiserver_request_duration_seconds',
      'Time from a request to its answer; of what lasts, to its end.',
      perSeries(all, withDryRun).map(({ each, labels }) => ({ labels, value: each.seconds })),
    ),
    histogram(
      'apiserver_request_sli_duration_seconds',
      'Time from a request to its answer, without what webhooks took and waits for a seat (priority and fairness).',
      perSeries(plain, requestLabels).map(({ each, labels }) => ({ labels, value: each.sliSeconds })),
    ),
    histogram(
      'apiserver_response_sizes',
      'Bytes of answers to reads, before they are compressed.',
      perSeries(plain, requestLabels).flatMap(({ each, labels }) =>
        each.bytes ? [{ labels, value: each.bytes }] : [],
      ),
    ),
    {
      name: 'apiserver_longrunning_requests',
      help: 'Long running requests that have not ended: watches, logs, streams.',
      type: 'gauge',
      series: perSeries(
        plain.filter(({ labels: { verb } }) => verb === 'WATCH' || verb === 'CONNECT'),
        requestLabels,
      ).map(({ each, labels }) => ({ labels, value: each.longRunning })),
    },
    {
      name: 'apiserver_current_inflight_requests',
      help: 'Requests that run now, long running ones left out.',
      type: 'gauge',
      series: [
        { labels: 'request_kind="mutating"', value: counts.mutating },
        { labels: 'request_kind="readOnly"', value: counts.reading },
      ],
    },
    {
      name: 'apiserver_watch_events_total',
      help: 'Events that were sent to watchers.',
      type: 'counter',
      series: watches.map(({ labels, bytes }) => ({ labels, value: bytes.total })),
    },
    histogram(
      'apiserver_watch_events_sizes',
      'Bytes of events that were sent to watchers.',
      watches.map(({ labels, bytes: value }) => ({ labels, value })),
    ),
    {
      name: 'apiserver_requested_deprecated_apis',
      help: 'Deprecated types that were asked for, with value 1.',
      type: 'gauge',
      series: [...counts.deprecated].flatMap(([{ group, version, resource }, subresources]) =>
        [...subresources].map((subresource) => ({
          labels: labelsOf({ group, removed_release: '', resource, subresource, version }),
          value: 1,
        })),
      ),
    },
    {
      name: 'authenticated_user_requests',
      help: 'Requests whose user is known, by a kind of user name.',
      type: 'counter',
      series: [...counts.users].map(([username, value]) => ({ labels: labelsOf({ username }), value })),
    },
    {
      name: 'authentication_attempts',
      help: 'Requests by what came of finding out their user: error where credentials are not good, failure where there are none.',
      type: 'counter',
      series: authentications.map(({ labels, value }) => ({ labels, value: value.total })),
    },
    histogram(
      'authentication_duration_seconds',
      'Time that it took to find out the user of a request.',
      authentications,
    ),
    histogram(
      'apiserver_client_certificate_expiration_seconds',
      'How long the client certificate of a request was still good.',
      [{ labels: '', value: counts.certificates }],
    ),
  ];
}

function histogram(name: string, help: string, series: readonly Series[]): Family {
  return { name, help, type: 'histogram', series };
}

function withDryRun(labels: RequestLabels): string {
  return `${requestLabels(labels)},dry_run="${labels.dryRun}"`;
}

function requestLabels({ verb, group, version, resource, subresource, scope }: RequestLabels): string {
  return labelsOf({ component: 'apiserver', verb, group, version, resource, subresource, scope });
}
