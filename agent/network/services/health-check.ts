// Answers load balancers that ask a node whether it has endpoints of a Service with externalTrafficPolicy Local
// (Service.spec.healthCheckNodePort): 200 with some, 503 with none.

import { createServer, type Server } from 'node:http';
import type { ServicePort } from './service-port.ts';

export interface HealthChecks {
  /** Listens on the ports that Services have now, and no longer on others. */
  update(ports: readonly ServicePort[]): void;
  stop(): void;
}

interface Health {
  readonly namespace: string;
  readonly name: string;
  readonly localEndpoints: number;
}

/** `onError`: a port is taken; it is tried again with the next change. */
export function createHealthChecks(address: string, onError: (error: unknown) => void): HealthChecks {
  const servers = new Map<number, Server>();
  let healths: ReadonlyMap<number, Health> = new Map();

  const open = (port: number) => {
    const server = createServer((_request, response) => {
      const health = healths.get(port);
      const body = JSON.stringify({
        service: { namespace: health?.namespace, name: health?.name },
        localEndpoints: health?.localEndpoints ?? 0,
      });
      response.writeHead(health !== undefined && health.localEndpoints > 0 ? 200 : 503, {
        'content-type': 'application/json',
        connection: 'close',
      });
      response.end(body);
    });
    server.on('error', (error) => {
      if (servers.get(port) === server) servers.delete(port);
      onError(error);
    });
    server.listen(port, address);
    servers.set(port, server);
  };
  const close = (port: number) => {
    servers.get(port)?.close();
    servers.get(port)?.closeAllConnections();
    servers.delete(port);
  };

  return {
    update(ports) {
      healths = healthsOf(ports);
      for (const port of servers.keys()) if (!healths.has(port)) close(port);
      for (const port of healths.keys()) if (!servers.has(port)) open(port);
    },
    stop() {
      for (const port of servers.keys()) close(port);
    },
  };
}

/** By health check port: a Service's endpoints on this node, counted once though it has several ports. */
function healthsOf(ports: readonly ServicePort[]): Map<number, Health> {
  const healths = new Map<number, Health>();
  for (const { healthCheckNodePort, externalLocal, namespace, service, local } of ports) {
    if (healthCheckNodePort === undefined || !externalLocal) continue;
    const known = healths.get(healthCheckNodePort)?.localEndpoints ?? 0;
    const localEndpoints = Math.max(known, new Set(local.map((endpoint) => endpoint.ip)).size);
    healths.set(healthCheckNodePort, { namespace, name: service, localEndpoints });
  }
  return healths;
}
