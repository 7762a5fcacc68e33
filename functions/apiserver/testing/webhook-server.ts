// A webhook behind TLS on loopback, for tests of conversion and admission.

import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createTestAuthority } from './certificates.ts';

export interface WebhookServer {
  readonly port: number;
  readonly url: string;
  /** For clientConfig. */
  readonly caBundle: string;
  /** The bodies that came in, in order. */
  readonly requests: ReturnType<typeof JSON.parse>[];
  /** Ends the connections that there are; new ones are taken. */
  closeConnections(): void;
  close(): Promise<void>;
}

/** `answer` gives the response of the review that comes in; a promise that never ends is a webhook that hangs. */
export async function openWebhook(
  answer: (request: ReturnType<typeof JSON.parse>, path: string) => unknown,
  serverName?: string,
): Promise<WebhookServer> {
  const authority = await createTestAuthority();
  const requests: unknown[] = [];
  const server = createServer({ ...(await authority.server(serverName)) }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', async () => {
      const review = JSON.parse(Buffer.concat(chunks).toString('utf8'));
      requests.push(review);
      const given = await answer(review.request, request.url ?? '');
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify({
          apiVersion: review.apiVersion,
          kind: review.kind,
          response: { uid: review.request.uid, ...Object(given) },
        }),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A TCP server has an AddressInfo.
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `https://127.0.0.1:${port}`,
    caBundle: Buffer.from(authority.cert).toString('base64'),
    requests,
    closeConnections: () => server.closeAllConnections(),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
