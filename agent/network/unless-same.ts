// Work that is done again only where what it is done with is not the same: most changes of what a cluster wants of a node's network are of a
// pod, and to go through thousands of Services for each would hold up the pod's own start.

export interface UnlessSame {
  /** Whether these are, object by object, what it was done with last. Remembers them. */
  has(given: readonly (readonly unknown[])[]): boolean;
  forget(): void;
}

export function unlessSame(): UnlessSame {
  let last: readonly (readonly unknown[])[] | undefined;
  return {
    has(given) {
      const before = last;
      last = given;
      return before?.length === given.length && given.every((list, at) => isSame(list, before[at] ?? []));
    },
    forget() {
      last = undefined;
    },
  };
}

function isSame(list: readonly unknown[], before: readonly unknown[]): boolean {
  return list === before || (list.length === before.length && list.every((each, at) => each === before[at]));
}
