// Runs one of the system's network programs (ip, nft, conntrack) to its end.

import { execFile } from 'node:child_process';
import { childEnvironment } from '../../core/process/child-environment.ts';

/** A program's standard output. Rejects with CommandError. */
export type Run = (program: string, args: readonly string[]) => Promise<string>;

/** A program could not be started, or ended with a failure. */
export class CommandError extends Error {
  readonly program: string;
  readonly args: readonly string[];
  /** Its exit code, or the errno name (`ENOENT`: it is not installed). */
  readonly code: number | string;
  readonly stderr: string;

  constructor(program: string, args: readonly string[], code: number | string, stderr: string) {
    super(
      code === 'ENOENT'
        ? `${program} is not installed: install the packages nftables, iproute2 and conntrack`
        : `${program} ${args.join(' ')} failed (${code}): ${stderr.trim().slice(0, 500)}`,
    );
    this.name = 'CommandError';
    this.program = program;
    this.args = args;
    this.code = code;
    this.stderr = stderr;
  }
}

export const run: Run = (program, args) =>
  new Promise((resolve, reject) => {
    // 64 MiB: the listing of a table of many thousand elements.
    const options = { timeout: 30_000, maxBuffer: 64 << 20, env: childEnvironment({ LC_ALL: 'C' }) };
    execFile(program, [...args], options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new CommandError(program, args, error.code ?? error.signal ?? 'unknown', stderr));
    });
  });
