// What a client of `exec` or `attach` asks the node for.

import { badRequest } from '../../../core/machinery/status.ts';
import type { PodStream } from '../streams-contract.ts';
import type { CommandRequest } from './command-client.ts';
import { containerOf, podOf } from './container.ts';

/** Throws BadRequest. */
export function commandRequest(stream: PodStream): CommandRequest {
  const { query, kind } = stream;
  const tty = query.boolean('tty');
  const wanted = {
    ...podOf(stream),
    container: containerOf(stream),
    stdin: query.boolean('stdin'),
    stdout: query.boolean('stdout'),
    // A terminal has one output.
    stderr: query.boolean('stderr') && !tty,
    tty,
  };
  if (!wanted.stdin && !wanted.stdout && !wanted.stderr)
    throw badRequest('you must specify at least 1 of stdin, stdout, stderr');
  if (kind === 'attach') return { type: 'attach', ...wanted };
  const command = query.texts('command');
  if (command.length === 0) throw badRequest('command: you must specify at least 1 command for the container');
  return { type: 'exec', ...wanted, command };
}
