// What the runtime has of one pod, kept current by reading again what an event or a step of our own touched.

import type { ObserveContext } from './observe.ts';
import { newestFirst, observePods, readContainer, readSandbox } from './observe.ts';
import type { ObservedContainer, ObservedPod, ObservedSandbox } from './observed.ts';

/**
 * A runtime's status lags behind its own exit event, mostly by 30 to 50 ms, on a busy machine by many seconds. No other event tells of the
 * end: so it is read until it is there, after pauses that grow from the first to the longest. What comes after the end (the next container
 * of the pod) waits for as much longer as a pause grows, which is a part of what it has waited for anyway: twice as long each time would
 * double it.
 */
const pauses = { firstMs: 4, growth: 1.25, longestMs: 1000 } as const;

/** The states of a container, in the only order that they come in. */
const stages: readonly ObservedContainer['state'][] = ['created', 'running', 'exited'];

export class PodMirror {
  readonly #context: ObserveContext;
  readonly #uid: string;
  readonly #onContainer: (container: ObservedContainer) => void;
  readonly #sandboxes = new Map<string, ObservedSandbox>();
  readonly #containers = new Map<string, ObservedContainer>();
  /** Containers whose start is on its way: their running does not show before it is done. */
  readonly #starting = new Set<string>();
  #closed = false;

  /** `onContainer` is called for each container that was read. */
  constructor(context: ObserveContext, uid: string, onContainer: (container: ObservedContainer) => void) {
    this.#context = context;
    this.#uid = uid;
    this.#onContainer = onContainer;
  }

  get observed(): ObservedPod {
    return { sandboxes: newestFirst([...this.#sandboxes.values()]), containers: [...this.#containers.values()] };
  }

  has(id: string): boolean {
    return this.#containers.has(id) || this.#sandboxes.has(id);
  }

  isStarting(id: string): boolean {
    return this.#starting.has(id);
  }

  container(id: string): ObservedContainer | undefined {
    return this.#containers.get(id);
  }

  take(observed: ObservedPod): void {
    this.#sandboxes.clear();
    for (const sandbox of observed.sandboxes) this.#sandboxes.set(sandbox.id, sandbox);
    const known = new Set(observed.containers.map(({ id }) => id));
    for (const id of this.#containers.keys()) if (!known.has(id)) this.#containers.delete(id);
    for (const container of observed.containers) this.#note(container);
  }

  /** Reads everything anew. Throws Error, and takes nothing, where the runtime cannot tell all of it. */
  async readAll(): Promise<void> {
    const found = (await observePods(this.#context, this.#uid)).get(this.#uid);
    if (found?.unread !== undefined) throw new Error(found.unread);
    this.take(found?.observed ?? { sandboxes: [], containers: [] });
  }

  /** Reads one container or sandbox anew; `exited`: until the runtime's status says so too. Throws GrpcError, but not for one that exited. */
  async read(id: string, exited = false): Promise<void> {
    if (this.#sandboxes.has(id)) return this.readSandbox(id);
    for (let pause: number = pauses.firstMs; !this.#closed; pause = Math.min(pause * pauses.growth, pauses.longestMs)) {
      const state = await this.#readOnce(id).catch((error: unknown) => {
        if (!exited) throw error;
        return 'unread' as const;
      });
      if (!exited || state === undefined || state === 'exited') return;
      await new Promise((resolve) => setTimeout(resolve, pause).unref());
    }
  }

  /** The mirror is not looked at any more. */
  close(): void {
    this.#closed = true;
  }

  /** The state that the runtime tells; undefined when it is gone. */
  async #readOnce(id: string): Promise<ObservedContainer['state'] | undefined> {
    const known = this.#containers.get(id);
    const container = await readContainer(this.#context, id, known?.sandboxId ?? '');
    // Removed while it was read.
    if (known && !this.#containers.has(id)) return undefined;
    if (container) this.#note(container);
    else this.#containers.delete(id);
    return container?.state;
  }

  async readSandbox(id: string): Promise<void> {
    const sandbox = await readSandbox(this.#context.runtime, id);
    if (sandbox) this.#sandboxes.set(id, sandbox);
    else this.#sandboxes.delete(id);
  }

  /** The runtime said so: its word on the state is not waited for, which it may be unable to give. */
  sandboxStopped(id: string): void {
    const sandbox = this.#sandboxes.get(id);
    if (sandbox) this.#sandboxes.set(id, { ...sandbox, ready: false });
  }

  /** A container that was just made. Events name it by its id from here on. */
  created(container: ObservedContainer): void {
    this.#starting.add(container.id);
    this.#containers.set(container.id, container);
  }

  /** Its start, hooks included, is over, well or badly. Throws GrpcError. */
  async started(id: string): Promise<void> {
    try {
      const container = await readContainer(this.#context, id, this.#containers.get(id)?.sandboxId ?? '');
      // Not before it was read: until then it is known as made only, and as such would be removed.
      this.#starting.delete(id);
      if (container) this.#note(container);
      else this.#containers.delete(id);
    } finally {
      this.#starting.delete(id);
    }
  }

  removeContainer(id: string): void {
    this.#containers.delete(id);
  }

  removeSandbox(id: string): void {
    this.#sandboxes.delete(id);
    for (const [container, { sandboxId }] of this.#containers) if (sandboxId === id) this.#containers.delete(container);
  }

  #note(container: ObservedContainer): void {
    // While its postStart hook runs, a container counts as being created (Kubernetes, "Container hooks").
    if (container.state === 'running' && this.#starting.has(container.id)) return;
    // Reads overtake each other, and a container only moves forward: what says less than is known is older. Taken for the truth, a
    // running container would count as made and never started, and be removed.
    const known = this.#containers.get(container.id);
    // Only of what it does not know may the runtime say anything later.
    const final = known && known.reason !== 'ContainerStatusUnknown';
    if (final && stages.indexOf(container.state) < stages.indexOf(known.state)) return;
    this.#containers.set(container.id, container);
    this.#onContainer(container);
  }
}
