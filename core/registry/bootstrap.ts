// The objects that every cluster has from its first start. Running it again changes nothing that is right, adds what is missing,
// and leaves alone what somebody else made.

import type {
  V1APIService,
  V1ClusterRole,
  V1ClusterRoleBinding,
  V1ConfigMap,
  V1EndpointSlice,
  V1Endpoints,
  V1PolicyRule,
  V1PriorityClass,
  V1Role,
  V1RoleBinding,
  V1Service,
  V1ServiceCIDR,
} from '../../generated/kubernetes.ts';
import type { Definitions } from '../api/definition.ts';
import { builtInPriority } from '../api/group-priorities.ts';
import { addressAt, parseCidr } from '../machinery/cidr.ts';
import { deepEqual } from '../machinery/equality.ts';
import type { KubeObject } from '../machinery/object.ts';
import { hasReason } from '../machinery/status.ts';
import type { TypeName } from '../store/store.ts';
import { controllerRoles } from './bootstrap/controller-roles.ts';
import { flowSchemas, priorityLevels } from './bootstrap/flow-control.ts';
import { namespacedRoles } from './bootstrap/namespaced-roles.ts';
import { systemBindings, systemRoles } from './bootstrap/system-roles.ts';
import { type RoleRow, userRoles } from './bootstrap/user-roles.ts';
import { type Client, createClient } from './client.ts';
import type { Registry } from './registry.ts';

export interface BootstrapOptions {
  /** Where pods and nodes reach the API server: what the service `kubernetes` leads to. */
  readonly advertiseAddress: string;
  readonly port: number;
  /** As the registry's. */
  readonly serviceCIDR?: string;
  /** How extension API servers know who comes from this API server. Without it there are none. */
  readonly extensionAuthentication?: ExtensionAuthentication;
}

/** What the ConfigMap `extension-apiserver-authentication` says. Certificates in PEM. */
export interface ExtensionAuthentication {
  readonly clientCA: string;
  readonly requestHeaderCA: string;
  /** Common names that a certificate of that authority must have for its headers to be believed. */
  readonly allowedNames: readonly string[];
}

const rbac = 'rbac.authorization.k8s.io';
const defaults = { 'kubernetes.io/bootstrapping': 'rbac-defaults' };
const autoupdate = 'rbac.authorization.kubernetes.io/autoupdate';

/** Fails with the StatusError of whatever cannot be written. */
export async function bootstrap(
  registry: Registry,
  definitions: Definitions,
  options: BootstrapOptions,
): Promise<void> {
  const user = { username: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] };
  const client = createClient(registry, definitions, user, 'kube-apiserver');
  await Promise.all(
    ['default', 'kube-system', 'kube-public', 'kube-node-lease'].map((name) =>
      ensure(client, 'namespaces', { metadata: { name } }),
    ),
  );
  await Promise.all([
    ...roles().map((role) => ensureRules(client, `${rbac}/clusterroles`, role)),
    ...bindings().map((binding) => ensure(client, `${rbac}/clusterrolebindings`, binding)),
    ...namespacedRoleObjects().map((role) => ensureRules(client, `${rbac}/roles`, role)),
    ...namespacedBindings().map((binding) => ensure(client, `${rbac}/rolebindings`, binding)),
    ...priorityClasses.map((each) => ensure(client, 'scheduling.k8s.io/priorityclasses', each)),
    ...priorityLevels.map((each) => ensure(client, 'flowcontrol.apiserver.k8s.io/prioritylevelconfigurations', each)),
    ...flowSchemas.map((each) => ensure(client, 'flowcontrol.apiserver.k8s.io/flowschemas', each)),
    ...localApiServices(definitions).map((each) => ensure(client, 'apiregistration.k8s.io/apiservices', each)),
  ]);
  if (options.extensionAuthentication)
    await put(client, 'configmaps', extensionConfigMap(options.extensionAuthentication));
  await ensureKubernetesService(client, options);
}

const priorityClasses: readonly V1PriorityClass[] = [
  {
    metadata: { name: 'system-cluster-critical' },
    value: 2000000000,
    description:
      'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
  },
  {
    metadata: { name: 'system-node-critical' },
    value: 2000001000,
    description: 'Used for system critical pods that must not be moved from their current node.',
  },
];

/** One for each built-in group version. */
function localApiServices(definitions: Definitions): V1APIService[] {
  const versions = new Map(definitions.all().map(({ group, version }) => [`${version}.${group}`, { group, version }]));
  return [...versions].flatMap(([name, { group, version }]) => {
    const priority = builtInPriority(group, version);
    if (!priority) return [];
    const labels = { 'kube-aggregator.kubernetes.io/automanaged': 'onstart' };
    const spec = { group, version, groupPriorityMinimum: priority.group, versionPriority: priority.version };
    return [{ metadata: { name, labels }, spec }];
  });
}

/** Source: Kubernetes, "Configure the Aggregation Layer", CA-reusage and request header settings. */
function extensionConfigMap({ clientCA, requestHeaderCA, allowedNames }: ExtensionAuthentication): V1ConfigMap {
  return {
    metadata: { namespace: 'kube-system', name: 'extension-apiserver-authentication' },
    data: {
      'client-ca-file': clientCA,
      'requestheader-allowed-names': JSON.stringify(allowedNames),
      'requestheader-client-ca-file': requestHeaderCA,
      'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
      'requestheader-group-headers': '["X-Remote-Group"]',
      'requestheader-uid-headers': '["X-Remote-Uid"]',
      'requestheader-username-headers': '["X-Remote-User"]',
    },
  };
}

