// A node, as the cluster and the node itself tell it: heartbeats, conditions, its agent's own answer, its pods, what was reported of it.

import { type ApiClient, ApiError } from '../../agent/api-client/api-client.ts';
import { humanDuration } from '../../core/machinery/time.ts';
import type { CoreV1Event, V1Lease, V1Node, V1Pod } from '../../generated/kubernetes.ts';
import { UserError } from '../user-error.ts';
import { list, seen } from './cluster-view.ts';
import { type Finding, fault, ok, warning } from './finding.ts';
import { nodeFindings } from './node-findings.ts';
import { podFindings } from './pod-findings.ts';

/** A node on AWS says that it is there every 75 seconds, and is lost after three minutes. */
const silentMs = 180_000;
/** The latest of each reason. */
const shownEvents = 5;

export async function nodeChecks(api: ApiClient, name: string, now: Date): Promise<Finding[]> {
  const path = `/api/v1/nodes/${encodeURIComponent(name)}`;
  const node = await api.json<V1Node>('GET', path).catch((error: unknown) => {
    if (error instanceof ApiError && error.code === 404)
      throw new UserError(`there is no node ${name}: \`zeroplane node list\` says which there are`);
    throw error;
  });
  const lease = await seen(() =>
    api.json<V1Lease>(
      'GET',
      `/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${encodeURIComponent(name)}`,
    ),
  );
  const answer = await seen(() => api.request('GET', `${path}/proxy/healthz`, { timeoutMs: 20_000 }));
  const selector = (field: string) => `fieldSelector=${encodeURIComponent(`${field}=${name}`)}`;
  const pods = await seen(() => list<V1Pod>(api, '/api/v1/pods', selector('spec.nodeName')));
  const events = await seen(() => list<CoreV1Event>(api, '/api/v1/events', selector('involvedObject.name')));
  return [
    ...nodeFindings(node, now),
    'value' in lease ? heartbeat(lease.value, now) : warning('heartbeat', `not seen: ${lease.why}`),
    'value' in answer
      ? agentAnswer(answer.value, name)
      : fault('agent', answer.why, `zeroplane logs agent, on ${name}`),
    ...('value' in pods ? podFindings(pods.value, now) : [warning('pods', `not seen: ${pods.why}`)]),
    ...('value' in pods ? [room(node, pods.value.items)] : []),
    ...('value' in events ? reported(events.value.items, now) : []),
  ];
}

function heartbeat({ spec }: V1Lease, now: Date): Finding {
  if (!spec?.renewTime) return fault('heartbeat', 'none yet', 'look whether its agent runs');
  const age = now.getTime() - new Date(spec.renewTime).getTime();
  const text = `${humanDuration(age)} ago`;
  return age > silentMs
    ? fault('heartbeat', text, 'look whether the machine is up and reaches the API')
    : ok('heartbeat', text);
}

function agentAnswer({ status, text }: { status: number; text: string }, name: string): Finding {
  if (status === 200) return ok('agent', 'answers through the API, and is well');
  return fault('agent', `HTTP ${status}: ${text.slice(0, 300)}`, `zeroplane logs agent, on ${name}`);
}

function room({ status }: V1Node, pods: readonly V1Pod[]): Finding {
  const most = Number(status?.allocatable?.['pods'] ?? 0);
  const there = pods.filter(({ status: is }) => is?.phase !== 'Succeeded' && is?.phase !== 'Failed').length;
  const text = `${there} pods of ${most} that it takes`;
  return most > 0 && there >= most
    ? warning('room', text, 'another node, or --max-pods of its agent')
    : ok('room', text);
}

function reported(events: readonly CoreV1Event[], now: Date): Finding[] {
  const latest = new Map<string, { readonly text: string; readonly at: number }>();
  for (const { type, reason = '', message = '', involvedObject, lastTimestamp, eventTime, metadata } of events) {
    if (type !== 'Warning' || involvedObject?.kind !== 'Node') continue;
    const at = new Date(lastTimestamp ?? eventTime ?? metadata?.creationTimestamp ?? 0).getTime();
    if ((latest.get(reason)?.at ?? -1) < at) latest.set(reason, { text: message, at });
  }
  return [...latest]
    .sort(([, a], [, b]) => b.at - a.at)
    .slice(0, shownEvents)
    .map(([reason, { text, at }]) => warning(reason, `${text} (${humanDuration(now.getTime() - at)} ago)`));
}
