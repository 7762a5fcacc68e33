// Resource versions in requests: parsing, and the two failures of asking for what is not there.

import type { ReadEnvironment } from '../../kinds/environment.ts';
import { badRequest, StatusError } from '../../machinery/status.ts';
import type { Replica } from '../../replica/replica.ts';
import type { TypeName } from '../../store/store.ts';

/** 0 for an empty one. What no server gave out yet is a number all the same, and too large. Throws BadRequest. */
export function parseResourceVersion(text: string): number {
  if (text === '') return 0;
  const wrong = (why: string) =>
    badRequest(
      `invalid resource version: resourceVersion: Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: ${why}`,
    );
  if (!/^[0-9]+$/.test(text)) throw wrong('invalid syntax');
  // 2^64 - 1 has twenty digits; what is rounded to 2^64 is above it or told as it.
  const value = Number(text);
  if (value > 2 ** 64) throw wrong('value out of range');
  return value;
}

/** A resource version above the newest: a client that is ahead of this server, or of another cluster. */
export function tooLargeResourceVersion(asked: number, current: number): StatusError {
  return new StatusError('Timeout', `Timeout: Too large resource version: ${BigInt(asked)}, current: ${current}`, {
    retryAfterSeconds: 1,
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
  });
}

/** A read of one object is of the newest; a client that asks for a version waits for it, or is told that there is none so new. */
export async function reachesVersion(
  { store, replicas }: Pick<ReadEnvironment, 'store' | 'replicas'>,
  type: TypeName,
  resourceVersion: string,
): Promise<void> {
  const asked = parseResourceVersion(resourceVersion);
  if (asked === 0 || asked <= (await store.head(type))) return;
  await waitForRevision(await replicas.of(type), asked);
}

/** How long Kubernetes waits until its cache has a version that somebody asks for. */
const freshMs = 3_000;
/** Between two looks at the log: a process may hear of no commits of others. */
const lookMs = 500;
/** Who waits beside so many others is told at once. */
const maxWaiting = 200;
let waiting = 0;

/** Catches up to a revision that was asked for, or fails with Timeout where there is none such for a while. */
export async function waitForRevision(replica: Replica, revision: number): Promise<void> {
  if ((await replica.catchUp()) >= revision) return;
  if (waiting < maxWaiting) {
    waiting += 1;
    try {
      if (await comes(replica, revision)) return;
    } finally {
      waiting -= 1;
    }
  }
  throw tooLargeResourceVersion(revision, replica.revision);
}

function comes(replica: Replica, revision: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    let looks = freshMs / lookMs;
    const stop = () => {
      clearInterval(timer);
      forget();
    };
    const look = (reached: number) => {
      looks -= 1;
      if (reached < revision && looks > 0) return;
      stop();
      resolve(reached >= revision);
    };
    const forget = replica.onEvent((event) => {
      if (event.revision < revision) return;
      stop();
      resolve(true);
    });
    const timer = setInterval(() => {
      replica.catchUp().then(look, (error) => {
        stop();
        reject(error);
      });
    }, lookMs);
  });
}

export function tooOldResourceVersion(asked: number, oldest: number): StatusError {
  return new StatusError('Expired', `too old resource version: ${asked} (${oldest})`);
}
