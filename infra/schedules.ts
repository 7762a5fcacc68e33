// The resync: whatever signal was lost, every worker looks again from time to time (D2). And the tick, by which what is due is found.

import { Duration } from 'aws-cdk-lib';
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { Construct } from 'constructs';
import { type Wakeup, type WorkerRow, workerRows, workers } from '../core/work/workers.ts';
import type { Functions } from './functions.ts';

export function createSchedules(scope: Construct, functions: Functions): void {
  for (const worker of workers) {
    const { everyMinutes, housekeeping = false }: WorkerRow = workerRows[worker];
    const wakeup: Wakeup = { resync: true, ...(housekeeping && { housekeeping }) };
    new Rule(scope, `${worker[0]?.toUpperCase()}${worker.slice(1)}Resync`, {
      description: `${worker} look again`,
      schedule: Schedule.rate(Duration.minutes(everyMinutes)),
      targets: [new LambdaFunction(functions.worker[worker], { event: RuleTargetInput.fromObject(wakeup) })],
    });
  }
  new Rule(scope, 'Tick', {
    description: 'what is due, and what was forgotten',
    schedule: Schedule.rate(Duration.minutes(1)),
    targets: [new LambdaFunction(functions.streamTrigger, { event: RuleTargetInput.fromObject({ tick: true }) })],
  });
}
