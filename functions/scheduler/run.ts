// The thin loop around schedule(): feeds the model from replicas, takes what is pending in batches, and writes bindings.
// It may run twice at once: a bind succeeds only while the pod is unbound, and a node refuses what does not fit (D4).

import type { Definitions, ResourceDefinition } from '../../core/api/definition.ts';
import { hasReason } from '../../core/machinery/status.ts';
import type { Registry, RequestContext } from '../../core/registry/registry.ts';
import type { ReplicaEvent, Replicas } from '../../core/replica/replica.ts';
import type { TypeName } from '../../core/store/store.ts';
import type {
  V1Namespace,
  V1Node,
  V1PersistentVolume,
  V1PersistentVolumeClaim,
  V1Pod,
  V1StorageClass,
} from '../../generated/kubernetes.ts';
import { Model } from './model.ts';
import { type PodInfo, podInfo } from './pod-info.ts';
import { type Binding, type Plans, queueOrder, type Rejection, schedule } from './schedule.ts';

export interface SchedulerOptions {
  readonly replicas: Replicas;
  readonly registry: Registry;
  readonly definitions: Definitions;
  readonly log: (message: string, error?: unknown) => void;
  readonly recordEvent: (pod: V1Pod, event: { type: 'Normal' | 'Warning'; reason: string; message: string }) => void;
  /** Unix time in milliseconds. */
  readonly clock: () => number;
  readonly timers: { setTimeout(callback: () => void, ms: number): unknown; clearTimeout(handle: unknown): void };
  /** Pods with this `spec.schedulerName` are ours. */
  readonly schedulerName?: string;
}

export interface RunningScheduler {
  /** Catches up with the store now: call it for a wake-up. */
  wake(): void;
  /** Resolves when no pod waits that could be placed, and all binds are answered. */
  idle(): Promise<void>;
  stop(): Promise<void>;
}

interface Waiting {
  readonly pod: PodInfo;
  attempts: number;
  /** Not before this time, in Unix milliseconds. */
  notBefore: number;
}

const types = [
  'nodes',
  'namespaces',
  'storage.k8s.io/storageclasses',
  'persistentvolumes',
  'persistentvolumeclaims',
  'pods',
] as const;

/** Pods decided on before the event loop gets a turn. */
const batchSize = 256;
const firstPauseMs = 1_000;
const longestPauseMs = 10_000;
/** Unschedulable pods are looked at again at least this often. */
const resyncMs = 60_000;
const selectedNode = 'volume.kubernetes.io/selected-node';

