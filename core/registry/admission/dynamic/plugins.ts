// What objects of the cluster configure: webhooks and policies. Most clusters have none: then a write neither pays for them nor loads
// what asks and evaluates them.

import { late } from '../../../machinery/late.ts';
import type { AdmissionPlugin } from '../plugin.ts';
import { isExempt, isExemptFromPolicies } from './exempt.ts';

const group = 'admissionregistration.k8s.io';
const mutatingHooks = `${group}/mutatingwebhookconfigurations`;
const validatingHooks = `${group}/validatingwebhookconfigurations`;
// Without a binding no policy does anything.
const mutatingBindings = `${group}/mutatingadmissionpolicybindings`;
const validatingBindings = `${group}/validatingadmissionpolicybindings`;

const operations = ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'] as const;
const configured = late(() => import('./configured.ts'));

/** In the order in which they run. */
export const dynamicPlugins: readonly AdmissionPlugin[] = [
  {
    name: 'MutatingAdmissionPolicy',
    operations: ['CREATE', 'UPDATE', 'CONNECT'],
    mutate(attributes, env) {
      if (env.replicas.peek(mutatingBindings)?.size === 0 || isExemptFromPolicies(attributes)) return undefined;
      return found(env.lookAll(mutatingBindings), (bindings) =>
        configured(({ mutateByPolicies }) => mutateByPolicies(attributes, env, bindings)),
      );
    },
  },
  {
    name: 'MutatingAdmissionWebhook',
    operations,
    mutate(attributes, env) {
      if (env.replicas.peek(mutatingHooks)?.size === 0 || isExempt(attributes)) return undefined;
      return found(env.lookAll(mutatingHooks), (configurations) =>
        configured(({ mutateByWebhooks }) => mutateByWebhooks(attributes, env, configurations)),
      );
    },
  },
  {
    name: 'ValidatingAdmissionPolicy',
    operations,
    validate(attributes, env) {
      if (env.replicas.peek(validatingBindings)?.size === 0 || isExemptFromPolicies(attributes)) return undefined;
      return found(env.lookAll(validatingBindings), (bindings) =>
        configured(({ validateByPolicies }) => validateByPolicies(attributes, env, bindings)),
      );
    },
  },
  {
    name: 'ValidatingAdmissionWebhook',
    operations,
    validate(attributes, env) {
      if (env.replicas.peek(validatingHooks)?.size === 0 || isExempt(attributes)) return undefined;
      return found(env.lookAll(validatingHooks), (configurations) =>
        configured(({ validateByWebhooks }) => validateByWebhooks(attributes, env, configurations)),
      );
    },
  },
];

async function found<T>(looking: Promise<readonly T[]>, run: (all: readonly T[]) => Promise<void>): Promise<void> {
  const all = await looking;
  if (all.length > 0) await run(all);
}
