// What the API serves, as documents: /api, /apis and below, and aggregated discovery (KEP-3352).
// Derived from the definitions alone; the same definitions give the same bytes, so that a hash of them is a good ETag.

import { createHash } from 'node:crypto';
import type { Definitions, ResourceDefinition, Subresource } from './definition.ts';
import { compareVersions } from './version-priority.ts';

export interface Document {
  /** JSON. */
  readonly body: string;
  /** Strong, with its quotes. */
  readonly etag: string;
}

export interface Discovery {
  /** /api: APIVersions. `serverAddress` is `host:port`. */
  versions(serverAddress: string): Document;
  /** /apis: APIGroupList. */
  groups(): Document;
  /** /apis/GROUP: APIGroup. undefined for a group that is not served. */
  group(group: string): Document | undefined;
  /** /api/v1 (with the group '') and /apis/GROUP/VERSION: APIResourceList. */
  resources(group: string, version: string): Document | undefined;
  /** /api or /apis as an APIGroupDiscoveryList, for clients that accept `apidiscovery.k8s.io`. */
  aggregated(path: '/api' | '/apis', version: 'v2' | 'v2beta1'): Document;
}

/** Documents are made on first use, and again after the definitions changed. */
export function discoveryOf(definitions: Definitions): Discovery {
  let generation = definitions.generation;
  let groups = groupUp(definitions.all());
  const made = new Map<string, Document>();
  const cached = (key: string, make: () => object | undefined): Document | undefined => {
    if (generation !== definitions.generation) {
      generation = definitions.generation;
      groups = groupUp(definitions.all());
      made.clear();
    }
    const known = made.get(key);
    if (known) return known;
    const content = make();
    if (!content) return undefined;
    const document = toDocument(content);
    made.set(key, document);
    return document;
  };
  return {
    versions: (serverAddress) =>
      toDocument({
        kind: 'APIVersions',
        versions: ['v1'],
        serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }],
      }),
    groups: () =>
      cached('groups', () => ({
        kind: 'APIGroupList',
        apiVersion: 'v1',
        groups: groups.filter((each) => each.name !== '').map(toApiGroup),
      }))!,
    group: (name) =>
      cached(`group ${name}`, () => {
        const found = name === '' ? undefined : groups.find((each) => each.name === name);
        return found && { kind: 'APIGroup', apiVersion: 'v1', ...toApiGroup(found) };
      }),
    resources: (group, version) =>
      cached(`resources ${group}/${version}`, () => {
        const found = groups.find((each) => each.name === group)?.versions.find((each) => each.name === version);
        return (
          found && {
            kind: 'APIResourceList',
            apiVersion: 'v1',
            groupVersion: group ? `${group}/${version}` : version,
            resources: found.resources.flatMap(toApiResources),
          }
        );
      }),
    aggregated: (path, version) =>
      cached(`aggregated ${path} ${version}`, () => ({
        kind: 'APIGroupDiscoveryList',
        apiVersion: `apidiscovery.k8s.io/${version}`,
        metadata: {},
        items: groups.filter((each) => (each.name === '') === (path === '/api')).map(toGroupDiscovery),
      }))!,
  };
}

interface Group {
  readonly name: string;
  /** The preferred one first. */
  readonly versions: readonly { readonly name: string; readonly resources: readonly ResourceDefinition[] }[];
}

/** Clients that meet one name in two groups take the first: the order of Kubernetes' own groups, then the others by name. */
const order = [
  '',
  'apiregistration.k8s.io',
  'apps',
  'events.k8s.io',
  'authentication.k8s.io',
  'authorization.k8s.io',
  'autoscaling',
  'batch',
  'certificates.k8s.io',
  'networking.k8s.io',
  'policy',
  'rbac.authorization.k8s.io',
  'storage.k8s.io',
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'scheduling.k8s.io',
  'coordination.k8s.io',
  'node.k8s.io',
  'discovery.k8s.io',
  'resource.k8s.io',
  'flowcontrol.apiserver.k8s.io',
];

function groupUp(all: readonly ResourceDefinition[]): readonly Group[] {
  const byGroup = Map.groupBy(all, (each) => each.group);
  const rank = (name: string) => (order.includes(name) ? order.indexOf(name) : order.length);
  return [...byGroup]
    .sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1))
    .map(([name, definitions]) => ({
      name,
      versions: [...Map.groupBy(definitions, (each) => each.version)]
        .sort(([a], [b]) => compareVersions(a, b))
        .map(([version, resources]) => ({
          name: version,
          resources: resources.toSorted((a, b) => (a.resource < b.resource ? -1 : 1)),
        })),
    }));
}

function toApiGroup({ name, versions }: Group) {
  const list = versions.map((each) => ({ groupVersion: `${name}/${each.name}`, version: each.name }));
  return { name, versions: list, preferredVersion: list[0] };
}

function toApiResources(definition: ResourceDefinition): object[] {
  const { resource, singular, namespaced, kind, verbs, shortNames, categories, subresources } = definition;
  const own = {
    name: resource,
    singularName: singular,
    namespaced,
    kind,
    verbs,
    ...(shortNames.length > 0 && { shortNames }),
    ...(categories.length > 0 && { categories }),
  };
  const below = subresources.map((each) => ({
    name: `${resource}/${each.name}`,
    singularName: '',
    namespaced,
    ...(each.group && { group: each.group, version: each.version }),
    kind: each.kind,
    verbs: each.verbs,
  }));
  return [own, ...below];
}

function toGroupDiscovery({ name, versions }: Group) {
  return {
    metadata: { ...(name && { name }), creationTimestamp: null },
    versions: versions.map((version) => ({
      version: version.name,
      resources: version.resources.map(toResourceDiscovery),
      freshness: 'Current',
    })),
  };
}

function toResourceDiscovery(definition: ResourceDefinition) {
  const { group, version, resource, kind, namespaced, singular, verbs, shortNames, categories, subresources } =
    definition;
  return {
    resource,
    responseKind: { group, version, kind },
    scope: namespaced ? 'Namespaced' : 'Cluster',
    singularResource: singular,
    verbs,
    ...(shortNames.length > 0 && { shortNames }),
    ...(categories.length > 0 && { categories }),
    ...(subresources.length > 0 && {
      subresources: subresources.map((each) => toSubresourceDiscovery(each, definition)),
    }),
  };
}

function toSubresourceDiscovery(subresource: Subresource, { group, version }: ResourceDefinition) {
  const { name, kind, verbs } = subresource;
  return {
    subresource: name,
    responseKind: { group: subresource.group ?? group, version: subresource.version ?? version, kind },
    verbs,
  };
}

function toDocument(content: object): Document {
  const body = JSON.stringify(content);
  const hash = createHash('sha512').update(body).digest('hex').toUpperCase();
  return { body, etag: `"${hash}"` };
}
