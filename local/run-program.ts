// Runs one of our programs to its end and takes its failure as ours.

import { spawn } from 'node:child_process';
import { childEnvironment } from '../core/process/child-environment.ts';
import { UserError } from './user-error.ts';

export async function runProgram(file: string, args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [file, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: childEnvironment(),
  });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk));
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  if (code === 0) return output;
  // Programs log to their standard output; what ended them may stand there.
  const lastLines = (errors.trim() || output.trim()).split('\n').slice(-5).join('\n');
  throw new UserError(`${args[0]} failed with exit code ${code}:\n${lastLines}`);
}
