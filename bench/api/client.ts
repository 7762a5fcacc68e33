// A small HTTP/2 client of a Kubernetes server: a few connections, requests spread over them.

import http2 from 'node:http2';

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
  /** Calls `onLine` for each line of a watch; resolves once the server has answered. */
  watch(path: string, onLine: (line: string) => void): Promise<{ stop(): void }>;
  close(): void;
}

export async function connect(target: Target, connections: number): Promise<Client> {
  const sessions = await Promise.all(Array.from({ length: connections }, () => open(target)));
  const authorization = `Bearer ${target.token}`;
  let turn = 0;
  const next = (): http2.ClientHttp2Session => {
    turn = (turn + 1) % sessions.length;
    const session = sessions[turn];
    if (!session) throw new Error('no connection');
    return session;
  };
  return {
    send(method, path, body, type = 'application/json') {
      return new Promise((resolve, reject) => {
        const headers = {
          ':method': method,
          ':path': path,
          authorization,
          accept: 'application/json',
          ...(body !== undefined && { 'content-type': type }),
        };
        const stream = next().request(headers, { endStream: body === undefined });
        const chunks: Buffer[] = [];
        let status = 0;
        stream.on('response', (answer) => {
          status = answer[':status'] ?? 0;
        });
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('error', reject);
        stream.on('end', () => {
          const whole = chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
          if (status >= 200 && status < 300) resolve(whole);
          else reject(new Error(`${method} ${path} answered ${status}: ${whole.toString().slice(0, 300)}`));
        });
        if (body !== undefined) stream.end(body);
      });
    },
    watch(path, onLine) {
      return new Promise((resolve, reject) => {
        const stream = next().request({ ':path': path, authorization, accept: 'application/json' });
        let rest = '';
        stream.setEncoding('utf8');
        stream.on('data', (chunk: string) => {
          const lines = (rest + chunk).split('\n');
          rest = lines.pop() ?? '';
          for (const line of lines) onLine(line);
        });
        stream.on('error', reject);
        stream.once('response', (answer) => {
          if (answer[':status'] === 200) resolve({ stop: () => stream.close(http2.constants.NGHTTP2_CANCEL) });
          else reject(new Error(`the watch of ${path} was answered ${answer[':status']}`));
        });
      });
    },
    close() {
      for (const session of sessions) session.close();
    },
  };
}

function open({ server, insecure, ca }: Target): Promise<http2.ClientHttp2Session> {
  return new Promise((resolve, reject) => {
    const session = http2.connect(server, {
      rejectUnauthorized: !insecure,
      ...(ca && { ca }),
      settings: { initialWindowSize: 1 << 24 },
    });
    session.once('connect', () => {
      session.setLocalWindowSize(1 << 24);
      resolve(session);
    });
    session.once('error', reject);
  });
}
