// A client of the API as a program has one that must bear whatever happens on the way: answers that do not come, watches that break.

import { Agent, request } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';

export interface ApiAnswer {
  /** 0: no answer came. */
  readonly code: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into many kinds of objects, and an absent field fails them.
  readonly body: any;
}

export interface WatchedEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  readonly object: any;
}

export interface ApiClient {
  send(method: string, path: string, body?: object): Promise<ApiAnswer>;
  /** Sent again until it is answered with one of these codes; rejects after two minutes, and at other codes below 500 but 429. */
  sendUntil(codes: readonly number[], method: string, path: string, body?: object): Promise<ApiAnswer>;
  /** Changes after `from`, resumed where it was whenever it ends. Rejects when it cannot be: 410. */
  watch(path: string, from: string, signal: AbortSignal): AsyncGenerator<WatchedEvent>;
  /** How often a watch was resumed. */
  readonly resumed: number;
  close(): void;
}

export interface ApiClientOptions {
  readonly url: string;
  readonly ca: string;
  readonly token: string;
}

/** A watch is asked to end after so long: it must be resumed often. */
const watchSeconds = 5;
const answerMs = 40_000;
const patienceMs = 120_000;
const pauseMs = 100;

export function createApiClient({ url, ca, token }: ApiClientOptions): ApiClient {
  const agent = new Agent({ keepAlive: true, ca });
  let resumed = 0;

  function open(method: string, path: string, body = '') {
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    const authorization = `Bearer ${token}`;
    // Node says nothing of the length of a DELETE's body by itself.
    const content = body === '' ? {} : { 'content-type': type, 'content-length': Buffer.byteLength(body) };
    return request(url + path, { method, agent, headers: { authorization, ...content } });
  }

  function send(method: string, path: string, body?: object): Promise<ApiAnswer> {
    return new Promise((resolve) => {
      const text = body && JSON.stringify(body);
      const sent = open(method, path, text);
      const failed = () => resolve({ code: 0, body: undefined });
      sent.setTimeout(answerMs, () => sent.destroy());
      sent.once('error', failed);
      sent.once('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', failed);
        response.once('end', () => {
          const text = Buffer.concat(chunks).toString();
          resolve({ code: response.statusCode ?? 0, body: text === '' ? undefined : JSON.parse(text) });
        });
      });
      sent.end(text);
    });
  }

  /** Lines until it ends or breaks; a line that broke off is none. */
  async function* lines(path: string, signal: AbortSignal): AsyncGenerator<string> {
    let sent = open('GET', path);
    const end = () => sent.destroy();
    signal.addEventListener('abort', end);
    try {
      const response = await new Promise<NodeJS.ReadableStream | undefined>((resolve) => {
        const send = () => {
          sent.once('error', () => resolve(undefined));
          sent.once('response', (answer) => {
            if (answer.statusCode === 200) return resolve(answer);
            answer.resume();
            const { location } = answer.headers;
            if (answer.statusCode !== 307 || location === undefined) return resolve(undefined);
            sent = open('GET', new URL(location, url + path).href.slice(url.length));
            send();
          });
          sent.end();
        };
        send();
      });
      if (!response) return;
      let text = '';
      response.setEncoding('utf8');
      try {
        for await (const chunk of response) {
          const parts = (text + chunk).split('\n');
          text = parts.pop() ?? '';
          yield* parts;
        }
      } catch {
        // Broken off.
      }
    } finally {
      signal.removeEventListener('abort', end);
      sent.destroy();
    }
  }

  return {
    send,
    async sendUntil(codes, method, path, body) {
      const deadline = Date.now() + patienceMs;
      for (;;) {
        const answer = await send(method, path, body);
        if (codes.includes(answer.code)) return answer;
        const passes = answer.code === 0 || answer.code === 429 || answer.code >= 500;
        if (!passes || Date.now() > deadline)
          throw new Error(`${method} ${path}: ${answer.code} ${JSON.stringify(answer.body)}`);
        await delay(pauseMs);
      }
    },
    async *watch(path, from, signal) {
      let at = from;
      while (!signal.aborted) {
        const query = `watch=true&allowWatchBookmarks=true&timeoutSeconds=${watchSeconds}&resourceVersion=${at}`;
        for await (const line of lines(`${path}${path.includes('?') ? '&' : '?'}${query}`, signal)) {
          const { type, object } = JSON.parse(line);
          if (type === 'ERROR' && object.code === 410) throw new Error(`watch of ${path} from ${at}: ${line}`);
          if (type === 'ERROR') break;
          at = object.metadata.resourceVersion;
          if (type !== 'BOOKMARK') yield { type, object };
        }
        if (signal.aborted) return;
        resumed++;
        await delay(pauseMs / 4);
      }
    },
    get resumed() {
      return resumed;
    },
    close: () => agent.destroy(),
  };
}
