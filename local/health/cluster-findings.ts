// From what was read of a cluster to what is well and what is not.

import { X509Certificate } from 'node:crypto';
import { humanDuration } from '../../core/machinery/time.ts';
import type { V1APIService, V1Node } from '../../generated/kubernetes.ts';
import type { ClusterView, Listed, Seen } from './cluster-view.ts';
import { type Finding, fault, ok, warning } from './finding.ts';
import { nodeFindings } from './node-findings.ts';
import { podFindings } from './pod-findings.ts';

const day = 24 * 3_600_000;
/** Kubernetes' own alert for work that does not end. */
const longWorkSeconds = 60;
/** More than this waits only where work comes faster than it is done. */
const longQueue = 1000;

export interface ClusterFacts {
  readonly view: ClusterView;
  /** PEM: with which the one who asks proves who they are; undefined where that is a token. */
  readonly clientCertificate: string | undefined;
  readonly now: Date;
}

export function clusterFindings({ view, clientCertificate, now }: ClusterFacts): Finding[] {
  return [
    apiServer(view),
    ...certificates(view, clientCertificate, now),
    ...told('nodes', view.nodes, (nodes) => nodesOf(nodes, now)),
    ...told('pods', view.pods, (pods) => podFindings(pods, now)),
    ...told('extension API servers', view.apiServices, apiServices),
    ...queues(view.metrics),
  ];
}

function told<T>(part: string, seen: Seen<T>, findings: (value: T) => Finding[]): Finding[] {
  if ('value' in seen) return findings(seen.value);
  return [warning(part, `not seen: ${seen.why}`, 'ask as who may list them: `kubectl auth whoami` says who you are')];
}

function apiServer({ server, version, ready }: ClusterView): Finding {
  const what = 'value' in version ? `Kubernetes ${version.value} at ${server}` : `${server}: ${version.why}`;
  if ('why' in ready) return warning('API server', `${what}; its health is not told: ${ready.why}`);
  const { status, text } = ready.value;
  if (status === 200) return ok('API server', what);
  // Whoever may not see checks gets none.
  const failed = [...text.matchAll(/^\[-\](\S+)/gm)].map(([, name]) => name);
  return fault(
    'API server',
    `${server} is not ready${failed.length > 0 ? `: ${failed.join(', ')} failed` : ` (HTTP ${status})`}`,
    'kubectl get --raw "/readyz?verbose", and `zeroplane logs apiserver` on its machine',
  );
}

function certificates(view: ClusterView, client: string | undefined, now: Date): Finding[] {
  const renew = 'zeroplane keys rotate certificates';
  const ends: [string, Date, string][] = [];
  if ('value' in view.serverCertificateEnds) ends.push(['server certificate', view.serverCertificateEnds.value, renew]);
  if (client !== undefined)
    ends.push(['your certificate', new Date(new X509Certificate(client).validTo), `${renew}, or ask for another one`]);
  return ends.map(([part, end, next]) => certificateFinding(part, end, next, now));
}

export function certificateFinding(part: string, end: Date, next: string, now: Date): Finding {
  const left = end.getTime() - now.getTime();
  const when = end.toISOString().slice(0, 10);
  if (left <= 0) return fault(part, `ended on ${when}`, next);
  const days = Math.floor(left / day);
  return days < 30 ? warning(part, `ends in ${days} days, on ${when}`, next) : ok(part, `good until ${when}`);
}

function nodesOf({ items }: Listed<V1Node>, now: Date): Finding[] {
  if (items.length === 0)
    return [warning('nodes', 'there are none: no pod can run', 'zeroplane node token, and its line on a machine')];
  const wrong = items.flatMap((node) => nodeFindings(node, now).filter(({ state }) => state !== 'ok'));
  const ready = items.filter(
    ({ status }) => status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True',
  );
  return [ok('nodes', `${ready.length} of ${items.length} Ready`), ...wrong];
}

function apiServices({ items }: Listed<V1APIService>): Finding[] {
  const away = items.flatMap(({ metadata, status }) => {
    const available = status?.conditions?.find(({ type }) => type === 'Available');
    if (available?.status !== 'False') return [];
    const what = `is not available: ${available.message ?? available.reason ?? 'it does not say why'}`;
    return [fault(`API ${metadata?.name}`, what, `kubectl describe apiservice ${metadata?.name}`)];
  });
  return away;
}

/** What scheduler and controllers have to do. Where the page does not say (on AWS each function has its own), nothing is said. */
function queues(metrics: Seen<string>): Finding[] {
  if ('why' in metrics || !/^workqueue_depth[{ ]/m.test(metrics.value)) return [];
  const found: Finding[] = [];
  const waiting = series(metrics.value, 'workqueue_depth');
  for (const { label, value } of series(metrics.value, 'workqueue_unfinished_work_seconds'))
    if (value > longWorkSeconds)
      found.push(
        warning(
          `controller ${label}`,
          `has been at one piece of work for ${humanDuration(value * 1000)}`,
          'zeroplane logs controllers',
        ),
      );
  for (const { label, value } of waiting)
    if (value > longQueue)
      found.push(warning(`controller ${label}`, `${value} objects wait for it`, 'zeroplane logs controllers'));
  const total = waiting.reduce((sum, { value }) => sum + value, 0);
  const unscheduled = series(metrics.value, 'scheduler_pending_pods').reduce((sum, { value }) => sum + value, 0);
  return [ok('queues', `${total} objects wait for controllers, ${unscheduled} pods for the scheduler`), ...found];
}

/** Prometheus' text format, as far as our own page goes. */
function series(page: string, name: string): { readonly label: string; readonly value: number }[] {
  const found = [];
  for (const line of page.split('\n')) {
    if (!line.startsWith(`${name}{`)) continue;
    const [, labels = '', value = ''] = /^\w+\{(.*)\} (\S+)/.exec(line) ?? [];
    found.push({ label: /name="([^"]*)"/.exec(labels)?.[1] ?? labels, value: Number(value) || 0 });
  }
  return found;
}
