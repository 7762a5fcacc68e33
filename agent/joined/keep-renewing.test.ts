import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { UnreachableError } from '../api-client/api-client.ts';
import { JoinError } from './join-error.ts';
import { keepRenewing } from './keep-renewing.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const hourMs = 3_600_000;

/** Attempts, by the seconds at which they were made. */
function keeping(renew: () => Promise<unknown>, justRenewed = false) {
  const attempts: number[] = [];
  const began = performance.now();
  const { soon } = keepRenewing({
    renew: () => {
      attempts.push(Math.round((performance.now() - began) / 1000));
      return renew();
    },
    justRenewed,
    random: () => 1,
    log: { warn: () => {} },
  });
  return { attempts, soon };
}

it('renews daily', async () => {
  const { attempts } = keeping(async () => 'renewed', true);
  await vi.advanceTimersByTimeAsync(73 * hourMs);
  expect(attempts).toEqual([24, 48, 72].map((hours) => hours * 3600));
});

it('tries again later and later, up to ten minutes, and as at first once it went well', async () => {
  let works = false;
  const { attempts } = keeping(async () => {
    if (!works) throw new UnreachableError('nobody answers');
  });
  await vi.advanceTimersByTimeAsync(2 * hourMs);
  expect(attempts.slice(0, 7)).toEqual([1, 11, 31, 71, 151, 311, 631]);
  const [last = 0, before = 0] = attempts.toReversed();
  expect(last - before).toBe(600);
  works = true;
  await vi.advanceTimersByTimeAsync(600_000);
  works = false;
  const renewed = attempts.at(-1) ?? 0;
  await vi.advanceTimersByTimeAsync(24.01 * hourMs);
  const after = attempts.filter((at) => at > renewed).map((at) => at - renewed);
  expect(after.slice(0, 2)).toEqual([86_400, 86_410]);
});

it('is hurried by a request that was refused, but not where the cluster said no itself', async () => {
  let failure: Error | undefined;
  const { attempts, soon } = keeping(async () => {
    if (failure) throw failure;
  });
  const hurryFor = async (seconds: number) => {
    for (let second = 0; second < seconds; second += 1) {
      soon();
      await vi.advanceTimersByTimeAsync(1000);
    }
    return attempts.splice(0).length;
  };
  expect(await hurryFor(60)).toBeLessThanOrEqual(7);
  failure = new UnreachableError('nobody answers');
  expect(await hurryFor(600)).toBeGreaterThan(50);
  failure = new JoinError('this machine is no node any more');
  await hurryFor(1800);
  expect(await hurryFor(3600)).toBeLessThanOrEqual(7);
});
