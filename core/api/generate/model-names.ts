// OpenAPI names of models (`io.k8s.api.core.v1.Pod`). The client package dropped the group; it is found again from the API
// that reaches a model, and a table says it where several do.

import { getOwn } from '../../machinery/own.ts';
import { type Model, modelOf } from './read-models.ts';
import type { Operation } from './read-operations.ts';
import { kindOf } from './resources.ts';

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1';

const metaKinds = new Set(
  `APIGroup APIGroupList APIResource APIResourceList APIVersions Condition DeleteOptions FieldSelectorRequirement
  GroupVersionForDiscovery LabelSelector LabelSelectorRequirement ListMeta ManagedFieldsEntry ObjectMeta OwnerReference
  Preconditions ServerAddressByClientCIDR ShardInfo Status StatusCause StatusDetails WatchEvent`.split(/\s+/),
);

/** Packages of the APIs, by `group/version`; any other is `io.k8s.api.<first word of the group>.<version>`. */
const packages: Readonly<Record<string, string>> = {
  '/v1': 'io.k8s.api.core.v1',
  'apiextensions.k8s.io/v1': 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1',
  'apiregistration.k8s.io/v1': 'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1',
};

/** Where the API that a model belongs to is not the only one to reach it. */
const owners: Readonly<Record<string, string>> = {
  V1Scale: 'autoscaling/v1',
  V1ScaleSpec: 'autoscaling/v1',
  V1ScaleStatus: 'autoscaling/v1',
  V1Eviction: 'policy/v1',
  AuthenticationV1TokenRequest: 'authentication.k8s.io/v1',
  V1TokenRequestSpec: 'authentication.k8s.io/v1',
  V1TokenRequestStatus: 'authentication.k8s.io/v1',
  V1BoundObjectReference: 'authentication.k8s.io/v1',
  V1UserInfo: 'authentication.k8s.io/v1',
};

export function openapiNames(
  models: ReadonlyMap<string, Model>,
  operations: readonly Operation[],
): ReadonlyMap<string, string> {
  const reach = new Map<string, Set<string>>();
  const visit = (id: string, api: string): void => {
    const seen = reach.get(id) ?? new Set();
    if (seen.has(api)) return;
    reach.set(id, seen.add(api));
    for (const type of Object.values(models.get(id)?.fields ?? {})) {
      const next = modelOf(type);
      if (next) visit(next, api);
    }
  };
  for (const { path, body, answer } of operations) {
    const api = /^\/(?:api|apis\/([^/]+))\/(v\w+)\//.exec(path);
    if (!api) continue;
    for (const id of [body, answer]) if (id && models.has(id)) visit(id, `${api[1] ?? ''}/${api[2]}`);
  }
  return new Map([...models.keys()].map((id) => [id, nameOf(id, reach.get(id) ?? new Set())]));
}

function nameOf(id: string, apis: ReadonlySet<string>): string {
  const kind = kindOf(id);
  if (id === 'VersionInfo') return 'io.k8s.apimachinery.pkg.version.Info';
  if (id.startsWith('V1') && metaKinds.has(kind)) return `${meta}.${kind}`;
  const owner = getOwn(owners, id) ?? (apis.has('/v1') ? '/v1' : apis.size === 1 ? [...apis][0] : undefined);
  if (owner === undefined) throw new Error(`no API owns the model ${id}: ${[...apis].join(', ')} reach it`);
  return `${packageOf(owner)}.${kind}`;
}

function packageOf(api: string): string {
  const known = getOwn(packages, api);
  if (known) return known;
  const [group = '', version = ''] = api.split('/');
  return `io.k8s.api.${group.split('.')[0]}.${version}`;
}
