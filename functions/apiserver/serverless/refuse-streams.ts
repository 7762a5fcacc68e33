// Streams of pods where no connection can be upgraded: API Gateway's REST APIs carry HTTP requests and nothing else (D8).

import { StatusError } from '../../../core/machinery/status.ts';
import type { StreamHandler } from '../streams-contract.ts';

export const refuseStreams: StreamHandler = {
  async respond({ kind, node, pod }) {
    const { name } = pod.metadata;
    if (kind === 'log')
      throw new StatusError(
        'NotImplemented',
        `logs of pod ${name} are on node ${node}, which this API server cannot reach: read them there with \`zeroplane logs\`, or under /var/lib/zeroplane/agent/logs`,
      );
    throw new StatusError(
      'NotImplemented',
      `${kind} needs an upgraded connection, which API Gateway does not carry: run it on node ${node} with \`crictl\`, or reach that node over SSH or SSM Session Manager`,
    );
  },
  async upgrade(stream) {
    await this.respond(stream);
  },
  async connect({ node }) {
    throw new StatusError(
      'NotImplemented',
      `what runs on node ${node} cannot be reached through this API server: use a Service of the cluster's own network`,
    );
  },
  async connectNode(node) {
    throw new StatusError(
      'NotImplemented',
      `node ${node} cannot be reached through this API server: ask it on the machine itself`,
    );
  },
  async accept() {
    throw new StatusError('NotImplemented', 'this API server takes no streams from nodes');
  },
};
