// What a client is told when a node's agent cannot be asked for a stream.

import { StatusError } from '../machinery/status.ts';
import type { QueueError } from '../queue/queue.ts';

export function refused(error: QueueError, node: string): StatusError {
  if (error.code === 'tooLarge')
    return new StatusError('RequestEntityTooLarge', 'the command is too long: its words may have at most 250 KiB');
  if (error.code === 'missing') return unavailable(`node ${JSON.stringify(node)} has no agent that is joined`);
  return unavailable(`node ${JSON.stringify(node)} cannot be reached: ${error.message}`);
}

export function unanswered(node: string, timeoutMs: number): StatusError {
  const seconds = Math.round(timeoutMs / 1000);
  return unavailable(`the agent of node ${JSON.stringify(node)} did not answer within ${seconds} s`);
}

export function unavailable(text: string): StatusError {
  return new StatusError('ServiceUnavailable', text);
}