function roles(): V1ClusterRole[] {
  const controllers = Object.entries(controllerRoles).map(
    ([name, rules]): RoleRow => ({ name: `system:controller:${name}`, rules }),
  );
  return [...userRoles, ...systemRoles, ...controllers].map(({ name, rules, labels, aggregates }) => ({
    metadata: { name, labels: { ...defaults, ...labels }, annotations: { [autoupdate]: 'true' } },
    ...(aggregates && { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [aggregates]: 'true' } }] } }),
    rules: [...rules],
  }));
}

function bindings(): V1ClusterRoleBinding[] {
  const controllers = Object.keys(controllerRoles).map((name) => ({
    role: `system:controller:${name}`,
    subjects: [{ kind: 'ServiceAccount', name, namespace: 'kube-system' }],
  }));
  return [...systemBindings, ...controllers].map(({ role, subjects }) => ({
    metadata: { name: role, labels: defaults, annotations: { [autoupdate]: 'true' } },
    roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: role },
    subjects: [...subjects],
  }));
}

function namespacedRoleObjects(): V1Role[] {
  return namespacedRoles.map(({ namespace, name, rules }) => ({
    metadata: { namespace, name, labels: defaults, annotations: { [autoupdate]: 'true' } },
    rules: [...rules],
  }));
}

function namespacedBindings(): V1RoleBinding[] {
  return namespacedRoles.map(({ namespace, name, subjects }) => ({
    metadata: {
      namespace,
      // The role for extension servers is bound under the name of the role's group of readers.
      name: name === 'extension-apiserver-authentication-reader' ? `system::${name}` : name,
      labels: defaults,
      annotations: { [autoupdate]: 'true' },
    },
    roleRef: { apiGroup: rbac, kind: 'Role', name },
    subjects: [...subjects],
  }));
}

/** Creates what is not there. */
async function ensure(client: Client, type: TypeName, object: { metadata: KubeObject['metadata'] }): Promise<void> {
  const { namespace = '', name = '' } = object.metadata;
  if (await client.find(type, namespace, name)) return;
  await createOnce(client, type, object);
}

/** Another process may do the same at the same time. */
async function createOnce(client: Client, type: TypeName, object: { metadata: KubeObject['metadata'] }): Promise<void> {
  try {
    await client.create(type, object);
  } catch (error) {
    if (!hasReason(error, 'AlreadyExists')) throw error;
  }
}

/** Creates a role, or adds the rules that a newer version brings; an administrator stops that by the annotation. */
async function ensureRules(client: Client, type: TypeName, wanted: V1ClusterRole | V1Role): Promise<void> {
  const { namespace = '', name = '' } = wanted.metadata;
  await client.modify<V1ClusterRole | V1Role>(type, namespace, name, {
    build(found) {
      if (found.metadata.annotations?.[autoupdate] !== 'true') return undefined;
      const present = found.rules ?? [];
      const missing = (wanted.rules ?? []).filter(
        (each: V1PolicyRule) => !present.some((rule) => deepEqual(rule, each)),
      );
      return missing.length > 0 ? { ...found, rules: [...present, ...missing] } : undefined;
    },
    otherwise: () => wanted,
  });
}

/** The service `kubernetes`, at the first address of the service CIDR, leading to this API server. */
async function ensureKubernetesService(client: Client, options: BootstrapOptions): Promise<void> {
  const { advertiseAddress, port, serviceCIDR = '10.96.0.0/16' } = options;
  const cidrs = serviceCIDR.split(',').flatMap((text) => parseCidr(text.trim()) ?? []);
  const [first] = cidrs;
  const names = { namespace: 'default', name: 'kubernetes' };
  const cidr: V1ServiceCIDR = { metadata: { name: 'kubernetes' }, spec: { cidrs: cidrs.map(({ text }) => text) } };
  await ensure(client, 'networking.k8s.io/servicecidrs', cidr);
  const service: V1Service = {
    metadata: { ...names, labels: { component: 'apiserver', provider: 'kubernetes' } },
    spec: {
      type: 'ClusterIP',
      ...(first && { clusterIP: addressAt(first, 1n) }),
      ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: port }],
    },
  };
  await ensure(client, 'services', service);
  const endpoints: V1Endpoints = {
    metadata: { ...names, labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
    subsets: [{ addresses: [{ ip: advertiseAddress }], ports: [{ name: 'https', port, protocol: 'TCP' }] }],
  };
  await put(client, 'endpoints', endpoints);
  const slice: V1EndpointSlice = {
    metadata: { ...names, labels: { 'kubernetes.io/service-name': 'kubernetes' } },
    addressType: advertiseAddress.includes(':') ? 'IPv6' : 'IPv4',
    endpoints: [{ addresses: [advertiseAddress], conditions: { ready: true } }],
    ports: [{ name: 'https', port, protocol: 'TCP' }],
  };
  await put(client, 'discovery.k8s.io/endpointslices', slice);
}

/** The API server's own address may have changed since the last start. */
async function put(client: Client, type: TypeName, object: { metadata: KubeObject['metadata'] }): Promise<void> {
  const { namespace = '', name = '' } = object.metadata;
  await client.modify(type, namespace, name, {
    build: (found) => ({ ...object, metadata: { ...found.metadata, ...object.metadata } }),
    otherwise: () => object,
  });
}
