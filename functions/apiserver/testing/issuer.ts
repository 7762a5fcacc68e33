// An OpenID Connect issuer of its own, over real HTTPS: discovery, keys that can be exchanged, and tokens signed with them.

import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { createTestAuthority } from './certificates.ts';

export interface TestIssuer {
  readonly url: string;
  /** PEM: what signed its certificate. */
  readonly certificateAuthority: string;
  /** Paths that were asked for. */
  readonly asked: string[];
  /** Signs with a new key from now on; the old one is no longer published. */
  rotate(): Promise<void>;
  /** Answers 503 while it is `true`. */
  down(value: boolean): void;
  /** `iss`, `iat` and an `exp` in an hour are set unless the claims say otherwise. */
  token(claims: JWTPayload, header?: object): Promise<string>;
  close(): Promise<void>;
}

/** `path`: below which it is, as a service is that has other things on its host, too. */
export async function openIssuer(now: () => Date, path = ''): Promise<TestIssuer> {
  const authority = await createTestAuthority(`issuer-ca${path}`);
  const asked: string[] = [];
  let generation = 0;
  let isDown = false;
  const newKey = async () => {
    const { privateKey, publicKey } = await generateKeyPair('RS256');
    const kid = `key-${++generation}`;
    return { kid, privateKey, published: { ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' } };
  };
  let key = await newKey();
  const server = createServer(await authority.server(), (request, response) => {
    asked.push(request.url ?? '');
    const json = (value: object) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    if (isDown) response.writeHead(503).end();
    else if (request.url === `${path}/.well-known/openid-configuration`) json({ issuer: url, jwks_uri: `${url}/keys` });
    else if (request.url === `${path}/keys`) json({ keys: [key.published] });
    else response.writeHead(404).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A TCP server that listens has an address with a port.
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
  return {
    url,
    certificateAuthority: authority.cert,
    asked,
    async rotate() {
      key = await newKey();
    },
    down(value) {
      isDown = value;
    },
    token(claims, header = {}) {
      const seconds = Math.floor(now().getTime() / 1000);
      return new SignJWT({ iss: url, iat: seconds, exp: seconds + 3600, ...claims })
        .setProtectedHeader({ alg: 'RS256', kid: key.kid, ...header })
        .sign(key.privateKey);
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
