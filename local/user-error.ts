// A failure that the person at the keyboard can do something about. Its message is shown alone, without a stack.

export class UserError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'UserError';
  }
}
