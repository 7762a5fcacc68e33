// Nodes that are machines of a cloud: told what machine they are when they are new, taken away when their machine is gone,
// kept from new pods while it is stopped. Source: cloud-controller-manager, node and node lifecycle controllers.

import { errorText } from '../../../core/machinery/error-text.ts';
import { uninitializedTaint } from '../../../core/node/joining.ts';
import type { V1NodeAddress, V1Taint } from '../../../generated/kubernetes.ts';
import { sameJson } from '../condition.ts';
import {
  type Action,
  type Controller,
  controllerUser,
  defineController,
  type ObjectOf,
  regarding,
  watch,
} from '../controller.ts';
import type { CloudInstance, CloudInstances } from './cloud-instances.ts';

const type = 'nodes';
type Node = ObjectOf<typeof type>;

const shutdown: V1Taint = { key: 'node.cloudprovider.kubernetes.io/shutdown', effect: 'NoSchedule' };

/** A node that is not ready is looked up this soon again at first, in milliseconds: each look costs a request. */
const soonMs = 60_000;
const lateMs = 15 * 60_000;

export function createCloudNodeController(instances: CloudInstances): Controller {
  return defineController({
    name: 'cloud-node',
    user: controllerUser('node-controller'),
    watches: [watch(type, ({ object }) => [object.metadata.name])],
    owns: [type],
    async reconcile(snapshot, name, { now }): Promise<Action<typeof type>[]> {
      const node = snapshot.get(type, '', name);
      if (!node || node.metadata.deletionTimestamp) return [];
      const { providerID } = node.spec ?? {};
      if (!instances.covers({ name, providerID })) return [];
      const recordEvent = (kind: 'Normal' | 'Warning', reason: string, message: string): Action => ({
        do: 'event',
        regarding: regarding('v1', 'Node', node),
        event: { type: kind, reason, message },
      });
      if (isInitialized(node) && isReady(node)) return hasTaint(node, shutdown.key) ? [withoutTaints(node)] : [];
      let instance: CloudInstance | undefined;
      try {
        instance = await instances.find({ name, providerID });
      } catch (error) {
        // Whoever looks why the node does not come, or go, looks at its events.
        const message = errorText(error);
        return [
          recordEvent('Warning', 'CloudLookupFailed', `what machine this node is could not be looked up: ${message}`),
          { do: 'requeue', afterMs: soonMs },
        ];
      }
      const actions: Action<typeof type>[] = isReady(node) ? [] : [{ do: 'requeue', afterMs: pauseOf(node, now) }];
      if (instance) return [...actions, ...asMachine(node, instance, recordEvent)];
      // A name that looks like an instance's is no proof: only what the cloud once knew can be gone from it.
      if (providerID === undefined || isReady(node)) return actions;
      const { uid } = node.metadata;
      return [
        recordEvent(
          'Normal',
          'DeletingNode',
          `Node ${name} is deleted because its machine ${providerID} does not exist any more`,
        ),
        { do: 'delete', type, namespace: '', name, options: { preconditions: { uid } } },
      ];
    },
  });
}

/** What the cloud knows of the node's machine, on the node. */
function asMachine(
  node: Node,
  { providerID, state, region, zone, type: instanceType, addresses }: CloudInstance,
  recordEvent: (kind: 'Normal', reason: string, message: string) => Action<typeof type>,
): Action<typeof type>[] {
  const actions: Action<typeof type>[] = [];
  const merged = mergeAddresses(node.status?.addresses ?? [], addresses);
  if (!sameJson(merged, node.status?.addresses ?? []))
    actions.push({
      do: 'update',
      type,
      subresource: 'status',
      object: { ...node, status: { ...node.status, addresses: merged } },
    });
  const labels = {
    ...node.metadata.labels,
    'node.kubernetes.io/instance-type': instanceType,
    'topology.kubernetes.io/region': region,
    'topology.kubernetes.io/zone': zone,
  };
  const stopped = state === 'stopped' && !isReady(node);
  const taints = [...taintsOfOthers(node), ...(stopped ? [shutdown] : [])];
  const wished = {
    ...node,
    metadata: { ...node.metadata, labels },
    spec: { ...node.spec, providerID: node.spec?.providerID ?? providerID, taints },
  };
  if (!sameJson([wished.metadata, wished.spec], [node.metadata, { ...node.spec, taints: node.spec?.taints ?? [] }]))
    actions.push({ do: 'update', type, object: wished });
  if (stopped && !hasTaint(node, shutdown.key))
    actions.push(
      recordEvent('Normal', 'NodeShutdown', `the machine ${providerID} of node ${node.metadata.name} is stopped`),
    );
  if (!isInitialized(node))
    actions.push(
      recordEvent('Normal', 'Synced', `Node ${node.metadata.name} is ${providerID}, ${instanceType} in ${zone}`),
    );
  return actions;
}

/** What only the node knows, such as its host name, stays, and so does the order. */
function mergeAddresses(before: readonly V1NodeAddress[], current: readonly V1NodeAddress[]): V1NodeAddress[] {
  const same = (a: V1NodeAddress) => (b: V1NodeAddress) => a.type === b.type && a.address === b.address;
  const kept = before.filter((each) => current.some(same(each)) || !current.some(({ type: of }) => of === each.type));
  return [...kept, ...current.filter((each) => !kept.some(same(each)))];
}

function withoutTaints(node: Node): Action<typeof type> {
  return { do: 'update', type, object: { ...node, spec: { ...node.spec, taints: taintsOfOthers(node) } } };
}

function taintsOfOthers(node: Node): V1Taint[] {
  return (node.spec?.taints ?? []).filter(({ key }) => key !== uninitializedTaint && key !== shutdown.key);
}

function isInitialized(node: Node): boolean {
  return (
    node.spec?.providerID !== undefined &&
    node.metadata.labels?.['topology.kubernetes.io/zone'] !== undefined &&
    !hasTaint(node, uninitializedTaint)
  );
}

function isReady(node: Node): boolean {
  return readyCondition(node)?.status === 'True';
}

function readyCondition(node: Node) {
  return node.status?.conditions?.find((each) => each.type === 'Ready');
}

function hasTaint(node: Node, key: string): boolean {
  return (node.spec?.taints ?? []).some((each) => each.key === key);
}

/** As long as the node was not ready until now. */
function pauseOf(node: Node, now: number): number {
  const since = Date.parse(readyCondition(node)?.lastTransitionTime ?? node.metadata.creationTimestamp ?? '');
  return Math.min(lateMs, Math.max(soonMs, now - (Number.isNaN(since) ? now : since)));
}
