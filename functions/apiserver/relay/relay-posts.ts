// The agent's posts of a relayed stream: puts what came into the store, and answers with what is there for the agent.

import { badRequest, StatusError } from '../../../core/machinery/status.ts';
import { largestBatchBytes, type RelayAnswer, windowBatches } from '../../../core/node/relay.ts';
import type { RelayKey, RelayState, Relays } from '../../../core/store/relays.ts';
import type { Query } from '../query.ts';

export interface RelayPost {
  readonly node: string;
  readonly id: string;
  /** `writer`, `batch`, `end`, `after`: see core/node/relay.ts. */
  readonly query: Query;
  readonly body: Uint8Array;
  readonly nowMs: number;
}

/** Throws NotFound when nobody waits for the stream, or another agent serves it; BadRequest; Conflict for one that runs ahead. */
export async function takeRelayPost(relays: Relays, post: RelayPost): Promise<RelayAnswer> {
  const { node, id, query, body, nowMs } = post;
  const key: RelayKey = { node, id };
  const writer = query.text('writer') ?? '';
  if (!/^[\w-]{1,64}$/.test(writer)) throw badRequest('writer: name the agent, in at most 64 letters');
  if (!/^[\w-]{1,64}$/.test(id)) throw notWaiting(key);
  if (body.length > largestBatchBytes)
    throw badRequest(`the batch has ${body.length} bytes: at most ${largestBatchBytes} are taken`);
  const batch = query.has('batch') ? counter(query, 'batch') : undefined;
  const after = counter(query, 'after');

  // An agent's first post is its first batch: of two agents that took a repeated request to dial, one serves.
  const state = await (batch === 1 ? relays.enter(key, writer) : relays.look(key));
  if (!state || state.untilMs < nowMs || state.writer !== writer) throw notWaiting(key);
  if (batch !== undefined) {
    if (batch > state.taken + windowBatches + 1)
      throw new StatusError(
        'Conflict',
        `the client has read ${state.taken} batches: wait before you send number ${batch}`,
      );
    await relays.put(key, 'up', { batch, bytes: body, end: query.boolean('end') });
  }
  return { taken: state.taken, batches: await batchesFor(relays, key, state, after) };
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
