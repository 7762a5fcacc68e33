// The authority of a cluster that this machine knows nothing of but its hash, which came with the join token. Asked for over TLS that nobody
// vouches for yet; nothing is sent, and nothing else is taken from there, before the hash was compared.

import { X509Certificate } from 'node:crypto';
import https from 'node:https';
import { authorityHash } from '../../core/node/join-token.ts';
import { UnreachableError } from '../api-client/api-client.ts';
import { JoinError } from './join-error.ts';

const authorityPath = '/install-agent/ca.crt';
const largestBytes = 64 * 1024;
const timeoutMs = 15_000;

/** PEM. Rejects with UnreachableError, and with JoinError when it is another. */
export async function pinnedAuthority(server: string, hash: string): Promise<string> {
  const text = await fetchText(`${server}${authorityPath}`);
  let pem: string;
  try {
    // One certificate: others that came with it are not pinned.
    pem = new X509Certificate(text).toString();
  } catch {
    throw new JoinError(
      `${server} answers without a certificate of its cluster: is it the API server that the token is of?`,
    );
  }
  const found = authorityHash(pem);
  if (found === hash) return pem;
  throw new JoinError(
    `${server} is not of the cluster that made this token (its authority has the hash ${found}): nothing was sent there. Compare --server with what \`zeroplane node token\` printed`,
  );
}

function fetchText(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new UnreachableError(`${url}: ${why}`));
    // Not checked by a root but by the hash, by who called.
    const request = https.get(url, { rejectUnauthorized: false, agent: false, timeout: timeoutMs }, (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        chunks.push(chunk);
        if (bytes > largestBytes) request.destroy(new Error('the answer is too large'));
      });
      response.on('error', (error) => fail(error.message));
      response.on('end', () =>
        response.statusCode === 200 ? resolve(Buffer.concat(chunks).toString()) : fail(`HTTP ${response.statusCode}`),
      );
    });
    request.on('timeout', () => request.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)));
    request.on('error', (error) => fail(error.message));
  });
}
