// What Auto Scaling is told of an instance that it holds back at a hook: that it must wait on, and that it may go.
// Source: Amazon EC2 Auto Scaling API reference, RecordLifecycleActionHeartbeat and CompleteLifecycleAction.

import {
  type AwsEnvironment,
  credentialsFrom,
  endpointFrom,
  regionFrom,
} from '../../core/signature/aws-environment.ts';
import { createSignedRequests } from '../../core/signature/signed-requests.ts';
import type { LifecycleAction } from './events.ts';

export interface Lifecycle {
  /** The hook's time begins anew. False: it holds the instance back no longer. */
  beat(instance: string, action: LifecycleAction): Promise<boolean>;
  /** The instance ends now. It may have been told before. */
  complete(instance: string, action: LifecycleAction): Promise<void>;
}

const answerMs = 5000;
const version = '2011-01-01';

/** Both reject with what Auto Scaling answered, or with what the way there says. */
export function openLifecycle(env: AwsEnvironment): Lifecycle {
  const region = regionFrom(env);
  const url = endpointFrom(env, 'autoscaling', region);
  const requests = createSignedRequests({
    service: 'autoscaling',
    region,
    credentials: () => credentialsFrom(env),
    connectMs: 2000,
  });
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };

  /** False: there is no such action any more. */
  async function ask(name: string, instance: string, { group, hook, token }: LifecycleAction, more = {}) {
    const form = new URLSearchParams({
      ...{ Action: name, Version: version, AutoScalingGroupName: group, LifecycleHookName: hook },
      ...{ LifecycleActionToken: token, InstanceId: instance, ...more },
    });
    const { status, body } = await requests.send({ method: 'POST', url, headers, body: form.toString() }, answerMs);
    if (status === 200) return true;
    const said = body.toString().slice(0, 1000);
    if (status === 400 && said.includes('<Code>ValidationError</Code>') && said.includes('No active Lifecycle Action'))
      return false;
    throw new Error(`${name} of ${instance} was answered with ${status}: ${said.slice(0, 300)}`);
  }

  return {
    beat: (instance, action) => ask('RecordLifecycleActionHeartbeat', instance, action),
    async complete(instance, action) {
      await ask('CompleteLifecycleAction', instance, action, { LifecycleActionResult: 'CONTINUE' });
    },
  };
}
