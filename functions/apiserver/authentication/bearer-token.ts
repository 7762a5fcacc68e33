// The bearer token of a request. Browsers cannot set headers on a WebSocket: theirs comes as a subprotocol beside the one that they want.
// Source: RFC 6750, section 2.1; kube-apiserver's authentication of WebSockets.

import { textFromBase64Url } from '../../../core/machinery/base64.ts';
import { isUpgrade, type RoutedRequest } from '../http.ts';

const carrierPrefix = 'base64url.bearer.authorization.k8s.io.';

/** '': there is a token that is none, which is a claim that failed. undefined: there is no token. */
export function bearerToken(request: RoutedRequest): string | undefined {
  const header = request.headers['authorization'];
  if (header !== undefined) {
    const at = header.indexOf(' ');
    if (at > 0 && header.slice(0, at).toLowerCase() === 'bearer') return header.slice(at + 1).trim() || undefined;
  }
  if (!isUpgrade(request)) return undefined;
  const protocols = protocolsOf(request);
  const carriers = protocols.filter(isCarrier);
  const [only] = carriers;
  if (only === undefined) return undefined;
  // With nothing beside it there is no protocol that the server could answer with.
  if (carriers.length > 1 || carriers.length === protocols.length) return '';
  return textFromBase64Url(only.slice(carrierPrefix.length)) ?? '';
}

/** The subprotocols that a client offers, without the one that carries its token: that is for the API server alone. */
export function offeredProtocols(request: RoutedRequest): string[] {
  return protocolsOf(request).filter((each) => !isCarrier(each));
}

function protocolsOf({ headers }: RoutedRequest): string[] {
  return (headers['sec-websocket-protocol'] ?? '')
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');
}

function isCarrier(protocol: string): boolean {
  return protocol.startsWith(carrierPrefix);
}
