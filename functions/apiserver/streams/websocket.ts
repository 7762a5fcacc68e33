// The server's end of a WebSocket, on a connection that the edge handed over.

import type { IncomingMessage } from 'node:http';
import { type WebSocket, WebSocketServer } from 'ws';
import { badRequest } from '../../../core/machinery/status.ts';
import { offeredProtocols } from '../authentication/bearer-token.ts';
import type { RoutedRequest, UpgradeConnection } from '../http.ts';

/** Some clients send all that a command is to read as one message. What of it is held is counted (held-bytes.ts); more would hold the thread. */
const largestMessage = 16 * 1024 * 1024;
/** Of nodes, and of what is not counted: no message of theirs comes near. */
const largestOfOthers = 1024 * 1024;

/** What was agreed on before the handshake. `SPDY/3.1+portforward.k8s.io` is no token of RFC 6455, which the handshake would refuse. */
const agreed = new WeakMap<IncomingMessage, string>();
const large = createServer(largestMessage);
const small = createServer(largestOfOthers);

function createServer(maxPayload: number): WebSocketServer {
  const server = new WebSocketServer({ noServer: true, clientTracking: false, perMessageDeflate: false, maxPayload });
  server.on('headers', (headers, message) => {
    const protocol = agreed.get(message);
    if (protocol) headers.push(`Sec-WebSocket-Protocol: ${protocol}`);
  });
  return server;
}

/**
 * The first offered subprotocol that is in `supported`; '' when the client offered none. Throws BadRequest when it offered only
 * others, or when its handshake is not one.
 */
export function chooseProtocol(request: RoutedRequest, supported: readonly string[]): string {
  if (request.headers['sec-websocket-version'] !== '13')
    throw badRequest('Sec-WebSocket-Version: only 13 is served (RFC 6455)');
  if (!/^[+/0-9A-Za-z]{22}==$/.test(request.headers['sec-websocket-key'] ?? ''))
    throw badRequest('Sec-WebSocket-Key: must be 16 bytes in base64 (RFC 6455, section 4.1)');
  const offered = offeredProtocols(request);
  if (offered.length === 0) return '';
  const chosen = offered.find((each) => supported.includes(each));
  if (chosen === undefined)
    throw badRequest(
      `Sec-WebSocket-Protocol: none of ${offered.join(', ')} is served here: offer one of ${supported.filter((each) => each !== '').join(', ')}`,
    );
  return chosen;
}

/** Answers the handshake. `protocol` is what chooseProtocol gave; `counted`: its messages may be large. Rejects when the client is gone. */
export function acceptWebSocket(
  request: RoutedRequest,
  { socket, head }: UpgradeConnection,
  protocol: string,
  counted = false,
): Promise<WebSocket> {
  const server = counted ? large : small;
  const headers = { ...request.headers };
  delete headers['sec-websocket-protocol'];
  // Extensions of clients (compression) are declined, so that broken offers of them do no harm.
  delete headers['sec-websocket-extensions'];
  return new Promise((resolve, reject) => {
    const gone = () => reject(new Error('the client left during the handshake'));
    if (socket.destroyed) return gone();
    socket.once('close', gone);
    // as: of the message the handshake reads these three only. Its method and path were looked at by who routed it.
    const message = { method: 'GET', url: '/', headers } as unknown as IncomingMessage;
    agreed.set(message, protocol);
    server.handleUpgrade(message, socket, head, (accepted) => {
      socket.off('close', gone);
      resolve(accepted);
    });
  });
}
