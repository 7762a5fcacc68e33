// What tells an edge that logs have moved: a WebSocket to the cluster's channel, opened once an answer brought a ticket for it. Nothing
// counts on it: a message may be lost, doubled or out of order, and only says where to look. Without it, or while it is away, follows look by
// themselves.

import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import {
  channelHeader,
  mostTickets,
  readHeads,
  readTicket,
  type Ticket,
  ticketHeader,
  type Wish,
} from '../core/edge/ticket.ts';
import type { TypeName } from '../core/store/store.ts';
import { pauseAfterFailures } from './pace.ts';

export interface ChannelOptions {
  /** The roots (PEM) by which it is checked, if not the machine's own. */
  readonly ca?: string;
  /** A resource's log reaches up to this revision. */
  readonly onHead: (resource: string, revision: number) => void;
  /** What `isTold` says has changed. */
  readonly onChange: () => void;
  readonly times?: ChannelTimes;
}

export interface ChannelTimes {
  /** Between two wishes: API Gateway ends connections on which nothing was said for ten minutes. Each is answered by all heads. */
  readonly wishMs: number;
  /** How long the answer to one may take. */
  readonly answerMs: number;
}

export interface Channel {
  /** Takes the ticket of an answer of the API about a resource. */
  heard(resource: string, answer: IncomingMessage): void;
  /** Whether it tells when this resource's log moves. */
  isTold(resource: string): boolean;
  close(): void;
}

const usualTimes: ChannelTimes = { wishMs: 8 * 60_000, answerMs: 20_000 };
/** Resources that are asked for in one turn share a wish. */
const gatherMs = 50;

interface Known extends Ticket {
  readonly text: string;
  readonly resources: Set<string>;
}

export function createChannel({ ca, onHead, onChange, times = usualTimes }: ChannelOptions): Channel {
  const known = new Map<TypeName, Known>();
  const types = new Map<string, TypeName>();
  const told = new Set<TypeName>();
  let url: string | undefined;
  let socket: WebSocket | undefined;
  let failures = 0;
  let closed = false;
  let wishing: NodeJS.Timeout | undefined;
  let answering: NodeJS.Timeout | undefined;
  let opening: NodeJS.Timeout | undefined;

  const tickets = (): string[] => {
    for (const [type, { until }] of known) if (until * 1000 <= Date.now()) known.delete(type);
    return [...known.values()].slice(-mostTickets).map(({ text }) => text);
  };

  const wish = (): void => {
    clearTimeout(wishing);
    const wanted: Wish = { tickets: tickets() };
    if (socket?.readyState !== WebSocket.OPEN) return;
    // Nobody follows anything any more.
    if (wanted.tickets.length === 0) {
      socket.close();
      return;
    }
    socket.send(JSON.stringify(wanted));
    wishing = setTimeout(wish, times.wishMs);
    wishing.unref();
    const asked = socket;
    clearTimeout(answering);
    answering = setTimeout(() => asked.terminate(), times.answerMs);
    answering.unref();
  };

  const take = (text: string): void => {
    clearTimeout(answering);
    failures = 0;
    const before = told.size;
    for (const [type, revision] of readHeads(text)) {
      const about = known.get(type);
      if (!about) continue;
      told.add(type);
      for (const resource of about.resources) onHead(resource, revision);
    }
    if (told.size !== before) onChange();
  };

  const openLater = (): void => {
    clearTimeout(opening);
    if (closed || socket || tickets().length === 0) return;
    opening = setTimeout(open, failures === 0 ? 0 : pauseAfterFailures(failures, Math.random()));
    opening.unref();
  };

  const open = (): void => {
    const [ticket] = tickets();
    if (closed || socket || url === undefined || ticket === undefined) return;
    const made = new WebSocket(url, {
      headers: { authorization: `Bearer ${ticket}` },
      handshakeTimeout: 10_000,
      maxPayload: 128 * 1024,
      ...(ca !== undefined && { ca }),
    });
    socket = made;
    made.on('open', wish);
    made.on('message', (data, isBinary) => {
      if (!isBinary) take(String(data));
    });
    made.on('error', () => undefined);
    made.on('close', () => {
      clearTimeout(wishing);
      clearTimeout(answering);
      socket = undefined;
      failures += 1;
      if (told.size > 0) {
        told.clear();
        onChange();
      }
      openLater();
    });
  };

  return {
    heard(resource, { headers }) {
      const [text, at] = [headers[ticketHeader], headers[channelHeader]];
      if (typeof text !== 'string' || typeof at !== 'string' || !isSecure(at)) return;
      const ticket = readTicket(text);
      if (!ticket) return;
      if (url !== at) socket?.close();
      url = at;
      const before = known.get(ticket.type);
      const resources = before?.resources ?? new Set();
      resources.add(resource);
      types.set(resource, ticket.type);
      known.delete(ticket.type);
      known.set(ticket.type, { ...ticket, text, resources });
      if (!socket) openLater();
      else if (!before) {
        clearTimeout(wishing);
        wishing = setTimeout(wish, gatherMs);
        wishing.unref();
      }
    },
    isTold(resource) {
      const type = types.get(resource);
      return type !== undefined && told.has(type);
    },
    close() {
      closed = true;
      for (const timer of [wishing, answering, opening]) clearTimeout(timer);
      socket?.terminate();
    },
  };
}

/** The API names it; where it leads in the clear, somebody else would hear. */
function isSecure(url: string): boolean {
  return URL.canParse(url) && new URL(url).protocol === 'wss:';
}
