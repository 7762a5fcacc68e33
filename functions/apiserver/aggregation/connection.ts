// Connections to the server behind an APIService: to a pod over its node's dial-in, to anything else directly, with TLS and the
// certificate of the front proxy. They are kept and used again.

import { Agent } from 'node:https';
import { connect as connectTcp } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { type ServiceLookups, serviceEndpoint } from '../../../core/registry/service-endpoint.ts';
import type { V1APIServiceSpec } from '../../../generated/kubernetes.ts';
import type { StreamHandler } from '../streams-contract.ts';
import type { FrontProxy } from './options.ts';

export interface ConnectionOptions {
  readonly lookups: ServiceLookups;
  readonly streams?: StreamHandler | undefined;
  readonly frontProxy: FrontProxy;
}

/** How long a connection may take to be made. */
const connectTimeoutMs = 5_000;

/** An agent whose every connection leads to a ready endpoint of the APIService's Service. Idle ones do not keep a process alive. */
export function connectionsOf(spec: V1APIServiceSpec, options: ConnectionOptions): Agent {
  const { frontProxy, lookups, streams } = options;
  const { namespace = '', name = '', port = 443 } = spec.service ?? {};
  const dial = frontProxy.dial ?? ((address) => address);
  const reach = async (): Promise<Duplex | { host: string; port: number }> => {
    const { pod, ...address } = await serviceEndpoint(lookups, namespace, name, port);
    if (!pod || !streams) return dial(address);
    const { name: podName, ...rest } = pod;
    return streams.connect({ ...rest, pod: podName, port: address.port });
  };
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 16, timeout: 0 });
  // as: Node calls it with a callback, and takes the connection from there (http.Agent, createConnection).
  type Callback = (error: Error | null, socket?: Duplex) => void;
  agent.createConnection = ((_options: object, callback: Callback) => {
    reach().then(
      (to) => {
        const raw = 'host' in to ? connectTcp({ ...to, noDelay: true, timeout: connectTimeoutMs }) : to;
        const socket = connectTls({
          socket: raw,
          servername: `${name}.${namespace}.svc`,
          cert: frontProxy.cert,
          key: frontProxy.key,
          ...(spec.caBundle && { ca: Buffer.from(spec.caBundle, 'base64') }),
          rejectUnauthorized: !spec.insecureSkipTLSVerify,
        });
        const timer = setTimeout(
          () => socket.destroy(new Error(`no connection within ${connectTimeoutMs / 1000} s`)),
          connectTimeoutMs,
        );
        socket.once('secureConnect', () => clearTimeout(timer));
        socket.once('close', () => clearTimeout(timer));
        callback(null, socket);
      },
      (error: Error) => callback(error),
    );
  }) as unknown as typeof agent.createConnection;
  return agent;
}
