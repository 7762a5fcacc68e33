// Code that a process loads when it first needs it, and keeps: what waits is the first call, and no other costs a turn of the event loop.

/** Gives `use` what `load` resolves to. */
export type Late<T> = <R>(use: (loaded: T) => R) => R | Promise<Awaited<R>>;

export function late<T extends object>(load: () => Promise<T>): Late<T> {
  let loaded: T | undefined;
  const first = async <R>(use: (loaded: T) => R): Promise<Awaited<R>> => {
    loaded = await load();
    return await use(loaded);
  };
  return (use) => (loaded ? use(loaded) : first(use));
}
