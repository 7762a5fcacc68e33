// `POST /apis/zeroplane.dev/v1/clusters/NAME/kubeconfig`: the administrator's kubeconfig of a hosted cluster. Whoever may create it is that
// cluster's administrator, as whoever may create a TokenRequest is the account.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { StatusError } from '../../core/machinery/status.ts';
import type { Registry } from '../../core/registry/registry.ts';
import { plainJson } from '../../functions/apiserver/content/negotiate.ts';
import { respondValue } from '../../functions/apiserver/content/respond.ts';
import { noSuchResource } from '../../functions/apiserver/resources/routes.ts';
import type { Responder } from '../../functions/apiserver/responder.ts';
import { clustersPath } from '../hosted-path.ts';
import { clusterGroup, kubeconfigSubresource } from './cluster-type.ts';
import type { Clusters } from './clusters.ts';
import { clusterDir } from './made-cluster.ts';

export function kubeconfigResponder(
  hostDir: string,
  registry: Pick<Registry, 'admit'>,
  clusters: () => Clusters,
): Responder {
  return {
    serves: ({ isResource, group, resource, subresource }) =>
      isResource && group === clusterGroup && resource === 'clusters' && subresource === kubeconfigSubresource,
    async respond({ info, request, context, definition }) {
      if (!definition || info.name === '' || info.rest.length > 0) throw noSuchResource();
      if (info.verb !== 'create')
        throw new StatusError('MethodNotAllowed', 'a kubeconfig is created: send a POST request', {});
      const hosted = await clusters().find(info.name);
      // What it opens is a cluster: webhooks and policies of the host see that, as they see who opens a stream into a pod.
      const target = { definition, name: info.name, subresource: kubeconfigSubresource };
      await registry.admit(context, target, 'CONNECT', { kind: 'Config', apiVersion: 'v1', metadata: {} });
      // What it is made of is there once the cluster has run.
      const release = await clusters().use(hosted);
      try {
        const file = join(clusterDir(hostDir, hosted.asked.uid), 'admin.kubeconfig');
        // as: our own file.
        const config = parse(await readFile(file, 'utf8')) as { clusters: { cluster: { server: string } }[] };
        const host = request.headers['host'] ?? request.headers[':authority'];
        const [first] = config.clusters;
        // By the name that its client reaches this server by.
        if (host !== undefined && first && /^[\w.:[\]-]+$/.test(host))
          first.cluster.server = `https://${host}${clustersPath}${info.name}`;
        return respondValue(201, config, plainJson);
      } finally {
        release();
      }
    },
  };
}
