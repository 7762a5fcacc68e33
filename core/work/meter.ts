// What a function counts of its invocations, as lines of CloudWatch's embedded metric format: one an invocation at most, and one a minute
// where nothing happened. Each metric costs by the hours in which it was sent: so there are four, none of them sent by a cluster that
// runs well but `ColdStart`, and what AWS measures itself (duration, errors and throttles of each function) is a field of the line only.
// Source: Amazon CloudWatch user guide, "Specification: Embedded metric format".

import { type Log, writeLine } from '../process/log.ts';

export interface Meter {
  /** An invocation begins; it counts once `end` is called. */
  begin(): void;
  /** The invocation fails, through no fault of whoever invoked it. `kind`: one of few words, such as a Status reason. */
  failed(kind: string): void;
  /** DynamoDB refused a request because of too many. */
  throttled(): void;
  /** Watchers saw something that may have happened so long ago, in milliseconds. */
  lagged(ms: number): void;
  /** Writes a line, if there is something to tell. Without a `begin` before, nothing happens. */
  end(): void;
}

export interface MeterOptions {
  readonly cluster: string;
  readonly function: string;
  /** Whether lines are written of invocations in which nothing happened. */
  readonly verbose: boolean;
  readonly write: (line: string) => void;
  /** Unix milliseconds. */
  readonly clock: () => number;
  /** Milliseconds since the process began. */
  readonly uptime: () => number;
}

/** The meter of a Lambda function, whose lines go to its log. */
export function openMeter(
  { clusterName }: { readonly clusterName: string },
  env: Readonly<Record<string, string | undefined>>,
  log: Log,
): Meter {
  return createMeter({
    cluster: clusterName,
    function: env['AWS_LAMBDA_FUNCTION_NAME'] ?? '',
    verbose: log.isLevelEnabled('info'),
    write: writeLine,
    clock: Date.now,
    uptime: () => performance.now(),
  });
}

export const metricNamespace = 'Zeroplane';

const quietMs = 60_000;

interface Counts {
  invocations: number;
  ms: number;
  longestMs: number;
  coldStartMs: number | undefined;
  kind: string | undefined;
  throttles: number;
  lagMs: number | undefined;
}

const nothing: Readonly<Counts> = {
  invocations: 0,
  ms: 0,
  longestMs: 0,
  coldStartMs: undefined,
  kind: undefined,
  throttles: 0,
  lagMs: undefined,
};

export function createMeter({ cluster, function: name, verbose, write, clock, uptime }: MeterOptions): Meter {
  let counts: Counts = { ...nothing };
  let began: number | undefined;
  let known = false;
  let wroteAt = clock();
  return {
    begin() {
      began = uptime();
      if (!known) counts.coldStartMs = Math.round(began);
      known = true;
    },
    failed(kind) {
      counts.kind ??= kind;
    },
    throttled() {
      counts.throttles++;
    },
    lagged(ms) {
      counts.lagMs = Math.max(counts.lagMs ?? 0, Math.round(ms));
    },
    end() {
      if (began === undefined) return;
      const ms = uptime() - began;
      began = undefined;
      counts.invocations++;
      counts.ms += ms;
      counts.longestMs = Math.max(counts.longestMs, ms);
      const now = clock();
      if (!isEventful(counts) && !(verbose && now - wroteAt >= quietMs)) return;
      write(`${JSON.stringify(lineOf(counts, cluster, name, now))}\n`);
      counts = { ...nothing };
      wroteAt = now;
    },
  };
}

function isEventful({ coldStartMs, kind, throttles, lagMs }: Counts): boolean {
  return coldStartMs !== undefined || kind !== undefined || throttles > 0 || lagMs !== undefined;
}

function lineOf(counts: Counts, cluster: string, name: string, now: number): object {
  const { invocations, ms, longestMs, coldStartMs, kind, throttles, lagMs } = counts;
  const metrics = [
    ...(coldStartMs === undefined ? [] : [{ Name: 'ColdStart', Unit: 'Milliseconds' }]),
    ...(throttles === 0 ? [] : [{ Name: 'Throttles', Unit: 'Count' }]),
    ...(lagMs === undefined ? [] : [{ Name: 'WatchLag', Unit: 'Milliseconds' }]),
  ];
  const of = (dimensions: string[], list: object[]) =>
    list.length === 0 ? [] : [{ Namespace: metricNamespace, Dimensions: [dimensions], Metrics: list }];
  const errors = kind === undefined ? [] : [{ Name: 'Errors', Unit: 'Count' }];
  const directives = [...of(['Cluster'], metrics), ...of(['Cluster', 'Kind'], errors)];
  return {
    ...(directives.length > 0 && { _aws: { Timestamp: now, CloudWatchMetrics: directives } }),
    Cluster: cluster,
    function: name,
    invocations,
    averageMs: Math.round((ms / invocations) * 10) / 10,
    longestMs: Math.round(longestMs * 10) / 10,
    ...(coldStartMs !== undefined && { ColdStart: coldStartMs }),
    ...(kind !== undefined && { Kind: kind, Errors: 1 }),
    ...(throttles > 0 && { Throttles: throttles }),
    ...(lagMs !== undefined && { WatchLag: lagMs }),
  };
}
