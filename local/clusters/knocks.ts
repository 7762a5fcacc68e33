// How often hosted clusters are woken by who shows no credential of theirs: joining machines and looks at their health may, a little. Whoever
// reaches the port and knows names could keep all of them in memory otherwise, and the host's processor with their starts.

import { StatusError } from '../../core/machinery/status.ts';

export interface Knocks {
  /** Counts one more at this cluster. Throws TooManyRequests. */
  knock(uid: string): void;
  forget(uid: string): void;
}

interface Rate {
  /** At once, after long quiet. */
  readonly burst: number;
  /** Until there may be one more. */
  readonly everyMs: number;
}

const ofOne: Rate = { burst: 3, everyMs: 10 * 60_000 };
const ofAll: Rate = { burst: 20, everyMs: 60_000 };

/** What is left, as of a moment. */
interface Left {
  readonly count: number;
  readonly at: number;
}

export function createKnocks(now: () => number): Knocks {
  const left = new Map<string, Left>();
  let leftOfAll: Left | undefined;
  return {
    knock(uid) {
      const [one, all] = [leftNow(left.get(uid), ofOne, now()), leftNow(leftOfAll, ofAll, now())];
      if (one.count < 1 || all.count < 1)
        throw new StatusError(
          'TooManyRequests',
          'the cluster sleeps, and requests without a credential of its own have woken it often enough: send one that it gave out (`zeroplane cluster kubeconfig`), or try again later',
          { retryAfterSeconds: 60 },
        );
      left.set(uid, { ...one, count: one.count - 1 });
      leftOfAll = { ...all, count: all.count - 1 };
    },
    forget(uid) {
      left.delete(uid);
    },
  };
}

function leftNow(left: Left | undefined, { burst, everyMs }: Rate, now: number): Left {
  if (!left) return { count: burst, at: now };
  return { count: Math.min(burst, left.count + (now - left.at) / everyMs), at: now };
}
