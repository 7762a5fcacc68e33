// The other side of thread-environment.ts: a thread with its own variables that loads the bundle and answers one
// invocation at a time. `awslambda` as the Node.js runtime gives it to handlers that stream.
// Source: Lambda developer guide, "Writing response streaming-enabled Lambda functions".

import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { Writable } from 'node:stream';
import { parentPort, workerData } from 'node:worker_threads';
import type { Invocation } from './execution-environment.ts';

export interface EnvironmentData {
  /** URL of the bundle's entry. */
  readonly bundle: string;
  /** The exported handler. */
  readonly handler: string;
  /** Where requests to STS go instead. */
  /** 1 while there is something to do. The thread stands still otherwise, as Lambda freezes an environment between invocations. */
  readonly thawed: Int32Array;
}

export type ToEnvironment = ({ readonly kind: 'invoke' } & Invocation) | { readonly kind: 'taken' };

export type FromEnvironment =
  | { readonly kind: 'ready' }
  | { readonly kind: 'line'; readonly text: string }
  | { readonly kind: 'chunk'; readonly bytes: Uint8Array }
  | { readonly kind: 'done'; readonly result?: unknown }
  | { readonly kind: 'failed'; readonly message: string };

interface Context {
  readonly awsRequestId: string;
  getRemainingTimeInMillis(): number;
}

type BufferedHandler = (event: unknown, context: Context) => Promise<unknown>;
type StreamingHandler = (event: unknown, stream: Writable, context: Context) => Promise<void>;

const streaming = new WeakSet<object>();
const preludes = new WeakMap<Writable, string>();

Object.assign(globalThis, {
  awslambda: {
    streamifyResponse(handler: StreamingHandler) {
      streaming.add(handler);
      return handler;
    },
    HttpResponseStream: {
      from(stream: Writable, prelude: object) {
        preludes.set(stream, JSON.stringify(prelude));
        return stream;
      },
    },
  },
});

// as: only thread-environment.ts starts this thread.
const { bundle, handler: name, thawed } = workerData as EnvironmentData;
const port = parentPort;
if (!port) throw new Error('an execution environment is a worker thread');
const post = (message: FromEnvironment) => port.postMessage(message);

// A function's log is its standard output, which all threads share: so it goes the other way.
const realWriteSync = fs.writeSync;
Object.assign(fs, {
  writeSync(fd: number, data: string, ...rest: []) {
    if (fd !== 1) return realWriteSync(fd, data, ...rest);
    postLines(data);
    return Buffer.byteLength(data);
  },
});
syncBuiltinESMExports();
Object.assign(process.stdout, {
  write(data: string) {
    postLines(data);
    return true;
  },
});

function postLines(data: string): void {
  for (const text of data.trimEnd().split('\n')) post({ kind: 'line', text });
}

let taken: (() => void) | undefined;
// A bundle exports its handlers.
const module = (await import(bundle)) as Record<string, BufferedHandler | StreamingHandler | undefined>;
const found = module[name];
if (!found) throw new Error(`${bundle} exports no ${name}`);
const handler = found;

port.on('message', (message: ToEnvironment) => {
  if (message.kind === 'taken') taken?.();
  else void invoke(message);
});
post({ kind: 'ready' });
freeze();

/** Nothing of this thread goes on until the next invocation: no timer, no answer, no request. */
function freeze(): void {
  Atomics.wait(thawed, 0, 0);
  Atomics.store(thawed, 0, 0);
}

async function invoke({ event, requestId, deadline }: Invocation): Promise<void> {
  const context = { awsRequestId: requestId, getRemainingTimeInMillis: () => deadline - Date.now() };
  try {
    if (streaming.has(handler)) {
      // as: `streamifyResponse` was given a handler of this kind.
      await (handler as StreamingHandler)(event, responseStream(), context);
      post({ kind: 'done' });
    } else post({ kind: 'done', result: await (handler as BufferedHandler)(event, context) });
  } catch (error) {
    post({ kind: 'failed', message: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
  // Lambda's client still says that it is done, and asks for more.
  setImmediate(freeze);
}

/** Bytes go on as fast as they are taken. Before the first go the prelude and eight NUL bytes. */
function responseStream(): Writable {
  const stream = new Writable({
    write(chunk: Uint8Array, _encoding, done) {
      const prelude = preludes.get(stream);
      preludes.delete(stream);
      const bytes = prelude === undefined ? chunk : Buffer.concat([Buffer.from(prelude), Buffer.alloc(8), chunk]);
      if (bytes.length === 0) return done();
      taken = () => done();
      post({ kind: 'chunk', bytes });
    },
  });
  return stream;
}
