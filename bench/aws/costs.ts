// What things cost a month: what was measured here, times AWS' prices. Written as docs/cost.md.

import { cpus } from 'node:os';
import { alarmMetrics } from '../../infra/alarms.ts';
import { functionNames } from '../../infra/function-rows.ts';
import { type Counts, memory } from '../../test/aws/harness/counts.ts';
import type { Measured } from './measure.ts';
import type { PodOperations } from './pods.ts';
import { hoursAMonth, prices } from './prices.ts';
import { rowsOfScale, type Scale } from './scale.ts';
import type { WatchesMeasured } from './watches.ts';

/** Dollars. */
export function costOf(each: Counts): number {
  return (
    each.apiRequests * prices.restRequest +
    each.invocations * prices.lambdaRequest +
    each.gigabyteSeconds * prices.lambdaGigabyteSecond +
    each.readUnits * prices.dynamoRead +
    each.writeUnits * prices.dynamoWrite +
    each.messages * prices.sqsRequest +
    each.socketMessages * prices.socketMessage
  );
}

const secondsAMonth = hoursAMonth * 3600;
/** Of ten seconds, between the tick that finds something due within the minute and that time: on average. */
const windowsAWait = 3;

/** What happens again and again. */
export interface Recurring {
  /** A look of all workers. */
  readonly resync: Measured;
  /** The tick of each minute, that looks for what is due. */
  readonly tick: Measured;
  /** A window of the stream at whose end something is still not due. */
  readonly window: Measured;
  /** A look of the controllers alone. */
  readonly look: Measured;
  /** A node's report, with the usage of fifty containers. */
  readonly report: Measured;
  /** A look of an edge's follow that finds nothing, and what the channel does to answer a wish. */
  readonly follow: Measured;
  readonly wish: Measured;
  /** Plain watches. */
  readonly watches: WatchesMeasured;
  /** Bytes of a line that a function writes to its log about its invocations. */
  readonly lineBytes: number;
}

/** Dollars a month of things that cost by the time that they are there. */
function monthly({ resync, tick, window, look, report, follow, wish, watches, lineBytes }: Recurring) {
  const times = (count: number, each: Measured): number => count * costOf(each);
  const idle = times(secondsAMonth / 300, resync);
  const ticks = times(secondsAMonth / 60, tick);
  /** What is due is noted, done with, and woken: three writes beside the windows in which it waits. */
  const waits = (count: number) => count * (windowsAWait * costOf(window) + 3 * prices.dynamoWrite);
  // Long polls of 20 s; a report every 75 s; what it fetches without being told every ten minutes is a request like a report.
  const node =
    (secondsAMonth / 20) * prices.sqsRequest + times(secondsAMonth / 75, report) + times(secondsAMonth / 600, report);
  // The controllers look at all heartbeats together when one may be too old: 190 s after a beat that is at most 75 s old then.
  const nodesWatched = times(secondsAMonth / 115, look) + waits(secondsAMonth / 115);
  // It begins anew every fourteen minutes.
  const watch = times(secondsAMonth / 60, watches.open) + times(secondsAMonth / 840, watches.begun);
  // At most: a cold start in every hour, and a line a minute of each function.
  const cloudWatch =
    prices.metricMonth + ((functionNames.length * secondsAMonth) / 60) * (lineBytes / 1e9) * prices.logGigabyte;
  // A wish and its answer every eight minutes; a connection anew every two hours: its opening, its wish and its end, each about as much.
  const channel =
    (secondsAMonth / 60) * prices.socketMinute +
    (secondsAMonth / 480 + (3 * secondsAMonth) / 7200) * (costOf(wish) + 2 * prices.socketMessage);
  // Every twenty minutes, or up to a fifth more often.
  const followed = times(secondsAMonth / 1080, follow);
  const polled = times(secondsAMonth / 10, follow);
  return { idle, ticks, waits, node, nodesWatched, watch, channel, followed, polled, cloudWatch };
}

