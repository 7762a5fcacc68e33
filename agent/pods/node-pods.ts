// All pods of this node: a worker for each, fed by what the API wants and what the runtime tells.

import { setTimeout as delay } from 'node:timers/promises';
import { isFinished } from '../../core/kinds/core/pod/semantics/state.ts';
import { createBackoff } from '../backoff.ts';
import type { Pod } from '../pod/pod.ts';
import type { FoundPod } from './observe.ts';
import { observePods } from './observe.ts';
import type { PodContext } from './pod-context.ts';
import { PodWorker } from './pod-worker.ts';
import { refusalOf } from './refusal.ts';
import { refusalOfResize } from './resize.ts';
import type { PodTermination } from './sync-pod.ts';

export interface NodePods {
  /** Reads what runs already and follows the runtime's events from here on. */
  start(): Promise<void>;
  /**
   * The pods that the node is to run. `confirmed`: the API itself said that these are all; only then is anything ended that is not among
   * them.
   */
  apply(pods: readonly Pod[], confirmed: boolean): void;
  /** What pods may wait for has changed: objects that they refer to, the network of the node. */
  changed(what: 'objects' | 'network'): void;
  get(uid: string): PodWorker | undefined;
  all(): PodWorker[];
  /** Ends the workers; the pods run on. */
  stop(): void;
}

/** Tokens and downward API files are looked at again this often. */
const refreshMs = 60_000;
/** Sizes of logs are looked at this often. */
const rotateMs = 10_000;
const sweepAgainMs = 30_000;

