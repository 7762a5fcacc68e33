// Auto Scaling in small: lifecycle actions that instances wait with, as they are prolonged and completed. Source: Amazon EC2 Auto Scaling API
// reference, RecordLifecycleActionHeartbeat, CompleteLifecycleAction; the error is what the service says of an action that is over.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface AutoScalingServer {
  readonly url: string;
  /** Tokens of the actions that instances wait with; one that is completed goes. */
  readonly waiting: Set<string>;
  /** What was asked for and done, such as `CompleteLifecycleAction CONTINUE i-...`. */
  readonly done: string[];
  close(): Promise<void>;
}

const version = '2011-01-01';

export async function startAutoScalingServer(host: string): Promise<AutoScalingServer> {
  const [waiting, done] = [new Set<string>(), [] as string[]];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const form = new URLSearchParams(Buffer.concat(chunks).toString());
    const [action, token, instance] = ['Action', 'LifecycleActionToken', 'InstanceId'].map((name) => form.get(name));
    const known = action === 'RecordLifecycleActionHeartbeat' || action === 'CompleteLifecycleAction';
    const signed = request.headers.authorization?.includes('/autoscaling/aws4_request') === true;
    const answer = (status: number, body: string) =>
      response.writeHead(status, { 'content-type': 'text/xml' }).end(body);
    if (!known || !signed || form.get('Version') !== version)
      answer(403, '<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>');
    else if (!waiting.has(token ?? ''))
      answer(
        400,
        `<ErrorResponse xmlns="http://autoscaling.amazonaws.com/doc/${version}/"><Error><Type>Sender</Type><Code>ValidationError</Code><Message>No active Lifecycle Action found with token ${token}</Message></Error></ErrorResponse>`,
      );
    else {
      done.push([action, form.get('LifecycleActionResult'), instance].filter(Boolean).join(' '));
      if (action === 'CompleteLifecycleAction') waiting.delete(token ?? '');
      answer(200, `<${action}Response><${action}Result/></${action}Response>`);
    }
  });
  server.listen(0, host);
  await once(server, 'listening');
  return {
    // A TCP server's address is never a string, and is there while it listens.
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    waiting,
    done,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
