// What a pod asks of a node and what a node has, as numbers: millicores for cpu, units (bytes) for everything else.
// Source: Kubernetes' documentation, "Resource Management for Pods and Containers".

import { type Amounts, type Counting, podTotal } from '../../core/kinds/core/pod/semantics/resources.ts';
import { setOwn } from '../../core/machinery/own.ts';
import { parseQuantity, quantityToNumber } from '../../core/machinery/quantity.ts';
import type { V1PodSpec } from '../../generated/kubernetes.ts';

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
const assumed = { cpu: '100m', memory: '200Mi' };

/** Cached: the same few texts appear in every pod of a cluster. */
const parsed = new Map<string, number>();

/** A list of quantities, such as `{cpu: "500m", memory: "1Gi"}`, rounded up. */
export function toResources(list: Readonly<Record<string, string>> | undefined): Resources {
  const result: Record<string, number> = {};
  for (const [name, text] of Object.entries(list ?? {})) setOwn(result, name, amount(name, String(text)));
  return result;
}

const inNumbers: Counting<number> = {
  read: amount,
  add: (left, right) => left + right,
  isMore: (left, right) => left > right,
};

/** The most that the pod needs at once. */
export function podRequests(spec: V1PodSpec): Resources {
  return asRecord(podTotal(spec, 'requests', inNumbers));
}

/** The same, with a small amount assumed for containers that ask for nothing: for scores only. */
export function scoredRequests(spec: V1PodSpec): Resources {
  const total = podTotal(spec, 'requests', inNumbers, { assumed });
  return { cpu: total.get('cpu') ?? 0, memory: total.get('memory') ?? 0 };
}

function asRecord(amounts: Amounts<number>): Resources {
  const result: Record<string, number> = {};
  for (const [name, value] of amounts) setOwn(result, name, value);
  return result;
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
