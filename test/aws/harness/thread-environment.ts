// An execution environment as a thread of this process: quick to start, and all in one debugger. It stands still between invocations, as
// Lambda freezes it. See thread.ts for the other side.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { transformSync } from 'esbuild';
import { type ExecutionEnvironment, InvocationError } from './execution-environment.ts';
import type { FunctionOptions } from './lambda.ts';
import type { EnvironmentData, FromEnvironment, ToEnvironment } from './thread.ts';

/** thread.ts without its types: each thread would load what strips them, which takes a tenth of a second. */
const { code } = transformSync(readFileSync(join(import.meta.dirname, 'thread.ts'), 'utf8'), { loader: 'ts' });
const named = `${code}//# sourceURL=thread.ts`;
const thread = new URL(`data:text/javascript,${encodeURIComponent(named)}`);

export function startThread({ name, bundle, handler, env, onLine }: FunctionOptions): ExecutionEnvironment {
  const thawed = new Int32Array(new SharedArrayBuffer(4));
  const workerData: EnvironmentData = {
    bundle: pathToFileURL(join(bundle, 'index.mjs')).href,
    handler,
    thawed,
  };
  const worker = new Worker(thread, {
    workerData,
    env: { ...env, _HANDLER: `index.${handler}`, AWS_LAMBDA_FUNCTION_NAME: name },
    execArgv: [],
  });
  const post = (message: ToEnvironment) => worker.postMessage(message);
  const ready = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  ready.promise.catch(() => undefined);
  let listener: ((message: FromEnvironment) => void) | undefined;
  let failed: ((error: InvocationError) => void) | undefined;
  worker.on('message', (message: FromEnvironment) => {
    if (message.kind === 'ready') ready.resolve();
    else if (message.kind === 'line') onLine(message.text);
    else listener?.(message);
  });
  worker.on('error', (error) => {
    ready.reject(error);
    failed?.(new InvocationError('failed', `${name}: ${error.stack ?? error.message}`));
  });
  worker.on('exit', () => {
    ready.reject(new InvocationError('killed', `${name} ended before it was ready`));
    failed?.(new InvocationError('killed', `${name}: its environment ended`));
    ended.resolve();
  });
  return {
    ready: ready.promise,
    ended: ended.promise,
    initMs: 0,
    loaded: [],
    invoke(invocation, take) {
      return new Promise<unknown>((resolve, reject) => {
        failed = reject;
        listener = (message) => {
          if (message.kind === 'chunk') {
            void (take?.(message.bytes) ?? Promise.resolve()).then(
              () => post({ kind: 'taken' }),
              // Nobody takes it any more: the function runs on, unknowing, as it does on Lambda.
              () => post({ kind: 'taken' }),
            );
          } else if (message.kind === 'done') resolve(message.result);
          else if (message.kind === 'failed') reject(new InvocationError('failed', `${name}: ${message.message}`));
        };
        post({ kind: 'invoke', ...invocation });
        Atomics.store(thawed, 0, 1);
        Atomics.notify(thawed, 0);
      }).finally(() => {
        listener = undefined;
        failed = undefined;
      });
    },
    async end() {
      await worker.terminate();
    },
  };
}
