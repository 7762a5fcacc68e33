// The API for this node's pods, where the API server is a URL on the Internet: an edge (edge/) at the address and under the names of the
// Service `kubernetes`, with TLS by a certificate that the cluster's authority signed.

import type { EventLog } from '../../core/process/log.ts';
import { createEdge, type Edge } from '../../edge/edge.ts';
import { type EdgeCertificate, type Listening, listen } from '../../edge/listen.ts';
import type { Pace } from '../../edge/pace.ts';

export interface PodApi {
  /** Of the Service `kubernetes`. */
  readonly address: string;
  /** The address must be there. Rejects when its port 443 is taken. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface PodApiOptions {
  readonly address: string;
  /** Default 443. */
  readonly port?: number;
  /** The URL of the API, perhaps with a path; and the roots (PEM) by which it is checked, if not the machine's own. */
  readonly server: string;
  readonly ca?: string;
  readonly certificate: () => EdgeCertificate;
  readonly log: EventLog;
  readonly pace?: Pace;
}

export function createPodApi(options: PodApiOptions): PodApi {
  const { address, port = 443, certificate, log } = options;
  let running: { readonly edge: Edge; readonly listening: Listening } | undefined;
  return {
    address,
    async start() {
      if (running) return;
      const edge = createEdge(options);
      const { handle } = edge;
      try {
        running = { edge, listening: await listen({ address, port, certificate, handle, log }) };
      } catch (error) {
        edge.close();
        throw error;
      }
      log.info({ address, port }, 'the API is served to pods');
    },
    async stop() {
      running?.edge.close();
      running?.listening.close();
      running = undefined;
    },
  };
}
