// Labels of nodes that have newer names, where something selects nodes by them.

import type { V1LabelSelector, V1NodeSelectorTerm } from '../../../generated/kubernetes.ts';
import { labelValueErrors } from '../../machinery/names.ts';

const deprecated = new Map([
  ['beta.kubernetes.io/arch', 'deprecated since v1.14; use "kubernetes.io/arch" instead'],
  ['beta.kubernetes.io/os', 'deprecated since v1.14; use "kubernetes.io/os" instead'],
  ['failure-domain.beta.kubernetes.io/region', 'deprecated since v1.17; use "topology.kubernetes.io/region" instead'],
  ['failure-domain.beta.kubernetes.io/zone', 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead'],
  ['beta.kubernetes.io/instance-type', 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead'],
  ['app.kubernetes.io/created-by', 'deprecated since v1.9'],
  ['scheduler.alpha.kubernetes.io/preferAvoidPods', 'deprecated since v1.22; use Taints and Tolerations instead'],
  ['node-role.kubernetes.io/master', 'use "node-role.kubernetes.io/control-plane" instead'],
]);

/** What to use in place of a label, or undefined. */
export function deprecatedNodeLabel(key: string | undefined): string | undefined {
  return key === undefined ? undefined : deprecated.get(key);
}

export function warnOfNodeLabels(labels: object | undefined, pathOf: (key: string) => string): string[] {
  return Object.keys(labels ?? {}).flatMap((key) => {
    const instead = deprecatedNodeLabel(key);
    return instead === undefined ? [] : [`${pathOf(key)}: ${instead}`];
  });
}

/** `values`: whether values that no label can have get a warning: where nothing refuses them, as in preferences. */
export function warnOfNodeTerm(term: V1NodeSelectorTerm | undefined, path: string, values = false): string[] {
  return (term?.matchExpressions ?? []).flatMap((expression, index) => {
    const at = `${path}.matchExpressions[${index}]`;
    const warnings = warnOfKey(expression.key, `${at}.key`);
    if (values)
      expression.values?.forEach((value, place) => {
        for (const message of labelValueErrors(value))
          warnings.push(`${at}.values[${place}]: ${value} is invalid, ${message}`);
      });
    return warnings;
  });
}

export function warnOfNodeSelector(selector: V1LabelSelector | undefined, path: string): string[] {
  return [
    ...(selector?.matchExpressions ?? []).flatMap(({ key }, index) =>
      warnOfKey(key, `${path}.matchExpressions[${index}].key`),
    ),
    ...warnOfNodeLabels(selector?.matchLabels, (key) => `${path}.matchLabels.${key}`),
  ];
}

export function warnOfKey(key: string | undefined, path: string): string[] {
  const instead = deprecatedNodeLabel(key);
  return instead === undefined ? [] : [`${path}: ${key} is ${instead}`];
}
