import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { containerStates } from '../cri/messages.ts';
import type { ContainerRuntime } from '../cri/runtime.ts';
import { linuxFiles } from '../files/linux-files.ts';
import type { ObservedContainer } from './observed.ts';
import { PodMirror } from './pod-mirror.ts';

const made: ObservedContainer = {
  id: 'c1',
  sandboxId: 's1',
  name: 'main',
  attempt: 0,
  state: 'created',
  createdAt: 0,
  startedAt: 0,
  finishedAt: 0,
  exitCode: 0,
  reason: '',
  message: '',
  image: 'busybox',
  imageRef: '',
  quickRestarts: 0,
  logPath: '',
};

describe('the mirror of a pod in the runtime', () => {
  it('takes no late answer for news: a running container does not become one that was never started', async () => {
    const { mirror, answer } = mirrorOfSlowRuntime();
    mirror.created(made);
    const byEvent = mirror.read('c1');
    const byStart = mirror.started('c1');
    answer(1, containerStates.running);
    await byStart;
    answer(0, containerStates.created);
    await byEvent;
    expect(mirror.container('c1')?.state).toBe('running');
  });

  it('counts a container as starting until its first status after the start is there', async () => {
    const { mirror, answer } = mirrorOfSlowRuntime();
    mirror.created(made);
    const started = mirror.started('c1');
    expect([mirror.container('c1')?.state, mirror.isStarting('c1')]).toEqual(['created', true]);
    answer(0, containerStates.running);
    await started;
    expect([mirror.container('c1')?.state, mirror.isStarting('c1')]).toEqual(['running', false]);
  });

  it('reads a container that exited until the runtime says so too, however long that takes', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const { mirror, answer, asked } = mirrorOfSlowRuntime();
      mirror.created(made);
      const started = mirror.started('c1');
      answer(0, containerStates.running);
      await started;
      const read = mirror.read('c1', true);
      for (let i = 1; i <= 20; i++) {
        expect(asked()).toBe(i + 1);
        answer(i, containerStates.running);
        await vi.advanceTimersByTimeAsync(1000);
      }
      answer(21, containerStates.exited);
      await read;
      expect(mirror.container('c1')?.state).toBe('exited');
    } finally {
      vi.useRealTimers();
    }
  });

  it('sees that a container exited a quarter later at most than the runtime says so', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    try {
      const lags = fc.double({ min: 0, max: 3000, noNaN: true });
      await fc.assert(
        fc.asyncProperty(lags, async (lag) => {
          const began = performance.now();
          let asked = Number.NaN;
          const mirror = mirrorOf(async () => {
            asked = performance.now() - began;
            return { status: { ...status, state: asked < lag ? containerStates.running : containerStates.exited } };
          });
          const read = mirror.read('c1', true);
          await vi.advanceTimersByTimeAsync(2 * lag + 10);
          await read;
          expect(asked).toBeLessThanOrEqual(lag * 1.25 + 5);
        }),
      );
    } finally {
      vi.useRealTimers();
    }
  });

  it('does not bring a container back that was removed while it was read', async () => {
    const { mirror, answer } = mirrorOfSlowRuntime();
    mirror.created(made);
    const read = mirror.read('c1');
    mirror.removeContainer('c1');
    answer(0, containerStates.exited);
    await read;
    expect(mirror.container('c1')).toBeUndefined();
  });
});

const status = {
  id: 'c1',
  labels: {},
  annotations: {},
  metadata: { name: 'main', attempt: 0 },
  createdAt: 0n,
  startedAt: 0n,
  finishedAt: 0n,
  exitCode: 0,
  reason: '',
  message: '',
  imageRef: '',
  logPath: '',
};

/** `answer(n, state)` lets the runtime's n-th question be answered, in any order: which no real runtime can be told to do. */
function mirrorOfSlowRuntime() {
  const questions: ((state: number) => void)[] = [];
  const containerStatus = () =>
    new Promise((resolve) => {
      questions.push((state) =>
        resolve({
          status: { ...status, state },
        }),
      );
    });
  const mirror = mirrorOf(containerStatus);
  return { mirror, answer: (index: number, state: number) => questions[index]?.(state), asked: () => questions.length };
}

function mirrorOf(containerStatus: () => Promise<unknown>): PodMirror {
  const context = {
    // The mirror asks nothing else here.
    runtime: { containerStatus } as unknown as ContainerRuntime,
    nodeName: 'node',
    podsDir: '/nonexistent',
    logsDir: '/nonexistent',
    host: { files: linuxFiles },
  };
  return new PodMirror(context, 'uid', () => {});
}
