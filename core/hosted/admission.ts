// What is asked of a Cluster when it is written, beside its schema: how many there may be, and whose objects it may copy.

import { invalid, invalidValue } from '../machinery/field-error.ts';
import { forbidden, notFound, StatusError } from '../machinery/status.ts';
import { fieldAt } from '../machinery/structure/field-at.ts';
import type { AdmissionPlugin, Attributes, WriteEnvironment } from '../registry/admission/plugin.ts';
import { ownType } from '../store/own-types.ts';
import {
  clusterFinalizer,
  clusterGroup,
  clusterSubject,
  clusterType,
  isClusterName,
  kubeconfigSubresource,
  readAsked,
} from './cluster-type.ts';

export interface ClustersAdmission {
  /** Clusters that there may be at a time. */
  readonly most: number;
  /** What to type for there to be more. */
  readonly moreBy: string;
  /** Whether one may begin with another one's objects. */
  readonly copies: boolean;
}

export function clustersAdmission({ most, moreBy, copies }: ClustersAdmission): AdmissionPlugin {
  return {
    name: 'Clusters',
    operations: ['CREATE', 'UPDATE'],
    types: [clusterType],
    mutate({ object, operation, subresource }) {
      if (!object || subresource !== '' || operation !== 'CREATE') return;
      const finalizers = object.metadata.finalizers ?? [];
      if (!finalizers.includes(clusterFinalizer)) object.metadata.finalizers = [...finalizers, clusterFinalizer];
    },
    async validate(attributes, env) {
      const { operation, subresource, object, old } = attributes;
      if (subresource !== '') return;
      const from = fieldAt(object, ['spec', 'from']);
      if (operation === 'UPDATE') {
        if (from !== fieldAt(old, ['spec', 'from']))
          throw refused(
            object?.metadata.name ?? '',
            'spec.from',
            from,
            'cannot change: its objects were copied when it was made',
          );
        return;
      }
      await checkNew(attributes, env, most, moreBy);
      if (from === undefined) return;
      if (!copies)
        throw refused(
          attributes.name,
          'spec.from',
          from,
          'clusters that are hosted on AWS begin with no objects of others: leave it out, and apply what is wanted',
        );
      await checkSource(attributes, env, from);
    },
  };
}

/** Written with each Cluster that is made, on the condition of what it was when they were counted: of two that would both fit alone, one starts over. */
const count = { type: ownType('hosted-clusters'), name: 'count' };

async function checkNew(attributes: Attributes, env: WriteEnvironment, most: number, moreBy: string): Promise<void> {
  const { name, dryRun, companions } = attributes;
  if (!isClusterName(name))
    throw refused(
      name,
      'metadata.name',
      name,
      "must be at most 40 small letters, digits and '-', a letter or digit first and last",
    );
  const counted = await env.store.get(count.type, count.name);
  const replica = await env.replicas.of(clusterType);
  await replica.catchUp();
  if (replica.size < most) {
    const value = { bytes: new TextEncoder().encode(String(replica.size + 1)) };
    if (!dryRun) companions.push({ op: 'put', ...count, expect: counted?.revision ?? 0, value });
    return;
  }
  const what =
    most === 0
      ? `no clusters are hosted here: ${moreBy} allows some`
      : `${replica.size} clusters are hosted here, and there may be ${most}: delete one, or allow more by ${moreBy}`;
  throw forbidden(clusterSubject, name, what);
}

/** Who has a copy of a cluster's Secrets is its administrator. */
async function checkSource({ name, context }: Attributes, env: WriteEnvironment, from: unknown): Promise<void> {
  const authorizer = context.authorizer ?? (await env.rbac()).authorizer;
  const { effect } = await authorizer.authorize({
    user: context.user,
    verb: 'create',
    isResource: true,
    group: clusterGroup,
    version: 'v1',
    resource: 'clusters',
    subresource: kubeconfigSubresource,
    namespace: '',
    name: String(from),
    path: '',
  });
  if (effect !== 'allow') {
    const why = `spec.from: a copy holds all that is in ${JSON.stringify(from)}: it needs the right to create clusters/${kubeconfigSubresource} of that one`;
    throw forbidden(clusterSubject, name, why);
  }
  const source = (await env.replicas.of(clusterType)).get(String(from));
  const found = source && readAsked(source.object);
  if (!found || found.ending) throw notFound(clusterSubject, String(from));
  if (!found.ready)
    throw new StatusError('Conflict', `spec.from: cluster ${JSON.stringify(from)} is not ready yet: try again`, {});
}

function refused(name: string, field: string, value: unknown, why: string): StatusError {
  return invalid('Cluster', clusterGroup, name, [invalidValue(field, value, why)]);
}
