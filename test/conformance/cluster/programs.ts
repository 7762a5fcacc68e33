// What runs in the containers of a simulated node: a container's command names a program, which is a function here. So a test
// says with which code a container ends, after what, and everything around it (the agent, its restarts, statuses, probes) is real.

/** What a program knows of the container that it runs in. */
export interface ProgramContext {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** What follows the program's name in the command. */
  readonly args: readonly string[];
  /** As the agent computed it. */
  readonly env: Readonly<Record<string, string>>;
  /** Mount path -> the directory or file of the node that is there. */
  readonly mounts: ReadonlyMap<string, string>;
  /** How often a container of this name ran before in this pod. */
  readonly attempt: number;
  /** Resolves when the container is asked to stop. */
  readonly stopped: Promise<void>;
  /** Writes a line to the container's log. */
  print(line: string): void;
}

/** Gives the exit code. */
export type Program = (context: ProgramContext) => number | Promise<number>;

export type Programs = Readonly<Record<string, Program>>;

/** What a container without a command does, as `pause` does. */
export const pause: Program = ({ stopped }) => stopped.then(() => 0);

export const standardPrograms: Programs = {
  pause,
  succeed: () => 0,
  fail: ({ args: [code = '1'] }) => Number(code),
};