export function costPage(
  operations: readonly Measured[],
  recurring: Recurring,
  pods: PodOperations,
  scale: Scale,
): string {
  const { idle, ticks, waits, node, nodesWatched, watch, channel, followed, polled, cloudWatch } = monthly(recurring);
  const { autoscaling, job, logs, longLogs, silentFollow, livelyFollow, proxied, webhook, exec } = pods;
  const autoscalers = (seconds: number) =>
    (secondsAMonth / seconds) * costOf(autoscaling) + waits(secondsAMonth / seconds);
  const { abandoned } = recurring.watches;
  const dollars = (value: number) => (value < 0.01 ? value.toFixed(4) : value.toFixed(2));
  const rows = [
    ...operations,
    job,
    logs,
    longLogs,
    silentFollow,
    livelyFollow,
    proxied,
    exec.command,
    exec.idle,
    webhook,
  ].map((each) =>
    [
      each.name,
      each.apiRequests,
      each.invocations,
      Math.round(each.gigabyteSeconds * 1000) / 1000,
      Math.round(each.readUnits),
      Math.round(each.writeUnits),
      each.messages,
      Math.round(each.socketMessages),
      `$${(costOf(each) * 1e6).toFixed(0)}`,
    ].join(' | '),
  );
  const sizes = [10, 100, 1000].map((nodes) => {
    const own = idle + ticks + nodesWatched + nodes * node;
    const ecs = nodes * hoursAMonth * prices.ecsAnywhereHour;
    return `${nodes} | $${dollars(own)} | $${prices.eksMonth} | $${dollars(ecs)}`;
  });
  return `# What a cluster on AWS costs

Generated by \`npm run bench -- aws\`: requests and capacity units counted on the harness of test/aws (the model of DynamoDB charges as
DynamoDB says it does), Lambda time measured there on a shared machine, prices of us-east-1 from bench/aws/prices.ts. Nothing here was
billed by AWS.

## While nothing happens

| what | a month |
|---|---|
| an idle cluster: every worker looks again every five minutes | $${dollars(idle)} |
| what is due is looked for every minute; the table's stream is polled for nothing | $${dollars(ticks)} |
| its ${alarmMetrics} alarms, where nothing else in the account has the ten that are free | $0.00 |
| nodes at all: the controllers look at heartbeats every two minutes | $${dollars(nodesWatched)} |
| each node: long polls, a report every 75 seconds with what it and fifty containers use | $${dollars(node)} |
| autoscalers at all: they look every minute | $${dollars(autoscalers(60))} |
| CloudWatch, at most: the metric of cold starts in every hour, a line a minute of each function | $${dollars(cloudWatch)} |
| each open plain watch (\`kubectl get -w\` without \`zeroplane connect\`, an informer elsewhere) | $${dollars(watch)} |
| each client of the channel: a node whose pods watch, a user's \`zeroplane connect\` | $${dollars(channel)} |
| each open watch through one of these; those that see the same count once | $${dollars(followed)} |
| the same without the channel: a look every ten seconds | $${dollars(polled)} |
| each GB of state, with point-in-time recovery | $${dollars(prices.dynamoGigabyteMonth + prices.pointInTimeGigabyteMonth)} |

Autoscalers that look every 15 seconds, as they do in other clusters (\`-c autoscalerSyncSeconds=15\`), cost $${dollars(autoscalers(15))}: with
what nodes say every 75 seconds they would see the same four times out of five. What a node uses lies in the item of its heartbeat, which is
written anyway: DynamoDB charges by the kilobyte, so about a hundred containers cost nothing, and each further hundred $${dollars((secondsAMonth / 75) * prices.dynamoWrite)} a node.

The first open watch of a client is $${dollars(channel + followed)} a month, with its connection: a wish and its answer every eight minutes, a look every twenty. What
changes costs more: an invocation that announces it, a message for each client that follows its type, and a look for each watch.

The functions' other metrics (errors by kind, throttles, lag of watches) are charged for hours in which there is something to tell, each
$0.30 for a month of such hours. Without nodes, watches and autoscalers a cluster
costs $${dollars(idle + ticks + cloudWatch)} a month at most, with all that CloudWatch is told, and its state. Ten metrics of one's own and ten metrics that alarms look at
are free in an account: where nothing else takes them, it is $${dollars(idle + ticks + cloudWatch - prices.metricMonth)}; where others have taken them, its alarms cost $${dollars(alarmMetrics * prices.alarmMonth)} more.

## Per operation

With everything that it sets off: controllers, scheduler, wake-ups. The last column is for a million of them.

| operation | API requests | invocations | GB-seconds | read units | write units | messages | on the channel | a million |
|---|---|---|---|---|---|---|---|---|
| ${rows.join(' |\n| ')} |

The rows of jobs and logs: real containers on a real worker, medians of five. A minute of \`logs -f\` counts the function that streams
it, and what the cluster does by itself meanwhile. A client that leaves a watch or a followed log is noticed by nobody: its function
goes on until the stream's own end, for 14 minutes at most, which is $${dollars(840 * memory.read * prices.lambdaGigabyteSecond)} of a log and $${dollars(840 * memory.watch * prices.lambdaGigabyteSecond)} of a watch (computed).

A webhook in a pod, over its node and on a connection of its own: warm, such a write took ${Math.round(webhook.askedMs)} ms at its client (p50) where one that asks
nobody took ${Math.round(webhook.aloneMs)} ms, in turns, all on one shared machine.

A keystroke in an open exec is two messages on the channel, its echo two more, and each starts a function: $${((4 * prices.socketMessage + 2 * (prices.lambdaRequest + 0.1875 * 0.02 * prices.lambdaGigabyteSecond)) * 1e6).toFixed(2)} a million (computed, with 20
ms a function). Its echo comes after ${Math.round(exec.echoMs)} ms (p50) on the harness. A megabyte through exec or cp is 46 packets, and a word of the reader for each six: $${(54 * (2 * prices.socketMessage + prices.lambdaRequest + 0.1875 * 0.02 * prices.lambdaGigabyteSecond) * 1e6).toFixed(0)} a million megabytes.

Each entry of the log says who wrote it. Of a write of 6.9 units (creates of 150 to 2,150 bytes, on the model of DynamoDB) that is less than 0.1 % by a
controller, and 1 % by a node or a person: a few entries in a hundred pass a kilobyte for it. A log that is kept longer (\`-c history=7d\`) costs its
storage: $0.25 for each GB and month, of which a thousand writes a day of 1 KB for a week are 0.007. Old tombstones are let go four times a day,
of all functions together.

## Abandoned watches

${abandoned.count} plain watches of one user whose client was gone with the head of the answer: ${abandoned.held} were held, until their end, by a function that may have
20 executions here, and ${abandoned.refused} found it at its bound, or were told to come later. Writes of another client, one after the other, on a machine of ${cpus().length} cores that
plays all of it, the held watches too: those look every second, and ten times a second at a type that changes.

| writes | p50 | p95 |
|---|---|---|
| before | ${abandoned.before.p50} ms | ${abandoned.before.p95} ms |
| while they came | ${abandoned.during.p50} ms | ${abandoned.during.p95} ms |
| while they are held, of another type | ${abandoned.others.p50} ms | ${abandoned.others.p95} ms |
| while they are held, of the type that they watch | ${abandoned.watched.p50} ms | ${abandoned.watched.p95} ms |

## A node in a large cluster

What it takes a process like the function \`node\`'s to answer one of ${scale.nodes} nodes, each with ${scale.pods / scale.nodes} of ${scale.pods} pods, with all Nodes, Services and EndpointSlices in
the answer when it is cold: by an index of all pods, as it was, and by what is read of the node that asks ([D35](decisions/d35-own-pods.md)). Then once more, when 200 pods of others
and one of its own have changed. Time on a shared machine, the table's too.

| read | processor | requests | read units | answer | memory, grown by |
|---|---|---|---|---|---|
${rowsOfScale(scale)
  .map(
    (each) =>
      `| ${each.what} | ${each.processorMs} ms | ${each.requests} | ${Math.round(each.readUnits)} | ${each.megabytes.toFixed(2)} MB | ${each.grownMegabytes} MB |`,
  )
  .join('\n')}

## Nodes, beside others

Without what the machines themselves cost, and without watches.

| nodes | Zeroplane | EKS | ECS Anywhere |
|---|---|---|---|
| ${sizes.join(' |\n| ')} |

EKS: the control plane alone, at the price of a supported version. ECS Anywhere: the price of a registered instance that runs all month.
`;
}
