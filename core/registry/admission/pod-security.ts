// PodSecurity: the levels that a namespace's labels ask for are enforced, warned of and audited (KEP-2579).

import type { V1PodSpec, V1PodTemplateSpec } from '../../../generated/kubernetes.ts';
import type { KubeObject, ObjectMeta } from '../../machinery/object.ts';
import { forbidden } from '../../machinery/status.ts';
import { subjectOf } from '../target.ts';
import type { AdmissionPlugin, Attributes } from './plugin.ts';
import { type Level, violations } from './pod-security-checks.ts';

const templated = [
  'replicationcontrollers',
  'podtemplates',
  'apps/daemonsets',
  'apps/deployments',
  'apps/replicasets',
  'apps/statefulsets',
  'batch/cronjobs',
  'batch/jobs',
];
const label = 'pod-security.kubernetes.io';

export const podSecurity: AdmissionPlugin = {
  name: 'PodSecurity',
  operations: ['CREATE', 'UPDATE'],
  types: ['pods', ...templated],
  async validate(attributes, env) {
    const { definition, namespace, name, context, subresource, operation } = attributes;
    const isPod = definition.type === 'pods';
    if (subresource !== '' && subresource !== 'ephemeralcontainers') return;
    // An update of a pod changes nothing that the standards look at, but for its images.
    if (isPod && operation === 'UPDATE' && subresource === '') return;
    const labels = (await env.lookUp('namespaces', namespace))?.metadata.labels;
    if (!labels) return;
    const enforce = levelOf(labels[`${label}/enforce`]);
    const warn = levelOf(labels[`${label}/warn`]);
    const audit = levelOf(labels[`${label}/audit`]);
    if (enforce === 'privileged' && warn === 'privileged' && audit === 'privileged') return;
    const pod = podOf(attributes);
    if (!pod) return;
    const problems = (level: Level) => violations(level, pod.spec, pod.metadata).join(', ');
    if (isPod) {
      const found = problems(enforce);
      if (found) throw forbidden(subjectOf(definition), name, `violates PodSecurity "${enforce}:latest": ${found}`);
    }
    const warned = problems(warn);
    if (warned) context.warnings.push(`would violate PodSecurity "${warn}:latest": ${warned}`);
    const audited = problems(audit);
    if (audited && context.audit)
      context.audit[`${label}/audit-violations`] = `would violate PodSecurity "${audit}:latest": ${audited}`;
  },
};

function levelOf(text: string | undefined): Level {
  if (text === undefined || text === 'privileged') return 'privileged';
  // A level that nobody knows is taken for the strictest.
  return text === 'baseline' ? 'baseline' : 'restricted';
}

function podOf({ definition, object }: Attributes): { spec: V1PodSpec; metadata: ObjectMeta | undefined } | undefined {
  if (!object) return undefined;
  if (definition.type === 'pods') return found(object);
  // What is stored as one of the templated types has a template at one of these places.
  const holder = object as KubeObject & {
    template?: V1PodTemplateSpec;
    spec?: { template?: V1PodTemplateSpec; jobTemplate?: { spec?: { template?: V1PodTemplateSpec } } };
  };
  return found(holder.spec?.jobTemplate?.spec?.template ?? holder.spec?.template ?? holder.template);
}

function found(holder: { spec?: unknown; metadata?: ObjectMeta } | undefined) {
  // A pod or a template: validated before.
  return holder?.spec ? { spec: holder.spec as V1PodSpec, metadata: holder.metadata } : undefined;
}
