// Streams of pods where no connection can be upgraded: API Gateway's REST APIs carry HTTP requests and nothing else (D8). What flows one
// way, logs and proxied requests, is relayed through the store; what a terminal needs is given to edges, which end the upgraded connections of
// their clients (D32), and refused to whoever comes without one, with what to do instead.

import { getOwn } from '../../../core/machinery/own.ts';
import { StatusError } from '../../../core/machinery/status.ts';
import { streamHeader } from '../../../core/node/channel/offer.ts';
import { frameDuplex } from '../../../core/node/frame-duplex.ts';
import { connectPods } from '../../../core/node/pod-connections.ts';
import type { RelayBroker } from '../../../core/node/relay-broker.ts';
import { acceptsGzip } from '../content/respond.ts';
import { respondLog } from '../streams/log.ts';
import type { StreamHandler } from '../streams-contract.ts';
import { withKeepAlive } from './keep-alive.ts';
import { type OfferOptions, offerStream } from './offered-streams.ts';

/** Well below the 5 minutes after which a regional REST API ends a response that is silent. */
const idleMs = 60_000;

/** `offers`: undefined where there is no channel. */
export function createRelayedStreams(broker: RelayBroker, offers?: OfferOptions): StreamHandler {
  return {
    async respond(stream) {
      if (stream.kind !== 'log') {
        const wish = getOwn(stream.request.headers, streamHeader);
        if (wish === undefined) throw needsUpgrade(stream.kind, stream.node);
        if (!offers) throw needsChannel(stream.kind, stream.node);
        return offerStream(offers, stream, wish);
      }
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
  return new StatusError(
    'NotImplemented',
    `${kind} needs an upgraded connection, which API Gateway does not carry: use the kubeconfig that \`zeroplane kubeconfig --aws\` writes, whose \`zeroplane connect\` carries it; ${otherWays(kind, node)}`,
  );
}

function needsChannel(kind: string, node: string): StatusError {
  return new StatusError(
    'NotImplemented',
    `${kind} needs the cluster's channel (a WebSocket API), which this cluster does not have: ${otherWays(kind, node)}`,
  );
}

function otherWays(kind: string, node: string): string {
  const forward = kind === 'portforward' ? ' (or `kubectl get --raw .../proxy/...` for HTTP)' : '';
  return `else run it on node ${node} with \`crictl\`${forward}, or reach that node over SSH or SSM Session Manager`;
}
