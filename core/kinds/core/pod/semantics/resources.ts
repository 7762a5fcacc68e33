// What a pod needs of its node at most at once, for everybody who counts: scheduler, quotas, limits, the node's cgroups.
// Source: KEP-753 (sidecars and init containers), KEP-2837 (resources of the pod), KEP-688 (overhead of a RuntimeClass).

import type { V1Container, V1PodSpec } from '../../../../../generated/kubernetes.ts';
import { addQuantities, compareQuantities, parseQuantity, type Quantity } from '../../../../machinery/quantity.ts';
import { isSidecar } from './containers.ts';

export type ResourceList = 'requests' | 'limits';

/** How somebody counts: in quantities, or in numbers where it has to be quick. */
export interface Counting<Amount> {
  read(name: string, quantity: string): Amount;
  add(left: Amount, right: Amount): Amount;
  isMore(left: Amount, right: Amount): boolean;
}

export type Amounts<Amount> = ReadonlyMap<string, Amount>;

export interface TotalOptions {
  /** What a container counts as where it says nothing of it. */
  readonly assumed?: Readonly<Record<string, string>>;
  /** Default: with the overhead of its RuntimeClass. */
  readonly overhead?: 'without';
}

/**
 * Containers and sidecars run together; an init container runs beside the sidecars before it. What is said of the whole pod stands for
 * the sum of what it names. Overhead comes on top, of limits only where there is one: it makes no limit.
 */
export function podTotal<Amount>(
  spec: V1PodSpec,
  list: ResourceList,
  counting: Counting<Amount>,
  { assumed, overhead }: TotalOptions = {},
): Amounts<Amount> {
  const { add, isMore } = counting;
  const read = (quantities: Readonly<Record<string, string>> | undefined): Map<string, Amount> => {
    const amounts = new Map<string, Amount>();
    if (quantities)
      for (const [name, quantity] of Object.entries(quantities))
        amounts.set(name, counting.read(name, String(quantity)));
    return amounts;
  };
  const merge = (left: Amounts<Amount>, right: Amounts<Amount>, both: (a: Amount, b: Amount) => Amount) => {
    if (left.size === 0) return right;
    if (right.size === 0) return left;
    const merged = new Map(left);
    for (const [name, amount] of right) {
      const before = merged.get(name);
      merged.set(name, before === undefined ? amount : both(before, amount));
    }
    return merged;
  };
  const larger = (a: Amount, b: Amount): Amount => (isMore(b, a) ? b : a);
  const of = ({ resources }: V1Container) => read(assumed ? { ...assumed, ...resources?.[list] } : resources?.[list]);

  let sidecars: Amounts<Amount> = new Map();
  let most: Amounts<Amount> = new Map();
  for (const container of spec.initContainers ?? []) {
    const beside = merge(sidecars, of(container), add);
    if (isSidecar(container)) sidecars = beside;
    most = merge(most, beside, larger);
  }
  let running = sidecars;
  for (const container of spec.containers ?? []) running = merge(running, of(container), add);
  const whole = new Map(merge(running, most, larger));
  for (const [name, amount] of read(spec.resources?.[list])) whole.set(name, amount);
  if (overhead === 'without') return whole;
  for (const [name, amount] of read(spec.overhead)) {
    const before = whole.get(name);
    if (list === 'requests') whole.set(name, before === undefined ? amount : add(before, amount));
    else if (before !== undefined && isMore(before, counting.read(name, '0'))) whole.set(name, add(before, amount));
  }
  return whole;
}

/** Exact. */
export const inQuantities: Counting<Quantity> = {
  read: (_name, quantity) => parseQuantity(quantity),
  add: addQuantities,
  isMore: (left, right) => compareQuantities(left, right) > 0,
};
