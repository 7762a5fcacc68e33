// One at a time of those who do the same work: who begins while another works leaves it to that one, which looks once more for whatever was
// noted meanwhile. Two may still meet, where one was counted as dead: the log keeps them apart (D4).

import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { goesOnMs, type Wakes } from '../store/wakes.ts';
import type { Ended } from './until-quiet.ts';
import { type Waking, wokenBy } from './waking.ts';
import type { Wakeup, Worker } from './workers.ts';

export interface TurnOptions {
  readonly worker: Worker;
  readonly wakeup: Wakeup;
  readonly wakes: Pick<Wakes, 'begin' | 'goOn' | 'end' | 'stop'>;
  readonly waking: Pick<Waking, 'goOn'>;
  readonly onError: (error: unknown) => void;
  /** How long the end of another's turn is waited for, in milliseconds. Default: not at all. */
  readonly waitMs?: number;
}

const askAgainMs = 200;

/**
 * `work` looks at all that there is to do, and is called again for what came meanwhile. False: another works, and it was not called. Rejects
 * with it: then AWS calls again.
 */
export async function inTurn(options: TurnOptions, work: () => Promise<Ended>): Promise<boolean> {
  const { worker, wakeup, wakes, waking, onError, waitMs = 0 } = options;
  const woken = wokenBy(worker, wakeup);
  const id = randomUUID();
  const until = Date.now() + waitMs;
  let seen = await wakes.begin(woken, id);
  while (seen === undefined && Date.now() < until) {
    await delay(askAgainMs);
    seen = await wakes.begin(woken, id);
  }
  if (seen === undefined) return false;
  const going = setInterval(() => wakes.goOn(woken, id).catch(onError), goesOnMs);
  try {
    while (seen !== undefined) {
      if ((await work()) === 'late') {
        await wakes.stop(woken, id, seen);
        await waking.goOn(worker, wakeup);
        break;
      }
      seen = await wakes.end(woken, id, seen);
    }
    return true;
  } catch (error) {
    if (seen !== undefined) await wakes.stop(woken, id, seen).catch(onError);
    throw error;
  } finally {
    clearInterval(going);
  }
}
