// What an autoscaler scales, as the subresource `scale` shows it, and which pods belong to it.

import { type LabelSelector, matchesLabels, parseLabelSelector } from '../../core/machinery/labels.ts';
import { scaleOf } from '../../core/registry/scale.ts';
import type { TypeName } from '../../core/store/store.ts';
import type { V1Scale } from '../../generated/kubernetes.ts';
import { groupOf, type ObjectOf, type ServedType, type Snapshot } from './controller.ts';
import type { Pod } from './pod-state.ts';

const type = 'autoscaling/horizontalpodautoscalers';
type Autoscaler = ObjectOf<typeof type>;

export interface ScaleTarget {
  readonly type: ServedType;
  readonly name: string;
  readonly scale: V1Scale;
}

export function scaleTarget(
  snapshot: Snapshot<TypeName>,
  { metadata: { namespace = '' }, spec }: Autoscaler,
): ScaleTarget | { readonly failure: string } {
  const { apiVersion = '', kind = '', name = '' } = spec?.scaleTargetRef ?? {};
  const group = groupOf(apiVersion);
  const served = snapshot.types.find((each) => each.kind === kind && each.group === group);
  if (!served) return { failure: `no matches for kind "${kind}" in group "${group}"` };
  const resource = served.type.slice(served.type.indexOf('/') + 1);
  const object = snapshot.get(served.type, namespace, name);
  if (!object) return { failure: `${resource}${group && `.${group}`} "${name}" not found` };
  if (!served.scale) return { failure: `${resource}${group && `.${group}`} cannot be scaled: they have no scale` };
  // as: scaleOf makes a Scale.
  return { type: served, name, scale: scaleOf(object, served.scale) };
}

export interface ScaledPods {
  readonly selector: string;
  readonly pods: readonly Pod[];
}

/** The pods of a target; or why it cannot be said which they are. */
export function scaledPods(
  snapshot: Snapshot<TypeName>,
  { metadata: { namespace = '' } }: Autoscaler,
  { scale }: ScaleTarget,
):
  | ScaledPods
  | { readonly failure: { readonly reason: string; readonly message: string; readonly condition: string } } {
  const text = scale.status?.selector ?? '';
  if (text === '') {
    const condition = "the HPA target's scale is missing a selector";
    return { failure: { reason: 'SelectorRequired', message: 'selector is required', condition } };
  }
  const selector = parsed(text);
  if (!selector) {
    const message = `couldn't convert selector into a corresponding internal selector object: ${text}`;
    return { failure: { reason: 'InvalidSelector', message, condition: message } };
  }
  const pods = snapshot.list('pods', namespace).filter((pod) => matchesLabels(selector, pod.metadata.labels));
  const rivals = autoscalersOf(snapshot, namespace, pods);
  if (rivals.length > 1) {
    const message = `pods by selector ${text} are controlled by multiple HPAs: [${rivals.join(' ')}]`;
    return { failure: { reason: 'AmbiguousSelector', message, condition: message } };
  }
  return { selector: text, pods };
}

/** Two autoscalers of the same pods would work against each other for ever. */
function autoscalersOf(snapshot: Snapshot<TypeName>, namespace: string, pods: readonly Pod[]): string[] {
  const others = snapshot.list(type, namespace);
  if (others.length < 2) return [];
  return others
    .filter((autoscaler) => {
      const target = scaleTarget(snapshot, autoscaler);
      const selector = 'scale' in target ? parsed(target.scale.status?.selector ?? '') : undefined;
      return selector && selector.length > 0 && pods.some((pod) => matchesLabels(selector, pod.metadata.labels));
    })
    .map(({ metadata: { name } }) => `${namespace}/${name}`)
    .sort();
}

function parsed(text: string): LabelSelector | undefined {
  try {
    return parseLabelSelector(text);
  } catch {
    return undefined;
  }
}
