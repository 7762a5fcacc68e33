// A cluster in memory for tests of pure reconciles: applies actions as the API server would (conditions on resourceVersion,
// generations, finalizers, garbage is left to the garbage collector), and can play the kubelet.

import type { KubeObject } from '../../../core/machinery/object.ts';
import { getOwn, setOwn } from '../../../core/machinery/own.ts';
import type { TypeName } from '../../../core/store/store.ts';
import { canonical } from '../child-name.ts';
import { ClusterState } from '../cluster-state.ts';
import { timestamp } from '../condition.ts';
import {
  type AnyAction,
  type Controller,
  demandOwned,
  keyOf,
  type Live,
  type ObjectOf,
  type SnapshotEvent,
} from '../controller.ts';
import { kinds, typeOf } from './kinds.ts';
import { demandAllowed } from './roles.ts';

type Stored = Live<KubeObject>;

export class TestCluster {
  readonly state = new ClusterState(kinds);
  readonly events: { reason: string; message: string }[] = [];
  /** How often a write was refused because of a stale condition. */
  refused = 0;
  now: number;
  readonly #due = new Map<Controller, Set<string>>();
  readonly #delayed: { at: number; controller: Controller; key: string }[] = [];
  /** Within one reconcile: the resourceVersion that its own write gave an object, by the one before. */
  readonly #moved = new Map<string, string>();
  #revision = 0;

  constructor(controllers: readonly Controller[] = [], now = Date.parse('2026-01-01T00:00:00Z')) {
    this.now = now;
    for (const each of controllers) this.#due.set(each, new Set());
  }

  /** Writes an object as a user would: what the server sets is filled in. */
  put(given: object): Stored {
    // Tests give whole objects.
    const object = structuredClone(given) as KubeObject;
    const type = typeOf(object);
    const before = this.#find(type, object);
    const stored: Stored = {
      ...object,
      ...(object['status'] === undefined && before?.['status'] !== undefined && { status: before['status'] }),
      metadata: {
        creationTimestamp: before?.metadata.creationTimestamp ?? timestamp(this.now),
        generation: before?.metadata.generation ?? 1,
        ...object.metadata,
        name: object.metadata.name ?? '',
        uid: object.metadata.uid ?? before?.metadata.uid ?? `uid-${this.#revision + 1}`,
        resourceVersion: String(++this.#revision),
      },
    };
    if (before && canonical(before['spec']) !== canonical(stored['spec'])) {
      stored.metadata.generation = (before.metadata.generation ?? 1) + 1;
    }
    this.#store(type, stored);
    return stored;
  }

  /** A change to an object, as by anybody. */
  change<T extends TypeName>(type: T, namespace: string, name: string, change: (object: ObjectOf<T>) => void): void {
    const object = structuredClone(this.state.get(type, namespace, name));
    if (!object) throw new Error(`${type} ${namespace}/${name} does not exist`);
    change(object);
    this.put(object);
  }

  remove(type: TypeName, namespace: string, name: string): void {
    const object = this.state.get(type, namespace, name);
    if (object) this.#delete(type, object as Stored);
  }

  /** Runs every controller until nothing is due. Throws when that does not end. */
  async settle(limit = 10_000): Promise<void> {
    for (let steps = 0; ; steps++) {
      if (steps > limit) throw new Error('the controllers do not come to rest');
      const next = this.#next();
      if (!next) return;
      await this.#step(next.controller, next.key);
    }
  }

  /** One reconcile of one controller against a snapshot, its actions applied. */
  async #step(controller: Controller, key: string): Promise<void> {
    const context = { now: this.now, random: () => 0.5 };
    this.#moved.clear();
    for (const action of await controller.reconcile(this.state, key, context)) {
      demandOwned(controller, action);
      demandAllowed(controller, action);
      if (action.do === 'requeue') this.#delayed.push({ at: this.now + action.afterMs, controller, key });
      else if (!this.apply(action)) {
        this.#due.get(controller)?.add(key);
        break;
      }
    }
  }

