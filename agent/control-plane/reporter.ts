// Reports to the control plane: the first at once, what comes up while one is on its way together in the next, each until it is answered.

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
}

/** Events beyond this are dropped, the oldest first, while the control plane is away. */
const maxEvents = 1000;
const maxPods = 200;

export class Reporter {
  readonly #options: ReporterOptions;
  readonly #pods = new Map<string, PodReport>();
  #events: EventReport[] = [];
  readonly #filter = createEventFilter();
  #node: Report['node'];
  #usage: UsageReport | undefined;
  #beat = false;
  #working: Promise<void> | undefined;
  readonly #abort = new AbortController();

  constructor(options: ReporterOptions) {
    this.#options = options;
  }

  pod(report: PodReport): void {
    // A later status of the same pod replaces an earlier one.
    this.#pods.set(report.uid, report);
    this.#work();
  }

  /** Left out where its object has said too much of late. */
  event(event: EventReport): void {
    const admitted = this.#filter.admit(event, this.#options.now());
    if (!admitted) return;
    this.#events.push(admitted);
    if (this.#events.length > maxEvents) this.#events.shift();
    this.#work();
  }

  node(node: NonNullable<Report['node']>): void {
    this.#node = node;
    this.#work();
  }

  heartbeat(usage: UsageReport | undefined): void {
    this.#usage = usage ?? this.#usage;
    this.#beat = true;
    this.#work();
  }

  /** Sends what is left, for at most `timeoutMs`. */
  async stop(timeoutMs: number): Promise<void> {
    await Promise.race([this.#working, delay(timeoutMs, undefined, { ref: false })]);
    this.#abort.abort();
  }

  #work(): void {
    if (this.#working || this.#abort.signal.aborted) return;
    this.#working = this.#drain().finally(() => {
      this.#working = undefined;
    });
  }

  async #drain(): Promise<void> {
    const backoff = createBackoff(200, 30_000, this.#options.random);
    // What the current turn of the event loop still adds goes into the same report.
    await Promise.resolve();
    while (this.#pods.size > 0 || this.#events.length > 0 || this.#node || this.#beat) {
      const pods = [...this.#pods.values()].slice(0, maxPods);
      const events = this.#events;
      const node = this.#node;
      const usage = this.#usage;
      this.#events = [];
      this.#node = undefined;
      this.#usage = undefined;
      this.#beat = false;
      for (const { uid } of pods) this.#pods.delete(uid);
      try {
        const result = await this.#options.send({
          ...(node && { node }),
          ...(pods.length > 0 && { pods }),
          ...(events.length > 0 && { events }),
          ...(usage && { usage }),
        });
        backoff.reset();
        this.#options.onAnswer();
        pods.forEach((report, i) => {
          const answer = result.pods[i];
          if (answer) this.#options.onPod(report, answer);
        });
        if (result.node) this.#options.onNode(result.node);
      } catch (error) {
        this.#options.onFailure(error);
        for (const report of pods) if (!this.#pods.has(report.uid)) this.#pods.set(report.uid, report);
        this.#events = [...events, ...this.#events].slice(-maxEvents);
        this.#node ??= node;
        this.#usage ??= usage;
        this.#beat = true;
        await delay(backoff.next(), undefined, { signal: this.#abort.signal, ref: false }).catch(() => undefined);
        if (this.#abort.signal.aborted) return;
      }
    }
  }
}
