// The follows of an edge, found by what watches have in common, and how many there may be.

import type { IncomingMessage } from 'node:http';
import { StatusError } from '../core/machinery/status.ts';
import { Follow } from './follow.ts';
import type { Pace } from './pace.ts';
import type { Upstream } from './upstream.ts';
import type { WatchRequest } from './watch-request.ts';

export interface FollowsOptions {
  readonly upstream: Upstream;
  readonly pace: Pace;
  /** Whether somebody tells when this resource's log moves. */
  readonly isTold: (resource: string) => boolean;
  readonly onAnswer: (resource: string, answer: IncomingMessage) => void;
}

export interface Follows {
  /** Throws TooManyRequests. */
  of(request: WatchRequest): Follow;
  /** A resource's log may have moved, perhaps up to this revision. */
  nudge(resource: string, revision?: number): void;
  /** What `isTold` says has changed. */
  repace(): void;
  close(): void;
}

/** Each asks the API by itself: of one caller, and of all. */
const mostOfOne = 500;
const mostOfAll = 2000;

export function createFollows({ upstream, pace, isTold, onAnswer }: FollowsOptions): Follows {
  const follows = new Map<string, Follow>();
  const held = new Map<string, number>();
  const count = (holder: string, change: 1 | -1) => {
    const now = (held.get(holder) ?? 0) + change;
    if (now > 0) held.set(holder, now);
    else held.delete(holder);
  };
  return {
    of(request) {
      const { key, holder, resource } = request;
      const known = follows.get(key);
      if (known) return known;
      if (follows.size >= mostOfAll || (held.get(holder) ?? 0) >= mostOfOne)
        throw new StatusError(
          'TooManyRequests',
          'Too many requests, please try again later: too many different watches are open here.',
          { retryAfterSeconds: 10 },
        );
      const made = new Follow({
        request,
        upstream,
        pace,
        isTold: () => isTold(resource),
        onAnswer: (answer) => onAnswer(resource, answer),
        onEnd: () => {
          follows.delete(key);
          count(holder, -1);
        },
      });
      follows.set(key, made);
      count(holder, 1);
      return made;
    },
    nudge(resource, revision) {
      for (const follow of follows.values()) if (follow.resource === resource) follow.nudge(revision);
    },
    repace() {
      for (const follow of follows.values()) follow.repace();
    },
    close() {
      for (const follow of [...follows.values()]) follow.end();
    },
  };
}
