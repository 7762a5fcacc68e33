// Messages to connections of a WebSocket API, by its management API. Source: API Gateway developer guide, "@connections".

import { withoutEnd } from '../../core/machinery/text-ends.ts';
import { signHeaders } from '../../core/signature/sigv4.ts';

export interface ConnectionsOptions {
  /** URL of the API's stage, such as https://ID.execute-api.REGION.amazonaws.com/STAGE. */
  readonly url: string;
  readonly region: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: () => Date;
  readonly fetchUrl: typeof fetch;
}

const timeoutMs = 5_000;

/** Resolves with false when the connection is gone. Rejects when the message was not taken otherwise. */
export function postToConnections({ url, region, env, now, fetchUrl }: ConnectionsOptions) {
  return async (connection: string, body: string): Promise<boolean> => {
    const target = new URL(`${withoutEnd(url, '/')}/@connections/${encodeURIComponent(connection)}`);
    const credentials = {
      accessKeyId: env['AWS_ACCESS_KEY_ID'] ?? '',
      secretAccessKey: env['AWS_SECRET_ACCESS_KEY'] ?? '',
      ...(env['AWS_SESSION_TOKEN'] && { sessionToken: env['AWS_SESSION_TOKEN'] }),
    };
    const request = { method: 'POST', url: target, body, headers: { 'content-type': 'application/json' } } as const;
    const { host: _, ...headers } = signHeaders(request, { credentials, region, service: 'execute-api', now: now() });
    const answer = await fetchUrl(target, { method: 'POST', headers, body, signal: AbortSignal.timeout(timeoutMs) });
    await answer.arrayBuffer();
    if (answer.status === 410) return false;
    if (!answer.ok) throw new Error(`API Gateway answered ${answer.status} to a message for a connection`);
    return true;
  };
}
