/** This machine does not come into the cluster. The message says why, and what to do. */
export class JoinError extends Error {
  constructor(text: string) {
    super(text);
    this.name = 'JoinError';
  }
}
