// Something of which a process has only so much (bytes of bodies, watches, connections), shared out among whoever asks for it.

export interface Shares {
  /** False: the holder has its share already, or nothing is left. */
  take(holder: string, amount: number): boolean;
  /** What was taken. */
  release(holder: string, amount: number): void;
  readonly used: number;
}

/**
 * A holder may have a quarter of what it leaves free: alone it gets a fifth, and the next one still finds four fifths, with a fifth of
 * them for itself. Nobody has to know beforehand how many there are, and ten who take all they can leave a tenth.
 */
export function createShares(total: number): Shares {
  const held = new Map<string, number>();
  let used = 0;
  return {
    take(holder, amount) {
      const own = (held.get(holder) ?? 0) + amount;
      if (own * 4 > total - used - amount) return false;
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
