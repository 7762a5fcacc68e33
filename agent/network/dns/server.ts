// The node's DNS server: cluster names from the zone, the rest from the node's resolvers; UDP and TCP on its addresses.

import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { createServer, isIPv6, type Server, type Socket } from 'node:net';
import { type Answer, decode, encode, type Packet, RECURSION_DESIRED } from 'dns-packet';
import { createShares, type Shares } from '../../../core/process/shares.ts';
import { answer, type Reply } from './answer.ts';
import { framed, type Upstream } from './upstream.ts';
import type { Zone } from './zone.ts';

export interface DnsServerOptions {
  readonly addresses: readonly string[];
  /** 53 when not given. */
  readonly port?: number;
  /** The zone as of now. Undefined: not known yet, and every answer is SERVFAIL, which nobody remembers as NXDOMAIN is. */
  readonly zone: () => Zone | undefined;
  readonly upstream: Pick<Upstream, 'ask'>;
  readonly onError: (error: unknown) => void;
}

export interface DnsServer {
  /** Rejects with the errno of a bind that failed. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

// RFC 1035 header bits.
const authoritative = 1 << 10;
const recursionAvailable = 1 << 7;
const truncated = 1 << 9;
const rcodes = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4 };
/** The size that does not fragment (DNS flag day 2020): what we send at most over UDP, whatever a client offers. */
const largestDatagram = 1232;
/** An idle TCP client is let go after this long (ms). */
const idleTcp = 10_000;
const mostTcpClients = 500;
/** That wait for the node's resolvers at a time; no more than these are asked at once. */
const mostQuestions = 1_000;

export function createDnsServer(options: DnsServerOptions): DnsServer {
  // A pod that asks for many names, or holds many connections, has a quarter of what the others leave free.
  const shares = { questions: createShares(mostQuestions), connections: createShares(mostTcpClients) };
  const servers = options.addresses.map((address) => serverAt(address, options, shares));
  return {
    async start() {
      for (const server of servers) await server.start();
    },
    async stop() {
      for (const server of servers) await server.stop();
    },
  };
}

function serverAt(
  address: string,
  options: DnsServerOptions,
  { questions, connections }: Readonly<Record<'questions' | 'connections', Shares>>,
): DnsServer {
  const port = options.port ?? 53;
  let udp: UdpSocket | undefined;
  let tcp: Server | undefined;
  const clients = new Set<Socket>();
  const sharedBy = (client: string): Pick<Upstream, 'ask'> => ({
    async ask(query, transport, key) {
      if (!questions.take(client, 1)) return undefined;
      try {
        return await options.upstream.ask(query, transport, key);
      } finally {
        questions.release(client, 1);
      }
    },
  });

  return {
    async start() {
      const socket = createSocket({ type: isIPv6(address) ? 'udp6' : 'udp4', reuseAddr: false });
      udp = socket;
      socket.on('message', (query, from) => {
        respond({ ...options, upstream: sharedBy(from.address) }, query, 'udp')
          .then((reply) => {
            if (reply !== undefined && udp === socket) socket.send(reply, from.port, from.address, () => undefined);
          })
          .catch(options.onError);
      });
      await new Promise<void>((resolve, reject) => {
        socket.once('error', reject);
        socket.bind(port, address, () => resolve());
      });
      socket.on('error', options.onError);

      const server = createServer((client) => {
        const { remoteAddress = '' } = client;
        if (!connections.take(remoteAddress, 1)) return void client.destroy();
        clients.add(client);
        client.on('close', () => {
          clients.delete(client);
          connections.release(remoteAddress, 1);
        });
        client.on('error', () => undefined); // the client went away: its own affair
        client.setTimeout(idleTcp, () => client.destroy());
        serve({ ...options, upstream: sharedBy(remoteAddress) }, client);
      });
      tcp = server;
      server.maxConnections = mostTcpClients;
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, address, () => resolve());
      });
      server.on('error', options.onError);
    },
    async stop() {
      for (const client of clients) client.destroy();
      const [socket, server] = [udp, tcp];
      udp = undefined;
      tcp = undefined;
      if (socket !== undefined) await new Promise<void>((resolve) => socket.close(() => resolve()));
      if (server?.listening) await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** One TCP client: messages one after the other, each with its length first. */
function serve(options: DnsServerOptions, client: Socket): void {
  let received = Buffer.alloc(0);
  client.on('data', (chunk) => {
    received = Buffer.concat([received, chunk]);
    while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
      const end = 2 + received.readUInt16BE(0);
      const query = received.subarray(2, end);
      received = received.subarray(end);
      respond(options, Buffer.from(query), 'tcp')
        .then((reply) => (reply === undefined ? client.destroy() : client.write(framed(reply))))
        .catch(options.onError);
    }
  });
}

