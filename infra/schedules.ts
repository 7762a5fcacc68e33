// The resync: whatever signal was lost, every worker looks again from time to time (D2).

import { Duration } from 'aws-cdk-lib';
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import type { Construct } from 'constructs';
import type { Worker, WorkHint } from '../core/work/work-queues.ts';
import type { WorkQueues } from './queues.ts';

const everyMinutes: Readonly<Record<Worker, number>> = { controllers: 5, scheduler: 5, notifier: 15 };

export function createSchedules(scope: Construct, queues: WorkQueues): void {
  for (const worker of ['controllers', 'scheduler', 'notifier'] as const) {
    const hint: WorkHint = { types: [], ...(worker === 'controllers' && { housekeeping: true }) };
    new Rule(scope, `${worker[0]?.toUpperCase()}${worker.slice(1)}Resync`, {
      description: `${worker} look again`,
      schedule: Schedule.rate(Duration.minutes(everyMinutes[worker])),
      targets: [new SqsQueue(queues[worker].queue, { message: RuleTargetInput.fromObject(hint) })],
    });
  }
}
