// Takes away what a file of tests made.

/**
 * In this order, whatever of it fails: what stays would be in the way of the next file, and of the next run. Throws the first failure.
 */
export async function removeAll(removals: readonly (() => Promise<void> | void | undefined)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const remove of removals)
    try {
      await remove();
    } catch (error) {
      failures.push(error);
    }
  if (failures.length > 0) throw failures[0];
}
