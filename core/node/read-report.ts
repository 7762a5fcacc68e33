// Reads a node's report. Nothing of it is believed before: a node may be anybody's who took it over.

import { dns1123Label, dns1123Subdomain } from '../machinery/names.ts';
import { getOwn } from '../machinery/own.ts';
import * as read from '../machinery/read-values.ts';
import { badRequest } from '../machinery/status.ts';
import type { EventReport, PodReport, Report, UsageReport } from './protocol.ts';

/** What is wrong with one pod or one event is reported for that one; the others are taken. */
export type Read<T> = { readonly value: T } | { readonly error: unknown };

export interface ReadReport extends Pick<Report, 'node' | 'usage'> {
  readonly pods: readonly Read<PodReport>[];
  /** Those that are events. Others are lost: an agent would send them again for ever. */
  readonly events: readonly EventReport[];
}

const maxPods = 1000;
const maxEvents = 2000;
const maxContainers = 500;
/** What their usage takes beside a heartbeat stays within some kilobytes. */
const maxUsedContainers = 2000;

/** 2^53 - 1: what is kept exactly. In nanocores it is nine million cores, in bytes eight pebibytes. */
const amount = read.number(0, Number.MAX_SAFE_INTEGER);
const objectName = read.text(253, dns1123Subdomain);
const namespaceName = read.text(63, dns1123Label);
const uid = read.text(128);
const used = { cpu: amount, memory: amount };

/** A status with the messages of a hundred containers (4 KiB each) is smaller. */
export const podStatusLimits = { maxDepth: 16, maxValues: 40_000, maxText: 512 * 1024 };
export const nodeStatusLimits = { maxDepth: 16, maxValues: 40_000, maxText: 512 * 1024 };

/** Capacities and the like. An int64 in its longest form is shorter. */
const amounts = read.texts(200, 64);

const nodeReport = read.fields<NonNullable<Report['node']>>({
  labels: read.optional(read.texts(500, 317)),
  annotations: read.optional(read.texts(500, 64 * 1024)),
  spec: read.optional(
    read.fields<{ providerID?: string; taints?: unknown[] }>({
      providerID: read.optional(read.text(1024)),
      taints: read.optional(read.list(100, read.tree({ maxDepth: 2, maxValues: 10, maxText: 1024 }))),
    }),
  ),
  status(value, field) {
    const status = read.tree(nodeStatusLimits)(value, field);
    for (const name of ['capacity', 'allocatable']) read.optional(amounts)(getOwn(status, name), `${field}.${name}`);
    return status;
  },
});

const podReport = read.fields<PodReport>({
  namespace: namespaceName,
  name: objectName,
  uid,
  status: read.optional(read.tree(podStatusLimits)),
  terminated: read.optional(read.flag),
});

const eventReport = read.fields<EventReport>({
  regarding: read.fields<EventReport['regarding']>({
    apiVersion: read.oneOf('v1'),
    kind: read.oneOf('Pod', 'Node'),
    namespace: read.optional(namespaceName),
    name: objectName,
    uid,
    fieldPath: read.optional(read.text(1024)),
  }),
  type: read.oneOf('Normal', 'Warning'),
  reason: read.text(128),
  message: read.shortened(4096),
  time: read.time,
});

const usageReport = read.fields<UsageReport>({
  time: read.time,
  windowSeconds: read.number(0, 86_400),
  node: read.fields<UsageReport['node']>(used),
  pods: read.list(
    maxPods,
    read.fields<UsageReport['pods'][number]>({
      namespace: namespaceName,
      name: objectName,
      containers: read.list(
        maxContainers,
        read.fields<UsageReport['pods'][number]['containers'][number]>({ name: read.text(63, dns1123Label), ...used }),
      ),
    }),
  ),
});

const parts = read.fields<{ node?: Report['node']; usage?: Report['usage']; pods?: unknown[]; events?: unknown[] }>({
  node: read.optional(nodeReport),
  usage: read.optional(usageReport),
  pods: read.optional(read.rawList(maxPods)),
  events: read.optional(read.rawList(maxEvents)),
});

/** Throws BadRequest, naming the part that is no report. */
export function readReport(value: unknown): ReadReport {
  const { node, usage, pods = [], events = [] } = parts(value, 'report');
  if (usage && usage.pods.reduce((sum, pod) => sum + pod.containers.length, 0) > maxUsedContainers)
    throw badRequest(`report.usage.pods: may have at most ${maxUsedContainers} containers in all`);
  return {
    ...(node && { node }),
    ...(usage && { usage }),
    pods: pods.map((each, index) => attempt(podReport, each, `report.pods[${index}]`)),
    events: events.flatMap((each) => {
      const event = attempt(eventReport, each, 'event');
      return 'value' in event ? [event.value] : [];
    }),
  };
}

function attempt<T>(reader: read.Reader<T>, value: unknown, field: string): Read<T> {
  try {
    return { value: reader(value, field) };
  } catch (error) {
    return { error };
  }
}
