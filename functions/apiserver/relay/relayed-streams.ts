// Streams of pods where no connection can be upgraded: API Gateway's REST APIs carry HTTP requests and nothing else (D8). What flows one
// way, logs and proxied requests, is relayed through the store; what a terminal needs is refused with what to do instead.

import { StatusError } from '../../../core/machinery/status.ts';
import { frameDuplex } from '../../../core/node/frame-duplex.ts';
import { connectPods } from '../../../core/node/pod-connections.ts';
import type { RelayBroker } from '../../../core/node/relay-broker.ts';
import { acceptsGzip } from '../content/respond.ts';
import { respondLog } from '../streams/log.ts';
import type { StreamHandler } from '../streams-contract.ts';
import { withKeepAlive } from './keep-alive.ts';

/** Well below the 5 minutes after which a regional REST API ends a response that is silent. */
const idleMs = 60_000;

export function createRelayedStreams(broker: RelayBroker): StreamHandler {
  return {
    async respond(stream) {
      if (stream.kind !== 'log') throw needsUpgrade(stream.kind, stream.node);
      const response = await respondLog(broker, stream);
      const { body } = response;
      if (body === undefined || body instanceof Uint8Array || !acceptsGzip(stream.request)) return response;
      return {
        ...response,
        headers: { ...response.headers, 'content-encoding': 'gzip', vary: 'Accept-Encoding' },
        body: withKeepAlive(body, idleMs),
      };
    },
    async upgrade({ kind, node }) {
      throw needsUpgrade(kind, node);
    },
    connect: connectPods(broker),
    connectNode: async (node, signal) => frameDuplex(await broker.open(node, { type: 'node' }, signal)),
    async accept() {
      throw new StatusError('NotImplemented', 'this API server takes streams as posts, not as WebSockets');
    },
  };
}

function needsUpgrade(kind: string, node: string): StatusError {
  const forward = kind === 'portforward' ? ' (or `kubectl get --raw .../proxy/...` for HTTP)' : '';
  return new StatusError(
    'NotImplemented',
    `${kind} needs an upgraded connection, which API Gateway does not carry: run it on node ${node} with \`crictl\`${forward}, or reach that node over SSH or SSM Session Manager`,
  );
}
