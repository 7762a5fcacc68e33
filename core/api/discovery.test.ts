import { describe, expect, it } from 'vitest';
import { loadDefinitions } from './definitions.ts';
import { type Document, discoveryOf } from './discovery.ts';
import { compareVersions } from './version-priority.ts';

const parse = (document: Document | undefined) => JSON.parse(document!.body);

describe('discovery', () => {
  const definitions = loadDefinitions();
  const discovery = discoveryOf(definitions);

  it('lists the groups that Kubernetes serves by default, the preferred version first', () => {
    const { groups } = parse(discovery.groups());
    const names = groups.map((each: { name: string }) => each.name);
    expect(names).toHaveLength(20);
    expect(names.slice(0, 2)).toEqual(['apiregistration.k8s.io', 'apps']);
    expect(parse(discovery.group('autoscaling'))).toMatchObject({
      preferredVersion: { groupVersion: 'autoscaling/v2', version: 'v2' },
      versions: [{ version: 'v2' }, { version: 'v1' }],
    });
  });

  it('tells what a client needs to know of a resource', () => {
    const { resources, groupVersion } = parse(discovery.resources('', 'v1'));
    expect(groupVersion).toBe('v1');
    expect(resources).toContainEqual({
      name: 'pods',
      singularName: 'pod',
      namespaced: true,
      kind: 'Pod',
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      shortNames: ['po'],
      categories: ['all'],
      // As of every Kubernetes.
      storageVersionHash: 'xPOwRZ+Yhw8=',
    });
    expect(resources).toContainEqual({
      name: 'replicationcontrollers/scale',
      singularName: '',
      namespaced: true,
      group: 'autoscaling',
      version: 'v1',
      kind: 'Scale',
      verbs: ['get', 'patch', 'update'],
    });
  });

  it('says the same in one aggregated document', () => {
    const { items } = parse(discovery.aggregated('/apis', 'v2'));
    const apps = items.find((each: { metadata: { name: string } }) => each.metadata.name === 'apps');
    const deployments = apps.versions[0].resources.find(
      (each: { resource: string }) => each.resource === 'deployments',
    );
    expect(deployments).toMatchObject({
      responseKind: { group: 'apps', version: 'v1', kind: 'Deployment' },
      scope: 'Namespaced',
      singularResource: 'deployment',
      shortNames: ['deploy'],
    });
    expect(parse(discovery.aggregated('/api', 'v2beta1'))).toMatchObject({
      apiVersion: 'apidiscovery.k8s.io/v2beta1',
      items: [{ versions: [{ version: 'v1' }] }],
    });
  });

  it('does not know what is not served', () => {
    expect(discovery.group('example.com')).toBeUndefined();
    expect(discovery.resources('apps', 'v1beta1')).toBeUndefined();
  });

  it('changes its documents and their tags when a custom resource comes and goes', () => {
    const before = discovery.groups();
    const template = definitions.find('', 'v1', 'configmaps')!;
    const custom = { ...template, group: 'example.com', resource: 'widgets', type: 'example.com/widgets' };
    definitions.setCustom('widgets.example.com', [custom]);
    expect(discovery.groups().etag).not.toBe(before.etag);
    expect(discovery.resources('example.com', 'v1')).toBeDefined();
    definitions.removeCustom('widgets.example.com');
    expect(discovery.groups()).toEqual(before);
  });
});

describe('compareVersions', () => {
  it('prefers what is stable and new', () => {
    const sorted = ['v10', 'v2', 'v1', 'v11beta2', 'v10beta3', 'v3beta1', 'v12alpha1', 'v11alpha2', 'foo1', 'foo10'];
    expect(sorted.toReversed().toSorted(compareVersions)).toEqual(sorted);
  });
});
