// Reports to the control plane. What somebody waits for (a pod that runs, that is ready, that is gone; the node itself) goes at once, and
// what of it comes up meanwhile together in the next report. Events wait a moment for company, and pods that are only under way for their
// next status, which is mostly that they run: each report is a request, and each part of it a commit, on processors and disks that the
// starts which they tell of need. Nothing waits behind an event.

import { setTimeout as delay } from 'node:timers/promises';
import type { EventReport, PodReport, Report, ReportResult, UsageReport } from '../../core/node/protocol.ts';
import { createBackoff } from '../backoff.ts';
import { createEventFilter } from './event-filter.ts';

export interface ReporterOptions {
  send(report: Report): Promise<ReportResult>;
  /** The answer to one pod's report. */
  onPod(report: PodReport, result: ReportResult['pods'][number]): void;
  onNode(node: NonNullable<ReportResult['node']>): void;
  onFailure(error: unknown): void;
  /** A report was answered: the control plane is there. */
  onAnswer(): void;
  readonly random: () => number;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Whether pods are being started: each event that is sent meanwhile takes processor time of their starts. Default: none is. */
  readonly isStarting?: () => boolean;
  /** How long a pod that is under way waits for news of it. Default 1 s. */
  readonly underWayMs?: number;
}

/** Events beyond this are dropped, the oldest first, while the control plane is away. */
const maxEvents = 1000;
const maxPods = 200;
/** Events wait for this long: those of a start go in one report, when it is over. */
const gatherMs = 1000;
/** And for as long at most while other pods start. kubelet, which sends fifty a second, may be as late with those of many pods. */
const longestGatherMs = 5000;
/** Of a pod that takes longer to start, it is told that it is under way. */
const underWayMs = 1000;

export class Reporter {
  readonly #options: ReporterOptions;
  /** To be told, and what waits for news, by uid: never both of one pod. */
  readonly #pods = new Map<string, PodReport>();
  readonly #underWay = new Map<string, PodReport>();
  #events: EventReport[] = [];
  readonly #filter = createEventFilter();
  #node: Report['node'];
  #usage: UsageReport | undefined;
  #beat = false;
  /** Statuses, one report at a time: of one pod none may overtake another. */
  #telling: Promise<void> | undefined;
  /** Events by themselves. */
  #recounting: Promise<void> | undefined;
  #gathering: NodeJS.Timeout | undefined;
  /** What there is of events has waited for long enough. */
  #due = false;
  #waiting: NodeJS.Timeout | undefined;
  readonly #abort = new AbortController();

  constructor(options: ReporterOptions) {
    this.#options = options;
  }

