// The agent as one file, as machines fetch it.

/** The agent for one architecture, packed with gzip. */
export interface AgentProgram {
  /** As Go and Debian call it. */
  readonly architecture: string;
  readonly bytes: number;
  /** Hexadecimal, of the packed file. */
  readonly sha256: string;
  read(): AsyncIterable<Uint8Array>;
}

/** Its name below the installer's path. */
export function programFile(architecture: string): string {
  return `zeroplane-linux-${architecture}.gz`;
}