export function createNodePods(context: Omit<PodContext, 'forget' | 'refusalOfResize'>): NodePods {
  const workers = new Map<string, PodWorker>();
  let found = new Map<string, FoundPod>();
  /** What was applied last. */
  let last: { readonly pods: readonly Pod[]; readonly confirmed: boolean } | undefined;
  /** Of these the runtime could not tell what runs: they stay as they are until it does. */
  let waiting: readonly Pod[] = [];
  const abort = new AbortController();
  const full: PodContext = {
    ...context,
    forget: (uid) => {
      workers.get(uid)?.stop();
      workers.delete(uid);
      reconsider();
    },
    report: (pod, status, terminated) => {
      context.report(pod, status, terminated);
      if (isFinished({ ...pod, status })) reconsider();
    },
    refusalOfResize: (wanted, before) => {
      const others = taken().filter((each) => each.metadata.uid !== wanted.metadata.uid && !isFinished(each));
      return refusalOfResize(wanted, before, others, context.allocatable);
    },
  };

  /** Room came free: it may be enough for what pods wait for. */
  const reconsider = () => {
    for (const worker of workers.values()) worker.reconsider();
  };
  const refreshVolumes = () => {
    for (const worker of workers.values())
      worker.refreshVolumes().catch((error: unknown) => {
        context.log.warn({ pod: worker.uid, error: String(error) }, 'volumes could not be refreshed');
      });
  };
  const rotateLogs = () => {
    for (const worker of workers.values())
      worker.rotateLogs().catch((error: unknown) => {
        context.log.warn({ pod: worker.uid, error: String(error) }, 'a log could not be rotated');
      });
  };
  const timers = [setInterval(refreshVolumes, refreshMs), setInterval(rotateLogs, rotateMs)];
  for (const timer of timers) timer.unref();

  const followEvents = async () => {
    const backoff = createBackoff(500, 30_000, Math.random);
    for (let first = true; !abort.signal.aborted; first = false) {
      try {
        const events = context.runtime.events(abort.signal);
        // What happened while nobody listened is read once the stream stands.
        const again = first ? undefined : delay(50).then(refreshAll);
        for await (const event of events) {
          backoff.reset();
          const worker = [...workers.values()].find((each) => each.owns(event.containerId));
          worker?.runtimeEvent(event.containerId, event.kind === 'exited').catch((error: unknown) => {
            context.log.warn({ pod: worker.uid, error: String(error) }, 'a container could not be read');
          });
        }
        await again;
      } catch (error) {
        if (abort.signal.aborted) return;
        context.log.warn({ error: String(error) }, 'the runtime tells no events; trying again');
      }
      await delay(backoff.next(), undefined, { ref: false });
    }
  };

  const refreshAll = async () => {
    for (const worker of workers.values()) {
      const read = worker.refresh().then(() => worker.changed('runtime'));
      await read.catch((error: unknown) => {
        context.log.warn({ pod: worker.uid, error: String(error) }, 'a pod could not be read');
      });
    }
  };

  let swept = false;
  /** What an agent that was killed left of pods which are gone: their directories, and what is mounted there. */
  const sweep = async () => {
    let left = 0;
    for (const uid of await context.volumes.known())
      if (!workers.has(uid) && !found.has(uid))
        await context.volumes.remove(uid).catch((error: unknown) => {
          left += 1;
          context.log.warn({ pod: uid, error: String(error) }, 'what is left of a pod that is gone stays for now');
        });
    // Such as volumes whose driver has not come back yet.
    if (left > 0) setTimeout(() => void sweep(), sweepAgainMs).unref();
  };

  const refusal = (pod: Pod): PodTermination | undefined => {
    if (isFinished(pod) || pod.metadata.deletionTimestamp) return undefined;
    const pressed = context.refusalUnderPressure(pod);
    if (pressed !== undefined) return { reason: 'Evicted', message: pressed };
    return refusalOf(pod, taken(), context.objects.node(), context.host);
  };
  const taken = () => [
    ...[...workers.values()].map(({ pod, status }) => (status ? { ...pod, status } : pod)),
    ...waiting,
  ];

  /** One that is to end can be ended by what is listed of it. */
  const mustWait = ({ metadata }: Pod) =>
    found.get(metadata.uid)?.unread !== undefined && metadata.deletionTimestamp === undefined;

  const readWaiting = async () => {
    const backoff = createBackoff(500, 30_000, Math.random);
    for (;;) {
      const unread = [...found.values()].filter((each) => each.unread !== undefined);
      if (unread.length === 0 || abort.signal.aborted) return;
      await delay(backoff.next(), undefined, { ref: false });
      for (const { uid } of unread) await readAgain(uid);
    }
  };
  const readAgain = async (uid: string) => {
    try {
      const pod = (await observePods(context, uid)).get(uid);
      // It was to end meanwhile.
      if (!found.has(uid)) return;
      if (pod) found.set(uid, pod);
      else found.delete(uid);
      if (pod?.unread === undefined && last && !abort.signal.aborted) apply(last.pods, last.confirmed);
    } catch (error) {
      context.log.warn({ pod: uid, error: String(error) }, 'a pod could not be read');
    }
  };
  const sayThatItWaits = (pod: Pod) => {
    const message = `error determining status: ${found.get(pod.metadata.uid)?.unread}`;
    context.log.warn({ pod: `${pod.metadata.namespace}/${pod.metadata.name}`, error: message }, 'a pod stays as it is');
    context.event(pod, 'Warning', 'FailedSync', message);
  };

  const apply: NodePods['apply'] = (pods, confirmed) => {
    last = { pods, confirmed };
    const said = new Set(waiting.map(({ metadata }) => metadata.uid));
    waiting = pods.filter(mustWait);
    for (const pod of waiting) if (!said.has(pod.metadata.uid)) sayThatItWaits(pod);
    const wanted = new Set(pods.map(({ metadata }) => metadata.uid));
    for (const pod of pods) {
      const worker = workers.get(pod.metadata.uid);
      // Of many that start at once each is told of by itself: to look at all the others as often takes longer than the starts.
      if (worker && worker.wanted !== pod) worker.update(pod);
    }
    for (const pod of pods.filter((each) => !workers.has(each.metadata.uid) && !mustWait(each)).sort(byAge)) {
      const { uid } = pod.metadata;
      // What runs already was taken before.
      const refused = found.has(uid) ? undefined : refusal(pod);
      const worker = new PodWorker(full, pod, found.get(uid)?.observed);
      workers.set(uid, worker);
      found.delete(uid);
      if (!refused) continue;
      context.event(pod, 'Warning', refused.reason, refused.message);
      worker.end(refused);
    }
    reconsider();
    if (!confirmed) return;
    for (const [uid, worker] of workers) if (!wanted.has(uid)) worker.remove();
    for (const [uid, orphan] of found) {
      if (wanted.has(uid)) continue;
      found.delete(uid);
      context.log.info({ pod: `${orphan.namespace}/${orphan.name}`, uid }, 'a pod that the API does not know is ended');
      const worker = new PodWorker(full, orphanPod(orphan), orphan.observed);
      workers.set(uid, worker);
      worker.remove();
    }
    if (swept) return;
    swept = true;
    void sweep();
  };

  return {
    start: async () => {
      found = await observePods(context);
      void readWaiting();
      void followEvents();
    },
    apply,
    changed: (what) => {
      if (what === 'objects') refreshVolumes();
      for (const worker of workers.values()) worker.changed(what);
    },
    get: (uid) => workers.get(uid),
    all: () => [...workers.values()],
    stop: () => {
      abort.abort();
      for (const timer of timers) clearInterval(timer);
      for (const worker of workers.values()) worker.stop();
    },
  };
}

/** The oldest first: what was there before keeps its place. */
function byAge({ metadata: a }: Pod, { metadata: b }: Pod): number {
  return Date.parse(a.creationTimestamp ?? '') - Date.parse(b.creationTimestamp ?? '') || 0;
}

/** Enough of a pod to end what runs of it. */
function orphanPod({ uid, name, namespace, graceSeconds, observed }: FoundPod): Pod {
  const names = [...new Set(observed.containers.map((container) => container.name))];
  return {
    metadata: { uid, name, namespace },
    spec: {
      containers: names.map((each) => ({ name: each })),
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: graceSeconds,
    },
  };
}
