// Asks the node's own resolvers for names outside the cluster.

import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { readFile } from 'node:fs/promises';
import { connect, isIP } from 'node:net';

/** The `nameserver` lines of a resolv.conf(5), without `excluded` addresses (our own: that would be a loop). `address` or `address#port`. */
export function nameservers(resolvConf: string, excluded: readonly string[]): string[] {
  const found: string[] = [];
  for (const line of resolvConf.split('\n')) {
    const server = /^\s*nameserver\s+(\S+)/.exec(line)?.[1];
    if (server === undefined || found.includes(server)) continue;
    const [address = '', port] = server.split('#');
    // 0.0.0.0 is the node itself.
    if (isIP(address) === 0 || address === '0.0.0.0' || address === '::') continue;
    if (port === undefined && excluded.includes(address)) continue;
    found.push(server);
  }
  return found;
}

export interface UpstreamOptions {
  readonly resolvConf: string;
  readonly excluded: readonly string[];
  /** Milliseconds that one server may take. */
  readonly patience?: number;
  readonly now?: () => number;
}

/** A server that did not answer is asked last for this long (ms). */
const grudge = 10_000;
const mostAtOnce = 1_000;

/** Resolvers of the node. */
export class Upstream {
  readonly #options: UpstreamOptions;
  readonly #failedAt = new Map<string, number>();
  /** By question: who asks what is already asked waits for that answer; a loop of resolvers ends here as well. */
  readonly #open = new Map<string, Promise<Buffer | undefined>>();

  constructor(options: UpstreamOptions) {
    this.#options = options;
  }

  /** The answer to the raw `query`, with its id; undefined when no server answers in time. `key` names the question. */
  async ask(query: Buffer, transport: 'udp' | 'tcp', key: string): Promise<Buffer | undefined> {
    const id = `${transport} ${key}`;
    let answer = this.#open.get(id);
    if (answer === undefined) {
      if (this.#open.size >= mostAtOnce) return undefined;
      answer = this.#ask(query, transport).finally(() => this.#open.delete(id));
      this.#open.set(id, answer);
    }
    const reply = await answer;
    if (reply === undefined) return undefined;
    const own = Buffer.from(reply);
    query.copy(own, 0, 0, 2);
    return own;
  }

  async #ask(query: Buffer, transport: 'udp' | 'tcp'): Promise<Buffer | undefined> {
    const { resolvConf, excluded, patience = 2_000, now = Date.now } = this.#options;
    const servers = nameservers(await readFile(resolvConf, 'utf8').catch(() => ''), excluded);
    const since = now() - grudge;
    const healthy = servers.filter((server) => (this.#failedAt.get(server) ?? Number.NEGATIVE_INFINITY) < since);
    // None answered lately: one quick try, so that a node without a network says so soon.
    const [chosen, wait] = healthy.length > 0 ? [healthy.slice(0, 3), patience] : [servers.slice(0, 1), patience / 4];
    for (const server of chosen) {
      const own = Buffer.from(query);
      own.writeUInt16BE(randomInt(0x10000), 0);
      const reply = await (transport === 'udp' ? overUdp(server, own, wait) : overTcp(server, own, wait));
      if (reply !== undefined) {
        this.#failedAt.delete(server);
        return reply;
      }
      this.#failedAt.set(server, now());
    }
    return undefined;
  }
}

function placeOf(server: string): { host: string; port: number } {
  const [host = '', port = '53'] = server.split('#');
  return { host, port: Number(port) };
}

function overUdp(server: string, query: Buffer, wait: number): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const { host, port } = placeOf(server);
    // Connected: only this server's datagrams arrive, and a refusal is heard at once.
    const socket = createSocket(isIP(host) === 6 ? 'udp6' : 'udp4');
    const end = (reply?: Buffer) => {
      clearTimeout(timer);
      socket.removeAllListeners('error');
      socket.on('error', () => undefined);
      socket.close();
      resolve(reply);
    };
    const timer = setTimeout(end, wait);
    socket.on('error', () => end());
    socket.on('message', (message) => {
      if (message.length >= 12 && message.readUInt16BE(0) === query.readUInt16BE(0)) end(message);
    });
    socket.connect(port, host, () => socket.send(query, (error) => (error ? end() : undefined)));
  });
}

function overTcp(server: string, query: Buffer, wait: number): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const socket = connect(placeOf(server));
    let received = Buffer.alloc(0);
    const end = (reply?: Buffer) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(reply);
    };
    const timer = setTimeout(end, wait);
    socket.on('error', () => end());
    socket.on('close', () => end());
    socket.on('connect', () => socket.write(framed(query)));
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      if (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
        end(received.subarray(2, 2 + received.readUInt16BE(0)));
      }
    });
  });
}

/** A DNS message as TCP carries it: its length in two bytes first (RFC 1035 4.2.2). */
export function framed(message: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length, 0);
  return Buffer.concat([length, message]);
}