  /** `underWay`: nobody acts on it, and another status of the same pod is likely to follow soon. */
  pod(report: PodReport, underWay = false): void {
    // A later status of the same pod replaces an earlier one.
    if (underWay && !this.#pods.has(report.uid)) {
      this.#underWay.set(report.uid, report);
      if (!this.#abort.signal.aborted)
        this.#waiting ??= setTimeout(() => this.#tellUnderWay(), this.#options.underWayMs ?? underWayMs).unref();
      return;
    }
    this.#underWay.delete(report.uid);
    this.#pods.set(report.uid, report);
    this.#tell();
  }

  /** Left out where its object has said too much of late. */
  event(event: EventReport): void {
    const admitted = this.#filter.admit(event, this.#options.now());
    if (!admitted) return;
    this.#events.push(admitted);
    if (this.#events.length > maxEvents) this.#events.shift();
    this.#gather();
  }

  node(node: NonNullable<Report['node']>): void {
    this.#node = node;
    this.#tell();
  }

  heartbeat(usage: UsageReport | undefined): void {
    this.#usage = usage ?? this.#usage;
    this.#beat = true;
    this.#tell();
  }

  /** Sends what is left, for at most `timeoutMs`. */
  async stop(timeoutMs: number): Promise<void> {
    clearTimeout(this.#gathering);
    clearTimeout(this.#waiting);
    this.#tellUnderWay();
    this.#gathered();
    const sent = Promise.all([this.#telling, this.#recounting]);
    await Promise.race([sent, delay(timeoutMs, undefined, { ref: false })]);
    this.#abort.abort();
  }

  #gather(waited = 0): void {
    if (this.#gathering || this.#abort.signal.aborted) return;
    this.#gathering = setTimeout(() => {
      this.#gathering = undefined;
      const isAwaited = waited + gatherMs >= longestGatherMs || this.#events.some(({ type }) => type === 'Warning');
      if (isAwaited || !this.#options.isStarting?.()) this.#gathered();
      else this.#gather(waited + gatherMs);
    }, gatherMs).unref();
  }

  #gathered(): void {
    if (this.#abort.signal.aborted) return;
    this.#due = true;
    if (this.#events.length > 0)
      this.#recounting ??= this.#drain(
        () => ({ pods: [], events: this.#takeEvents() }),
        () => this.#due && this.#events.length > 0,
      ).finally(() => {
        this.#recounting = undefined;
      });
  }

  #tellUnderWay(): void {
    this.#waiting = undefined;
    for (const [uid, report] of this.#underWay) this.#pods.set(uid, report);
    this.#underWay.clear();
    if (this.#pods.size > 0) this.#tell();
  }

  #tell(): void {
    if (this.#telling || this.#abort.signal.aborted) return;
    this.#telling = this.#drain(
      () => this.#takeStatuses(),
      () => this.#pods.size > 0 || this.#node !== undefined || this.#beat,
    ).finally(() => {
      this.#telling = undefined;
    });
  }

  #takeEvents(): EventReport[] {
    const events = this.#events;
    this.#events = [];
    this.#due = false;
    return events;
  }

  #takeStatuses(): Parcel {
    const pods = [...this.#pods.values()].slice(0, maxPods);
    for (const { uid } of pods) this.#pods.delete(uid);
    const [node, usage] = [this.#node, this.#usage];
    this.#node = undefined;
    this.#usage = undefined;
    this.#beat = false;
    return { pods, events: [], ...(node && { node }), ...(usage && { usage }) };
  }

  #putBack({ pods, events, node, usage }: Parcel): void {
    for (const report of pods)
      if (!this.#pods.has(report.uid) && !this.#underWay.has(report.uid)) this.#pods.set(report.uid, report);
    this.#events = [...events, ...this.#events].slice(-maxEvents);
    this.#node ??= node;
    this.#usage ??= usage;
  }

  /** Takes and sends until nothing is left, each parcel until it is answered. */
  async #drain(take: () => Parcel, isLeft: () => boolean): Promise<void> {
    const backoff = createBackoff(200, 30_000, this.#options.random);
    // What the current turn of the event loop still adds goes into the same report.
    await Promise.resolve();
    for (let failed = false; failed || isLeft(); ) {
      const parcel = take();
      const { pods, events, node, usage } = parcel;
      try {
        const result = await this.#options.send({
          ...(node && { node }),
          ...(pods.length > 0 && { pods }),
          ...(events.length > 0 && { events }),
          ...(usage && { usage }),
        });
        failed = false;
        backoff.reset();
        this.#options.onAnswer();
        pods.forEach((report, i) => {
          const answer = result.pods[i];
          if (answer) this.#options.onPod(report, answer);
        });
        if (result.node) this.#options.onNode(result.node);
      } catch (error) {
        this.#options.onFailure(error);
        this.#putBack(parcel);
        failed = true;
        await delay(backoff.next(), undefined, { signal: this.#abort.signal, ref: false }).catch(() => undefined);
        if (this.#abort.signal.aborted) return;
      }
    }
  }
}

/** What one report carries. */
interface Parcel {
  readonly pods: PodReport[];
  readonly events: EventReport[];
  readonly node?: NonNullable<Report['node']>;
  readonly usage?: UsageReport;
}
