// What Lambda keeps of a function: a process, or what stands for one, that was initialised and answers one invocation at a time.

import type { FunctionOptions } from './lambda.ts';

export interface Invocation {
  readonly event: unknown;
  readonly requestId: string;
  /** Unix milliseconds. */
  readonly deadline: number;
}

/** Gets what a handler streams, in order; more comes when it resolves. */
export type Take = (chunk: Uint8Array) => Promise<void>;

export interface ExecutionEnvironment {
  /** Rejects when the initialisation fails. */
  readonly ready: Promise<void>;
  /** Resolves when it is no more. */
  readonly ended: Promise<void>;
  /** Processor time of the initialisation in milliseconds, where it can be told: 0 before it is ready. */
  readonly initMs: number;
  /** Files of the bundle that were loaded until then, where it can be told. */
  readonly loaded: readonly string[];
  /** One at a time. Rejects with InvocationError. */
  invoke(invocation: Invocation, take: Take | undefined): Promise<unknown>;
  /** At once, in the middle of whatever it does. */
  end(): Promise<void>;
}

export type StartEnvironment = (options: FunctionOptions) => ExecutionEnvironment;

/** The invocation failed: the function threw, its time was over, or its environment ended. */
export class InvocationError extends Error {
  readonly code: 'failed' | 'timeout' | 'throttled' | 'killed';

  constructor(code: InvocationError['code'], message: string) {
    super(message);
    this.name = 'InvocationError';
    this.code = code;
  }
}
