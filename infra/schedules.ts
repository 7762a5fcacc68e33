// The resync: whatever signal was lost, every worker looks again from time to time (D2).

import { Duration } from 'aws-cdk-lib';
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import type { Construct } from 'constructs';
import { type WakeupMessage, type WorkerRow, workerRows, workers } from '../core/work/work-queues.ts';
import type { WorkQueues } from './queues.ts';

export function createSchedules(scope: Construct, queues: WorkQueues): void {
  for (const worker of workers) {
    const { everyMinutes, housekeeping = false }: WorkerRow = workerRows[worker];
    const message: WakeupMessage = { types: [], ...(housekeeping && { housekeeping }) };
    new Rule(scope, `${worker[0]?.toUpperCase()}${worker.slice(1)}Resync`, {
      description: `${worker} look again`,
      schedule: Schedule.rate(Duration.minutes(everyMinutes)),
      targets: [new SqsQueue(queues[worker].queue, { message: RuleTargetInput.fromObject(message) })],
    });
  }
}
