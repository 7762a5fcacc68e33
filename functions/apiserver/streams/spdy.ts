// The server's end of an upgrade to SPDY/3.1, as client-go's and kubectl's older streams ask for it.

import type { Duplex } from 'node:stream';
import { badRequest } from '../../../core/machinery/status.ts';
import type { Account } from '../../../core/node/frame-socket.ts';
import { SpdyConnection } from '../../../core/node/spdy/connection.ts';
import type { SpdyStream } from '../../../core/node/spdy/stream.ts';
import { headerValues, type RoutedRequest, type UpgradeConnection } from '../http.ts';

const versionHeader = 'x-stream-protocol-version';

export function isSpdy(request: RoutedRequest): boolean {
  return /\bspdy\/3\.1\b/i.test(request.headers['upgrade'] ?? '');
}

/** The first of `supported` that the client offers; `fallback` when it offers none. Throws BadRequest when it offers only others. */
export function chooseVersion(
  request: RoutedRequest,
  supported: readonly string[],
  fallback: string | undefined,
): string {
  const offered = headerValues(request, versionHeader)
    .flatMap((value) => value.split(','))
    .map((each) => each.trim())
    .filter((each) => each !== '');
  if (offered.length === 0 && fallback !== undefined) return fallback;
  const chosen = supported.find((each) => offered.includes(each));
  if (chosen === undefined)
    throw badRequest(
      `X-Stream-Protocol-Version: ${offered.length === 0 ? 'is missing' : `none of ${offered.join(', ')} is served here`}: offer one of ${supported.join(', ')}`,
    );
  return chosen;
}

export function acceptSpdy(
  { socket, head }: UpgradeConnection,
  version: string,
  onStream: (stream: SpdyStream) => void,
  account: Account,
): SpdyConnection {
  const lines = ['HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: SPDY/3.1'];
  if (version !== '') lines.push(`X-Stream-Protocol-Version: ${version}`);
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  return serveSpdy(socket, head, onStream, account);
}

/** SPDY on a stream that is open already, such as a WebSocket that carries it. */
export function serveSpdy(
  transport: Duplex,
  head: Uint8Array,
  onStream: (stream: SpdyStream) => void,
  account: Account,
): SpdyConnection {
  return new SpdyConnection({ transport, role: 'server', head, onStream, account });
}
