// Connections to the server behind an APIService: to one of its ready endpoints, with TLS and the certificate of the front proxy.

import type { Agent } from 'node:https';
import type { Reach } from '../../../core/registry/reach.ts';
import { type ServiceLookups, serviceEndpoint } from '../../../core/registry/service-endpoint.ts';
import { tlsAgent } from '../../../core/registry/tls-agent.ts';
import type { V1APIServiceSpec } from '../../../generated/kubernetes.ts';

export interface ConnectionOptions {
  readonly lookups: ServiceLookups;
  readonly reach: Reach;
  readonly frontProxy: FrontProxy;
  /** Whether connections wait for more requests. */
  readonly keepsConnections: boolean;
}

/** What this API server is to extension API servers. */
export interface FrontProxy {
  /** Client certificate and key, PEM, of the authority that the ConfigMap extension-apiserver-authentication names. */
  readonly cert: string;
  readonly key: string;
}

/** How long a connection may take to be made. */
const connectTimeoutMs = 5_000;

/** An agent whose every connection leads to a ready endpoint of the APIService's Service. */
export function connectionsOf(
  spec: V1APIServiceSpec,
  { frontProxy, lookups, reach, keepsConnections }: ConnectionOptions,
): Agent {
  const { namespace = '', name = '', port = 443 } = spec.service ?? {};
  const tls = {
    servername: `${name}.${namespace}.svc`,
    cert: frontProxy.cert,
    key: frontProxy.key,
    ...(spec.caBundle && { ca: Buffer.from(spec.caBundle, 'base64') }),
    rejectUnauthorized: !spec.insecureSkipTLSVerify,
  };
  return tlsAgent(
    {
      open: async (_request, signal) => reach(await serviceEndpoint(lookups, namespace, name, port), signal),
      tls: () => tls,
      timeoutMs: connectTimeoutMs,
    },
    { keepAlive: keepsConnections, maxFreeSockets: 16, timeout: 0 },
  );
}
