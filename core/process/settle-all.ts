/**
 * What all promises come to, in their order. When one fails, its error is thrown once all have ended: nothing is still written for a
 * request that was answered, as `Promise.all` would leave it.
 */
export async function settleAll<T>(work: Iterable<Promise<T>>): Promise<T[]> {
  const outcomes = await Promise.allSettled(work);
  return outcomes.map((outcome) => {
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value;
  });
}
