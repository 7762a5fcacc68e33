import { describe, expect, it } from 'vitest';
import { formatQuantity } from '../../machinery/quantity.ts';
import { countedUnder, inScope, leftOpen, usageOf } from './quota-usage.ts';

const container = (name: string, requests: Record<string, string>, limits: Record<string, string> = {}) => ({
  name,
  image: 'i',
  resources: { requests, limits },
});
const pods = { group: '', resource: 'pods' };
const uses = (spec: object) => {
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec };
  return Object.fromEntries([...usageOf(pods, pod)].map(([name, amount]) => [name, formatQuantity(amount)]));
};

describe('what a pod counts', () => {
  it('is its hungriest moment: an init container beside sidecars, or all that run together', () => {
    const sidecar = { ...container('s', { cpu: '100m' }), restartPolicy: 'Always' };
    const initContainers = [sidecar, container('i', { cpu: '700m', memory: '1Gi' })];
    const containers = [container('a', { cpu: '200m', memory: '2Gi' }), container('b', { cpu: '300m' })];
    expect(uses({ initContainers, containers })).toMatchObject({ cpu: '800m', 'requests.cpu': '800m', memory: '2Gi' });
    expect(uses({ containers })).toMatchObject({ pods: '1', 'count/pods': '1', cpu: '500m', 'requests.memory': '2Gi' });
  });

  it('is what is said of the whole pod, with overhead, which no limit is where there was none', () => {
    const containers = [container('a', { cpu: '200m', memory: '1Gi' }, { memory: '1Gi' })];
    const used = uses({ containers, resources: { requests: { cpu: '1' } }, overhead: { cpu: '50m', memory: '64Mi' } });
    expect(used).toMatchObject({ cpu: '1050m', memory: '1088Mi', 'limits.memory': '1088Mi' });
    expect(used).not.toHaveProperty(['limits.cpu']);
  });

  it('has extended resources under requests only, and huge pages under both names', () => {
    const used = uses({ containers: [container('a', { 'example.com/dongle': '2', 'hugepages-2Mi': '4Mi' })] });
    expect(used).toMatchObject({
      'requests.example.com/dongle': '2',
      'hugepages-2Mi': '4Mi',
      'requests.hugepages-2Mi': '4Mi',
    });
    expect(used).not.toHaveProperty(['example.com/dongle']);
  });

  it('leaves open what a container does not say of cpu and memory, and nothing else', () => {
    const containers = [container('b', { cpu: '1' }), container('a', {}, { memory: '1Gi' })];
    const hard = [
      'pods',
      'requests.storage',
      'requests.example.com/dongle',
      'limits.memory',
      'cpu',
      'ephemeral-storage',
    ];
    expect(leftOpen({ containers }, hard)).toBe('cpu for: a; limits.memory for: b');
    expect(leftOpen({ containers, resources: { requests: { cpu: '1' } } }, ['cpu'])).toBe('');
  });
});

describe('what is counted under a name', () => {
  it.each([
    ['count/replicasets.apps', 'apps', 'replicasets'],
    ['count/widgets.example.com', 'example.com', 'widgets'],
    ['count/secrets', '', 'secrets'],
    ['configmaps', '', 'configmaps'],
    ['services.nodeports', '', 'services'],
    ['requests.storage', '', 'persistentvolumeclaims'],
    ['gold.storageclass.storage.k8s.io/requests.storage', '', 'persistentvolumeclaims'],
    ['requests.example.com/dongle', '', 'pods'],
    ['limits.cpu', '', 'pods'],
  ])('%s', (name, group, resource) => {
    expect(countedUnder(name)).toEqual({ group, resource });
  });
});

describe('a scope', () => {
  it('holds for pods whose affinity looks into other namespaces', () => {
    const term = { topologyKey: 'zone', labelSelector: {} };
    const pod = (more: object) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p' },
      spec: {
        containers: [],
        affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ ...term, ...more }] } },
      },
    });
    const holds = (more: object) => inScope({ scopes: ['CrossNamespacePodAffinity'] }, pods, pod(more));
    expect(holds({})).toBe(false);
    expect(holds({ namespaces: ['other'] })).toBe(true);
    expect(holds({ namespaceSelector: {} })).toBe(true);
  });

  it('holds for nothing but pods', () => {
    const object = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' } };
    expect(inScope({ scopes: ['NotTerminating'] }, { group: '', resource: 'secrets' }, object)).toBe(false);
  });
});
