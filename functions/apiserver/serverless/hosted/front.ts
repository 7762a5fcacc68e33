// The function of hosted clusters: one for all of them, each below its name. A request is of one cluster from its path on: what answers it
// has that cluster's part of the table, and no way to any other.

import type { FunctionSettings } from '../../../../core/cluster/settings.ts';
import { hostedRequest } from '../../../../core/hosted/hosted-path.ts';
import { StatusError } from '../../../../core/machinery/status.ts';
import type { Log } from '../../../../core/process/log.ts';
import type { Claims } from '../../../../core/store/claims.ts';
import type { HostedStore } from '../../../../core/store/dynamodb/connect-parts.ts';
import type { Store } from '../../../../core/store/store.ts';
import type { Meter } from '../../../../core/work/meter.ts';
import type { Waking } from '../../../../core/work/waking.ts';
import { refuse } from '../../audit/refusals.ts';
import type { ApiResponse } from '../../http.ts';
import { auditedBy } from '../audited-by.ts';
import type { ServerlessApi } from '../serverless-api.ts';
import { findHosted } from './find.ts';
import { openHosted } from './open-hosted.ts';

export interface HostedFrontOptions {
  readonly settings: FunctionSettings;
  /** The host's: who the clusters are. */
  readonly store: Pick<Store, 'get'>;
  /** The host's: all clusters together hold so many requests that last. */
  readonly claims: Claims;
  readonly hosted: (uid: string) => Promise<HostedStore>;
  readonly waking: Waking;
  readonly log: Log;
  readonly meter: Meter;
}

/** Clusters that a process keeps open: what each reads first costs a hundred read units, and some megabytes. */
const mostOpen = 8;

/** What machines ask that would become nodes, and agents of nodes. */
const ofNodes = /^\/(?:apis\/agent\.zeroplane\.dev|install-agent)(?:\/|$)/;

export async function openHostedFront(options: HostedFrontOptions): Promise<ServerlessApi> {
  const { settings, store, log } = options;
  /** By uid, the one that was asked last at the end. A process answers one request at a time: none is under way in one that is let go of. */
  const open = new Map<string, Promise<ServerlessApi>>();
  let answering: ServerlessApi | undefined;
  /** What is refused here no hosted cluster hears of. */
  const host = await auditedBy(settings.auditPolicy);

  const apiOf = (name: string, uid: string): Promise<ServerlessApi> => {
    const found = open.get(uid);
    open.delete(uid);
    const api = found ?? openHosted({ ...options, name, uid });
    open.set(uid, api);
    // What failed is tried anew.
    api.catch(() => open.get(uid) === api && open.delete(uid));
    const [longest = uid] = open.keys();
    if (open.size > mostOpen) open.delete(longest);
    return api;
  };

  return {
    async handle(request): Promise<ApiResponse> {
      answering = undefined;
      try {
        const asked = hostedRequest(request.path);
        if (!asked) throw new StatusError('NotFound', 'the server could not find the requested resource', {});
        const { name, uid } = await findHosted(store, asked.name, new Date());
        if (ofNodes.test(asked.path))
          throw new StatusError(
            'NotImplemented',
            `cluster ${JSON.stringify(name)} is hosted on AWS, and takes no nodes: deploy a cluster of its own for machines to join (docs/clusters.md)`,
            {},
          );
        answering = await apiOf(name, uid);
        return await answering.handle({ ...request, path: asked.path });
      } catch (error) {
        if (error instanceof StatusError) return await refuse(host?.audit, request, error);
        log.error({ err: error }, 'a request to a hosted cluster failed before its API server answered');
        const ours = new StatusError(
          'InternalError',
          'an error on the server has prevented the request from succeeding',
        );
        return await refuse(host?.audit, request, ours, true);
      }
    },
    answered() {
      answering?.answered();
      host?.lines.flush();
    },
  };
}
