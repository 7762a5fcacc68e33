// What EventBridge hands over: that a machine is about to end. Source: Amazon EC2 Auto Scaling user guide, "Amazon EC2 Auto Scaling event
// reference"; Amazon EC2 user guide, "Spot Instance interruption notices".

import { getOwn } from '../../core/machinery/own.ts';

/** Of a group: it waits until it is told to go on. */
export interface LifecycleAction {
  readonly group: string;
  readonly hook: string;
  readonly token: string;
}

export interface MachineEnds {
  /** Such as `i-0123456789abcdef0`. */
  readonly instance: string;
  /** When that was said, in Unix milliseconds. */
  readonly since: number;
  /** Absent: nobody waits; it is a Spot instance that is taken back two minutes later. */
  readonly action?: LifecycleAction;
}

const instanceId = /^i-[0-9a-f]{8,17}$/;

/** undefined: it says no such thing. Throws an Error that names the field where it does not say it as it should. */
export function machineEnds(event: unknown): MachineEnds | undefined {
  const detail = fieldOf(event, 'detail');
  const time = fieldOf(event, 'time');
  const since = typeof time === 'string' ? Date.parse(time) : Number.NaN;
  switch (fieldOf(event, 'detail-type')) {
    case 'EC2 Instance-terminate Lifecycle Action': {
      const instance = instanceOf(textOf(detail, 'EC2InstanceId'));
      const action = {
        group: textOf(detail, 'AutoScalingGroupName'),
        hook: textOf(detail, 'LifecycleHookName'),
        token: textOf(detail, 'LifecycleActionToken'),
      };
      return { instance, since: timeOf(since), action };
    }
    case 'EC2 Spot Instance Interruption Warning':
      return { instance: instanceOf(textOf(detail, 'instance-id')), since: timeOf(since) };
    default:
      return undefined;
  }
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' ? getOwn(value, name) : undefined;
}

function textOf(detail: unknown, name: string): string {
  const value = fieldOf(detail, name);
  if (typeof value === 'string' && value !== '' && value.length <= 1600) return value;
  throw new Error(`detail.${name} of the event is no text`);
}

function instanceOf(value: string): string {
  if (instanceId.test(value)) return value;
  throw new Error(`the event is about ${JSON.stringify(value.slice(0, 40))}, which is no id of an instance`);
}

function timeOf(since: number): number {
  if (Number.isFinite(since)) return since;
  throw new Error('time of the event is no time');
}
