// Sees to it that a connection's edge runs, before kubectl dials it: started where it does not, and waited for.

import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { connect } from 'node:tls';
import { awsEnvironment, childEnvironment } from '../../core/process/child-environment.ts';
import { UserError } from '../user-error.ts';
import { type Connection, loopback } from './connection.ts';

export interface Program {
  readonly command: string;
  readonly args: readonly string[];
}

const patienceMs = 20_000;

/** Rejects with a UserError where something else has the port. Two that start it at once end up with the same one. */
export async function ensureServed(connection: Connection, program: Program): Promise<void> {
  if ((await look(connection)) === 'served') return;
  const env = childEnvironment(awsEnvironment());
  const child = spawn(program.command, program.args, { detached: true, stdio: 'ignore', env });
  let failed: unknown;
  child.once('error', (error) => {
    failed = error;
  });
  child.unref();
  for (let waited = 0; waited < patienceMs; waited += 100) {
    if ((await look(connection)) === 'served') return;
    if (failed) break;
    await delay(100);
  }
  throw new UserError(
    `the connection to ${connection.cluster} does not start: \`zeroplane connect ${connection.cluster}\` says why`,
  );
}

/** Whether the connection's own edge has the port: only that one has its key. Rejects when somebody else has it. */
function look({ port, authority }: Connection): Promise<'served' | 'free'> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: loopback, port, ca: authority, ALPNProtocols: ['h2'] });
    socket.setTimeout(5000, () => socket.destroy(new Error('no answer')));
    socket.once('secureConnect', () => {
      socket.destroy();
      resolve('served');
    });
    socket.once('error', (error) => {
      socket.destroy();
      if ('code' in error && (error.code === 'ECONNREFUSED' || error.code === 'ECONNRESET')) resolve('free');
      else
        reject(
          new UserError(
            `port ${port} is taken by another program (${error.message}): \`zeroplane kubeconfig --aws --port\` takes another one`,
          ),
        );
    });
  });
}
