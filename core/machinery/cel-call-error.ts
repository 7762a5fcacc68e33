// The failure of a library function of CEL for its arguments: part of the result of a run, never thrown beyond it.

export class CelCallError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'CelCallError';
  }
}
