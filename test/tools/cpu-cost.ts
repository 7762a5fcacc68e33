// What something costs the thread of the test, in processor time: bounds on it hold on a busy machine too.

/** In milliseconds. What else the thread does meanwhile counts. */
export async function cpuCost(work: () => Promise<unknown>): Promise<number> {
  const before = process.threadCpuUsage();
  await work();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1000;
}