  #next(): { controller: Controller; key: string } | undefined {
    for (const [controller, keys] of this.#due) {
      for (const key of keys) {
        keys.delete(key);
        return { controller, key };
      }
    }
    return undefined;
  }

  /** Lets time pass; keys that waited for it become due. */
  advance(ms: number): void {
    this.now += ms;
    for (let i = this.#delayed.length - 1; i >= 0; i--) {
      const each = this.#delayed[i];
      if (each && each.at <= this.now) {
        this.#delayed.splice(i, 1);
        this.#due.get(each.controller)?.add(each.key);
      }
    }
  }

  /** When the next key becomes due, in milliseconds from now. */
  get pause(): number | undefined {
    return this.#delayed.length ? Math.max(0, Math.min(...this.#delayed.map((each) => each.at)) - this.now) : undefined;
  }

  /** Applies one action. False when its condition did not hold. */
  apply(action: AnyAction): boolean {
    switch (action.do) {
      case 'create': {
        const object = action.object as KubeObject;
        if (this.#find(action.type, object)) return action.existsIsFine === true || this.#refuse();
        this.put(object);
        this.#announce(action);
        return true;
      }
      case 'update': {
        const object = action.object as Stored;
        const before = this.#find(action.type, object);
        if (!before) return true;
        const { resourceVersion = '' } = object.metadata;
        if (
          resourceVersion &&
          before.metadata.resourceVersion !== (this.#moved.get(resourceVersion) ?? resourceVersion)
        ) {
          return this.#refuse();
        }
        const merged =
          action.subresource === 'status'
            ? { ...before, metadata: describedBy(before, object), status: object['status'] }
            : { ...object, ...(before['status'] !== undefined && { status: before['status'] }) };
        const stored = this.put({ ...merged, metadata: { ...merged.metadata } });
        this.#moved.set(resourceVersion, stored.metadata.resourceVersion);
        this.#finish(action.type, object);
        this.#announce(action);
        return true;
      }
      case 'patch': {
        const before = this.state.get(action.type, action.namespace, action.name) as Stored | undefined;
        if (!before) return true;
        // Tests only see merge patches: that is all that controllers send.
        const body = action.body as { metadata?: { uid?: string; resourceVersion?: string } };
        const { uid, resourceVersion } = body.metadata ?? {};
        if (uid && uid !== before.metadata.uid) return this.#refuse();
        if (resourceVersion && resourceVersion !== before.metadata.resourceVersion) return this.#refuse();
        const stored = this.put(mergePatch(before, body) as Stored);
        if (resourceVersion) this.#moved.set(resourceVersion, stored.metadata.resourceVersion);
        this.#finish(action.type, before);
        this.#announce(action);
        return true;
      }
      case 'delete': {
        const before = this.state.get(action.type, action.namespace, action.name) as Stored | undefined;
        if (!before) return true;
        const { uid, resourceVersion } = action.options.preconditions ?? {};
        if (uid && uid !== before.metadata.uid) return this.#refuse();
        if (resourceVersion && resourceVersion !== before.metadata.resourceVersion) return this.#refuse();
        const policy = action.options.propagationPolicy;
        const added = policy === 'Foreground' ? 'foregroundDeletion' : policy === 'Orphan' ? 'orphan' : undefined;
        if (added && !before.metadata.finalizers?.includes(added)) {
          const finalizers = [...(before.metadata.finalizers ?? []), added];
          this.#delete(action.type, { ...before, metadata: { ...before.metadata, finalizers } });
        } else this.#delete(action.type, before);
        this.#announce(action);
        return true;
      }
      case 'expectAbsent': {
        const found = this.state.get(action.type, action.namespace, action.name);
        if (!action.uid) return !found || this.#refuse();
        return found?.metadata.uid !== action.uid || this.#refuse();
      }
      case 'event':
        this.events.push(action.event);
        return true;
      case 'deleteCollection':
        for (const each of this.state.list(action.type, action.namespace)) this.#delete(action.type, each as Stored);
        return true;
      default:
        return true;
    }
  }

  /** Plays scheduler and kubelet: binds pods, runs them, and takes away those that are being deleted. */
  runPods(options: { node?: string; ready?: boolean; only?: (pod: ObjectOf<'pods'>) => boolean } = {}): void {
    for (const pod of this.state.list('pods')) {
      if (options.only && !options.only(pod)) continue;
      const { namespace = '', name } = pod.metadata;
      if (pod.metadata.deletionTimestamp) {
        this.change('pods', namespace, name, (each) => {
          each.metadata.deletionGracePeriodSeconds = 0;
        });
        const left = this.state.get('pods', namespace, name);
        if (!left?.metadata.finalizers?.length) this.#erase('pods', `${namespace}/${name}`);
      } else if (pod.status?.phase === undefined || pod.status.phase === 'Pending') {
        const status = options.ready === false ? 'False' : 'True';
        this.change('pods', namespace, name, (each) => {
          const required = each.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
          const target = required?.nodeSelectorTerms[0]?.matchFields?.[0]?.values?.[0];
          if (each.spec) each.spec.nodeName ??= options.node ?? target ?? 'node-1';
          each.status = {
            ...each.status,
            phase: 'Running',
            startTime: timestamp(this.now),
            podIP: `10.0.0.${(Number(pod.metadata.resourceVersion) % 250) + 1}`,
            conditions: [{ type: 'Ready', status, lastTransitionTime: timestamp(this.now) }],
          };
        });
      }
    }
  }

  /** Ends pods as the kubelet would report it. */
  finishPods(phase: 'Succeeded' | 'Failed', only: (pod: ObjectOf<'pods'>) => boolean = () => true): void {
    for (const pod of this.state.list('pods')) {
      if (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed' || !only(pod)) continue;
      this.change('pods', pod.metadata.namespace ?? '', pod.metadata.name, (each) => {
        each.status = {
          ...each.status,
          phase,
          conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: timestamp(this.now) }],
        };
      });
    }
  }

  #announce(action: AnyAction): void {
    if ('announce' in action && action.announce?.success) this.events.push(action.announce.success);
  }

  #refuse(): false {
    this.refused++;
    return false;
  }

  #find(type: TypeName, { metadata }: KubeObject): Stored | undefined {
    return this.state.get(type, metadata.namespace ?? '', metadata.name ?? '') as Stored | undefined;
  }

  #delete(type: TypeName, object: Stored): void {
    // A pod that has a node goes when its kubelet says so.
    const graceful = type === 'pods' && (object as unknown as ObjectOf<'pods'>).spec?.nodeName && !isDone(object);
    if (!object.metadata.finalizers?.length && !graceful) {
      this.#erase(type, keyOf(object));
      return;
    }
    if (object.metadata.deletionTimestamp) return;
    this.put({ ...object, metadata: { ...object.metadata, deletionTimestamp: timestamp(this.now) } });
  }

  /** An object whose last finalizer went while it was being deleted is gone. */
  #finish(type: TypeName, { metadata }: Stored): void {
    const after = this.state.get(type, metadata.namespace ?? '', metadata.name) as Stored | undefined;
    if (!after?.metadata.deletionTimestamp || after.metadata.finalizers?.length) return;
    if (type === 'namespaces' && (after as unknown as ObjectOf<'namespaces'>).spec?.finalizers?.length) return;
    if (type === 'pods' && (after as unknown as ObjectOf<'pods'>).spec?.nodeName && !isDone(after)) return;
    this.#erase(type, keyOf(after));
  }

  #store(type: TypeName, object: Stored): void {
    const previous = this.state.put(type, object) as Stored | undefined;
    this.#dispatch(type, { type: previous ? 'MODIFIED' : 'ADDED', object, ...(previous && { previous }) });
  }

  #erase(type: TypeName, key: string): void {
    const [namespace, name] = key.includes('/') ? key.split('/') : ['', key];
    const object = this.state.get(type, namespace ?? '', name ?? '') as Stored | undefined;
    if (!object) return;
    this.state.remove(type, key);
    this.#dispatch(type, { type: 'DELETED', object });
  }

  #dispatch(type: TypeName, event: SnapshotEvent): void {
    for (const [controller, due] of this.#due) {
      for (const rule of controller.watches) {
        if (rule.type !== type && rule.type !== '*') continue;
        for (const key of rule.keys(event, this.state, type)) due.add(key);
      }
    }
  }
}

/** Through /status the labels and annotations of built-in kinds may change too. */
function describedBy({ metadata }: Stored, { metadata: { labels, annotations } }: Stored): Stored['metadata'] {
  return { ...metadata, ...(labels && { labels }), ...(annotations && { annotations }) };
}

function isDone(object: Stored): boolean {
  const phase = (object as unknown as ObjectOf<'pods'>).status?.phase;
  return phase === 'Succeeded' || phase === 'Failed' || object.metadata.deletionGracePeriodSeconds === 0;
}

/** RFC 7396. */
function mergePatch(target: unknown, patch: unknown): unknown {
  if (!patch || typeof patch !== 'object' || Array.isArray(patch)) return patch;
  const result: Record<string, unknown> =
    target && typeof target === 'object' && !Array.isArray(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else setOwn(result, key, mergePatch(getOwn(result, key), value));
  }
  return result;
}
