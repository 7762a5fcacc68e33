// Which requests are for the kubeconfig of a hosted cluster.

import { clusterGroup, kubeconfigSubresource } from '../../../core/hosted/cluster-type.ts';
import type { RequestInfo } from '../request-info.ts';

export function isForKubeconfig({ isResource, group, resource, subresource }: RequestInfo): boolean {
  return isResource && group === clusterGroup && resource === 'clusters' && subresource === kubeconfigSubresource;
}
