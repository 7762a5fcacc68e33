// One of the system's network programs (ip, nft, conntrack), run to its end.

import { run as runProgram } from '../../core/process/run.ts';

/** A program's standard output. Rejects with CommandError. */
export type Run = (program: string, args: readonly string[]) => Promise<string>;

export const run: Run = async (program, args) => {
  const { stdout } = await runProgram(program, args, { timeoutMs: 30_000, environment: { LC_ALL: 'C' } });
  return stdout;
};
