// Who asks, sent to an extension API server in headers that it believes of the front proxy's certificate.
// Source: Kubernetes, "Authenticating", authenticating proxy.

import type { OutgoingHttpHeaders } from 'node:http';
import type { UserInfo } from '../../../core/authorization/user-info.ts';

export function identityHeaders({ username, uid, groups, extra = {} }: UserInfo): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = { 'X-Remote-User': encodeValue(username) };
  if (uid !== undefined && uid !== '') headers['X-Remote-Uid'] = encodeValue(uid);
  if (groups.length > 0) headers['X-Remote-Group'] = groups.map(encodeValue);
  for (const [key, values] of Object.entries(extra))
    headers[`X-Remote-Extra-${encodeURIComponent(key)}`] = values.map(encodeValue);
  return headers;
}

/** UTF-8 bytes, one character each: header values are Latin-1 on the wire. */
function encodeValue(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}
