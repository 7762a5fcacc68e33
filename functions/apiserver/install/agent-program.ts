// The agent as one file, as machines fetch it.

/** The agent for one architecture, packed with gzip. */
export interface AgentProgram {
  /** As Go and Debian call it. */
  readonly architecture: string;
  readonly bytes: number;
  /** Hexadecimal, of the packed file. */
  readonly sha256: string;
  /** Of the file in it. */
  readonly unpackedSha256: string | undefined;
  read(): AsyncIterable<Uint8Array>;
}

/** One that lies elsewhere: whoever asks is sent there. */
export interface AgentProgramElsewhere extends Omit<AgentProgram, 'read'> {
  /** Good for some minutes. */
  url(): URL;
}
