// Selectors as workloads carry them, where undefined selects nothing and an empty one everything.

import { labelSelectorOf, matchesLabels } from '../../core/machinery/labels.ts';
import type { LabelSelector } from './controller.ts';

/** metav1.LabelSelectorAsSelector. */
export function matchesSelector(selector: LabelSelector | undefined, labels: Record<string, string> = {}): boolean {
  return selector !== undefined && matchesLabels(labelSelectorOf(selector), labels);
}

/** Whether it selects everything: such selectors are refused by workloads, but not by everything else. */
export function isEmptySelector(selector: LabelSelector | undefined): boolean {
  return !Object.keys(selector?.matchLabels ?? {}).length && !selector?.matchExpressions?.length;
}
