// Carries decisions out: claims the node, gives claims of the pod their volumes, and binds. What fails is taken back from the
// model and tried again. How several schedulers share a node: core/registry/subresources/node-claim.ts.

import type { Definitions, ResourceDefinition } from '../../core/api/definition.ts';
import { hasReason } from '../../core/machinery/status.ts';
import type { Registry, RequestContext } from '../../core/registry/registry.ts';
import { claimNode, isClaimLost } from '../../core/registry/subresources/node-claim.ts';
import type { Check, Store, TypeName } from '../../core/store/store.ts';
import type { V1Pod } from '../../generated/kubernetes.ts';
import type { FollowedReplicas } from './feed.ts';
import { isOvercommitted } from './filters.ts';
import type { Model } from './model.ts';
import type { PodInfo } from './pod-info.ts';
import type { Waiting } from './queue.ts';
import type { Binding } from './schedule.ts';

const writeOptions = { fieldManager: 'kube-scheduler' };

export interface BinderOptions {
  readonly model: Model;
  readonly registry: Registry;
  readonly definitions: Definitions;
  readonly replicas: FollowedReplicas;
  readonly store: Store;
  readonly context: RequestContext;
  /** Unix milliseconds. */
  readonly clock: () => number;
  /** Names this scheduler among others. */
  readonly identity: string;
  readonly log: (message: string, error?: unknown) => void;
  readonly onBound: (attempt: Attempt) => void;
  /** The pod is to be tried again: `soon` where only the place was lost to somebody else. */
  readonly onFailed: (attempt: Attempt, pod: V1Pod, soon: boolean) => void;
}

export interface Attempt {
  readonly binding: Binding;
  readonly waiting: Waiting;
  /** When its decision began, by the clock of the metrics. */
  readonly began: number;
}

export interface Binder {
  bindAll(attempts: readonly Attempt[]): void;
  /** A claim changed: pods may have been waiting for it. */
  claimsChanged(): void;
  /** The pod is bound, or gone. */
  forget(key: string): void;
  /** Gives up on volumes that did not come in time. */
  expire(): void;
  /** All that was sent is answered. */
  idle(): Promise<void>;
  readonly busy: boolean;
}

interface Awaiting extends Attempt {
  readonly since: number;
  /** Claims that were seen with the node selected: one that is without it later was given up by its provisioner. */
  readonly selected: Set<string>;
}

const selectedNode = 'volume.kubernetes.io/selected-node';
const volumeTimeoutMs = 10 * 60_000;

