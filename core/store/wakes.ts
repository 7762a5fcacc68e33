// Who has something to do, who works at the moment, and who has something to do later: notes beside the logs, so that many who write call a
// worker once, and one works at a time. What they say is a hint (D2): nothing that counts is lost with them.

/** Who is woken: a worker, or one of the many things that a worker looks after. */
export interface Woken {
  readonly worker: string;
  /** Its name among those; empty: the worker itself. */
  readonly part: string;
}

/** What is noted of one. */
export interface Noted extends Woken {
  /** It was woken, nobody has looked since, and nobody works or was called a moment ago. */
  readonly forgotten: boolean;
}

export interface Wakes {
  /** Says that there is something to do. Whether it must be called, too: nobody works who would see it, and nobody was told to call just now. */
  note(woken: Woken): Promise<boolean>;
  /** Begins to work, under a name of its own. How often it was woken so far; undefined: another works, and looks again before it ends. */
  begin(woken: Woken, id: string): Promise<number | undefined>;
  /** Goes on working: who says nothing for `workingMs` counts as dead. */
  goOn(woken: Woken, id: string): Promise<void>;
  /** Ends, unless it was woken after `seen`: how often so far, and it is to look again. */
  end(woken: Woken, id: string, seen: number): Promise<number | undefined>;
  /** Stops before it had looked at everything, and has seen to it that somebody goes on. */
  stop(woken: Woken, id: string, seen: number): Promise<void>;
  /** There is nothing to look after any more. */
  forget(woken: Woken): Promise<void>;
  /** It is to be woken at a time (Unix milliseconds), or sooner. */
  wakeAt(woken: Woken, at: number): Promise<void>;
}

/** What the stream trigger looks through. */
export interface DueWakes {
  /** Of all that a worker looks after. */
  noted(worker: string): Promise<Noted[]>;
  due(): Promise<Due[]>;
  /** Has the table's stream say once more that it is there. */
  touch(due: Due): Promise<void>;
  /** It was woken. */
  done(due: Due): Promise<void>;
}

export interface Due extends Woken {
  readonly at: number;
}

/** Who works says so this often, and is given up after the other: a loop that is blocked for longer has a second one beside it (D4). */
export const goesOnMs = 1500;
export const workingMs = 5000;
/** One call is enough for all that is noted within it: as long as a cold start takes, and not longer, for a call may be lost. */
export const callingMs = 2000;
