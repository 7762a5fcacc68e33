// The queues of a function: names and URLs from its settings, credentials and endpoint from the environment.

import type { FunctionSettings } from '../../cluster/settings.ts';
import type { AwsEnvironment } from '../../signature/aws-environment.ts';
import { createJsonService } from '../../signature/json-service.ts';
import { createSqsQueue, type SqsQueue } from './sqs-queue.ts';

const answerMs = 4000;
const attempts = 3;

export function connectQueue(
  { queuePrefix, queueUrlBase }: Pick<FunctionSettings, 'queuePrefix' | 'queueUrlBase'>,
  env: AwsEnvironment,
): SqsQueue {
  return createSqsQueue({
    service: createJsonService({ service: 'sqs', env, answerMs, attempts }),
    visibilitySeconds: 30,
    prefix: queuePrefix,
    ...(queueUrlBase !== undefined && { urlOf: (name) => `${queueUrlBase}${queuePrefix}${name}` }),
  });
}