export function createBinder(options: BinderOptions): Binder {
  const { model, registry, replicas, store, context, clock, log } = options;
  const pods = definitionOf(options.definitions, 'pods');
  const claims = definitionOf(options.definitions, 'persistentvolumeclaims');
  const volumes = definitionOf(options.definitions, 'persistentvolumes');
  const held = new Map<string, Check>();
  const claiming = new Map<string, Promise<void>>();
  /** Sent to a node, waiting for their volumes. */
  const awaitingVolumes = new Map<string, Awaiting>();
  const inFlight = new Set<Promise<void>>();

  function bindAll(attempts: readonly Attempt[]): void {
    const ready = attempts.filter(({ binding }) => binding.claims.length === 0);
    bindReady(ready);
    for (const attempt of attempts) {
      if (attempt.binding.claims.length === 0) continue;
      awaitingVolumes.set(attempt.binding.pod.key, { ...attempt, since: clock(), selected: new Set() });
      track(prepareVolumes(attempt));
    }
  }

  function bindReady(attempts: readonly Attempt[]): void {
    const late = attempts.filter(({ binding }) => !held.has(binding.node));
    for (const attempt of attempts) if (held.has(attempt.binding.node)) track(bind(attempt));
    if (late.length > 0) track(claimAndBind(late));
  }

  /** Takes all claims that are needed, and catches up once, with what others did before. */
  async function claimAndBind(attempts: readonly Attempt[]): Promise<void> {
    const nodes = [...new Set(attempts.map(({ binding }) => binding.node))].filter((node) => !held.has(node));
    const outcomes = await Promise.allSettled(nodes.map(claim));
    const failed = outcomes.find((each) => each.status === 'rejected');
    try {
      if (failed) throw failed.reason;
    } catch (error) {
      await Promise.all(attempts.map((attempt) => takeBack(attempt, error)));
      return;
    }
    for (const attempt of attempts) track(bind(attempt));
  }

  function claim(node: string): Promise<void> {
    const known = claiming.get(node);
    if (known) return known;
    const work = (async () => {
      const check = await claimNode(store, node, options.identity, Math.floor(clock() / 1000));
      await replicas.peek('pods')?.catchUp();
      held.set(node, check);
    })().finally(() => claiming.delete(node));
    claiming.set(node, work);
    return work;
  }

  async function bind(attempt: Attempt): Promise<void> {
    const { pod, node } = attempt.binding;
    const nodeClaim = held.get(node);
    if (!nodeClaim) {
      bindReady([attempt]);
      return;
    }
    // Others may have come to the node since this was decided: what the claim protects is what the model knows now.
    const state = model.nodes.get(node);
    if (state && isOvercommitted(pod.class, state)) {
      // At once, so that those after it see the room; unless it is there, because another scheduler bound it.
      if (!isBound(pod)) model.removePod(pod.key);
      await takeBack(attempt, undefined);
      return;
    }
    const target = { definition: pods, namespace: pod.namespace, name: pod.name, subresource: 'binding' };
    const body = {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name: pod.name, namespace: pod.namespace, uid: pod.uid },
      target: { apiVersion: 'v1', kind: 'Node', name: node },
    };
    try {
      const seen = replicas.peek('pods')?.get(pod.key);
      await registry.create(context, target, body, { nodeClaim, seen, ...writeOptions });
      options.onBound(attempt);
    } catch (error) {
      if (isClaimLost(error) && held.get(node) === nodeClaim) held.delete(node);
      await takeBack(attempt, error);
    }
  }

  /** By whomever, as far as is known. */
  function isBound({ key, uid }: PodInfo): boolean {
    const found = replicas.peek('pods')?.get(key)?.object;
    return found?.metadata?.uid === uid && found?.spec?.nodeName !== undefined;
  }

  /** Gives the place up. `error` undefined: somebody else had it first. */
  async function takeBack(attempt: Attempt, error: unknown): Promise<void> {
    const { binding } = attempt;
    const { key, uid } = binding.pod;
    const lost = error === undefined || isClaimLost(error);
    if (!lost && !hasReason(error, 'Conflict', 'NotFound')) log(`binding ${key} to ${binding.node} failed`, error);
    // It may have happened all the same, or the pod may be somebody else's by now.
    const replica = replicas.peek('pods');
    try {
      await replica?.catchUp();
    } catch (failure) {
      log('catching up with pods failed', failure);
      // The place is given up though the pod may be there: who wants it next claims the node anew, and catches up first.
      held.delete(binding.node);
    }
    if (isBound(binding.pod)) return;
    const pod = replica?.get(key)?.object;
    if (model.placed(key)?.uid === uid) model.removePod(key);
    for (const { volume } of binding.claims) if (volume !== undefined) model.promised.delete(volume);
    if (!pod || pod.metadata?.deletionTimestamp) return;
    options.onFailed(attempt, pod, lost);
  }

  async function prepareVolumes(attempt: Attempt): Promise<void> {
    const { pod, node, claims: choices } = attempt.binding;
    try {
      for (const { claim: name, volume } of choices) {
        if (volume === undefined) {
          const patch = { metadata: { annotations: { [selectedNode]: node } } };
          await registry.patch(
            context,
            { definition: claims, namespace: pod.namespace, name },
            'merge',
            patch,
            writeOptions,
          );
        } else await promiseVolume(volume, pod.namespace, name);
      }
      const awaiting = awaitingVolumes.get(pod.key);
      if (awaiting) continueWithVolumes(awaiting);
    } catch (error) {
      if (awaitingVolumes.delete(pod.key)) await takeBack(attempt, error);
    }
  }

  /** Only a volume that is still as it was when it was chosen. */
  async function promiseVolume(name: string, namespace: string, claimName: string): Promise<void> {
    const claim = model.claims.get(`${namespace}/${claimName}`);
    const resourceVersion = model.volumes.get(name)?.metadata?.resourceVersion;
    const claimRef = {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      namespace,
      name: claimName,
      uid: claim?.metadata?.uid,
      resourceVersion: claim?.metadata?.resourceVersion,
    };
    const patch = {
      metadata: { resourceVersion, annotations: { 'pv.kubernetes.io/bound-by-controller': 'yes' } },
      spec: { claimRef },
    };
    await registry.patch(context, { definition: volumes, name }, 'merge', patch, writeOptions);
  }

  /** Binds once every claim has its volume; gives the node up when making a volume there was given up. */
  function continueWithVolumes(attempt: Awaiting): void {
    const { binding, selected } = attempt;
    const { pod, node, claims: choices } = binding;
    let bound = true;
    let givenUp = false;
    for (const { claim: name, volume } of choices) {
      const claim = model.claims.get(`${pod.namespace}/${name}`);
      const done = claim?.spec?.volumeName !== undefined && claim.status?.phase === 'Bound';
      bound &&= done;
      if (!claim || claim.metadata?.deletionTimestamp) givenUp = true;
      if (done || volume !== undefined) continue;
      const chosen = claim?.metadata?.annotations?.[selectedNode];
      if (chosen === node) selected.add(name);
      else if (chosen !== undefined || selected.has(name)) givenUp = true;
    }
    if (!bound && !givenUp) return;
    if (!awaitingVolumes.delete(pod.key)) return;
    if (bound) bindReady([attempt]);
    else track(takeBack(attempt, undefined));
  }

  function track(work: Promise<void>): void {
    const watched = work
      .catch((error: unknown) => log('a bind could not be finished', error))
      .finally(() => inFlight.delete(watched));
    inFlight.add(watched);
  }

  return {
    bindAll,
    claimsChanged() {
      for (const attempt of [...awaitingVolumes.values()]) continueWithVolumes(attempt);
    },
    forget: (key) => void awaitingVolumes.delete(key),
    expire() {
      for (const [key, attempt] of awaitingVolumes) {
        if (clock() - attempt.since < volumeTimeoutMs) continue;
        awaitingVolumes.delete(key);
        track(takeBack(attempt, new Error(`the volumes of ${key} were not bound in time`)));
      }
    },
    async idle() {
      while (inFlight.size > 0) await Promise.all(inFlight);
    },
    get busy() {
      return inFlight.size > 0;
    },
  };
}

export function definitionOf(definitions: Definitions, type: TypeName): ResourceDefinition {
  const found = definitions.ofType(type);
  if (!found) throw new Error(`${type} is not served`);
  return found;
}
