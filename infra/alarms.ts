// What somebody should know of. An alarm is charged by the metrics that it looks at, of which an account has ten for nothing: these are ten.

import { Duration } from 'aws-cdk-lib';
import type { RestApi } from 'aws-cdk-lib/aws-apigateway';
import { Alarm, ComparisonOperator, MathExpression, Metric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import { metricNamespace } from '../core/work/meter.ts';
import type { Functions } from './functions.ts';
import type { State } from './state.ts';

const letters = 'abc';

/** What an account has for nothing. */
export const alarmMetrics = 10;

/** Workers that wake each other by what they write. The notifier writes next to nothing. */
const busy = ['controllers', 'scheduler', 'hosting'] as const;

export function createAlarms(
  scope: Construct,
  name: string,
  { table }: State,
  functions: Functions,
  api: RestApi,
): Alarm[] {
  const period = Duration.minutes(5);
  const make = (id: string, metric: Metric | MathExpression, threshold: number, alarmDescription: string) =>
    new Alarm(scope, id, {
      alarmDescription: `${name}: ${alarmDescription}`,
      metric,
      threshold,
      evaluationPeriods: 2,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
  const throttles = (metricName: string) =>
    new Metric({
      namespace: 'AWS/DynamoDB',
      metricName,
      dimensionsMap: { TableName: table.tableName },
      statistic: 'Sum',
      period,
    });
  return [
    make('ApiErrors', api.metricServerError({ period, statistic: 'Sum' }), 5, 'the API answers with server errors'),
    make(
      'DeadLetters',
      functions.deadLetters.metricApproximateNumberOfMessagesVisible({ period, statistic: 'Maximum' }),
      0,
      'work failed again and again: read the dead letters and the function logs',
    ),
    make(
      'TableThrottles',
      new MathExpression({
        expression: 'r + w',
        usingMetrics: { r: throttles('ReadThrottleEvents'), w: throttles('WriteThrottleEvents') },
        period,
      }),
      10,
      'DynamoDB refuses requests: a type is written faster than its counter takes',
    ),
    make(
      'StreamLag',
      functions.streamTrigger.metric('IteratorAge', { period, statistic: 'Maximum' }),
      60_000,
      'changes reach the stream trigger late: workers whose wake-up was lost lag as much',
    ),
    make(
      'WatchLag',
      new Metric({
        namespace: metricNamespace,
        metricName: 'WatchLag',
        dimensionsMap: { Cluster: name },
        statistic: 'Maximum',
        period,
      }),
      10_000,
      'watches saw changes late; each tells of it when it ends, after 14 minutes at most',
    ),
    make(
      'RunawayWorkers',
      new MathExpression({
        expression: letters.slice(0, busy.length).split('').join(' + '),
        usingMetrics: Object.fromEntries(
          busy.map((each, i) => [
            letters[i] ?? '',
            functions.worker[each].metricInvocations({ period, statistic: 'Sum' }),
          ]),
        ),
        period,
      }),
      6000,
      'workers wake themselves twenty times a second, for ten minutes: they may never come to an end',
    ),
    make(
      'FunctionThrottles',
      new Metric({ namespace: 'AWS/Lambda', metricName: 'Throttles', statistic: 'Sum', period }),
      5,
      'functions are refused: raise the concurrency limit of the account (Service Quotas, Lambda)',
    ),
  ];
}
