import { expect, it } from 'vitest';
import { pacedRuntime } from './paced-runtime.ts';
import type { ContainerRuntime } from './runtime.ts';

function pacing(limit: number) {
  const began: string[] = [];
  const ends: (() => void)[] = [];
  const call = (name: string) => () => {
    began.push(name);
    return new Promise<object>((resolve) => ends.push(() => resolve({})));
  };
  const calls = ['runPodSandbox', 'createContainer', 'startContainer', 'stopPodSandbox', 'removePodSandbox'];
  // as: the calls that are paced.
  const runtime = Object.fromEntries(calls.map((name) => [name, call(name)])) as unknown as ContainerRuntime;
  const end = async () => {
    ends.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { began, end, paced: pacedRuntime(runtime, limit) };
}

it('lets no more start at once than it may, and ends what is begun before it begins more', async () => {
  const { began, end, paced } = pacing(1);
  void paced.runPodSandbox({});
  void paced.runPodSandbox({});
  void paced.createContainer({});
  void paced.startContainer({});
  expect(began).toEqual(['runPodSandbox']);
  expect(paced.isStarting()).toBe(true);
  for (let at = 0; at < 4; at += 1) await end();
  expect(began).toEqual(['runPodSandbox', 'startContainer', 'createContainer', 'runPodSandbox']);
  expect(paced.isStarting()).toBe(false);
});

it('ends pods while starts hang', () => {
  const { began, paced } = pacing(1);
  void paced.runPodSandbox({});
  void paced.stopPodSandbox({});
  expect(began).toEqual(['runPodSandbox', 'stopPodSandbox']);
});
