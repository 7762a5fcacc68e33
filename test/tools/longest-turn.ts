// For how long work holds the thread at one go, in processor time of that thread: what others on the machine do does not count.

/** The longest turn of the loop while `work` runs, in milliseconds. */
export async function longestTurn(work: () => Promise<unknown>): Promise<number> {
  let longest = 0;
  let isDone = false;
  await yieldToEventLoop();
  let before = spent();
  const look = () => {
    const now = spent();
    longest = Math.max(longest, now - before);
    before = now;
    if (!isDone) setImmediate(look);
  };
  setImmediate(look);
  try {
    await work();
  } finally {
    await yieldToEventLoop();
    isDone = true;
  }
  return longest;
}

/**
 * How much slower the thread is now than an idle machine of the kind that the limits were set on, at what large requests do most: maps
 * of many names, and their text. At least 1.
 */
export function slowness(): number {
  let quickest = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 5; round++) {
    const before = spent();
    const map: Record<string, object> = {};
    for (let i = 0; i < 60_000; i++) map[`f:${round}k${(i * 7919) % 60_000}`] = {};
    JSON.parse(JSON.stringify(map));
    quickest = Math.min(quickest, spent() - before);
  }
  return Math.max(1, quickest / referenceMs);
}

const referenceMs = 60;

function spent(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

function yieldToEventLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
