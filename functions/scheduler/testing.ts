// Builders of nodes and pods, and a scheduler over a real registry and store, for tests.

import { openTestRegistry, type TestRegistry } from '../../core/registry/testing.ts';
import type { V1Node, V1Pod } from '../../generated/kubernetes.ts';
import { type PodInfo, podInfo } from './pod-info.ts';
import type { PodEvent } from './report.ts';
import { type RunningScheduler, type SchedulerOptions, startScheduler } from './run.ts';
import { type Decisions, SchedulerState, schedule } from './schedule.ts';

export interface NodeParts {
  readonly labels?: Record<string, string>;
  readonly taints?: NonNullable<V1Node['spec']>['taints'];
  readonly unschedulable?: boolean;
  readonly allocatable?: Record<string, string>;
  readonly images?: NonNullable<V1Node['status']>['images'];
}

export function makeNode(name: string, parts: NodeParts = {}): V1Node {
  const { labels, taints, unschedulable, allocatable, images } = parts;
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name, ...labels } },
    spec: { ...(taints && { taints }), ...(unschedulable && { unschedulable }) },
    status: { allocatable: { cpu: '4', memory: '8Gi', pods: '110', ...allocatable }, ...(images && { images }) },
  };
}

export interface PodParts {
  readonly namespace?: string;
  readonly labels?: Record<string, string>;
  /** Requests of its one container. */
  readonly requests?: Record<string, string>;
  readonly limits?: Record<string, string>;
  readonly spec?: Partial<NonNullable<V1Pod['spec']>>;
  readonly metadata?: Partial<NonNullable<V1Pod['metadata']>>;
  readonly status?: V1Pod['status'];
  readonly ports?: NonNullable<NonNullable<V1Pod['spec']>['containers'][number]['ports']>;
}

export function makePod(name: string, parts: PodParts = {}): V1Pod {
  const { namespace = 'default', labels, requests, limits, spec, metadata, status, ports } = parts;
  const resources = { ...(requests && { requests }), ...(limits && { limits }) };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace,
      uid: `uid-${namespace}-${name}`,
      creationTimestamp: '2026-01-01T00:00:00Z',
      ...(labels && { labels }),
      ...metadata,
    },
    spec: { containers: [{ name: 'main', image: 'example/app:1', resources, ...(ports && { ports }) }], ...spec },
    ...(status && { status }),
  };
}

/** A scheduler's state over these nodes, with pods placed on them: `[node, pod]`. */
export function stateOf(nodes: readonly V1Node[], placed: readonly (readonly [string, V1Pod])[] = []): SchedulerState {
  const state = new SchedulerState();
  for (const node of nodes) state.model.setNode(node);
  for (const [node, pod] of placed) state.model.placePod(podInfo(pod), node);
  return state;
}

export function decide(state: SchedulerState, ...pods: readonly V1Pod[]): Decisions {
  return schedule(
    state,
    pods.map((pod) => podInfo(pod)),
  );
}

/** Where each pod goes: the node's name, or the message. */
export function outcomes(state: SchedulerState, ...pods: readonly V1Pod[]): Record<string, string> {
  const { bindings, rejections } = decide(state, ...pods);
  const name = ({ pod }: { pod: PodInfo }) => pod.name;
  return Object.fromEntries([
    ...bindings.map((each) => [name(each), each.node]),
    ...rejections.map((each) => [name(each), each.message]),
  ]);
}

export interface TestScheduler {
  readonly scheduler: RunningScheduler;
  readonly events: { readonly pod: string; readonly event: PodEvent }[];
  readonly problems: string[];
}

/** A scheduler that runs over the registry's store. */
export async function runScheduler(test: TestRegistry, more: Partial<SchedulerOptions> = {}): Promise<TestScheduler> {
  const events: TestScheduler['events'] = [];
  const problems: string[] = [];
  const scheduler = await startScheduler({
    store: test.store,
    replicas: test.replicas,
    registry: test.registry,
    definitions: test.definitions,
    clock: Date.now,
    timers: { setTimeout, clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout) },
    identity: 'test',
    log: (message, error) => problems.push(`${message}: ${String(error)}`),
    recordEvent: (pod, event) => events.push({ pod: pod.metadata?.name ?? '', event }),
    ...more,
  });
  return { scheduler, events, problems };
}

/** A registry with the namespace `default` and these nodes. */
export async function openCluster(nodes: readonly V1Node[]): Promise<TestRegistry> {
  const test = await openTestRegistry();
  await test.namespace('default');
  await test.create('serviceaccounts', 'default', { metadata: { name: 'default' } });
  for (const node of nodes) await addNode(test, node);
  return test;
}

export async function addNode(test: TestRegistry, node: V1Node): Promise<void> {
  await test.create('nodes', '', { ...node, metadata: { ...node.metadata } });
  // Admission taints a new node as not ready, until it is.
  await test.registry.patch(test.context, test.target('nodes', '', node.metadata?.name), 'merge', {
    spec: { taints: node.spec?.taints ?? null },
  });
  await test.registry.patch(test.context, test.target('nodes', '', node.metadata?.name, 'status'), 'merge', {
    status: node.status,
  });
}

/** Makes a pod as a user would: without what the registry gives it. */
export async function addPod(test: TestRegistry, pod: V1Pod): Promise<V1Pod> {
  const { uid: _, creationTimestamp: __, ...metadata } = pod.metadata ?? {};
  // as: the registry answers with the kind that it was given.
  return await test.create('pods', metadata.namespace ?? 'default', { ...pod, metadata });
}

export async function getPod(test: TestRegistry, name: string): Promise<V1Pod> {
  return await test.get('pods', 'default', name);
}

/** Polls until `check` gives a value that is not undefined or false. */
export async function until<T>(what: string, check: () => Promise<T | undefined | false>, ms = 15_000): Promise<T> {
  const deadline = Date.now() + ms;
  for (;;) {
    const found = await check();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`not in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
