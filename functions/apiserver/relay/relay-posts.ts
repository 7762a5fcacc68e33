// The agent's posts of a relayed stream: puts what came into the store, and answers with what is there for the agent.

import { badRequest, StatusError } from '../../../core/machinery/status.ts';
import { largestBatchBytes, type RelayAnswer, windowBatches } from '../../../core/node/relay.ts';
import type { RelayKey, RelayState, Relays } from '../../../core/store/relays.ts';
import type { Query } from '../query.ts';

export interface RelayPost {
  readonly node: string;
  readonly id: string;
  /** `writer`, `batch`, `end`, `after`, `wait`: see core/node/relay.ts. */
  readonly query: Query;
  readonly body: Uint8Array;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly pause: (ms: number) => Promise<void>;
}

/** An agent may ask to be kept waiting for frames, at most for so long: it holds a function meanwhile. */
const longestWaitMs = 5_000;
/** Between two looks meanwhile. */
const looks = { quickMs: 15, slowMs: 60 } as const;

/** Throws NotFound when nobody waits for the stream, or another agent serves it; BadRequest; Conflict for one that runs ahead. */
export async function takeRelayPost(relays: Relays, post: RelayPost): Promise<RelayAnswer> {
  const { node, id, query, body, now, pause } = post;
  const key: RelayKey = { node, id };
  const writer = query.text('writer') ?? '';
  if (!/^[\w-]{1,64}$/.test(writer)) throw badRequest('writer: name the agent, in at most 64 letters');
  if (!/^[\w-]{1,64}$/.test(id)) throw notWaiting(key);
  if (body.length > largestBatchBytes)
    throw badRequest(`the batch has ${body.length} bytes: at most ${largestBatchBytes} are taken`);
  const batch = query.has('batch') ? counter(query, 'batch') : undefined;
  const after = counter(query, 'after');
  const until = now() + Math.min(longestWaitMs, counter(query, 'wait'));

  // An agent's first post is its first batch: of two agents that took a repeated request to dial, one serves.
  let state = waitingFor(await (batch === 1 ? relays.enter(key, writer) : relays.look(key)));
  if (batch !== undefined) {
    if (batch > state.taken + windowBatches + 1)
      throw new StatusError(
        'Conflict',
        `the client has read ${state.taken} batches: wait before you send number ${batch}`,
      );
    await relays.put(key, 'up', { batch, bytes: body, end: query.boolean('end') });
  }
  let pauseMs: number = looks.quickMs;
  for (;;) {
    const batches = await batchesFor(relays, key, state, after);
    if (batches.length > 0 || now() >= until) return { taken: state.taken, batches };
    await pause(pauseMs);
    pauseMs = Math.min(looks.slowMs, pauseMs * 1.1);
    state = waitingFor(await relays.look(key));
  }

  function waitingFor(found: RelayState | undefined): RelayState {
    if (!found || found.untilMs < now() || found.writer !== writer) throw notWaiting(key);
    return found;
  }
}

async function batchesFor(
  relays: Relays,
  key: RelayKey,
  state: RelayState,
  after: number,
): Promise<RelayAnswer['batches']> {
  if (state.sent <= after) return [];
  const found = await relays.after(key, 'down', after);
  return found.map(({ batch, bytes }) => ({ batch, bytes: Buffer.from(bytes).toString('base64') }));
}

function counter(query: Query, name: string): number {
  const value = query.integer(name) ?? 0;
  if (value < 0 || value > 1e9) throw badRequest(`${name} is not a whole number`);
  return value;
}

function notWaiting({ node, id }: RelayKey): StatusError {
  return new StatusError('NotFound', `no client waits for stream ${JSON.stringify(id)} of node ${node}`);
}
