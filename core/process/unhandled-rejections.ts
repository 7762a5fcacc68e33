// For programs that serve many: a promise of one request that nobody waited for is an error to mend, and no reason to end what others use.
// Node's own answer is to end the process. An exception that nobody caught still does: after it nothing is known of the program's state.

import type { EventLog } from './log.ts';

/** From now on such a rejection is logged. In a worker thread: those of that thread. */
export function surviveUnhandledRejections(log: Pick<EventLog, 'error'>): void {
  process.on('unhandledRejection', (err) => {
    log.error(
      { err },
      'a promise was rejected and nobody waited for it: this is a fault of the program, and it goes on',
    );
  });
}
