// The ends of a stream on the channel: they join it, hear of each other, and what one says is passed on to the other. The channel knows
// neither users nor pods, and cannot read what is said: who may be an end has a ticket, and who may speak with whom an address.

import {
  joinedSeconds,
  openAddress,
  openStreamTicket,
  readStreamWord,
  type StreamNews,
  sealAddress,
  sealStreamTicket,
} from '../../core/node/channel/ticket.ts';
import type { StreamEnds } from '../../core/store/stream-ends.ts';
import type { ChannelAnswer } from './events.ts';

export interface StreamOptions {
  readonly ends: StreamEnds;
  readonly key: Buffer;
  /** False: the connection is gone. */
  readonly post: (connection: string, text: string) => Promise<boolean>;
  readonly onError: (error: unknown) => void;
  readonly now: () => number;
}

/** undefined: what was said is of no stream. */
export async function answerStream(
  options: StreamOptions,
  connection: string,
  text: string,
): Promise<ChannelAnswer | undefined> {
  const word = readStreamWord(text);
  if (!word) return undefined;
  if ('join' in word) return news(await join(options, connection, word));
  const { key, post, onError, now } = options;
  const to = openAddress(word.to, connection, key, now());
  if (to === undefined) return news({ gone: true });
  try {
    return (await post(to, JSON.stringify({ data: word.data } satisfies StreamNews)))
      ? { statusCode: 200 }
      : news({ gone: true });
  } catch (error) {
    // It is said again when it is missed.
    onError(error);
    return { statusCode: 200 };
  }
}

async function join(
  { ends, key, post, onError, now }: StreamOptions,
  connection: string,
  { join: text, writer }: { readonly join: string; readonly writer: string },
): Promise<StreamNews> {
  const ticket = openStreamTicket(text, key, now());
  if (!ticket) return { refused: true };
  const { stream, end } = ticket;
  const met = await ends.join(stream, end, { writer, connection });
  if (!met) return { refused: true };
  const until = Math.floor(now() / 1000) + joinedSeconds;
  const again = sealStreamTicket({ stream, end, until }, key);
  if (met.other === undefined) return { ticket: again };
  const address = (from: string, to: string) => sealAddress({ from, to, until }, key);
  const told: StreamNews = { peer: address(met.other, connection) };
  const there = await post(met.other, JSON.stringify(told)).catch((error: unknown) => {
    // It asks by itself.
    onError(error);
    return true;
  });
  // One that is gone may come again: it is heard of then.
  return there ? { ticket: again, peer: address(connection, met.other) } : { ticket: again };
}

function news(said: StreamNews): ChannelAnswer {
  return { statusCode: 200, body: JSON.stringify(said) };
}
