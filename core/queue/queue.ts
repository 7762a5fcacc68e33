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
  receive(name: string, options: ReceiveOptions): Promise<Message[]>;
  acknowledge(name: string, receipts: readonly string[]): Promise<void>;
}
