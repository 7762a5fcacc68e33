// One log, followed for all watches that may see the same of it: same path, selectors, media type and credentials. What it finds it asks
// for with those credentials, so nothing comes to a watch that its client might not ask for at that moment; and what is refused ends them.

import type { IncomingMessage } from 'node:http';
import { followHeader, followOn, readRevision, revisionHeader } from '../core/edge/follow.ts';
import { channelHeader, ticketHeader } from '../core/edge/ticket.ts';
import { type Pace, pauseAfter, pauseAfterFailures } from './pace.ts';
import { answerTo, bodyOf, type Headers, passedOn, type Upstream } from './upstream.ts';
import type { WatchRequest } from './watch-request.ts';
import type { Watcher } from './watcher.ts';

export interface FollowOptions {
  readonly request: WatchRequest;
  readonly upstream: Upstream;
  readonly pace: Pace;
  /** Whether somebody tells when this resource's log moves. */
  readonly isTold: () => boolean;
  /** Each answer of the API, which may say who tells it. */
  readonly onAnswer: (answer: IncomingMessage) => void;
  /** It has ended, by refusal or since nobody came back: it is forgotten. */
  readonly onEnd: () => void;
  readonly random?: () => number;
}

/** How long one without watches is kept: clients open a watch anew as soon as one has ended. */
const lingerMs = 60_000;
/** Of what one look may find: what is more, is listed anew. */
const mostBytes = 64 * 1024 * 1024;
/** A look that takes longer has failed. */
const lookMs = 60_000;

export class Follow {
  readonly #options: FollowOptions;
  readonly #watchers = new Set<Watcher>();
  /** Who opens it or looks, does so alone. */
  #last: Promise<unknown> = Promise.resolve();
  #revision: number | undefined;
  #headers: Headers = {};
  /** When the API last answered, and so let its reader read. */
  #checkedAt = Number.NEGATIVE_INFINITY;
  #lookedAt = Number.NEGATIVE_INFINITY;
  /** When the next look is due, whether or not somebody waits for what it finds. */
  #dueAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #lingering: NodeJS.Timeout | undefined;
  #pauseMs: number;
  #failures = 0;
  #moved = false;
  #ended = false;

  constructor(options: FollowOptions) {
    this.#options = options;
    this.#pauseMs = options.pace.quickMs;
  }

  get resource(): string {
    return this.#options.request.resource;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** One after the other. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** The headers of an answer to who wants what comes after this revision, where nothing has to be asked for that. */
  covers(after: number | undefined): Headers | undefined {
    if (this.#ended || after === undefined || after !== this.#revision) return undefined;
    // Whether they still may, is not known for longer.
    return Date.now() - this.#checkedAt < this.#options.pace.checkMs ? this.#headers : undefined;
  }

  /** A watch was opened by an answer that goes up to this revision: all go on from there. To be called alone; rejects when they cannot. */
  async meet(revision: number, answer: IncomingMessage): Promise<void> {
    this.#options.onAnswer(answer);
    if (this.#revision !== undefined && this.#watchers.size > 0) {
      if (this.#revision < revision) await this.#look(revision);
      // A store that was put back to an older state: nobody can go on.
      if (this.#revision !== revision) this.#endWatches();
    }
    this.#revision = revision;
    this.#checkedAt = Date.now();
    this.#lookedAt = this.#checkedAt;
    this.#headers = watchHeaders(answer);
    this.#moved = false;
    this.#dueAt = this.#checkedAt + this.#pause();
  }

  add(watcher: Watcher): void {
    clearTimeout(this.#lingering);
    this.#watchers.add(watcher);
    this.#arm();
  }

  remove(watcher: Watcher): void {
    if (!this.#watchers.delete(watcher) || this.#watchers.size > 0 || this.#ended) return;
    clearTimeout(this.#timer);
    this.#lingering = setTimeout(() => this.end(), lingerMs);
    this.#lingering.unref();
  }

  /** The log may have moved, perhaps up to this revision. */
  nudge(revision = Number.POSITIVE_INFINITY): void {
    if (this.#ended || this.#revision === undefined || revision <= this.#revision) return;
    this.#moved = true;
    this.#pauseMs = this.#options.pace.quickMs;
    // At once after a silence, and no oftener than that while it goes on.
    this.#dueAt = Math.max(Date.now(), this.#lookedAt + this.#options.pace.quickMs);
    this.#arm();
  }

  /** Whoever tells of it is there, or gone. */
  repace(): void {
    if (this.#moved || this.#revision === undefined) return;
    this.#dueAt = Math.max(Date.now(), this.#lookedAt + this.#pause());
    this.#arm();
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#lingering);
    this.#options.onEnd();
    this.#endWatches();
  }

  /** Their clients go on with new ones, and learn then what there is to learn. */
  #endWatches(): void {
    for (const watcher of [...this.#watchers]) watcher.end();
  }

  #pause(): number {
    const { pace, isTold, random = Math.random } = this.#options;
    return isTold() ? pace.checkMs * (0.8 + random() / 5) : this.#pauseMs;
  }

  #arm(): void {
    clearTimeout(this.#timer);
    if (this.#ended || this.#watchers.size === 0) return;
    const look = () => this.alone(() => this.#lookNow()).catch(() => undefined);
    this.#timer = setTimeout(look, Math.max(0, this.#dueAt - Date.now()));
    this.#timer.unref();
  }

  async #lookNow(): Promise<void> {
    const { pace, random = Math.random } = this.#options;
    if (this.#ended || this.#watchers.size === 0) return;
    this.#moved = false;
    try {
      const found = await this.#look(followOn);
      this.#failures = 0;
      this.#pauseMs = pauseAfter(pace, this.#pauseMs, found);
      if (!this.#moved) this.#dueAt = Date.now() + this.#pause();
    } catch {
      this.#failures += 1;
      this.#dueAt = Date.now() + pauseAfterFailures(this.#failures, random());
    }
    this.#arm();
  }

  /** Whether there was something. */
  async #look(until: number | typeof followOn): Promise<boolean> {
    const { request, upstream, onAnswer } = this.#options;
    const query = new URLSearchParams(request.query);
    query.set('resourceVersion', String(this.#revision));
    const headers = await upstream.authorized({ ...request.headers, [followHeader]: String(until) });
    const sent = upstream.request('GET', `${request.path}?${query}`, headers);
    const timer = setTimeout(() => sent.destroy(new Error('no answer in time')), lookMs);
    this.#lookedAt = Date.now();
    try {
      sent.end();
      const answer = await answerTo(sent);
      const code = answer.statusCode ?? 0;
      const revision = readRevision(String(answer.headers[revisionHeader] ?? ''));
      if (code !== 200 || revision === undefined) {
        // Not allowed any more, gone, or forgotten: a new watch is told. Everything else passes.
        if (isFinal(code)) this.end();
        throw new Error(`the API answered ${code}`);
      }
      const body = await bodyOf(answer, mostBytes);
      onAnswer(answer);
      this.#checkedAt = Date.now();
      if (revision === this.#revision) return false;
      this.#revision = revision;
      if (body.length > 0) for (const watcher of this.#watchers) watcher.push(body);
      return true;
    } catch (error) {
      sent.destroy();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** What a watch's client sees of an answer that opened one. */
export function watchHeaders(answer: IncomingMessage): Headers {
  const { [revisionHeader]: _, [ticketHeader]: __, [channelHeader]: ___, ...shown } = passedOn(answer.headers);
  return shown;
}

function isFinal(code: number): boolean {
  return code === 200 || (code >= 400 && code < 500 && code !== 408 && code !== 429);
}
