import { describe, expect, it } from 'vitest';
import type { V1Container, V1Probe } from '../../generated/kubernetes.ts';
import type { ContainerHealth } from './container-health.ts';
import { startProbes } from './container-probes.ts';

/** A clock that runs only when it is told to. */
function fakeClock() {
  let time = 0;
  let tasks: { at: number; task: () => void }[] = [];
  return {
    now: () => time,
    after: (ms: number, task: () => void) => {
      const entry = { at: time + ms, task };
      tasks.push(entry);
      return () => {
        tasks = tasks.filter((each) => each !== entry);
      };
    },
    async advance(ms: number) {
      const end = time + ms;
      for (;;) {
        const next = tasks.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
        if (!next) break;
        tasks = tasks.filter((each) => each !== next);
        time = next.at;
        next.task();
        // The check and what follows it are promises.
        await new Promise((resolve) => setImmediate(resolve));
      }
      time = end;
    },
    pending: () => tasks.length,
  };
}

function probing(spec: Partial<V1Container>, results: { ok: boolean; unknown?: true }, wasReady = false) {
  const clock = fakeClock();
  const changes: ContainerHealth[] = [];
  const checked: V1Probe[] = [];
  const probes = startProbes({
    container: { kind: 'app', name: 'main', spec: { name: 'main', ...spec } },
    startedAt: 0,
    wasReady,
    clock,
    check: async (probe) => {
      checked.push(probe);
      return { message: '', ...results };
    },
    onChange: (health) => changes.push(health),
    onFailure: () => undefined,
  });
  return { clock, changes, checked, probes };
}

const exec = { command: ['true'] };

describe('startProbes', () => {
  it('takes a container without probes as started and ready', () => {
    expect(probing({}, { ok: true }).probes.health).toEqual({ started: true, ready: true });
  });

  it('makes a container ready with the first success after the initial delay, and unready after the failure threshold', async () => {
    const results = { ok: true };
    const readinessProbe = { exec, initialDelaySeconds: 5, periodSeconds: 10, failureThreshold: 2 };
    const { clock, probes, checked } = probing({ readinessProbe }, results);
    expect(probes.health.ready).toBe(false);
    await clock.advance(4999);
    expect(checked).toHaveLength(0);
    await clock.advance(1);
    expect(probes.health.ready).toBe(true);
    results.ok = false;
    await clock.advance(10_000);
    expect(probes.health.ready).toBe(true);
    await clock.advance(10_000);
    expect(probes.health.ready).toBe(false);
    results.ok = true;
    await clock.advance(10_000);
    expect(probes.health.ready).toBe(true);
  });

  it('reports a liveness failure once, and probes no more', async () => {
    const { clock, probes, changes } = probing(
      { livenessProbe: { exec, periodSeconds: 1, failureThreshold: 3 } },
      { ok: false },
    );
    await clock.advance(1999);
    expect(probes.health.unhealthy).toBeUndefined();
    await clock.advance(1);
    expect(probes.health.unhealthy).toContain('failed liveness probe');
    expect(changes).toHaveLength(1);
    expect(clock.pending()).toBe(0);
  });

  it('lets the other probes wait for the start-up probe', async () => {
    const results = { ok: false };
    const startupProbe = { exec, periodSeconds: 1, failureThreshold: 30 };
    const livenessProbe = { exec: { command: ['live'] }, periodSeconds: 1 };
    const { clock, probes, checked } = probing({ startupProbe, livenessProbe }, results);
    await clock.advance(5000);
    expect(checked.every((probe) => probe === startupProbe)).toBe(true);
    expect(probes.health).toEqual({ started: false, ready: false });
    results.ok = true;
    await clock.advance(1000);
    expect(probes.health).toEqual({ started: true, ready: true });
    expect(checked).toContain(livenessProbe);
  });

  it('does not count what the runtime could not check', async () => {
    const livenessProbe = { exec, periodSeconds: 1, failureThreshold: 1 };
    const { clock, probes, checked } = probing({ livenessProbe }, { ok: false, unknown: true });
    await clock.advance(5000);
    expect(checked.length).toBeGreaterThan(4);
    expect(probes.health.unhealthy).toBeUndefined();
  });

  it('stops when it is told to', async () => {
    const { clock, probes, checked } = probing({ livenessProbe: { exec, periodSeconds: 1 } }, { ok: true });
    await clock.advance(0);
    probes.stop();
    await clock.advance(10_000);
    expect(checked).toHaveLength(1);
  });

  it('keeps a container ready that an earlier run of the agent found ready', () => {
    expect(probing({ readinessProbe: { exec } }, { ok: true }, true).probes.health.ready).toBe(true);
  });
});
