// A client of a Kubernetes server that costs little: a few HTTP/2 connections of our own, requests spread over them. The load shares the
// cores with the server, and node:http2 took 48 us of processor time for a get at 64 at a time and 224 us for a create at 1; ours takes
// 18 and 104 (medians of six rounds by turns; the server took 75 and more). h2load costs less still and says the same of gets (h2load.ts),
// but sends one body in all requests.

import { type Connection, open } from './http2/connection.ts';
import { literal, method, names, schemeHttps } from './http2/hpack.ts';

export interface Target {
  readonly server: string;
  readonly token: string;
  /** Takes any certificate. */
  readonly insecure: boolean;
  /** PEM. */
  readonly ca?: string;
}

export interface Client {
  /** The body of a 2xx answer; throws what else came. */
  send(method: string, path: string, body?: string, type?: string): Promise<Buffer>;
  /** The body of a 2xx answer to a GET, in the parts that it came in: joining megabytes would take as long as the server did. */
  read(path: string): Promise<readonly Buffer[]>;
  /** Calls `onLine` for each line of a watch; resolves once the server has answered. */
  watch(path: string, onLine: (line: string) => void): Promise<{ stop(): void }>;
  close(): void;
}

/** Over TLS only; rejects where a server does not offer HTTP/2. */
export async function connect({ server, token, ...trust }: Target, connections: number): Promise<Client> {
  const url = new URL(server);
  const opened = await Promise.all(Array.from({ length: connections }, () => open({ server: url, ...trust })));
  const fields = requestFields(url.host, token);
  let turn = 0;
  const next = (): Connection => {
    turn = (turn + 1) % opened.length;
    const connection = opened[turn];
    if (!connection) throw new Error('no connection');
    return connection;
  };
  const ask = (verb: string, path: string, body: string | undefined, type: string): Promise<readonly Buffer[]> =>
    new Promise((resolve, reject) => {
      const parts: Buffer[] = [];
      let status = 0;
      const bytes = body === undefined ? undefined : Buffer.from(body);
      const block = fields(verb, path, bytes && { type, length: bytes.length });
      next().request(block, bytes, {
        status: (found) => {
          status = found;
        },
        data: (part) => void parts.push(part),
        end() {
          if (status >= 200 && status < 300) resolve(parts);
          else reject(new Error(`${verb} ${path} answered ${status}: ${joined(parts).toString().slice(0, 300)}`));
        },
        fail: reject,
      });
    });
  return {
    send: async (verb, path, body, type = 'application/json') => joined(await ask(verb, path, body, type)),
    read: (path) => ask('GET', path, undefined, ''),
    watch(path, onLine) {
      return new Promise((resolve, reject) => {
        const stop = next().request(fields('GET', path), undefined, {
          status(found) {
            if (found === 200) resolve({ stop });
            else reject(new Error(`the watch of ${path} was answered ${found}`));
          },
          data: lineSplitter(onLine),
          end: () => reject(new Error(`the watch of ${path} ended`)),
          fail: reject,
        });
      });
    },
    close() {
      for (const connection of opened) connection.close();
    },
  };
}

function joined(parts: readonly Buffer[]): Buffer {
  return parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts);
}

/** The packed fields of a request. All but the path and the length is packed once. Go's client sends the length of a body, as kubectl's and operators' is. */
function requestFields(authority: string, token: string) {
  const first = Buffer.concat([schemeHttps, literal(names.authority, authority)]);
  const last = Buffer.concat([
    literal(names.authorization, `Bearer ${token}`),
    literal(names.accept, 'application/json'),
  ]);
  const verbs = new Map<string, Buffer>();
  const types = new Map<string, Buffer>();
  const verbAndFirst = (verb: string) => Buffer.concat([method(verb), first]);
  const lastAndType = (type: string) => Buffer.concat([last, literal(names.contentType, type)]);
  return (verb: string, path: string, body?: { readonly type: string; readonly length: number }): Buffer[] => {
    const before = [once(verbs, verb, verbAndFirst), literal(names.path, path)];
    if (!body) return [...before, last];
    return [...before, once(types, body.type, lastAndType), literal(names.contentLength, String(body.length))];
  };
}

function once(known: Map<string, Buffer>, key: string, make: (key: string) => Buffer): Buffer {
  const found = known.get(key) ?? make(key);
  known.set(key, found);
  return found;
}

/** Splits bytes, not text: a character may be cut by the end of a part, a newline never is. */
function lineSplitter(onLine: (line: string) => void): (part: Buffer) => void {
  let rest: Buffer[] = [];
  return (part) => {
    let from = 0;
    for (let to = part.indexOf('\n'); to >= 0; to = part.indexOf('\n', from)) {
      const end = part.subarray(from, to);
      from = to + 1;
      onLine((rest.length > 0 ? Buffer.concat([...rest, end]) : end).toString());
      rest = [];
    }
    if (from < part.length) rest.push(part.subarray(from));
  };
}
