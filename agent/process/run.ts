// Runs one program to its end and gives what it printed.

import { spawn } from 'node:child_process';
import { childEnvironment } from '../../core/process/child-environment.ts';

export interface RunResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that could not be started, failed, or took too long. */
class CommandError extends Error {
  readonly code: number;
  readonly stderr: string;

  constructor(command: string, code: number, stderr: string) {
    super(`${command} failed with ${code}: ${stderr.trim()}`);
    this.name = 'CommandError';
    this.code = code;
    this.stderr = stderr;
  }
}

/** Throws CommandError unless the program exits with 0. Code -1: it could not be started or was killed. */
export async function run(command: string, args: readonly string[], timeoutMs = 60_000): Promise<RunResult> {
  const result = await tryRun(command, args, timeoutMs);
  if (result.code !== 0) throw new CommandError(`${command} ${args.join(' ')}`, result.code, result.stderr);
  return result;
}

export function tryRun(command: string, args: readonly string[], timeoutMs = 60_000): Promise<RunResult> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: timeoutMs,
      env: childEnvironment(),
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    const finish = (code: number, extra = '') =>
      resolve({
        code,
        stdout: Buffer.concat(out).toString(),
        stderr: Buffer.concat(err).toString() + extra,
      });
    child.on('error', (error) => finish(-1, error.message));
    child.on('close', (code) => finish(code ?? -1));
  });
}
