// What the API serves, as documents: /api, /apis and below, and aggregated discovery (KEP-3352).
// Derived from the definitions and what other servers add; the same of both give the same bytes, so that a hash of them is a good ETag.

import { createHash } from 'node:crypto';
import type { Definitions, ResourceDefinition, Subresource } from './definition.ts';
import type { ExtensionResource, Extensions, ExtensionVersion } from './extensions.ts';
import { unregisteredPriority } from './group-priorities.ts';
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

const noExtensions: Extensions = { generation: 0, versions: [], priority: unregisteredPriority };

/** Documents are made on first use, and again after the definitions changed. */
export function discoveryOf(definitions: Definitions, extensions: Extensions = noExtensions): Discovery {
  let generation = -1;
  let groups: readonly Group[] = [];
  const made = new Map<string, Document>();
  definitions.onGone(() => {
    generation = -1;
    groups = [];
    made.clear();
  });
  const cached = (key: string, make: () => object | undefined): Document | undefined => {
    // Both only rise, and so their sum does with either.
    const now = definitions.generation + extensions.generation;
    if (generation !== now) {
      generation = now;
      groups = groupUp(definitions.all(), extensions);
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
          found?.resources && {
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
  readonly versions: readonly Version[];
}

interface Version {
  readonly group: string;
  readonly name: string;
  /** Where this server answers for it. */
  readonly resources?: readonly ResourceDefinition[];
  /** Where another one does. */
  readonly extension?: Omit<ExtensionVersion, 'group' | 'version'>;
}

function groupUp(definitions: readonly ResourceDefinition[], extensions: Extensions): readonly Group[] {
  const versions = new Map<string, Version>();
  for (const [key, resources] of Map.groupBy(definitions, ({ group, version }) => `${group}/${version}`)) {
    const [{ group, version }] = resources as [ResourceDefinition];
    versions.set(key, { group, name: version, resources: resources.toSorted(byResource) });
  }
  // Who is registered for a group version answers for all of it.
  for (const { group, version, ...extension } of extensions.versions)
    versions.set(`${group}/${version}`, { group, name: version, extension });
  const groups = [...Map.groupBy(versions.values(), ({ group }) => group)].map(([name, all]) => {
    const ranked = all.map((each) => ({ each, priority: extensions.priority(name, each.name) }));
    ranked.sort((a, b) => b.priority.version - a.priority.version || compareVersions(a.each.name, b.each.name));
    const priority = Math.max(...ranked.map((each) => each.priority.group));
    return { name, priority, versions: ranked.map(({ each }) => each) };
  });
  return groups.sort((a, b) => b.priority - a.priority || (a.name < b.name ? -1 : 1));
}

function byResource(a: ResourceDefinition, b: ResourceDefinition): number {
  return a.resource < b.resource ? -1 : 1;
}

function toApiGroup({ name, versions }: Group) {
  const list = versions.map((each) => ({ groupVersion: `${name}/${each.name}`, version: each.name }));
  return { name, versions: list, preferredVersion: list[0] };
}

/** Tells migrators of stored objects that the version changed in which a type is stored. Source: Kubernetes' discovery. */
function storageVersionHash({ type, storageVersion, kind }: ResourceDefinition): string {
  const group = type.includes('/') ? type.slice(0, type.indexOf('/')) : '';
  const digest = createHash('sha256').update(`${group}/${storageVersion}/${kind}`).digest();
  return digest.subarray(0, 8).toString('base64');
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
    // What nobody can watch is not stored.
    ...(verbs.includes('watch') && { storageVersionHash: storageVersionHash(definition) }),
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
      resources: version.resources?.map(toResourceDiscovery) ?? extensionResources(version),
      freshness: version.extension?.fresh === false ? 'Stale' : 'Current',
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

/** The other server's list of resources and subresources, in the form of aggregated discovery. */
function extensionResources({ group, name: version, extension }: Version): object[] {
  const all = extension?.resources ?? [];
  const kindOf = (each: ExtensionResource) => ({
    group: each.group || group,
    version: each.version || version,
    kind: each.kind,
  });
  return all
    .filter((each) => !each.name.includes('/'))
    .map((each) => {
      const below = all.filter(({ name }) => name.startsWith(`${each.name}/`));
      return {
        resource: each.name,
        responseKind: kindOf(each),
        scope: each.namespaced ? 'Namespaced' : 'Cluster',
        singularResource: each.singularName ?? '',
        verbs: each.verbs,
        ...(each.shortNames?.length && { shortNames: each.shortNames }),
        ...(each.categories?.length && { categories: each.categories }),
        ...(below.length > 0 && {
          subresources: below.map((one) => ({
            subresource: one.name.slice(each.name.length + 1),
            responseKind: kindOf(one),
            verbs: one.verbs,
          })),
        }),
      };
    });
}

function toDocument(content: object): Document {
  const body = JSON.stringify(content);
  const hash = createHash('sha512').update(body).digest('hex').toUpperCase();
  return { body, etag: `"${hash}"` };
}