/** Undefined: not a DNS query, and not worth an answer. */
async function respond(
  { zone, upstream }: DnsServerOptions,
  message: Buffer,
  transport: 'udp' | 'tcp',
): Promise<Buffer | undefined> {
  if (message.length < 12) return undefined;
  let query: Packet;
  try {
    query = decode(message);
  } catch {
    return bare(message, rcodes.FORMERR);
  }
  if (query.type !== 'query') return undefined;
  // dns-packet knows the opcode, its types do not.
  if ((query as { opcode?: string }).opcode !== 'QUERY') return bare(message, rcodes.NOTIMP);
  const question = query.questions?.[0];
  if (question === undefined || query.questions?.length !== 1) return bare(message, rcodes.FORMERR);

  const key = `${question.type} ${question.name.toLowerCase()}`;
  const known = zone();
  if (known === undefined) return failure(query);
  const reply = answer(known, question);
  if (reply === undefined) return (await upstream.ask(message, transport, key)) ?? failure(query);
  const complete = reply.alias === undefined ? reply : await resolveAlias(upstream, reply, reply.alias, question.type);
  return pack(query, complete, transport);
}

/** Adds what the node's resolvers know of the name that the answers end in: stub resolvers do not follow aliases themselves. */
async function resolveAlias(
  upstream: Pick<Upstream, 'ask'>,
  reply: Reply,
  alias: string,
  type: string,
): Promise<Reply> {
  const query = encode({
    type: 'query',
    id: 0,
    flags: RECURSION_DESIRED,
    questions: [{ name: alias, type: type as 'A', class: 'IN' }], // a type that dns-packet decoded, it encodes too
  });
  const key = `${type} ${alias}`;
  let raw = await upstream.ask(query, 'udp', key);
  if (raw !== undefined && isTruncated(raw)) raw = await upstream.ask(query, 'tcp', key);
  if (raw === undefined) return reply;
  try {
    return { ...reply, answers: [...reply.answers, ...(decode(raw).answers ?? [])] };
  } catch {
    return reply;
  }
}

function isTruncated(message: Buffer): boolean {
  return (message.readUInt16BE(2) & truncated) !== 0;
}

function pack(query: Packet, reply: Reply, transport: 'udp' | 'tcp'): Buffer {
  const offered = query.additionals?.find((record) => record.type === 'OPT');
  const limit = transport === 'tcp' ? 65_535 : Math.min(Math.max(offered?.udpPayloadSize ?? 512, 512), largestDatagram);
  const message = (parts: Pick<Reply, 'answers' | 'authorities' | 'additionals'>, flags: number): Buffer =>
    compressed(
      {
        type: 'response',
        id: query.id ?? 0,
        flags:
          ((query.flags ?? 0) & RECURSION_DESIRED) | authoritative | recursionAvailable | rcodes[reply.rcode] | flags,
        questions: query.questions ?? [],
      },
      parts.answers,
      parts.authorities,
      [...parts.additionals, ...(offered === undefined ? [] : [opt()])],
    );
  const whole = message(reply, 0);
  if (whole.length <= limit) return whole;
  // Additional records may be left out in silence (RFC 2181 section 9); answers that are cut off are announced.
  const lean = message({ ...reply, additionals: [] }, 0);
  if (lean.length <= limit) return lean;
  let answers = reply.answers;
  while (answers.length > 0) {
    answers = answers.slice(0, Math.floor(answers.length / 2));
    const cut = message({ answers, authorities: [], additionals: [] }, truncated);
    if (cut.length <= limit) return cut;
  }
  return message({ answers: [], authorities: [], additionals: [] }, truncated);
}

/** Records that belong to the name of the question point back to it (RFC 1035 4.1.4): most of an answer is that name. */
function compressed(head: Packet, ...sections: (readonly Answer[])[]): Buffer {
  const question = head.questions?.[0]?.name;
  const parts = [encode(head)];
  sections.forEach((records, section) => {
    parts[0]?.writeUInt16BE(records.length, 6 + 2 * section);
    for (const record of records) {
      if (record.name !== question) parts.push(encode({ type: 'response', answers: [record] }).subarray(12));
      // The question's name stands right after the header; a record of the root has one byte for its name.
      else parts.push(pointer, encode({ type: 'response', answers: [{ ...record, name: '.' }] }).subarray(13));
    }
  });
  return Buffer.concat(parts);
}

const pointer = Buffer.from([0xc0, 12]);

function opt(): Answer {
  // The fields that dns-packet wants of an OPT record; all flags off (no DNSSEC).
  const record = { type: 'OPT', name: '.', udpPayloadSize: largestDatagram, flags: 0, options: [], flag_do: false };
  return { ...record, extendedRcode: 0, ednsVersion: 0 } as unknown as Answer; // its type demands decoded-only fields
}

function failure(query: Packet): Buffer {
  return encode({
    type: 'response',
    id: query.id ?? 0,
    flags: ((query.flags ?? 0) & RECURSION_DESIRED) | recursionAvailable | rcodes.SERVFAIL,
    questions: query.questions ?? [],
  });
}

/** A header alone, for what could not be read. */
function bare(query: Buffer, rcode: number): Buffer {
  const header = Buffer.alloc(12);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(0x8000 | (query.readUInt16BE(2) & 0x7900) | rcode, 2);
  return header;
}
