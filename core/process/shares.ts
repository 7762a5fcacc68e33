// Something of which a process has only so much (bytes of bodies, watches, connections), shared out among whoever asks for it.

export interface Shares {
  /** False: the holder has its share already, or nothing is left. */
  take(holder: string, amount: number): boolean;
  /** What was taken. */
  release(holder: string, amount: number): void;
  readonly used: number;
}

/** The same where many processes hold it together, for requests that last. */
export interface LongRunningShares {
  /** What to call when the request has ended; undefined: its holder has a share already. */
  take(holder: string): Promise<(() => Promise<void>) | undefined>;
}

/**
 * With these in it: a holder may have a quarter of what it leaves free. Alone it gets a fifth, and the next one still finds four fifths,
 * with a fifth of them for itself. Nobody has to know beforehand how many there are, and ten who take all they can leave a tenth.
 */
export function isWithinShare(own: number, used: number, total: number): boolean {
  return own * 4 <= total - used;
}

export function createShares(total: number): Shares {
  const held = new Map<string, number>();
  let used = 0;
  return {
    take(holder, amount) {
      const own = (held.get(holder) ?? 0) + amount;
      if (!isWithinShare(own, used + amount, total)) return false;
      held.set(holder, own);
      used += amount;
      return true;
    },
    release(holder, amount) {
      const left = (held.get(holder) ?? 0) - amount;
      if (left > 0) held.set(holder, left);
      else held.delete(holder);
      used -= amount;
    },
    get used() {
      return used;
    },
  };
}
