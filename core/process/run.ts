// Runs one program to its end and gives what it printed. It reads nothing, and sees of our environment what programs need.

import { spawn } from 'node:child_process';
import { childEnvironment } from './child-environment.ts';

export interface RunResult {
  /** Its exit code; a signal's name, or the errno name where it could not be started (`ENOENT`: it is not installed). */
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** Default 60 s. */
  readonly timeoutMs?: number;
  /** What it is to have in its environment beside, or instead. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** A program could not be started, ended with a failure, or took too long. */
export class CommandError extends Error {
  readonly program: string;
  readonly code: number | string;
  readonly stderr: string;

  constructor(program: string, args: readonly string[], { code, stderr }: RunResult) {
    super(
      code === 'ENOENT'
        ? `${program} is not installed: install the package ${packages.get(program) ?? program}`
        : `${program} ${args.join(' ')} failed (${code}): ${stderr.trim().slice(0, 500)}`,
    );
    this.name = 'CommandError';
    this.program = program;
    this.code = code;
    this.stderr = stderr;
  }
}

/** Debian's names, where they are not the program's. */
const packages: ReadonlyMap<string, string> = new Map([
  ['ip', 'iproute2'],
  ['nft', 'nftables'],
]);

/** Rejects with CommandError unless the program exits with 0. */
export async function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const result = await tryRun(program, args, options);
  if (result.code !== 0) throw new CommandError(program, args, result);
  return result;
}

/** Says how it ended, whichever way. */
export function tryRun(
  program: string,
  args: readonly string[],
  { timeoutMs = 60_000, environment }: RunOptions = {},
): Promise<RunResult> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: timeoutMs,
      env: childEnvironment(environment),
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    const finish = (code: number | string, extra = '') =>
      resolve({ code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() + extra });
    child.on('error', (error: NodeJS.ErrnoException) => finish(error.code ?? 'unknown', error.message));
    child.on('close', (code, signal) => finish(code ?? signal ?? 'unknown'));
  });
}
