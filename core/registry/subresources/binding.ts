// Binds a pod to a node: only a pod that is not bound yet, whoever else tries at the same time, and for a scheduler that says
// so only while its claim on the node holds.

import type { V1Binding, V1Pod, V1PodCondition } from '../../../generated/kubernetes.ts';
import { invalid, notSupported, required } from '../../machinery/field-error.ts';
import type { KubeObject } from '../../machinery/object.ts';
import { badRequest, conflict } from '../../machinery/status.ts';
import { formatTime } from '../../machinery/time.ts';
import type { WriteEnvironment } from '../admission/plugin.ts';
import { admit } from '../admit.ts';
import type { Outcome, RequestContext, Target, WriteOptions } from '../registry.ts';
import { otherObject } from '../storage-conflict.ts';
import { subjectOf } from '../target.ts';
import { modify } from '../write/modify.ts';
import { updates } from '../write/ownership.ts';
import { claimLost } from './node-claim.ts';
import { success } from './success.ts';

/** `asked` is what the request was sent to, and is admitted as: `pods/binding`, or the older `bindings`. */
export async function bind(
  env: WriteEnvironment,
  context: RequestContext,
  asked: Target,
  pod: Target,
  body: KubeObject,
  options: WriteOptions,
): Promise<Outcome> {
  const admitted = await admit(env, context, asked, 'CREATE', body, options);
  // It was validated as a Binding.
  const binding = body as V1Binding;
  const name = pod.name ?? '';
  const node = binding.target?.name;
  if (binding.metadata?.name && binding.metadata.name !== name) {
    throw badRequest(`the name of the object (${binding.metadata.name}) does not match the name on the URL (${name})`);
  }
  if (!node) throw invalid('Binding', '', name, [required('target.name')]);
  const kind = binding.target.kind;
  if (kind && kind !== 'Node')
    throw invalid('Binding', '', name, [notSupported('target.kind', kind, ['Node', '<empty>'])]);

  await modify(
    env,
    context,
    pod,
    {
      admitted,
      trusted: true,
      keepsGeneration: true,
      management: updates,
      seen: options.seen,
      ...(options.nodeClaim && { condition: { checks: [options.nodeClaim], lost: () => claimLost(name, node) } }),
      build(existing) {
        // What is stored as a pod is one.
        const bound = existing as V1Pod;
        checkBindable(pod, bound, binding);
        bound.spec!.nodeName = node;
        if (binding.metadata?.annotations) {
          existing.metadata.annotations = { ...existing.metadata.annotations, ...binding.metadata.annotations };
        }
        if (binding.metadata?.labels)
          existing.metadata.labels = { ...existing.metadata.labels, ...binding.metadata.labels };
        setScheduled(bound, formatTime(env.clock()));
        return existing;
      },
    },
    options,
  );
  return success();
}

function checkBindable(target: Target, pod: V1Pod, binding: V1Binding): void {
  const subject = subjectOf(target.definition);
  const name = target.name ?? '';
  const uid = binding.metadata?.uid;
  const ofBinding = { ...subject, resource: `${subject.resource}/binding` };
  if (uid && uid !== pod.metadata?.uid) {
    const at = { namespace: target.namespace, name };
    throw conflict(ofBinding, name, otherObject(target.definition, at, uid, pod.metadata?.uid));
  }
  if (pod.metadata?.deletionTimestamp)
    throw conflict(ofBinding, name, `pod ${name} is being deleted, cannot be assigned to a host`);
  if (pod.spec?.nodeName)
    throw conflict(ofBinding, name, `pod ${name} is already assigned to node "${pod.spec.nodeName}"`);
  if (pod.spec?.schedulingGates?.length)
    throw conflict(ofBinding, name, `pod ${name} has non-empty .spec.schedulingGates`);
}

function setScheduled(pod: V1Pod, now: string): void {
  const observed = pod.metadata?.generation;
  const condition: V1PodCondition = {
    type: 'PodScheduled',
    status: 'True',
    ...(observed !== undefined && { observedGeneration: observed }),
    lastTransitionTime: now,
  };
  const others = (pod.status?.conditions ?? []).filter(({ type }) => type !== 'PodScheduled');
  // A nomination has done its work (KEP-5278).
  const { nominatedNodeName: _, ...status } = pod.status ?? {};
  pod.status = { ...status, conditions: [...others, condition] };
}
