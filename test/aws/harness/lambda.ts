// Lambda in small: functions from bundles, execution environments that answer one invocation at a time and are made when all are
// busy, up to a function's concurrency; time-outs that end the environment.

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
  /** Asked with each invocation: its environment is ended after so many milliseconds, whatever `timeoutMs` says. */
  readonly cutMs?: () => number | undefined;
  readonly concurrency: number;
  readonly env: Readonly<Record<string, string>>;
  /** Gets each line that the function writes to its log. */
  readonly onLine: (line: string) => void;
}

export interface LambdaFunction {
  readonly name: string;
  /** Rejects with InvocationError. `take` gets what a handler streams, in order; more comes when it resolves. */
  invoke(event: unknown, take?: Take): Promise<unknown>;
  /** Ends all environments in the middle of whatever they do. Returns how many. */
  kill(): Promise<number>;
  /** Ends one environment, one at work where there is any. `pick`: a whole number below `n`. False: there was none. */
  killOne(pick: (n: number) => number): Promise<boolean>;
  readonly invocations: number;
  /** Invocations that came to their end, and those whose time was over, or was cut, before. */
  readonly answered: number;
  readonly timeouts: number;
  readonly environments: number;
  readonly billedMs: number;
  /** Processor time that each environment took to be ready, in milliseconds, where it can be told. */
  readonly initMs: readonly number[];
  /** Files of the bundle that the newest environment loaded until it was ready, where it can be told. */
  readonly loaded: readonly string[];
  stop(): Promise<void>;
}

export function createFunction(options: FunctionOptions, start: StartEnvironment): LambdaFunction {
  const { name, timeoutMs, cutMs, concurrency } = options;
  const environments = new Set<ExecutionEnvironment>();
  const busy = new Set<ExecutionEnvironment>();
  const initMs: number[] = [];
  let loaded: readonly string[] = [];
  let invocations = 0;
  let answered = 0;
  let timeouts = 0;
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
    get answered() {
      return answered;
    },
    get timeouts() {
      return timeouts;
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
          if (error instanceof InvocationError) throw error;
          throw new InvocationError('failed', `${name}: ${error.stack ?? error.message}`);
        });
        const result = await withinTime(environment, event, take);
        answered++;
        return result;
      } finally {
        busy.delete(environment);
        billedMs += performance.now() - began;
      }
    },
    kill: end,
    async killOne(pick) {
      const all = busy.size > 0 ? [...busy] : [...environments];
      const one = all[pick(all.length)];
      await one?.end();
      return one !== undefined;
    },
    async stop() {
      await end();
    },
  };

  async function withinTime(environment: ExecutionEnvironment, event: unknown, take: Take | undefined) {
    let timer: NodeJS.Timeout | undefined;
    const cut = cutMs?.();
    const limitMs = cut ?? timeoutMs;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        timeouts++;
        const code = cut === undefined ? 'timeout' : 'killed';
        reject(new InvocationError(code, `${name}: Task timed out after ${limitMs / 1000} seconds`));
        void environment.end();
      }, limitMs);
    });
    const invocation = { event, requestId: randomUUID(), deadline: Date.now() + timeoutMs };
    const work = environment.invoke(invocation, take);
    work.catch(() => undefined);
    return Promise.race([work, late]).finally(() => clearTimeout(timer));
  }
}
