// The queues that wake scheduler, controllers and the node notifier, each with a place for messages that failed again and again.

import { Duration } from 'aws-cdk-lib';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { ofWorkers, type Worker, workQueue } from '../core/work/work-queues.ts';

export interface WorkQueue {
  readonly queue: Queue;
  readonly deadLetters: Queue;
}

export type WorkQueues = Readonly<Record<Worker, WorkQueue>>;

/** Six times the longest invocation, as Lambda's documentation asks of the queues that it reads. */
const visibility = Duration.minutes(6);

export function createQueues(scope: Construct, prefix: string): WorkQueues {
  const make = (worker: Worker): WorkQueue => {
    const id = worker[0]?.toUpperCase() + worker.slice(1);
    const common = { encryption: QueueEncryption.SQS_MANAGED, enforceSSL: true };
    const deadLetters = new Queue(scope, `${id}DeadLetters`, { ...common, retentionPeriod: Duration.days(14) });
    const queue = new Queue(scope, `${id}Queue`, {
      ...common,
      queueName: `${prefix}${workQueue(worker)}`,
      visibilityTimeout: visibility,
      // What an hour-old message could tell was seen by a resync.
      retentionPeriod: Duration.hours(1),
      deadLetterQueue: { queue: deadLetters, maxReceiveCount: 3 },
    });
    return { queue, deadLetters };
  };
  return ofWorkers(make);
}
