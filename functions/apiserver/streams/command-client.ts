// What a client asks a command with, and its end of it.

import type { Status } from '../../../core/machinery/status.ts';
import type { StreamRequest } from '../../../core/node/protocol.ts';

export type CommandRequest = Extract<StreamRequest, { type: 'exec' | 'attach' }>;

/** The client's end of a command, whatever protocol it speaks. */
export interface CommandClient {
  /** For the node as they are: stdin, resize, close. Ends when the client has gone. */
  readonly frames: AsyncIterable<Uint8Array>;
  /** stdout or stderr. Resolves when more may come. Rejects when the client has gone. */
  send(channel: number, data: Uint8Array): Promise<void>;
  /** The command is over: tells how it ended and closes. */
  finish(status: Status): Promise<void>;
}
