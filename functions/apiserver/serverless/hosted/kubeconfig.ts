// The administrator's kubeconfig of a hosted cluster: API Gateway passes no client certificates on, so it has a token that the cluster's own key
// has signed.

import type { FunctionSettings } from '../../../../core/cluster/settings.ts';
import { ensureSigningKey } from '../../../../core/cluster/signing-key.ts';
import { signAdministrator } from '../../../../core/hosted/administrator.ts';
import { clustersPath } from '../../../../core/hosted/hosted-path.ts';
import type { Registry } from '../../../../core/registry/registry.ts';
import type { HostedStore } from '../../../../core/store/dynamodb/connect-parts.ts';
import type { Store } from '../../../../core/store/store.ts';
import { kubeconfigAnswerer } from '../../hosted/kubeconfig-responder.ts';
import type { Answerer } from '../../responder.ts';
import { findHosted, issuerOf } from './find.ts';

export interface HostedKubeconfigOptions {
  readonly settings: FunctionSettings;
  /** The host's. */
  readonly store: Store;
  readonly hosted: (uid: string) => Promise<Pick<HostedStore, 'store'>>;
  readonly registry: Pick<Registry, 'admit'>;
  readonly now: () => Date;
}

export function hostedKubeconfig({ settings, store, hosted, registry, now }: HostedKubeconfigOptions): Answerer {
  return kubeconfigAnswerer({
    registry,
    async kubeconfigOf(name, host) {
      const { uid, expiresAt } = await findHosted(store, name, now());
      return async () => {
        const key = await ensureSigningKey((await hosted(uid)).store);
        const token = signAdministrator({ uid, issuer: issuerOf(settings, name), key }, now(), expiresAt);
        const server = `https://${host ?? 'localhost'}${stageOf(host)}${clustersPath}${name}`;
        return {
          apiVersion: 'v1',
          kind: 'Config',
          clusters: [{ name, cluster: { server } }],
          users: [{ name: `${name}-admin`, user: { token } }],
          contexts: [{ name, context: { cluster: name, user: `${name}-admin` } }],
          'current-context': name,
        };
      };
    },
  });
}

/** API Gateway's own host names want a stage in front of every path; a domain of one's own does not. */
function stageOf(host: string | undefined): string {
  return host !== undefined && /\.execute-api\./.test(host) ? '/prod' : '';
}
