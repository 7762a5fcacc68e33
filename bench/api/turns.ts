// Two servers under the same load on a machine that is faster at one time than at another: their loads are cut into slices, which take
// turns, so that what comes from outside meets both.

/** Runs a slice of a load when it is its turn. */
export type Turn = <T>(slice: () => Promise<T>) => Promise<T>;

/** Where nothing is compared. */
export const alone: Turn = (slice) => slice();

/** `count` turns that go together: a round begins once each has a slice, and runs one after the other, in the other order each time. */
export function takeTurns(count: number): Turn[] {
  let waiting: { readonly who: number; readonly run: () => Promise<unknown> }[] = [];
  let round = 0;
  const runRound = async () => {
    const slices = waiting.toSorted((a, b) => (round % 2 === 0 ? a.who - b.who : b.who - a.who));
    waiting = [];
    round++;
    for (const { run } of slices) await run();
  };
  return Array.from(
    { length: count },
    (_, who): Turn =>
      (slice) =>
        new Promise((resolve, reject) => {
          // What it comes to is its caller's; the other has its turn whatever happens.
          waiting.push({ who, run: () => slice().then(resolve, reject) });
          if (waiting.length === count) void runRound();
        }),
  );
}
