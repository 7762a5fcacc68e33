// One process of the control plane: real registry, replicas, controllers and scheduler over its own line to the store. Several run
// at once, each does everything, and any may be gone from one moment to the next.

import type { Definitions } from '../../../core/api/definition.ts';
import { createRegistry } from '../../../core/registry/create.ts';
import { createEventRecorder } from '../../../core/registry/event-recorder.ts';
import type { Registry, Target } from '../../../core/registry/registry.ts';
import type { Replicas } from '../../../core/replica/replica.ts';
import { createReplicas } from '../../../core/replica/replicas.ts';
import type { TypeName } from '../../../core/store/store.ts';
import { controllers } from '../../../functions/controllers/all.ts';
import { startControllers } from '../../../functions/controllers/run.ts';
import { startScheduler } from '../../../functions/scheduler/run.ts';
import { type Load, metricsOf } from './autoscaling.ts';
import { connect, type Line, type Network } from './line.ts';

export interface Api {
  readonly line: Line;
  readonly replicas: Replicas;
  readonly registry: Registry;
  target(type: TypeName, namespace?: string, name?: string, subresource?: string): Target;
  /** Gone, at whatever it was waiting for. */
  crash(): void;
}

const podCIDR = '10.244.0.0/16';

/** What every process has: a registry over a line of its own. Users and nodes speak through one of these. */
export function openApi(network: Network, definitions: Definitions): Api {
  const { clock, random } = network;
  const line = connect(network);
  const replicas = createReplicas(line, { now: () => clock.now });
  const registry = createRegistry({
    store: line,
    replicas,
    definitions,
    clock: () => new Date(clock.now),
    random: { uuid: () => uuid(network), number: random.next },
  });
  return {
    line,
    replicas,
    registry,
    target(type, namespace, name, subresource) {
      const definition = definitions.ofType(type);
      if (!definition) throw new Error(`${type} is not served`);
      return {
        definition,
        ...(namespace && { namespace }),
        ...(name && { name }),
        ...(subresource && { subresource }),
      };
    },
    crash: () => line.cut(),
  };
}

/** `load`: what autoscalers find used. `onProblem` hears what the process would log; `onEnd` that it cannot go on. */
export function startControlPlane(
  network: Network,
  definitions: Definitions,
  identity: string,
  load: Load,
  onProblem: (message: string, error?: unknown) => void,
  onEnd: () => void,
): Api {
  const { clock, random, truth } = network;
  const api = openApi(network, definitions);
  let alive = true;
  const log = (message: string, error?: unknown) => {
    if (alive) onProblem(`${identity}: ${message}`, error);
  };
  const cancelled = new Set<unknown>();
  const timers = {
    setTimeout(callback: () => void, ms: number): unknown {
      const handle = {};
      clock.after(ms, () => {
        if (alive && !cancelled.delete(handle)) callback();
      });
      return handle;
    },
    clearTimeout: (handle: unknown) => void (handle && cancelled.add(handle)),
  };
  const now = () => clock.now;
  const shared = { replicas: api.replicas, registry: api.registry, definitions, clock: now, timers, log };
  startControllers({
    ...shared,
    store: api.line,
    identity,
    controllers: controllers({
      caCertificate: 'PEM',
      podCIDR,
      heartbeats: async () => new Map(truth.heartbeats),
      readApi: metricsOf(load, api.replicas, now),
    }),
    random: random.next,
  });
  const events = createEventRecorder(api.registry, () => definitions.ofType('events'), now, log);
  const context = { user: { username: 'system:kube-scheduler', groups: ['system:authenticated'] }, warnings: [] };
  startScheduler({
    ...shared,
    store: api.line,
    identity,
    recordEvent(pod, event) {
      const { name = '', namespace = '', uid = '' } = pod.metadata ?? {};
      void events.record(context, 'default-scheduler', { apiVersion: 'v1', kind: 'Pod', namespace, name, uid }, event);
    },
  }).catch((error: unknown) => {
    // As in the control plane's process: without a scheduler it ends, and is started anew.
    log('the scheduler did not start', error);
    if (alive) onEnd();
  });
  return {
    ...api,
    crash() {
      alive = false;
      api.crash();
    },
  };
}

function uuid({ random }: Network): string {
  const hex = (digits: number) => Array.from({ length: digits }, () => random.below(16).toString(16)).join('');
  return `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`;
}
