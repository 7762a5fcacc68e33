// DynamoDB as a function reaches it, and what of it takes no more than that.

import { setTimeout as sleep } from 'node:timers/promises';
import type { AwsEnvironment } from '../../signature/aws-environment.ts';
import { createJsonService } from '../../signature/json-service.ts';
import { type DynamoCalls, serviceCalls } from './calls.ts';
import { reportThrottles } from './throttles.ts';

/** A function may be frozen in the middle of a request: a connection that died meanwhile is to cost little. */
const answerMs = 4000;

export const surroundings = { now: Date.now, sleep: (ms: number) => sleep(ms), random: Math.random };

/** `onThrottled`: DynamoDB refused a request because of too many; who sent it tries again. */
export function connectCalls(env: AwsEnvironment, onThrottled: () => void): DynamoCalls {
  return reportThrottles(serviceCalls(createJsonService({ service: 'dynamodb', env, answerMs })), onThrottled);
}
