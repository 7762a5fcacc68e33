// The Queue contract: wake-ups. At least once, in any order, perhaps late: what counts is in the log (D2).

export interface Message {
  readonly id: string;
  /** JSON text of at most 256 KiB. */
  readonly body: string;
  /** Proof of this delivery; needed to acknowledge it. */
  readonly receipt: string;
}

export interface ReceiveOptions {
  /** Long poll: wait this long for the first message. At most 20 s. */
  readonly waitSeconds: number;
  /** 1 to 10. */
  readonly max: number;
  readonly signal?: AbortSignal;
}

/** Queues by name, such as `node-worker-1`. A message that is not acknowledged within its visibility time-out comes again. */
export interface Queue {
  create(name: string): Promise<void>;
  remove(name: string): Promise<void>;
  send(name: string, body: string): Promise<void>;
  /** Empty when nothing came in time, or the signal was aborted. */
  receive(name: string, options: ReceiveOptions): Promise<Message[]>;
  /** A receipt that is unknown or out of date changes nothing. */
  acknowledge(name: string, receipts: readonly string[]): Promise<void>;
}

/** missing: no queue of that name; tooLarge: the body is over 256 KiB; unavailable: try again after a pause. */
export type QueueFailure = 'missing' | 'tooLarge' | 'unavailable';

export class QueueError extends Error {
  readonly code: QueueFailure;
  readonly queue: string;

  constructor(code: QueueFailure, queue: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'QueueError';
    this.code = code;
    this.queue = queue;
  }
}

/** Bytes of a message's body, as UTF-8. */
export const maximumBody = 256 * 1024;
