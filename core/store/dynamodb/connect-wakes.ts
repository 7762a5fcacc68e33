// What a function takes that wakes others and stores nothing else.

import type { AwsEnvironment } from '../../signature/aws-environment.ts';
import type { DueWakes, Wakes } from '../wakes.ts';
import { connectCalls, surroundings } from './connect-calls.ts';
import { tableDueWakes } from './due-wakes.ts';
import { tableWakes } from './wakes.ts';

export function connectWakes(table: string, env: AwsEnvironment, onThrottled: () => void): Wakes & DueWakes {
  const calls = connectCalls(env, onThrottled);
  return { ...tableWakes(calls, table, surroundings), ...tableDueWakes(calls, table, surroundings) };
}
