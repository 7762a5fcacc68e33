// Lambda in small: functions from bundles, execution environments that answer one invocation at a time and are made when all are
// busy, up to a function's concurrency; time-outs that end the environment. What an environment does between invocations is not
// frozen here.

import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { EnvironmentData, FromEnvironment, ToEnvironment } from './environment.ts';

export interface FunctionOptions {
  readonly name: string;
  /** The folder of the bundle. */
  readonly bundle: string;
  readonly handler: string;
  readonly timeoutMs: number;
  readonly concurrency: number;
  readonly env: Readonly<Record<string, string>>;
  readonly stsUrl: string;
}

/** The invocation failed: the function threw, its time was over, or its environment ended. */
export class InvocationError extends Error {
  readonly code: 'failed' | 'timeout' | 'throttled' | 'killed';

  constructor(code: InvocationError['code'], message: string) {
    super(message);
    this.name = 'InvocationError';
    this.code = code;
  }
}

export interface LambdaFunction {
  readonly name: string;
  /** Rejects with InvocationError. `take` gets what a handler streams, in order; more comes when it resolves. */
  invoke(event: unknown, take?: (chunk: Uint8Array) => Promise<void>): Promise<unknown>;
  /** Ends all environments in the middle of whatever they do. Returns how many. */
  kill(): Promise<number>;
  readonly invocations: number;
  readonly environments: number;
  readonly billedMs: number;
  stop(): Promise<void>;
}

interface Environment {
  readonly worker: Worker;
  readonly ready: Promise<void>;
  busy: boolean;
  listener: ((message: FromEnvironment) => void) | undefined;
  ended: ((reason: InvocationError) => void) | undefined;
}

export function createFunction(options: FunctionOptions): LambdaFunction {
  const { name, bundle, handler, timeoutMs, concurrency, env, stsUrl } = options;
  const environments = new Set<Environment>();
  let invocations = 0;
  let made = 0;
  let billedMs = 0;

  const start = (): Environment => {
    made++;
    const workerData: EnvironmentData = { bundle: pathToFileURL(join(bundle, 'index.mjs')).href, handler, stsUrl };
    const worker = new Worker(new URL('./environment.ts', import.meta.url), {
      workerData,
      env: { ...env, _HANDLER: `index.${handler}`, AWS_LAMBDA_FUNCTION_NAME: name },
      execArgv: [],
    });
    let ready = () => {};
    let failed = (_: Error) => {};
    const environment: Environment = {
      worker,
      ready: new Promise<void>((resolve, reject) => {
        ready = resolve;
        failed = reject;
      }),
      busy: true,
      listener: undefined,
      ended: undefined,
    };
    environment.ready.catch(() => undefined);
    worker.on('message', (message: FromEnvironment) => {
      if (message.kind === 'ready') ready();
      else environment.listener?.(message);
    });
    worker.on('error', (error) => {
      failed(error);
      environment.ended?.(new InvocationError('failed', `${name}: ${error.stack ?? error.message}`));
    });
    worker.on('exit', () => {
      environments.delete(environment);
      failed(new Error(`${name} ended before it was ready`));
      environment.ended?.(new InvocationError('killed', `${name}: its environment ended`));
    });
    environments.add(environment);
    return environment;
  };

  return {
    name,
    get invocations() {
      return invocations;
    },
    get environments() {
      return made;
    },
    get billedMs() {
      return billedMs;
    },
    async invoke(event, take) {
      let environment = [...environments].find(({ busy }) => !busy);
      if (!environment && environments.size >= concurrency)
        throw new InvocationError('throttled', `${name}: Rate exceeded`);
      environment ??= start();
      environment.busy = true;
      invocations++;
      const began = performance.now();
      try {
        await environment.ready.catch((error: Error) => {
          throw new InvocationError('failed', `${name}: ${error.stack ?? error.message}`);
        });
        return await run(environment, event, timeoutMs, name, take);
      } finally {
        environment.busy = false;
        billedMs += performance.now() - began;
      }
    },
    async kill() {
      const all = [...environments];
      await Promise.all(all.map(({ worker }) => worker.terminate()));
      return all.length;
    },
    async stop() {
      await Promise.all([...environments].map(({ worker }) => worker.terminate()));
    },
  };
}

function run(
  environment: Environment,
  event: unknown,
  timeoutMs: number,
  name: string,
  take: ((chunk: Uint8Array) => Promise<void>) | undefined,
): Promise<unknown> {
  const { worker } = environment;
  const post = (message: ToEnvironment) => worker.postMessage(message);
  return new Promise((resolve, reject) => {
    const finish = () => {
      clearTimeout(timer);
      environment.listener = undefined;
      environment.ended = undefined;
    };
    const timer = setTimeout(() => {
      finish();
      void worker.terminate();
      reject(new InvocationError('timeout', `${name}: Task timed out after ${timeoutMs / 1000} seconds`));
    }, timeoutMs);
    environment.ended = (error) => {
      finish();
      reject(error);
    };
    environment.listener = (message) => {
      if (message.kind === 'chunk') {
        void (take?.(message.bytes) ?? Promise.resolve()).then(
          () => post({ kind: 'taken' }),
          // Nobody takes it any more: the function runs on, unknowing, as it does on Lambda.
          () => post({ kind: 'taken' }),
        );
        return;
      }
      finish();
      if (message.kind === 'done') resolve(message.result);
      else if (message.kind === 'failed') reject(new InvocationError('failed', `${name}: ${message.message}`));
    };
    post({ kind: 'invoke', event, requestId: randomUUID(), deadline: Date.now() + timeoutMs });
  });
}
