// What a node has to mount what a server exports by NFS.

export interface NfsClient {
  /** The program that mount(8) calls for it is there. */
  isInstalled(): Promise<boolean>;
  /** The kernel has the file system, or a module of it. */
  isKnown(): Promise<boolean>;
  isMounted(directory: string): Promise<boolean>;
  /** mount(8) with these words; gives why it failed. */
  mount(args: readonly string[]): Promise<string | undefined>;
}
