// What a pod asks of a node and what a node has, as numbers: millicores for cpu, units (bytes) for everything else.
// Source: Kubernetes' documentation, "Resource Management for Pods and Containers"; KEP-753 for sidecar containers.

import { setOwn } from '../../core/machinery/own.ts';
import { parseQuantity, quantityToNumber } from '../../core/machinery/quantity.ts';
import type { V1Container, V1PodSpec } from '../../generated/kubernetes.ts';

export type Resources = Readonly<Record<string, number>>;

/** How much of a resource a list has: none of what it does not name. Asked for every node that a pod may go to. */
export function amountOf(list: Resources | undefined, name: string): number {
  const amount = list?.[name]; // computed name: what objects inherit is no number
  return typeof amount === 'number' ? amount : 0;
}

export function addTo(sum: Record<string, number>, name: string, amount: number): void {
  setOwn(sum, name, amountOf(sum, name) + amount);
}

/** What a container without requests counts as when nodes are scored, so that such pods spread too. */
const assumed: Resources = { cpu: 100, memory: 200 * 1024 * 1024 };

/** Cached: the same few texts appear in every pod of a cluster. */
const parsed = new Map<string, number>();

/** A list of quantities, such as `{cpu: "500m", memory: "1Gi"}`, rounded up. */
export function toResources(list: Readonly<Record<string, string>> | undefined): Resources {
  const result: Record<string, number> = {};
  for (const [name, text] of Object.entries(list ?? {})) setOwn(result, name, amount(name, String(text)));
  return result;
}

/** The most that the pod needs at once: all containers and sidecars together, or its hungriest init container, plus overhead. */
export function podRequests(spec: V1PodSpec): Resources {
  return podSum(spec, (container) => toResources(container.resources?.requests));
}

/** The same, with a small amount assumed for containers that ask for nothing: for scores only. */
export function scoredRequests(spec: V1PodSpec): Resources {
  const own = (container: V1Container) => ({ ...assumed, ...toResources(container.resources?.requests) });
  const { cpu = 0, memory = 0 } = podSum(spec, own);
  return { cpu, memory };
}

function podSum(spec: V1PodSpec, of: (container: V1Container) => Resources): Resources {
  let running: Resources = {};
  for (const container of spec.containers) running = add(running, of(container));
  let sidecars: Resources = {};
  let peak: Resources = {};
  for (const container of spec.initContainers ?? []) {
    if (container.restartPolicy === 'Always') {
      sidecars = add(sidecars, of(container));
      peak = larger(peak, sidecars);
    } else {
      peak = larger(peak, add(sidecars, of(container)));
    }
  }
  const together = larger(add(running, sidecars), peak);
  // Pod-level resources (KEP-2837) replace the sum of those that they name.
  const whole = { ...together, ...toResources(spec.resources?.requests) };
  return add(whole, toResources(spec.overhead));
}

function add(left: Resources, right: Resources): Resources {
  const sum: Record<string, number> = { ...left };
  for (const [name, value] of Object.entries(right)) addTo(sum, name, value);
  return sum;
}

function larger(left: Resources, right: Resources): Resources {
  const most: Record<string, number> = { ...left };
  for (const [name, value] of Object.entries(right)) setOwn(most, name, Math.max(amountOf(most, name), value));
  return most;
}

function amount(name: string, text: string): number {
  const key = name === 'cpu' ? `m${text}` : text;
  const known = parsed.get(key);
  if (known !== undefined) return known;
  const value = quantityToNumber(parseQuantity(text)) * (name === 'cpu' ? 1000 : 1);
  const rounded = Math.ceil(value - 1e-9);
  if (parsed.size < 10_000) parsed.set(key, rounded);
  return rounded;
}