export async function startScheduler(options: SchedulerOptions): Promise<RunningScheduler> {
  const { registry, replicas, definitions, clock, timers, log } = options;
  const schedulerName = options.schedulerName ?? 'default-scheduler';
  const context: RequestContext = {
    user: { username: 'system:kube-scheduler', groups: ['system:authenticated'] },
    warnings: [],
  };
  const podDefinition = definitionOf(definitions, 'pods');
  const claimDefinition = definitionOf(definitions, 'persistentvolumeclaims');
  const model = new Model();
  const plans: Plans = new Map();
  /** To be decided on in the next pass. */
  const active = new Map<string, Waiting>();
  /** Decided: nothing fits. Active again when something changed, or after a pause. */
  const unschedulable = new Map<string, Waiting>();
  /** Sent to a node, waiting for their volumes. */
  const awaitingClaims = new Map<string, Binding>();
  const said = new Map<string, string>();
  const inFlight = new Set<Promise<void>>();
  let running: Promise<void> | undefined;
  let timer: unknown;
  let resyncTimer: unknown;
  let stopped = false;

  const unsubscribes = await Promise.all(
    types.map(async (type) => {
      const replica = await replicas.of(type);
      for (const entry of replica.snapshot()) apply(type, 'ADDED', entry.object);
      return replica.onEvent((event: ReplicaEvent) => apply(type, event.type, event.entry.object));
    }),
  );

  function apply(type: TypeName, change: ReplicaEvent['type'], object: unknown): void {
    const gone = change === 'DELETED';
    // as: what is stored under a type was validated as that type.
    switch (type) {
      case 'pods':
        applyPod(object as V1Pod, gone);
        return;
      case 'nodes': {
        const node = object as V1Node;
        const before = model.generation;
        if (gone) model.removeNode(node.metadata?.name ?? '');
        else model.setNode(node);
        if (model.generation !== before) somethingChanged();
        return;
      }
      case 'namespaces':
        model.counts.recount();
        keep(model.namespaces, (object as V1Namespace).metadata?.name, object as V1Namespace, gone);
        return;
      case 'persistentvolumes':
        keep(model.volumes, (object as V1PersistentVolume).metadata?.name, object as V1PersistentVolume, gone);
        return;
      case 'storage.k8s.io/storageclasses':
        keep(model.storageClasses, (object as V1StorageClass).metadata?.name, object as V1StorageClass, gone);
        return;
      case 'persistentvolumeclaims': {
        const claim = object as V1PersistentVolumeClaim;
        keep(model.claims, `${claim.metadata?.namespace}/${claim.metadata?.name}`, claim, gone);
        for (const binding of awaitingClaims.values()) continueWithClaims(binding);
      }
    }
  }

  function keep<T>(map: Map<string, T>, key: string | undefined, value: T, gone: boolean): void {
    if (gone) map.delete(key ?? '');
    else map.set(key ?? '', value);
    somethingChanged();
  }

  function applyPod(pod: V1Pod, gone: boolean): void {
    const key = `${pod.metadata?.namespace}/${pod.metadata?.name}`;
    const finished = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
    if (gone || finished) {
      forget(key);
      if (model.nodeOf(key) !== undefined) {
        model.removePod(key);
        somethingChanged();
      }
      return;
    }
    if (pod.spec?.nodeName) {
      forget(key);
      if (model.nodeOf(key) !== pod.spec.nodeName) model.placePod(podInfo(pod), pod.spec.nodeName);
      return;
    }
    const ours = (pod.spec?.schedulerName || 'default-scheduler') === schedulerName;
    const gated = (pod.spec?.schedulingGates ?? []).length > 0;
    if (!ours || gated || pod.metadata?.deletionTimestamp) {
      forget(key);
      model.removePod(key);
      return;
    }
    // Placed in the model and unbound in the API: a bind is under way.
    if (model.nodeOf(key) !== undefined) return;
    const waiting = unschedulable.get(key);
    const same = waiting?.pod.uid === pod.metadata?.uid && onlyStatusChanged(waiting?.pod.pod, pod);
    if (waiting && same) return;
    unschedulable.delete(key);
    active.set(key, { pod: podInfo(pod), attempts: 0, notBefore: 0 });
    pass();
  }

  function forget(key: string): void {
    active.delete(key);
    unschedulable.delete(key);
    awaitingClaims.delete(key);
    said.delete(key);
  }

  function somethingChanged(): void {
    for (const [key, waiting] of unschedulable) active.set(key, waiting);
    unschedulable.clear();
    pass();
  }

  /** Starts a pass, unless one runs: it takes what comes meanwhile. */
  function pass(): void {
    if (running || stopped || active.size === 0) return;
    running = Promise.resolve()
      .then(drain)
      .catch((error: unknown) => log('a scheduling pass failed', error))
      .finally(() => {
        running = undefined;
        setAlarm();
      });
  }

  async function drain(): Promise<void> {
    while (!stopped) {
      const due = [...active.values()].filter((each) => each.notBefore <= clock());
      if (due.length === 0) return;
      due.sort((left, right) => queueOrder(left.pod, right.pod));
      for (let start = 0; start < due.length && !stopped; start += batchSize) {
        const batch = due.slice(start, start + batchSize).filter((each) => active.get(each.pod.key) === each);
        const decisions = schedule(
          model,
          batch.map((each) => each.pod),
          plans,
        );
        for (const each of batch) active.delete(each.pod.key);
        const waiting = new Map(batch.map((each) => [each.pod.key, each]));
        for (const binding of decisions.bindings) bindOrMakeClaims(binding, waiting.get(binding.pod.key));
        for (const rejection of decisions.rejections) putAside(rejection, waiting.get(rejection.pod.key));
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
  }

  function bindOrMakeClaims(binding: Binding, waiting: Waiting | undefined): void {
    if (binding.claims.length === 0) {
      track(bind(binding, waiting));
      return;
    }
    awaitingClaims.set(binding.pod.key, binding);
    track(chooseNodeForClaims(binding, waiting));
  }

  async function chooseNodeForClaims(binding: Binding, waiting: Waiting | undefined): Promise<void> {
    const patch = { metadata: { annotations: { [selectedNode]: binding.node } } };
    const namespace = binding.pod.namespace;
    try {
      for (const name of binding.claims) {
        await registry.patch(context, { definition: claimDefinition, namespace, name }, 'merge', patch);
      }
      continueWithClaims(binding);
    } catch (error) {
      awaitingClaims.delete(binding.pod.key);
      takeBack(binding, waiting, error);
    }
  }

  /** Binds once every claim has its volume; gives the node up when making a volume there was given up. */
  function continueWithClaims(binding: Binding): void {
    const claims = binding.claims.map((name) => model.claims.get(`${binding.pod.namespace}/${name}`));
    if (claims.every((claim) => claim?.spec?.volumeName && claim.status?.phase === 'Bound')) {
      if (awaitingClaims.delete(binding.pod.key)) track(bind(binding, undefined));
      return;
    }
    const elsewhere = claims.some((claim) => {
      const chosen = claim?.metadata?.annotations?.[selectedNode];
      return chosen !== undefined && chosen !== binding.node;
    });
    if (!elsewhere || !awaitingClaims.delete(binding.pod.key)) return;
    takeBack(binding, undefined, new Error(`another node was selected for a claim of ${binding.pod.key}`));
  }

  async function bind(binding: Binding, waiting: Waiting | undefined): Promise<void> {
    const { pod, node } = binding;
    const [, name = ''] = pod.key.split('/');
    const target = { definition: podDefinition, namespace: pod.namespace, name, subresource: 'binding' };
    const body = {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name, namespace: pod.namespace, uid: pod.uid },
      target: { apiVersion: 'v1', kind: 'Node', name: node },
    };
    try {
      await registry.create(context, target, body);
      const message = `Successfully assigned ${pod.key} to ${node}`;
      options.recordEvent(pod.pod, { type: 'Normal', reason: 'Scheduled', message });
    } catch (error) {
      takeBack(binding, waiting, error);
    }
  }

  function takeBack(binding: Binding, waiting: Waiting | undefined, error: unknown): void {
    const { key } = binding.pod;
    // The replica tells what became of it when somebody else was quicker.
    if (hasReason(error, 'NotFound')) {
      model.removePod(key);
      return;
    }
    if (model.nodeOf(key) === binding.node) model.removePod(key);
    if (!hasReason(error, 'Conflict')) log(`binding ${key} to ${binding.node} failed`, error);
    const attempts = (waiting?.attempts ?? 0) + 1;
    const pod = replicas.peek('pods')?.get(key)?.object as V1Pod | undefined;
    if (!pod || pod.spec?.nodeName || pod.metadata?.deletionTimestamp) return;
    active.set(key, { pod: podInfo(pod), attempts, notBefore: clock() + pause(attempts) });
    setAlarm();
  }

  function putAside({ pod, message }: Rejection, waiting: Waiting | undefined): void {
    const attempts = (waiting?.attempts ?? 0) + 1;
    unschedulable.set(pod.key, { pod, attempts, notBefore: clock() + pause(attempts) });
    if (said.get(pod.key) === message) return;
    said.set(pod.key, message);
    options.recordEvent(pod.pod, { type: 'Warning', reason: 'FailedScheduling', message });
    track(writeCondition(pod, message));
  }

  async function writeCondition(pod: PodInfo, message: string): Promise<void> {
    const [, name = ''] = pod.key.split('/');
    const now = `${new Date(clock()).toISOString().slice(0, 19)}Z`;
    const condition = {
      type: 'PodScheduled',
      status: 'False',
      reason: 'Unschedulable',
      message,
      lastTransitionTime: now,
    };
    const target = { definition: podDefinition, namespace: pod.namespace, name, subresource: 'status' };
    try {
      await registry.patch(context, target, 'strategic', {
        metadata: { uid: pod.uid },
        status: { conditions: [condition] },
      });
    } catch (error) {
      if (!hasReason(error, 'NotFound', 'Conflict')) log(`cannot say why ${pod.key} is not scheduled`, error);
    }
  }

  function track(work: Promise<void>): void {
    inFlight.add(work);
    void work.finally(() => inFlight.delete(work));
  }

  function setAlarm(): void {
    if (stopped || active.size === 0) return;
    timers.clearTimeout(timer);
    const soonest = Math.min(...[...active.values()].map((each) => each.notBefore));
    timer = timers.setTimeout(pass, Math.max(0, soonest - clock()));
  }

  function scheduleResync(): void {
    resyncTimer = timers.setTimeout(() => {
      wake();
      somethingChanged();
      scheduleResync();
    }, resyncMs);
  }

  function wake(): void {
    for (const type of types)
      replicas
        .peek(type)
        ?.catchUp()
        .catch((error: unknown) => log(`catching up ${type} failed`, error));
  }

  pass();
  scheduleResync();
  return {
    wake,
    async idle() {
      do {
        await Promise.all(types.map((type) => replicas.peek(type)?.catchUp()));
        await running;
        await Promise.all(inFlight);
      } while (running || inFlight.size > 0);
    },
    async stop() {
      stopped = true;
      timers.clearTimeout(timer);
      timers.clearTimeout(resyncTimer);
      for (const unsubscribe of unsubscribes) unsubscribe();
      await running;
      await Promise.all(inFlight);
    },
  };
}

function pause(attempts: number): number {
  return Math.min(longestPauseMs, firstPauseMs * 2 ** (attempts - 1));
}

function onlyStatusChanged(before: V1Pod | undefined, after: V1Pod): boolean {
  const rest = (pod: V1Pod | undefined) => JSON.stringify([pod?.metadata?.labels, pod?.spec]);
  return rest(before) === rest(after);
}

function definitionOf(definitions: Definitions, type: TypeName): ResourceDefinition {
  const found = definitions.ofType(type);
  if (!found) throw new Error(`${type} is not served`);
  return found;
}
