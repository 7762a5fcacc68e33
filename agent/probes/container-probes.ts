// The probes of one running container: when they run, and what their results add up to. Clock and checks are arguments.

import type { V1Probe } from '../../generated/kubernetes.ts';
import type { PodContainer } from '../pod/pod.ts';
import type { CheckResult } from './check.ts';
import type { ContainerHealth } from './container-health.ts';

export type ProbeKind = 'Startup' | 'Liveness' | 'Readiness';

export interface ProbeOptions {
  readonly container: PodContainer;
  /** When the container started, in milliseconds since 1970: initial delays count from there. */
  readonly startedAt: number;
  /** Of a container that an earlier run of the agent found ready. */
  readonly wasReady: boolean;
  check(probe: V1Probe, kind: ProbeKind): Promise<CheckResult>;
  onChange(health: ContainerHealth): void;
  onFailure(kind: ProbeKind, message: string): void;
  readonly clock: ProbeClock;
}

export interface ProbeClock {
  now(): number;
  /** Runs `task` after a delay; gives a function that cancels it. */
  after(milliseconds: number, task: () => void): () => void;
}

/** With real pauses; `now` gives milliseconds since 1970. */
export function probeClock(now: () => number): ProbeClock {
  return {
    now,
    after: (milliseconds, task) => {
      const timer = setTimeout(task, milliseconds);
      return () => clearTimeout(timer);
    },
  };
}

export interface ContainerProbes {
  readonly health: ContainerHealth;
  stop(): void;
}

/** Liveness and readiness wait for the start-up probe to succeed. Source: Kubernetes, "Pod Lifecycle", types of probe. */
export function startProbes(options: ProbeOptions): ContainerProbes {
  const { clock } = options;
  const { startupProbe, livenessProbe, readinessProbe } = options.container.spec;
  const cancels = new Set<() => void>();
  let stopped = false;
  let health: ContainerHealth = {
    started: !startupProbe,
    ready: options.wasReady || (!startupProbe && !readinessProbe),
  };
  const change = (next: Partial<ContainerHealth>) => {
    const before = health;
    health = { ...health, ...next };
    if (before.started !== health.started || before.ready !== health.ready || before.unhealthy !== health.unhealthy)
      options.onChange(health);
  };

  /** `onResult` is called when a threshold is reached; it says whether the probe goes on. */
  const repeat = (kind: ProbeKind, probe: V1Probe, onResult: (ok: boolean, message: string) => boolean) => {
    const { periodSeconds = 10, failureThreshold = 3, successThreshold = 1 } = probe;
    let successes = 0;
    let failures = 0;
    const schedule = (milliseconds: number) => {
      const cancel = clock.after(milliseconds, () => {
        cancels.delete(cancel);
        void attempt();
      });
      cancels.add(cancel);
    };
    const attempt = async () => {
      const began = clock.now();
      const result = await options.check(probe, kind);
      if (stopped) return;
      if (result.unknown) {
        schedule(periodSeconds * 1000);
        return;
      }
      successes = result.ok ? successes + 1 : 0;
      failures = result.ok ? 0 : failures + 1;
      if (!result.ok) options.onFailure(kind, result.message);
      const reached = result.ok ? successes >= successThreshold : failures >= failureThreshold;
      const goesOn = reached ? onResult(result.ok, result.message) : true;
      if (goesOn) schedule(Math.max(0, periodSeconds * 1000 - (clock.now() - began)));
    };
    const initial = options.startedAt + (probe.initialDelaySeconds ?? 0) * 1000 - clock.now();
    schedule(Math.max(0, initial));
  };

  const afterStart = () => {
    if (readinessProbe)
      repeat('Readiness', readinessProbe, (ok) => {
        change({ ready: ok });
        return true;
      });
    if (livenessProbe)
      repeat('Liveness', livenessProbe, (ok) => {
        if (!ok) change({ unhealthy: `Container ${options.container.name} failed liveness probe, will be restarted` });
        return ok;
      });
  };

  if (startupProbe)
    repeat('Startup', startupProbe, (ok) => {
      if (ok) {
        change({ started: true, ready: !readinessProbe || options.wasReady });
        afterStart();
      } else change({ unhealthy: `Container ${options.container.name} failed startup probe, will be restarted` });
      return false;
    });
  else afterStart();

  return {
    get health() {
      return health;
    },
    stop: () => {
      stopped = true;
      for (const cancel of cancels) cancel();
      cancels.clear();
    },
  };
}
