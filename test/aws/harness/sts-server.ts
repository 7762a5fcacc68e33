// STS in small: says who signed, by the access key's id, and lends credentials. Signatures are not checked: only AWS knows the secrets.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface StsServer {
  readonly url: string;
  /** AssumeRole requests so far: the role and the session policy. */
  readonly lent: { readonly role: string; readonly policy: string }[];
  close(): Promise<void>;
}

/** `identities`: ARNs by access key id. A request for another cluster than `clusterName` is one whose signature does not hold. */
export async function startStsServer(
  host: string,
  clusterName: string,
  identities: Readonly<Record<string, string>>,
): Promise<StsServer> {
  const lent: StsServer['lent'] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const url = new URL(request.url ?? '/', 'http://sts');
    const query = request.method === 'POST' ? new URLSearchParams(Buffer.concat(chunks).toString()) : url.searchParams;
    const send = (status: number, body: object) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    };
    const refuse = () => send(403, { Error: { Code: 'SignatureDoesNotMatch' } });
    switch (query.get('Action')) {
      case 'GetCallerIdentity': {
        const arn = identities[query.get('X-Amz-Credential')?.split('/')[0] ?? ''];
        if (arn === undefined || request.headers['x-zeroplane-cluster'] !== clusterName) return refuse();
        const result = { Arn: arn, Account: '000000000000', UserId: `AROA:${arn}` };
        return send(200, { GetCallerIdentityResponse: { GetCallerIdentityResult: result } });
      }
      case 'AssumeRole': {
        if (!request.headers.authorization?.startsWith('AWS4-HMAC-SHA256 ')) return refuse();
        lent.push({ role: query.get('RoleArn') ?? '', policy: query.get('Policy') ?? '' });
        const Credentials = {
          AccessKeyId: 'ASIALENT',
          SecretAccessKey: 'lent',
          SessionToken: 'lent',
          Expiration: Math.floor(Date.now() / 1000) + Number(query.get('DurationSeconds')),
        };
        return send(200, { AssumeRoleResponse: { AssumeRoleResult: { Credentials } } });
      }
      default:
        return send(400, { Error: { Code: 'InvalidAction' } });
    }
  });
  server.listen(0, host);
  await once(server, 'listening');
  return {
    // A TCP server's address is never a string, and is there while it listens.
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    lent,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
