// `POST /apis/zeroplane.dev/v1/clusters/NAME/kubeconfig`: the administrator's kubeconfig of a hosted cluster. Whoever may create it is that
// cluster's administrator, as whoever may create a TokenRequest is the account.

import { kubeconfigSubresource } from '../../../core/hosted/cluster-type.ts';
import { StatusError } from '../../../core/machinery/status.ts';
import type { Registry } from '../../../core/registry/registry.ts';
import { plainJson } from '../content/negotiate.ts';
import { respondValue } from '../content/respond.ts';
import { noSuchResource } from '../resources/routes.ts';
import type { Answerer, Responder } from '../responder.ts';
import { isForKubeconfig } from './is-for-kubeconfig.ts';

export interface KubeconfigOptions {
  readonly registry: Pick<Registry, 'admit'>;
  /** By the name of a cluster and the one that its host was asked by, if any that can stand in a URL. Throws NotFound. */
  readonly kubeconfigOf: (name: string, host: string | undefined) => Promise<() => Promise<object>>;
}

export function kubeconfigAnswerer({ registry, kubeconfigOf }: KubeconfigOptions): Answerer {
  return {
    async respond({ info, request, context, definition }) {
      if (!definition || info.name === '' || info.rest.length > 0) throw noSuchResource();
      if (info.verb !== 'create')
        throw new StatusError('MethodNotAllowed', 'a kubeconfig is created: send a POST request', {});
      const host = request.headers['host'] ?? request.headers[':authority'];
      const make = await kubeconfigOf(info.name, host !== undefined && /^[\w.:[\]-]+$/.test(host) ? host : undefined);
      // What it opens is a cluster: webhooks and policies of the host see that, as they see who opens a stream into a pod.
      const target = { definition, name: info.name, subresource: kubeconfigSubresource };
      await registry.admit(context, target, 'CONNECT', { kind: 'Config', apiVersion: 'v1', metadata: {} });
      return respondValue(201, await make(), plainJson);
    },
  };
}

export function kubeconfigResponder(options: KubeconfigOptions): Responder {
  return { serves: isForKubeconfig, ...kubeconfigAnswerer(options) };
}
