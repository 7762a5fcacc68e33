// ControllerRevisions: the templates that a StatefulSet or DaemonSet had, under names that follow from their content.

import { integerOf, parseJson } from '../../core/machinery/json.ts';
import type { V1PodTemplateSpec } from '../../generated/kubernetes.ts';
import { canonical, templateHash } from './child-name.ts';
import { claimChildren, controllerRef } from './claim-children.ts';
import type { Action, LabelSelector, Live, ObjectOf, Snapshot } from './controller.ts';

const type = 'apps/controllerrevisions';
export const revisionHashLabel = 'controller-revision-hash';
const historyHashLabel = 'controller.kubernetes.io/hash';

export type Revision = ObjectOf<typeof type>;

export interface Workload {
  readonly apiVersion: string;
  readonly kind: string;
  readonly object: Live<object>;
  readonly selector: LabelSelector | undefined;
  readonly template: V1PodTemplateSpec;
  readonly historyLimit: number;
}

export interface History {
  /** Name of the present template's revision, whether it is stored already or about to be. */
  readonly update: { name: string; hash: string };
  /** Stored revisions, the oldest first. */
  readonly revisions: Revision[];
  readonly actions: Action<typeof type>[];
}

/** `inUse`: names of revisions that pods or the status still speak of. They are kept beyond the limit. */
export function historyOf(snapshot: Snapshot<typeof type>, workload: Workload, inUse: ReadonlySet<string>): History {
  const { children, actions } = claimChildren(snapshot, type, workload);
  const revisions = children.sort(
    (a, b) =>
      Number(a.revision > b.revision) - Number(a.revision < b.revision) || (a.metadata.name < b.metadata.name ? -1 : 1),
  );
  const data = { spec: { template: { ...structuredClone(workload.template), $patch: 'replace' } } };
  const text = canonical(data);
  const hash = templateHash(data);
  const { namespace, name: owner } = workload.object.metadata;
  const next = integerOf(BigInt(revisions.at(-1)?.revision ?? 0) + 1n);
  const found = revisions.findLast((each) => canonical(each.data) === text);
  const name = found?.metadata.name ?? `${owner}-${hash}`;
  if (!found) {
    // A DaemonSet's pods carry the bare hash, and find their revision by the same label.
    const hashLabel = workload.kind === 'DaemonSet' ? revisionHashLabel : historyHashLabel;
    const labels = { ...workload.template.metadata?.labels, [hashLabel]: hash };
    const ownerReferences = [controllerRef(workload.apiVersion, workload.kind, workload.object)];
    const metadata = { name, namespace, labels, ownerReferences };
    actions.push({
      do: 'create',
      type,
      // Clients compare the bytes with what Go writes of a template: its keys are sorted.
      object: { apiVersion: 'apps/v1', kind: 'ControllerRevision', metadata, data: parseJson(text), revision: next },
    });
  } else if (found !== revisions.at(-1)) {
    actions.push({ do: 'update', type, object: { ...found, revision: next } });
  }
  const live = new Set([...inUse, name]);
  const old = revisions.filter((each) => !live.has(each.metadata.name));
  for (const { metadata } of old.slice(0, Math.max(0, old.length - workload.historyLimit))) {
    const options = { preconditions: { uid: metadata.uid } };
    actions.push({ do: 'delete', type, namespace: metadata.namespace ?? '', name: metadata.name, options });
  }
  const { [revisionHashLabel]: podHash, [historyHashLabel]: foundHash = hash } = found?.metadata.labels ?? {};
  return {
    update: { name, hash: podHash ?? foundHash },
    revisions,
    actions,
  };
}

/** The template that a stored revision holds. */
export function templateOf(revision: Revision): V1PodTemplateSpec | undefined {
  // Written by `historyOf`: nobody else makes revisions that a workload controls.
  const data = revision.data as { spec?: { template?: V1PodTemplateSpec & { $patch?: string } } } | undefined;
  if (!data?.spec?.template) return undefined;
  const { $patch: _, ...template } = data.spec.template;
  return template;
}
