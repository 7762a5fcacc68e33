// Empties a node whose machine is about to end: it takes no more pods, and those that it has are evicted, so that their budgets hold, until
// none is left or the time is over. It may be done twice at once, and begun again anywhere.

import type { Definitions, ResourceDefinition } from '../../core/api/definition.ts';
import { hasReason, StatusError } from '../../core/machinery/status.ts';
import { leavesDrainedNode } from '../../core/node/draining.ts';
import type { EventRecorder } from '../../core/registry/event-recorder.ts';
import type { Registry, RequestContext } from '../../core/registry/registry.ts';
import type { V1Node, V1Pod } from '../../generated/kubernetes.ts';

export interface DrainOptions {
  readonly registry: Registry;
  readonly definitions: Definitions;
  readonly events: EventRecorder;
  readonly context: RequestContext;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  /** No pod is evicted after this time, in Unix milliseconds. */
  readonly until: number;
  /** Called with every look: false where nobody waits for it any more. */
  readonly beat: () => Promise<boolean>;
}

/** What became of a node. `left`: pods that are still there, and why. */
export type Drained = { readonly node: string; readonly left: readonly string[] } | undefined;

const pauseMs = 2000;
/** Evictions under way at a time. */
const together = 16;
const component = 'node-drainer';

/** Of the node whose machine the instance is; undefined where it is none. Rejects with a StatusError where nodes or pods cannot be read. */
export async function drainInstance(instance: string, options: DrainOptions): Promise<Drained> {
  const { registry, context, events } = options;
  const nodes = definitionOf(options.definitions, 'nodes');
  const pods = definitionOf(options.definitions, 'pods');
  const node = await nodeOf(instance, registry, context, nodes);
  const name = node?.metadata?.name;
  if (!node || name === undefined) return undefined;

  const about = { apiVersion: 'v1', kind: 'Node', name, uid: node.metadata?.uid ?? '' };
  const tell = (type: 'Normal' | 'Warning', reason: string, message: string) =>
    events.record(context, component, about, { type, reason, message });
  await cordon(name);
  await tell('Normal', 'Draining', `Node ${name} is drained: its machine ${instance} is about to end`);
  for (;;) {
    const there = await podsThere(name);
    if (there.length === 0) {
      await tell('Normal', 'Drained', `Node ${name} has no pods left that must leave`);
      return { node: name, left: [] };
    }
    const reasons = await evictAll(there);
    const left = there.map((pod, i) => `${keyOf(pod)}${reasons[i] === undefined ? '' : `: ${reasons[i]}`}`);
    if (options.now() + pauseMs > options.until || !(await options.beat())) {
      await tell('Warning', 'DrainTimedOut', `Node ${name} still has ${left.join('; ')}`);
      return { node: name, left };
    }
    await options.sleep(pauseMs);
  }

  async function cordon(name: string): Promise<void> {
    try {
      await registry.patch(context, { definition: nodes, name }, 'merge', { spec: { unschedulable: true } });
    } catch (error) {
      // Gone: its pods may be there.
      if (!hasReason(error, 'NotFound')) throw error;
    }
  }

  async function podsThere(name: string): Promise<V1Pod[]> {
    const { entries } = await registry.list(context, { definition: pods }, { fieldSelector: `spec.nodeName=${name}` });
    // as: entries of pods.
    return entries.map(({ object }) => object as V1Pod).filter(leavesDrainedNode);
  }

  /** Why each does not go yet; undefined: it goes. */
  async function evictAll(there: readonly V1Pod[]): Promise<(string | undefined)[]> {
    const reasons: (string | undefined)[] = [];
    for (let i = 0; i < there.length; i += together)
      reasons.push(...(await Promise.all(there.slice(i, i + together).map(evict))));
    return reasons;
  }

  async function evict({ metadata }: V1Pod): Promise<string | undefined> {
    const { namespace = '', name: pod = '', uid, deletionTimestamp } = metadata ?? {};
    if (deletionTimestamp) return undefined;
    const target = { definition: pods, namespace, name: pod, subresource: 'eviction' };
    const deleteOptions = { preconditions: { uid } };
    const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: pod, namespace }, deleteOptions };
    try {
      await registry.create(context, target, body);
      return undefined;
    } catch (error) {
      // Gone, or another by that name.
      if (hasReason(error, 'NotFound') || hasReason(error, 'Conflict')) return undefined;
      // A budget's no, or a webhook's: the others go on.
      if (error instanceof StatusError) return error.message;
      throw error;
    }
  }
}

/** By its name, which is the id of an instance that joined by its role; else by its provider id. */
async function nodeOf(
  instance: string,
  registry: Registry,
  context: RequestContext,
  nodes: ResourceDefinition,
): Promise<V1Node | undefined> {
  const { entries } = await registry.list(context, { definition: nodes }, {});
  // as: entries of nodes.
  const all = entries.map(({ object }) => object as V1Node);
  const isMachine = (node: V1Node) => node.spec?.providerID?.split('/').at(-1) === instance;
  return all.find(isMachine) ?? all.find(({ metadata, spec }) => metadata?.name === instance && !spec?.providerID);
}

function definitionOf(definitions: Definitions, type: 'nodes' | 'pods'): ResourceDefinition {
  const found = definitions.ofType(type);
  if (!found) throw new Error(`${type} is not served`);
  return found;
}

function keyOf({ metadata }: V1Pod): string {
  return `${metadata?.namespace}/${metadata?.name}`;
}
