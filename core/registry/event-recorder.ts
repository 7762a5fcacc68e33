// Records events about objects. An event's name is a function of what it says, so that a repeat is counted on the event
// that is there, also when another process recorded it (core/v1 Event: count, firstTimestamp, lastTimestamp).

import { createHash } from 'node:crypto';
import type { ResourceDefinition } from '../api/definition.ts';
import type { KubeObject } from '../machinery/object.ts';
import { hasReason } from '../machinery/status.ts';
import { formatTime } from '../machinery/time.ts';
import type { Modification, Registry, RequestContext } from './registry.ts';

export interface EventText {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

/** What an event is about. */
export interface Regarding {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  readonly uid: string;
}

export interface EventRecorder {
  /** Never fails: an event that cannot be written is logged and dropped. */
  record(context: RequestContext, component: string, about: Regarding, text: EventText): Promise<void>;
}

/** How many events are remembered, so that a repeat needs one write and no read. */
const remembered = 4096;
/** A message longer than this is cut (validation of events, bytes). */
const longestMessage = 1024;

/** Named in managedFields as the program that Kubernetes runs for this user. */
function managerOf({ user }: RequestContext): string {
  return user.username === 'system:kube-scheduler' ? 'kube-scheduler' : 'kube-controller-manager';
}

export function createEventRecorder(
  registry: Registry,
  definitionOf: () => ResourceDefinition | undefined,
  clock: () => number,
  log: (message: string, error: unknown) => void,
): EventRecorder {
  const counts = new Map<string, number>();

  function remember(key: string, count: number): void {
    counts.delete(key);
    counts.set(key, count);
    if (counts.size > remembered) counts.delete(counts.keys().next().value ?? '');
  }

  async function write(context: RequestContext, component: string, about: Regarding, text: EventText): Promise<void> {
    const definition = definitionOf();
    if (!definition) return;
    const namespace = about.namespace ?? 'default';
    const message = text.message.slice(0, longestMessage);
    const identity = [about.uid, about.kind, component, text.type, text.reason, message].join('\n');
    const name = `${about.name}.${createHash('sha256').update(identity).digest('hex').slice(0, 16)}`;
    const time = formatTime(new Date(clock()));
    const options = { fieldManager: managerOf(context) };
    const target = { definition, namespace, name };
    const key = `${namespace}/${name}`;
    const known = counts.get(key);
    if (known !== undefined) {
      try {
        await registry.patch(context, target, 'merge', { count: known + 1, lastTimestamp: time }, options);
        remember(key, known + 1);
        return;
      } catch (error) {
        if (!hasReason(error, 'NotFound')) throw error;
        counts.delete(key);
      }
    }
    const event = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name, namespace },
      involvedObject: { ...about },
      type: text.type,
      reason: text.reason,
      message,
      source: { component },
      reportingComponent: component,
      reportingInstance: '',
      firstTimestamp: time,
      lastTimestamp: time,
      count: 1,
    };
    // Mostly it is new: then nothing has to be read.
    try {
      await registry.create(context, { definition, namespace }, event, options);
      remember(key, 1);
    } catch (error) {
      if (!hasReason(error, 'AlreadyExists')) throw error;
      const again: Modification = {
        build: (found) => ({ ...found, count: countOf(found) + 1, lastTimestamp: time }),
        otherwise: () => event,
      };
      const { object } = await registry.modify(context, target, again, options);
      remember(key, countOf(object));
    }
  }

  return {
    async record(context, component, about, text) {
      try {
        await write(context, component, about, text);
      } catch (error) {
        const terminating = hasReason(error, 'Forbidden', 'NotFound');
        if (!terminating) log(`event ${text.reason} about ${about.kind} ${about.name} was not recorded`, error);
      }
    },
  };
}

function countOf(event: KubeObject): number {
  return typeof event['count'] === 'number' ? event['count'] : 1;
}
