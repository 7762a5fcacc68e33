// What a node that joins over a function is given: a queue of SQS, and the cluster's networks.

import type { FunctionSettings } from '../../../core/cluster/settings.ts';
import { apiAddress, dnsAddresses } from '../../../core/kinds/allocate/dns-address.ts';
import type { AwsEnvironment } from '../../../core/signature/aws-environment.ts';
import type { Store } from '../../../core/store/store.ts';
import { createJoining, type JoiningOptions, type NodeJoining } from '../node/joining.ts';
import { machineCredentials, stsCredentials } from './queue-credentials.ts';

export interface ServerlessJoiningOptions
  extends Pick<JoiningOptions, 'tokens' | 'queue' | 'registry' | 'definitions'> {
  readonly settings: FunctionSettings;
  readonly store: Store;
  readonly env: AwsEnvironment;
  readonly now: () => Date;
}

/** Nodes on the other side of the Internet report less often than on one machine: each report is a request that is paid for. */
const heartbeatSeconds = 75;
const resyncSeconds = 600;

export function serverlessJoining(options: ServerlessJoiningOptions): NodeJoining {
  const { settings, tokens, queue, registry, definitions, store, env, now } = options;
  const { serviceCIDR, clusterDomain } = settings;
  return createJoining({
    tokens,
    queue,
    credentials: queueCredentialsOf(settings, env),
    certify: async (publicKey) => {
      const { certifyNodeApi } = await import('../../../core/cluster/node-api-certificate.ts');
      const names = { apiAddress: apiAddress(serviceCIDR), clusterDomain };
      return certifyNodeApi(store, publicKey, names, now());
    },
    registry,
    definitions,
    cluster: {
      clusterCIDR: settings.podCIDR,
      serviceCIDR,
      clusterDNS: dnsAddresses(serviceCIDR).join(','),
      apiAddress: apiAddress(serviceCIDR),
      clusterDomain,
      heartbeatSeconds,
      resyncSeconds,
    },
  });
}

function queueCredentialsOf(settings: FunctionSettings, env: AwsEnvironment) {
  const { queueUrlBase, queuePrefix, region, nodeQueueRole } = settings;
  const urlOf = (queue: string) => `${queueUrlBase ?? ''}${queuePrefix}${queue}`;
  if (nodeQueueRole === undefined) return machineCredentials(region, urlOf);
  const [, partition = 'aws', , , account = ''] = nodeQueueRole.split(':');
  const arnOf = (queue: string) => `arn:${partition}:sqs:${region}:${account}:${queuePrefix}${queue}`;
  return stsCredentials({ role: nodeQueueRole, region, urlOf, arnOf, env });
}
