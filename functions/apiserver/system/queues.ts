// POST /queues/: the queues of a one-machine cluster in SQS' JSON protocol. A node's agent may use its own queue and no other.

import { mastersGroup } from '../../../core/authorization/authorizer.ts';
import { decodeJson } from '../../../core/machinery/json-body.ts';
import { StatusError } from '../../../core/machinery/status.ts';
import { createSqsProtocol, queueNameOf } from '../../../core/queue/local/protocol.ts';
import type { Queue } from '../../../core/queue/queue.ts';
import { nodeOf } from '../authentication/users.ts';
import { readBody } from '../content/body.ts';
import { bodyLimit } from '../content/body-limits.ts';
import type { ApiResponse } from '../http.ts';
import { nodeQueue } from '../node/node-queue.ts';
import type { Exchange } from '../resources/exchange.ts';

/** What an agent does with its queue: as the credentials that it is lent on AWS allow. */
const forNodes = new Set(
  ['GetQueueUrl', 'ReceiveMessage', 'DeleteMessage', 'DeleteMessageBatch'].map((action) => `AmazonSQS.${action}`),
);

export function createQueueRoute(queue: Queue): (exchange: Exchange) => Promise<ApiResponse> {
  const protocol = createSqsProtocol(queue, (name) => `/queues/${name}`);
  return async ({ request, context, info }) => {
    if (info.verb !== 'post') throw new StatusError('MethodNotAllowed', 'queues take POST requests only', {});
    const body = decodeJson(await readBody(request, bodyLimit(info)));
    const name = queueNameOf(body);
    const node = nodeOf(context.user);
    const target = request.headers['x-amz-target'] ?? '';
    const allowed =
      context.user.groups.includes(mastersGroup) ||
      (node !== undefined && name === nodeQueue(node) && forNodes.has(target));
    if (!allowed)
      throw new StatusError(
        'Forbidden',
        `user "${context.user.username}" may not use the queue ${JSON.stringify(name ?? info.path)}`,
        {},
      );
    const answer = await protocol(target, body, request.signal);
    return {
      status: answer.status,
      headers: { 'content-type': 'application/x-amz-json-1.0', 'cache-control': 'no-store' },
      body: Buffer.from(JSON.stringify(answer.body)),
    };
  };
}
