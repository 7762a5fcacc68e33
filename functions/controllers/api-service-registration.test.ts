import { beforeEach, describe, expect, it } from 'vitest';
import { apiServiceRegistrationController } from './api-service-registration.ts';
import { TestCluster } from './testing/cluster.ts';

const type = 'apiregistration.k8s.io/apiservices';
const crds = 'apiextensions.k8s.io/customresourcedefinitions';

let cluster: TestCluster;
beforeEach(() => {
  cluster = new TestCluster([apiServiceRegistrationController]);
});

const crd = (plural: string, ...versions: string[]) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.example.com` },
  spec: { group: 'example.com', versions: versions.map((name) => ({ name, served: true })) },
  status: { conditions: [{ type: 'Established', status: 'True' }] },
});
const names = () =>
  cluster.state
    .list(type)
    .map(({ metadata }) => metadata.name)
    .sort();

describe('APIServices of custom resources', () => {
  it('come with the first of a group version and go with the last', async () => {
    cluster.put(crd('widgets', 'v1', 'v2'));
    cluster.put(crd('gadgets', 'v1'));
    await cluster.settle();
    expect(names()).toEqual(['v1.example.com', 'v2.example.com']);
    expect(cluster.state.get(type, '', 'v1.example.com')?.spec).toEqual({
      group: 'example.com',
      version: 'v1',
      groupPriorityMinimum: 1000,
      versionPriority: 100,
    });
    cluster.remove(crds, '', 'widgets.example.com');
    await cluster.settle();
    expect(names()).toEqual(['v1.example.com']);
  });

  it('come back when they are deleted', async () => {
    cluster.put(crd('widgets', 'v1'));
    await cluster.settle();
    cluster.remove(type, '', 'v1.example.com');
    await cluster.settle();
    expect(names()).toEqual(['v1.example.com']);
  });

  it('leave alone what somebody registered', async () => {
    const spec = {
      group: 'example.com',
      version: 'v1',
      service: { namespace: 'a', name: 'b' },
      groupPriorityMinimum: 1,
      versionPriority: 1,
    };
    cluster.put({
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: { name: 'v1.example.com' },
      spec,
    });
    cluster.put(crd('widgets', 'v1'));
    await cluster.settle();
    expect(cluster.state.get(type, '', 'v1.example.com')?.spec).toEqual(spec);
    cluster.remove(crds, '', 'widgets.example.com');
    await cluster.settle();
    expect(names()).toEqual(['v1.example.com']);
  });
});
