/** This machine does not become a node. The message says why, and what to do. */
export class InstallError extends Error {
  constructor(text: string, options?: ErrorOptions) {
    super(text, options);
    this.name = 'InstallError';
  }
}
