// Lambda in small: functions from bundles, execution environments that answer one invocation at a time and are made when all are
// busy, up to a function's concurrency; time-outs that end the environment. What an environment does between invocations is not
// frozen here.

import { randomUUID } from 'node:crypto';
import {
  type ExecutionEnvironment,
  InvocationError,
  type StartEnvironment,
  type Take,
} from './execution-environment.ts';

export interface FunctionOptions {
  readonly name: string;
  /** The folder of the bundle. */
  readonly bundle: string;
  readonly handler: string;
  readonly timeoutMs: number;
  readonly concurrency: number;
  readonly env: Readonly<Record<string, string>>;
  readonly stsUrl: string;
  /** Gets each line that the function writes to its log. */
  readonly onLine: (line: string) => void;
}

export interface LambdaFunction {
  readonly name: string;
  /** Rejects with InvocationError. `take` gets what a handler streams, in order; more comes when it resolves. */
  invoke(event: unknown, take?: Take): Promise<unknown>;
  /** Ends all environments in the middle of whatever they do. Returns how many. */
  kill(): Promise<number>;
  readonly invocations: number;
  readonly environments: number;
  readonly billedMs: number;
  /** Processor time that each environment took to be ready, in milliseconds, where it can be told. */
  readonly initMs: readonly number[];
  /** Files of the bundle that the newest environment loaded until it was ready, where it can be told. */
  readonly loaded: readonly string[];
  stop(): Promise<void>;
}

export function createFunction(options: FunctionOptions, start: StartEnvironment): LambdaFunction {
  const { name, timeoutMs, concurrency } = options;
  const environments = new Set<ExecutionEnvironment>();
  const busy = new Set<ExecutionEnvironment>();
  const initMs: number[] = [];
  let loaded: readonly string[] = [];
  let invocations = 0;
  let made = 0;
  let billedMs = 0;

  const make = (): ExecutionEnvironment => {
    made++;
    const environment = start(options);
    environments.add(environment);
    environment.ready.then(
      () => {
        initMs.push(environment.initMs);
        loaded = environment.loaded;
      },
      () => undefined,
    );
    void environment.ended.then(() => environments.delete(environment));
    return environment;
  };

  const end = async (): Promise<number> => {
    const all = [...environments];
    await Promise.all(all.map((each) => each.end()));
    return all.length;
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
    initMs,
    get loaded() {
      return loaded;
    },
    async invoke(event, take) {
      let environment = [...environments].find((each) => !busy.has(each));
      if (!environment && environments.size >= concurrency)
        throw new InvocationError('throttled', `${name}: Rate exceeded`);
      environment ??= make();
      busy.add(environment);
      invocations++;
      const began = performance.now();
      try {
        await environment.ready.catch((error: Error) => {
          throw new InvocationError('failed', `${name}: ${error.stack ?? error.message}`);
        });
        return await withinTime(environment, event, take);
      } finally {
        busy.delete(environment);
        billedMs += performance.now() - began;
      }
    },
    kill: end,
    async stop() {
      await end();
    },
  };

  async function withinTime(environment: ExecutionEnvironment, event: unknown, take: Take | undefined) {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(new InvocationError('timeout', `${name}: Task timed out after ${timeoutMs / 1000} seconds`));
        void environment.end();
      }, timeoutMs);
    });
    const invocation = { event, requestId: randomUUID(), deadline: Date.now() + timeoutMs };
    const work = environment.invoke(invocation, take);
    work.catch(() => undefined);
    return Promise.race([work, late]).finally(() => clearTimeout(timer));
  }
}
