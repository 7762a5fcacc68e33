// HTTPS over connections that somebody else makes: TLS is from end to end, whoever carries its bytes. They are kept and used again.

import { Agent, type AgentOptions } from 'node:https';
import type { Duplex } from 'node:stream';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';

/** What a connection of an agent is made with: the options of the request that asks for it. */
export interface Opening<T> {
  /** The signal aborts when it took too long, and never after TLS was made. */
  open(request: T, signal: AbortSignal): Promise<Duplex>;
  /** Who is to be at the other end, and by which authorities. */
  tls(request: T): ConnectionOptions;
  /** How long it may take to be made, in milliseconds. */
  readonly timeoutMs: number;
}

/** Idle connections do not keep a process alive. */
export function tlsAgent<T>({ open, tls, timeoutMs }: Opening<T>, options: AgentOptions): Agent {
  const agent = new Agent({ keepAlive: true, ...options });
  // as: Node calls it with the request's options and a callback, and takes the connection from there (http.Agent, createConnection).
  type Callback = (error: Error | null, socket?: Duplex) => void;
  agent.createConnection = ((request: T, callback: Callback) => {
    const making = new AbortController();
    const timer = setTimeout(() => making.abort(new Error(`no connection within ${timeoutMs / 1000} s`)), timeoutMs);
    const made = () => clearTimeout(timer);
    open(request, making.signal).then(
      (raw) => {
        const socket = connectTls({ ALPNProtocols: ['http/1.1'], ...tls(request), socket: raw });
        making.signal.addEventListener('abort', () => socket.destroy(making.signal.reason));
        socket.once('secureConnect', made).once('close', made);
        // TLS over a stream that is no socket tells of its end, and not why.
        raw.once('error', (error) => socket.destroy(error));
        callback(null, socket);
      },
      (error: Error) => {
        made();
        callback(making.signal.aborted ? making.signal.reason : error);
      },
    );
  }) as unknown as typeof agent.createConnection;
  return agent;
}
