// What a machine is looked at for, lest it runs out of it: kubelet's eviction signals.

/** What is looked at; an image file system of its own there is not, so both names mean where the data directory is. */
export const signals = [
  'memory.available',
  'nodefs.available',
  'nodefs.inodesFree',
  'imagefs.available',
  'imagefs.inodesFree',
  'pid.available',
] as const;
export type Signal = (typeof signals)[number];

export interface Observation {
  readonly available: number;
  /** 0: the system tells none, and nothing is too little. */
  readonly capacity: number;
}

export type Observations = Readonly<Record<Signal, Observation>>;
