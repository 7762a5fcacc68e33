// A node without a machine: follows its desired state, says that its pods run, and that those are gone which are to go. A node that
// is not answered asks again.

import { setTimeout as delay } from 'node:timers/promises';
import type { DesiredState, PodReport, Report, ReportResult } from '../../core/node/protocol.ts';
import type { V1Pod } from '../../generated/kubernetes.ts';
import type { ApiClient } from './api-client.ts';

export interface PlayedNodeOptions {
  readonly labels: Readonly<Record<string, string>>;
  /** What its pods may ask for together, and how many they may be. */
  readonly room: { readonly cpu: string; readonly pods: string };
}

const lookMs = 400;
const beatMs = 5000;

/** Resolves when the signal ends it. */
export async function playNode(
  client: ApiClient,
  name: string,
  { labels, room }: PlayedNodeOptions,
  signal: AbortSignal,
): Promise<void> {
  const path = `/apis/agent.zeroplane.dev/v1/nodes/${name}`;
  const since = new Date().toISOString();
  const ready = { type: 'Ready', status: 'True', reason: 'KubeletReady', message: '', lastTransitionTime: since };
  const resources = { ...room, memory: '8Gi' };
  const node = { labels, status: { conditions: [ready], capacity: resources, allocatable: resources } };
  const pods = new Map<string, V1Pod>();
  /** What the API server was told of a pod and has taken. */
  const known = new Map<string, string>();
  let cursor = '';
  let beatAt = 0;

  while (!signal.aborted) {
    const desired = await client.send('GET', `${path}/desired?cursor=${encodeURIComponent(cursor)}`);
    if (desired.code === 200) follow(desired.body);
    const reports = [...pods].flatMap(([key, pod]) => {
      const report = reportOf(pod);
      return known.get(key) === sayingOf(report) ? [] : [{ key, report }];
    });
    const beats = Date.now() - beatAt > beatMs;
    if (reports.length > 0 || beats) {
      const body: Report = { ...(beats && { node }), pods: reports.map(({ report }) => report) };
      const { code, body: result } = await client.send('POST', `${path}/report`, body);
      if (code === 200) {
        if (beats) beatAt = Date.now();
        // as: what a report is answered with.
        for (const [i, { code: taken }] of (result as ReportResult).pods.entries()) {
          const { key, report } = reports[i] ?? {};
          if (key !== undefined && report && (taken === 200 || taken === 404)) known.set(key, sayingOf(report));
        }
      }
    }
    await delay(lookMs, undefined, { signal }).catch(() => undefined);
  }

  function follow(desired: DesiredState): void {
    cursor = desired.cursor;
    const changes = desired.resources.pods;
    if (desired.full || changes?.whole) pods.clear();
    // as: what the resource says.
    for (const pod of (changes?.put ?? []) as V1Pod[]) pods.set(keyOf(pod), pod);
    for (const key of changes?.remove ?? []) pods.delete(key);
    for (const key of known.keys()) if (!pods.has(key)) known.delete(key);
  }
}

function keyOf({ metadata }: V1Pod): string {
  return `${metadata?.namespace}/${metadata?.name}`;
}

function sayingOf({ uid, terminated = false }: PodReport): string {
  return `${uid} ${terminated}`;
}

function reportOf({ metadata: { namespace = '', name = '', uid = '', deletionTimestamp } = {} }: V1Pod): PodReport {
  const of = { namespace, name, uid };
  if (deletionTimestamp) return { ...of, terminated: true };
  const at = new Date().toISOString();
  const conditions = ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map((type) => ({
    type,
    status: 'True',
    lastTransitionTime: at,
  }));
  const container = { name: 'c', ready: true, started: true, restartCount: 0, image: 'x', imageID: 'x' };
  const containerStatuses = [{ ...container, state: { running: { startedAt: at } } }];
  return { ...of, status: { phase: 'Running', startTime: at, conditions, containerStatuses } };
}
