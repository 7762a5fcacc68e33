// Messages that were taken, acknowledged together a moment later: each acknowledgement is a request, which in the middle of the start that
// the message brought about would take processor time from it. One that is lost brings the message again, which is a hint (D2).

import type { NodeQueue } from './node-queue.ts';

/** So many a request: SQS' limit. */
const batch = 10;
/** Well below the time for which the queue hides what was received. */
const waitMs = 1000;

export interface Acknowledgements {
  add(receipts: readonly string[]): void;
}

export function createAcknowledgements(queue: Pick<NodeQueue, 'acknowledge'>): Acknowledgements {
  const taken: string[] = [];
  let timer: NodeJS.Timeout | undefined;
  const send = (receipts: readonly string[]) => void queue.acknowledge(receipts).catch(() => undefined);
  return {
    add(receipts) {
      taken.push(...receipts);
      while (taken.length >= batch) send(taken.splice(0, batch));
      if (timer !== undefined || taken.length === 0) return;
      timer = setTimeout(() => {
        timer = undefined;
        const rest = taken.splice(0);
        if (rest.length > 0) send(rest);
      }, waitMs).unref();
    },
  };
}
