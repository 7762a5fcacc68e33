import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { V1Container, V1PodSpec } from '../../../../../generated/kubernetes.ts';
import { formatQuantity } from '../../../../machinery/quantity.ts';
import { inQuantities, podTotal, type ResourceList, type TotalOptions } from './resources.ts';

const total = (spec: V1PodSpec, list: ResourceList = 'requests', options?: TotalOptions) =>
  Object.fromEntries(
    [...podTotal(spec, list, inQuantities, options)].map(([name, each]) => [name, formatQuantity(each)]),
  );

const container = (requests: Record<string, string>, more: Partial<V1Container> = {}): V1Container => ({
  name: 'c',
  resources: { requests, limits: requests },
  ...more,
});

const lists = fc.dictionary(
  fc.constantFrom('cpu', 'memory', 'example.com/gpu'),
  fc.integer({ min: 0, max: 20 }).map(String),
);
const containers = (maxLength: number) =>
  fc.array(
    lists.map((requests) => container(requests)),
    { maxLength },
  );
const specs: fc.Arbitrary<V1PodSpec> = fc.record({
  containers: containers(4),
  initContainers: fc.array(
    fc
      .tuple(lists, fc.boolean())
      .map(([requests, stays]) => container(requests, stays ? { restartPolicy: 'Always' } : {})),
    { maxLength: 5 },
  ),
});

/** What runs at each moment of a pod's life, as KEP-753 tells it: init containers in their order, each to its end unless it stays. */
function moments({ containers, initContainers = [] }: V1PodSpec): V1Container[][] {
  const stay: V1Container[] = [];
  const all: V1Container[][] = [];
  for (const each of initContainers) {
    all.push([...stay, each]);
    if (each.restartPolicy === 'Always') stay.push(each);
  }
  return [...all, [...stay, ...containers]];
}

const used = (running: readonly V1Container[], name: string): number =>
  running.reduce((sum, { resources }) => sum + Number(resources?.requests?.[name] ?? 0), 0);

describe('what a pod needs at once', () => {
  it('is what it uses at the moment at which it uses most, of each resource', () => {
    fc.assert(
      fc.property(specs, fc.constantFrom('cpu', 'memory', 'example.com/gpu'), (spec, name) => {
        const most = Math.max(...moments(spec).map((running) => used(running, name)));
        expect(Number(total(spec)[name] ?? 0)).toBe(most);
        expect(Number(total(spec, 'limits')[name] ?? 0)).toBe(most);
      }),
    );
  });

  it('counts an init container beside the sidecars before it, not beside those after it', () => {
    const sidecar = container({ cpu: '1' }, { restartPolicy: 'Always' });
    const heavy = container({ cpu: '3' });
    expect(total({ containers: [container({ cpu: '1' })], initContainers: [sidecar, heavy] })).toEqual({ cpu: '4' });
    expect(total({ containers: [container({ cpu: '1' })], initContainers: [heavy, sidecar] })).toEqual({ cpu: '3' });
  });

  it('takes what is said of the whole pod for the sum of what it names', () => {
    const spec = { containers: [container({ cpu: '1', memory: '1Gi' })], resources: { requests: { cpu: '500m' } } };
    expect(total(spec)).toEqual({ cpu: '500m', memory: '1Gi' });
    expect(total(spec, 'limits')).toEqual({ cpu: '1', memory: '1Gi' });
  });

  it('adds overhead to every request, and to the limits that there are', () => {
    const spec = { containers: [container({ cpu: '1' })], overhead: { cpu: '250m', memory: '120Mi' } };
    expect(total(spec)).toEqual({ cpu: '1250m', memory: '120Mi' });
    expect(total(spec, 'limits')).toEqual({ cpu: '1250m' });
    expect(total(spec, 'requests', { overhead: 'without' })).toEqual({ cpu: '1' });
  });

  it('assumes what a container leaves open, where somebody asks for that', () => {
    const spec = { containers: [container({ cpu: '1' }), { name: 'open' }] };
    expect(total(spec, 'requests', { assumed: { cpu: '100m', memory: '200Mi' } })).toEqual({
      cpu: '1100m',
      memory: '400Mi',
    });
  });
});
