// What a cluster does not show by itself: whether it takes writes, whether webhooks can be asked, claims and namespaces that hang.

import type { ApiClient } from '../../agent/api-client/api-client.ts';
import { humanDuration } from '../../core/machinery/time.ts';
import type {
  V1EndpointSlice,
  V1MutatingWebhookConfiguration,
  V1Namespace,
  V1PersistentVolumeClaim,
  V1ValidatingWebhookConfiguration,
} from '../../generated/kubernetes.ts';
import { type Listed, list, type Seen, seen } from './cluster-view.ts';
import { type Finding, fault, ok, warning } from './finding.ts';

const hangMs = 300_000;

export async function servedChecks(api: ApiClient, now: Date): Promise<Finding[]> {
  const registered = '/apis/admissionregistration.k8s.io/v1';
  const [write, namespaces, claims, validating, mutating] = await Promise.all([
    seen(() => tryWrite(api)),
    seen(() => list<V1Namespace>(api, '/api/v1/namespaces')),
    seen(() => list<V1PersistentVolumeClaim>(api, '/api/v1/persistentvolumeclaims')),
    seen(() => list<V1ValidatingWebhookConfiguration>(api, `${registered}/validatingwebhookconfigurations`)),
    seen(() => list<V1MutatingWebhookConfiguration>(api, `${registered}/mutatingwebhookconfigurations`)),
  ]);
  return [
    'why' in write
      ? fault('writes', `a ConfigMap is refused, also as a dry run: ${write.why}`, 'zeroplane logs apiserver')
      : ok('writes', `taken (a dry run took ${write.value} ms)`),
    ...itemsOf(namespaces).flatMap((each) => hangingNamespace(each, now)),
    ...itemsOf(claims).flatMap((each) => waitingClaim(each, now)),
    ...(await webhooks(api, [...itemsOf(validating), ...itemsOf(mutating)])),
  ];
}

function itemsOf<T>(read: Seen<Listed<T>>): readonly T[] {
  return 'value' in read ? read.value.items : [];
}

/** Passes every stage of a write but the store's. */
async function tryWrite(api: ApiClient): Promise<number> {
  const began = performance.now();
  const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'zeroplane-doctor-' } };
  await api.json('POST', '/api/v1/namespaces/default/configmaps?dryRun=All', { body });
  return Math.round(performance.now() - began);
}

function hangingNamespace({ metadata, status }: V1Namespace, now: Date): Finding[] {
  const late = metadata?.deletionTimestamp && now.getTime() - new Date(metadata.deletionTimestamp).getTime();
  if (!late || late < hangMs) return [];
  const name = metadata?.name ?? '';
  const why = status?.conditions?.find(({ type, status: is }) => is === 'True' && /Remaining|Failure/.test(type));
  const said = `is being deleted for ${humanDuration(late)}: ${why?.message ?? 'it does not say what it waits for'}`;
  return [
    warning(`namespace ${name}`, said, `kubectl describe namespace ${name}: mend what has the finalizers it names`),
  ];
}

function waitingClaim({ metadata, status, spec }: V1PersistentVolumeClaim, now: Date): Finding[] {
  const age = now.getTime() - new Date(metadata?.creationTimestamp ?? now).getTime();
  if (status?.phase !== 'Pending' || age < hangMs) return [];
  const { namespace, name } = metadata ?? {};
  const said = `waits for a volume for ${humanDuration(age)} (class ${spec?.storageClassName ?? 'none'})`;
  return [warning(`claim ${namespace}/${name}`, said, `kubectl -n ${namespace} describe pvc ${name}`)];
}

/** One that must be asked and whose Service nobody stands behind stops every write that it is to be asked about. */
async function webhooks(
  api: ApiClient,
  configurations: readonly (V1ValidatingWebhookConfiguration | V1MutatingWebhookConfiguration)[],
): Promise<Finding[]> {
  const found: Finding[] = [];
  const known = new Map<string, Seen<boolean>>();
  for (const { metadata, webhooks: each } of configurations)
    for (const { name, failurePolicy, clientConfig } of each ?? []) {
      const { namespace = '', name: service = '' } = clientConfig.service ?? {};
      if (service === '') continue;
      const key = `${namespace}/${service}`;
      const ready = known.get(key) ?? (await seen(() => hasEndpoints(api, namespace, service)));
      known.set(key, ready);
      if (!('value' in ready) || ready.value) continue;
      const say = failurePolicy === 'Ignore' ? warning : fault;
      const what =
        failurePolicy === 'Ignore'
          ? 'is skipped'
          : 'stops every write that it is to be asked about (failurePolicy Fail)';
      found.push(
        say(
          `webhook ${name}`,
          `Service ${key} has no ready pod, so it ${what}`,
          `kubectl -n ${namespace} get pods; it is registered by ${metadata?.name}`,
        ),
      );
    }
  return found.length > 0
    ? found
    : [ok('webhooks', `${configurations.length} configurations, each with somebody to ask`)];
}

async function hasEndpoints(api: ApiClient, namespace: string, service: string): Promise<boolean> {
  const selector = `labelSelector=${encodeURIComponent(`kubernetes.io/service-name=${service}`)}`;
  const path = `/apis/discovery.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/endpointslices`;
  const { items } = await list<V1EndpointSlice>(api, path, selector);
  return items.some(({ endpoints }) => endpoints?.some(({ conditions }) => conditions?.ready !== false));
}
