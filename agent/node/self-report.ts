// What the node tells the control plane of itself, and when: its status when something of it changed and from time to time, heartbeats
// with what it uses in between.

import { uninitializedTaint, windowsTaint } from '../../core/node/joining.ts';
import { wireGuardKey as keyAnnotation } from '../../core/node/pod-network.ts';
import type { EventLog } from '../../core/process/log.ts';
import type { V1NodeCondition } from '../../generated/kubernetes.ts';
import type { Reporter } from '../control-plane/reporter.ts';
import type { ContainerRuntime } from '../cri/runtime.ts';
import type { PressureKind } from '../eviction/thresholds.ts';
import type { AgentOptions } from '../options.ts';
import type { UsageSampler } from '../stats/usage.ts';
import { type NodeFacts, type NodeHealth, nodeLabels, nodeStatus } from './node-status.ts';

export interface SelfReportOptions {
  readonly options: Pick<AgentOptions, 'nodeName' | 'heartbeatMs' | 'cloudNode' | 'providerID'>;
  readonly facts: NodeFacts;
  readonly runtime: Pick<ContainerRuntime, 'status' | 'listImages'>;
  /** Why the node has no network; undefined: it has one. */
  readonly networkFailure: () => string | undefined;
  /** Why it reaches too few of the other nodes' pods; undefined: it reaches most. */
  readonly networkUnavailable: () => string | undefined;
  /** As the node's CSI drivers say where it is. */
  readonly topology: () => Readonly<Record<string, string>>;
  /** What may not be detached, as its status names it. */
  readonly volumesInUse: () => readonly string[];
  /** The public one; undefined: the node has no tunnels. */
  readonly wireGuardKey: string | undefined;
  /** What the node has too little of. */
  readonly pressure: () => ReadonlySet<PressureKind>;
  readonly usage: Pick<UsageSampler, 'sample'>;
  readonly reporter: Pick<Reporter, 'node' | 'heartbeat'>;
  readonly log: EventLog;
  /** Unix milliseconds. */
  readonly now: () => number;
}

export interface SelfReport {
  health(): Promise<NodeHealth>;
  /** Looks, and tells what changed since the last time. */
  send(): Promise<void>;
  /** The same, with a heartbeat when one is due: every `statusIntervalMs`. */
  beat(): Promise<void>;
}

/** The node looks at itself this often: what changed is reported at once. */
export const statusIntervalMs = 10_000;
const heartbeatMs = 10_000;
/** The node's status is sent this often even if nothing changed, for its heartbeat times. */
const nodeStatusMs = 60_000;
/** The same where requests are paid for, as kubelet does it beside its leases. */
const rareNodeStatusMs = 300_000;

export function createSelfReport(parts: SelfReportOptions): SelfReport {
  const { options, facts, runtime, networkFailure, usage, reporter, log, now } = parts;
  const beatMs = options.heartbeatMs ?? heartbeatMs;
  const statusMs = beatMs > heartbeatMs ? rareNodeStatusMs : nodeStatusMs;
  /** Those of its birth: where it joined, the API server gave it these already. */
  const taints = [
    ...(options.cloudNode ? [{ key: uninitializedTaint, value: 'true', effect: 'NoSchedule' }] : []),
    ...(facts.os === 'windows' ? [windowsTaint] : []),
  ];
  let conditions: readonly V1NodeCondition[] = [];
  let last = '';
  let lastAt = 0;
  let lastBeatAt = 0;
  let lastNotReady: string | undefined = '';

  const health = async (): Promise<NodeHealth> => {
    const [pressure, networkUnavailable] = [parts.pressure(), parts.networkUnavailable()];
    const base = { pressure, ...(networkUnavailable !== undefined && { networkUnavailable }) };
    let unwell: string | undefined;
    try {
      const { status } = await runtime.status({});
      const bad = status?.conditions.find((each) => !each.status);
      if (bad) unwell = `container runtime: ${bad.type}: ${bad.message || bad.reason}`;
    } catch (error) {
      return { ...base, notReady: `the container runtime does not answer: ${String(error)}` };
    }
    // A runtime without a network is not well either: what is wrong with the network says more.
    const notReady = networkFailure() ?? unwell;
    return { ...base, ...(notReady !== undefined && { notReady }) };
  };

  const send = async () => {
    const [state, { images }] = await Promise.all([health(), runtime.listImages({}).catch(() => ({ images: [] }))]);
    const volumesInUse = parts.volumesInUse();
    const known = nodeStatus(facts, state, images, conditions, now());
    const status = { ...known, ...(volumesInUse.length > 0 && { volumesInUse: [...volumesInUse] }) };
    const topology = parts.topology();
    const { conditions: reported = [], ...rest } = status;
    conditions = reported;
    const text = JSON.stringify([rest, topology, reported.map(({ lastHeartbeatTime: _, ...each }) => each)]);
    if (text === last && now() - lastAt < statusMs) return;
    last = text;
    lastAt = now();
    reporter.node({
      annotations: parts.wireGuardKey === undefined ? {} : { [keyAnnotation]: parts.wireGuardKey },
      labels: { ...topology, ...nodeLabels(facts, options.cloudNode || options.providerID !== undefined) },
      spec: {
        ...(options.providerID !== undefined && { providerID: options.providerID }),
        ...(taints.length > 0 && { taints }),
      },
      // A NodeStatus is a plain JSON object.
      status: status as unknown as Record<string, unknown>,
    });
    if (state.notReady !== lastNotReady)
      log.info(
        { node: options.nodeName, ...(state.notReady && { why: state.notReady }) },
        state.notReady ? 'node is not ready' : 'node is ready',
      );
    lastNotReady = state.notReady;
  };

  return {
    health,
    send,
    async beat() {
      await send();
      // Half a look early rather than a whole one late.
      if (now() - lastBeatAt < beatMs - statusIntervalMs / 2) return;
      lastBeatAt = now();
      reporter.heartbeat(await usage.sample(now()).catch(() => undefined));
    },
  };
}
