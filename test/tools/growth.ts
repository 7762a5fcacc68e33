// How the cost of something grows with its input, in processor time of this thread: what else the machine does hardly changes it.

/** Long against the steps in which a system counts processor time. */
const enoughMicroseconds = 100_000;

/**
 * What an input of length `large` costs, against as many of length `small` as are as long together: about 1 when the cost grows with the
 * length, `large / small` when it grows with its square.
 */
export function growth(work: (length: number) => void, small: number, large: number): number {
  for (let rounds = 1; ; rounds *= 2) {
    const whole = cost(() => repeat(rounds, () => work(large)));
    if (whole < enoughMicroseconds) continue;
    return whole / cost(() => repeat(rounds * Math.round(large / small), () => work(small)));
  }
}

function cost(work: () => void): number {
  const before = process.threadCpuUsage();
  work();
  const { user, system } = process.threadCpuUsage(before);
  return user + system;
}

function repeat(times: number, work: () => void): void {
  for (let i = 0; i < times; i += 1) work();
}
