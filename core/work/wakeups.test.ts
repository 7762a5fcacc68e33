import { describe, expect, it } from 'vitest';
import { ownType } from '../store/own-types.ts';
import { createWakeups } from './wakeups.ts';
import type { Worker } from './workers.ts';

function recorded(self?: Worker) {
  const woken: Worker[] = [];
  const failures: Worker[] = [];
  const gates: (() => void)[] = [];
  let open = true;
  let throttled: Worker | undefined;
  const waking = {
    async wake(worker: Worker) {
      if (!open) await new Promise<void>((resolve) => gates.push(resolve));
      if (worker === throttled) throw new Error('throttled');
      woken.push(worker);
    },
  };
  const wakeups = createWakeups({ waking, ...(self && { self }), onError: (_, worker) => failures.push(worker) });
  return {
    wakeups,
    woken,
    failures,
    refuse: (worker: Worker | undefined) => {
      throttled = worker;
    },
    shut: () => {
      open = false;
    },
    release: () => {
      open = true;
      for (const gate of gates.splice(0)) gate();
    },
  };
}

describe('wake-ups', () => {
  it('go to whom a change concerns, and not to whoever made it', async () => {
    const { wakeups, woken } = recorded('controllers');
    wakeups.committed('pods');
    wakeups.committed('apps/deployments');
    wakeups.committed('events');
    await wakeups.flush();
    expect(woken).toEqual(['scheduler', 'notifier']);
  });

  it.each([
    ['scheduling.x-k8s.io/podgroups', ['scheduler']],
    ['storage.k8s.io/csinodes', ['scheduler']],
    ['services', ['notifier']],
    ['policy/poddisruptionbudgets', []],
    [ownType('nodeclaims'), []],
    [ownType('ownerclaims'), []],
  ])('of %s go to %j beside the controllers', async (type, workers) => {
    const { wakeups, woken } = recorded('controllers');
    wakeups.committed(type);
    await wakeups.flush();
    expect(woken).toEqual(workers);
  });

  it('go to nobody for what is no resource', async () => {
    const { wakeups, woken } = recorded('scheduler');
    wakeups.committed(ownType('nodeclaims'));
    await wakeups.flush();
    expect(woken).toEqual([]);
  });

  it('are one for all that is committed while one is under way', async () => {
    const { wakeups, woken, shut, release } = recorded();
    shut();
    wakeups.committed('apps/deployments');
    await new Promise((resolve) => setImmediate(resolve));
    for (let i = 0; i < 50; i++) wakeups.committed('apps/replicasets');
    wakeups.committed('batch/jobs');
    release();
    await wakeups.flush();
    expect(woken).toEqual(['controllers', 'controllers']);
  });

  it('are told of a failure, and go on', async () => {
    const { wakeups, woken, failures, refuse } = recorded();
    refuse('scheduler');
    wakeups.committed('nodes');
    await wakeups.flush();
    refuse(undefined);
    wakeups.committed('pods');
    await wakeups.flush();
    expect(failures).toEqual(['scheduler']);
    expect(woken.filter((worker) => worker === 'scheduler')).toEqual(['scheduler']);
  });
});
