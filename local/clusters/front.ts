// The port of the host serves hosted clusters too, each below a path of its own. What comes there is none of the host's business: its own
// API server is not asked who sends it, and what answers is the cluster's.

import type { OutgoingHttpHeaders } from 'node:http';
import { hostedRequest } from '../../core/hosted/hosted-path.ts';
import { setOwn } from '../../core/machinery/own.ts';
import { StatusError } from '../../core/machinery/status.ts';
import { connectionHeaders } from '../../core/node/connection-headers.ts';
import type { Log } from '../../core/process/log.ts';
import { createShares } from '../../core/process/shares.ts';
import type { Audit } from '../../functions/apiserver/audit/audit.ts';
import { refuse } from '../../functions/apiserver/audit/refusals.ts';
import { ending, isStream } from '../../functions/apiserver/content/ending.ts';
import type { ApiRequest, ApiResponse } from '../../functions/apiserver/http.ts';
import { forward, forwardUpgrade, type Upstream } from '../../functions/apiserver/proxy/forward.ts';
import { parseQuery } from '../../functions/apiserver/query.ts';
import { isLongRunning, parseRequestInfo } from '../../functions/apiserver/request-info.ts';
import type { Handler } from '../../functions/apiserver/serve.ts';
import { addressHeader, certificateHeader } from '../../functions/apiserver/serve-behind.ts';
import type { Clusters } from './clusters.ts';
import type { Hosted } from './hosted.ts';

/** Of all clusters together; one may have a quarter of what the others leave free. */
const openRequests = 2_000;

/** `own`, `audit`: the host's. */
export function withClusters(own: Handler, clusters: Clusters, log: Log, audit?: Audit): Handler {
  const shares = createShares(openRequests);

  /** Its share and its process, until `release`. */
  async function take(name: string, request: ApiRequest): Promise<{ hosted: Hosted; release: () => void }> {
    const hosted = await clusters.find(name);
    const holder = hosted.asked.uid;
    if (!shares.take(holder, 1))
      throw new StatusError(
        'TooManyRequests',
        'Too many requests, please try again later: this cluster has as many open as one may have beside the others.',
        {
          retryAfterSeconds: 1,
        },
      );
    try {
      const release = await clusters.use(hosted, request);
      return {
        hosted,
        release: () => {
          shares.release(holder, 1);
          release();
        },
      };
    } catch (error) {
      shares.release(holder, 1);
      throw error;
    }
  }

  const refused = (request: ApiRequest, error: unknown): Promise<ApiResponse> => {
    if (error instanceof StatusError) return refuse(audit, request, error);
    log.error({ err: error }, 'a request to a cluster could not be passed on');
    const ours = new StatusError('InternalError', 'an error on the server has prevented the request from succeeding');
    return refuse(audit, request, ours, true);
  };

  return {
    async handle(request) {
      const asked = hostedRequest(request.path);
      if (!asked) return own.handle(request);
      request.longRunning = lasts(request, asked.path);
      try {
        const { hosted, release } = await take(asked.name, request);
        try {
          const { status, headers, body } = await forward(request, upstreamOf(request, asked.path, hosted));
          const response = { status, headers, body };
          // Its end is seen by whoever reads it, also where that is nobody.
          return isStream(response) ? { ...response, body: ending(response.body, release) } : response;
        } catch (error) {
          release();
          throw error;
        }
      } catch (error) {
        return await refused(request, error);
      }
    },
    async upgrade(request, connection) {
      const asked = hostedRequest(request.path);
      if (!asked) return own.upgrade(request, connection);
      try {
        const { hosted, release } = await take(asked.name, request);
        // Also where it is closed by now.
        if (connection.socket.destroyed) release();
        else connection.socket.once('close', release);
        return await forwardUpgrade(request, upstreamOf(request, asked.path, hosted), connection);
      } catch (error) {
        return await refused(request, error);
      }
    },
  };
}

/** As the cluster's own pipeline finds it: no deadline of the host ends it then. */
function lasts({ method, query }: ApiRequest, path: string): boolean {
  try {
    return isLongRunning(parseRequestInfo(method, path, parseQuery(query)));
  } catch {
    return false;
  }
}

function upstreamOf(request: ApiRequest, path: string, { agent }: Hosted): Upstream {
  const headers: OutgoingHttpHeaders = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (value === undefined || name.startsWith(':') || connectionHeaders.has(name) || name === 'expect') continue;
    setOwn(headers, name, value);
  }
  headers['host'] = request.headers['host'] ?? request.headers[':authority'] ?? 'localhost';
  // Whatever the client says of these: it is not asked.
  delete headers[certificateHeader];
  delete headers[addressHeader];
  if (request.certificate) headers[certificateHeader] = Buffer.from(request.certificate).toString('base64');
  if (request.remoteAddress !== undefined) headers[addressHeader] = request.remoteAddress;
  const sent = request.query === '' ? path : `${path}?${request.query}`;
  return { method: request.method, scheme: 'http', path: sent, headers, connection: { agent } };
}
