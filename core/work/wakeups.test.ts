import { describe, expect, it } from 'vitest';
import { ownType } from '../store/own-types.ts';
import { createWakeups } from './wakeups.ts';
import type { Worker } from './work-queues.ts';

function recorded(self?: Worker) {
  const sent: [string, string[]][] = [];
  const failures: Worker[] = [];
  const gates: (() => void)[] = [];
  let open = true;
  const queue = {
    async send(name: string, body: string) {
      if (!open) await new Promise<void>((resolve) => gates.push(resolve));
      if (name === 'work-scheduler' && body.includes('"nodes"')) throw new Error('throttled');
      sent.push([name, JSON.parse(body).types]);
    },
  };
  const wakeups = createWakeups({ queue, ...(self && { self }), onError: (_, worker) => failures.push(worker) });
  return {
    wakeups,
    sent,
    failures,
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
    const { wakeups, sent } = recorded('controllers');
    wakeups.committed('pods');
    wakeups.committed('apps/deployments');
    wakeups.committed('events');
    await wakeups.flush();
    expect(sent).toEqual([
      ['work-scheduler', ['pods']],
      ['work-notifier', ['pods']],
    ]);
  });

  it('go to the scheduler for all that may let a pod be placed, and to nobody for what is no resource', async () => {
    const { wakeups, sent } = recorded('controllers');
    const types = [
      'scheduling.x-k8s.io/podgroups',
      'storage.k8s.io/csinodes',
      'services',
      'policy/poddisruptionbudgets',
    ];
    for (const type of [...types, ownType('nodeclaims'), ownType('ownerclaims')]) wakeups.committed(type);
    await wakeups.flush();
    expect(sent).toEqual([
      ['work-scheduler', ['scheduling.x-k8s.io/podgroups', 'storage.k8s.io/csinodes']],
      ['work-notifier', ['services']],
    ]);
    const { wakeups: others, sent: toControllers } = recorded('scheduler');
    others.committed(ownType('nodeclaims'));
    await others.flush();
    expect(toControllers).toEqual([]);
  });

  it('share a message while one is under way', async () => {
    const { wakeups, sent, shut, release } = recorded();
    shut();
    wakeups.committed('apps/deployments');
    await new Promise((resolve) => setImmediate(resolve));
    for (let i = 0; i < 50; i++) wakeups.committed('apps/replicasets');
    wakeups.committed('batch/jobs');
    release();
    await wakeups.flush();
    expect(sent).toEqual([
      ['work-controllers', ['apps/deployments']],
      ['work-controllers', ['apps/replicasets', 'batch/jobs']],
    ]);
  });

  it('are told of a failure, and go on', async () => {
    const { wakeups, sent, failures } = recorded();
    wakeups.committed('nodes');
    await wakeups.flush();
    wakeups.committed('pods');
    await wakeups.flush();
    expect(failures).toEqual(['scheduler']);
    expect(sent.filter(([name]) => name === 'work-scheduler')).toEqual([['work-scheduler', ['pods']]]);
  });
});
