// An error whose message was written for the person at the terminal: shown as it is, without a stack.
export class PlainError extends Error {
  readonly exitCode: number = 1;
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'PlainError';
  }
}
