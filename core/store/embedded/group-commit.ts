// Group commit: work that arrives in the same turn of the event loop, or while a sync runs, shares one transaction and one sync.
// Each piece of work checks before it writes, so that one that fails has written nothing and the others go on.

import { closeSync, fdatasync, fdatasyncSync, openSync } from 'node:fs';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { StoreError } from '../store.ts';
import { isFull } from './database.ts';

interface Job {
  readonly work: () => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

type Outcome = { readonly value: unknown } | { readonly error: unknown };

export interface GroupCommitOptions {
  readonly path: string;
  /** Called with every transaction's end, before anyone is answered: it is durable, or it never was. */
  readonly settle: (durable: boolean) => void;
  /** Makes the WAL durable. Default: fdatasync, on this thread while it is fast and beside it when it is not. */
  readonly sync?: () => void | Promise<void>;
}

/** Above this, a sync would hold up the event loop for longer than handing it to another thread costs. */
const slowSyncMs = 1;
/** From so many on, more are sure to come while they are synced, and are worked on meanwhile. */
const manyJobs = 8;

export class GroupCommit {
  readonly #options: GroupCommitOptions;
  readonly #db: DatabaseSync;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #wal: number;
  #queue: Job[] = [];
  #running: Promise<void> | undefined;
  #unsynced: Promise<void> | undefined;
  #failure: StoreError | undefined;
  #closed = false;
  #slow = false;

  constructor(db: DatabaseSync, options: GroupCommitOptions) {
    this.#db = db;
    this.#options = options;
    this.#begin = db.prepare('BEGIN IMMEDIATE');
    this.#commit = db.prepare('COMMIT');
    this.#wal = openSync(`${options.path}-wal`, 'r+');
  }

  /**
   * Runs `work` inside a shared transaction; settles once what it wrote is durable. A StoreError thrown by `work` must come before its
   * first write, and fails it alone.
   */
  run<T>(work: () => T): Promise<T> {
    if (this.#failure) return Promise.reject(this.#failure);
    if (this.#closed) return Promise.reject(new StoreError({ code: 'closed', data: {} }, 'The store is closed.'));
    return new Promise<T>((resolve, reject) => {
      // `resolve` only ever gets what this job's own `work` returned.
      this.#queue.push({ work, resolve: resolve as (value: unknown) => void, reject });
      this.#running ??= this.#drain();
    });
  }

  /** Set while something that can be read is not durable yet. */
  get unsynced(): Promise<void> | undefined {
    return this.#unsynced;
  }

  /** Why nothing more can be asked of the store, not even a read: what it shows may not be there after a restart. */
  get failure(): StoreError | undefined {
    return this.#failure;
  }

  /** What was asked for is finished; what is asked for later fails with `closed`. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
    closeSync(this.#wal);
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      await new Promise((resolve) => setImmediate(resolve));
      const jobs = this.#queue;
      this.#queue = [];
      await this.#flush(jobs);
    }
    this.#running = undefined;
  }

  async #flush(jobs: readonly Job[]): Promise<void> {
    if (this.#failure) {
      for (const job of jobs) job.reject(this.#failure);
      return;
    }
    let outcomes: Outcome[];
    try {
      outcomes = this.#transact(jobs);
    } catch (error) {
      // One of them is to blame: alone, only that one fails.
      if (jobs.length > 1) for (const job of jobs) await this.#flush([job]);
      else jobs[0]?.reject(error);
      return;
    }
    // A job that failed has written nothing.
    if (outcomes.some((outcome) => 'value' in outcome)) {
      try {
        const syncing = this.#options.sync ? this.#options.sync() : this.#sync(jobs.length);
        if (syncing) {
          // Readers who wait for it must learn why they get no answer.
          this.#unsynced = syncing.catch((cause: unknown) => {
            throw this.#stop(cause);
          });
          await this.#unsynced;
        }
      } catch (cause) {
        const { message } = this.#stop(cause);
        const ambiguous = new StoreError({ code: 'ambiguous', data: { type: '', name: '' } }, message, { cause });
        for (const job of jobs) job.reject(ambiguous);
        return;
      } finally {
        this.#unsynced = undefined;
      }
      this.#options.settle(true);
    }
    outcomes.forEach((outcome, i) => {
      if ('error' in outcome) jobs[i]?.reject(outcome.error);
      else jobs[i]?.resolve(outcome.value);
    });
  }

  #transact(jobs: readonly Job[]): Outcome[] {
    try {
      this.#begin.run();
      const outcomes = jobs.map((job): Outcome => {
        try {
          return { value: job.work() };
        } catch (error) {
          if (error instanceof StoreError) return { error };
          throw error;
        }
      });
      this.#commit.run();
      return outcomes;
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      this.#options.settle(false);
      if (!isFull(error)) throw error;
      const { path } = this.#options;
      throw new StoreError(
        { code: 'full', data: { path } },
        `No room for ${path}: make room on its device, or raise its limit. Nothing was written.`,
        { cause: error },
      );
    }
  }

  #sync(jobs: number): void | Promise<void> {
    const start = performance.now();
    const measure = () => {
      this.#slow = performance.now() - start > slowSyncMs;
    };
    if (!this.#slow && jobs < manyJobs) {
      fdatasyncSync(this.#wal);
      measure();
      return;
    }
    return new Promise((resolve, reject) => {
      fdatasync(this.#wal, (error) => {
        measure();
        if (error) reject(error);
        else resolve();
      });
    });
  }

  /** After a failed sync nobody knows what the device holds, and a second sync may wrongly succeed: only a new start can tell. */
  #stop(cause: unknown): StoreError {
    const { path } = this.#options;
    this.#failure ??= new StoreError(
      { code: 'closed', data: {} },
      `The device of ${path} failed to sync; what was being written may or may not be there. Check it and restart.`,
      { cause },
    );
    return this.#failure;
  }
}
