// Selectors as authorizers see them. Source: KEP-4601: what cannot be understood of a selector is left out, since an authorizer may only be
// asked about more than is wanted, never about less.

import { type FieldSelector, parseFieldSelector } from '../machinery/fields.ts';
import { type LabelSelector, parseLabelSelector } from '../machinery/labels.ts';
import { StatusError } from '../machinery/status.ts';

export interface AccessSelectors {
  /** Absent: none, or none that can be understood. */
  readonly fieldSelector?: FieldSelector;
  readonly labelSelector?: LabelSelector;
}

/** Of the texts of a query or of an expression. */
export function accessSelectors(text: {
  readonly fieldSelector?: string | undefined;
  readonly labelSelector?: string | undefined;
}): AccessSelectors {
  const fieldSelector = text.fieldSelector ? understood(() => parseFieldSelector(text.fieldSelector ?? '')) : undefined;
  const labelSelector = text.labelSelector ? understood(() => parseLabelSelector(text.labelSelector ?? '')) : undefined;
  return { ...(fieldSelector && { fieldSelector }), ...(labelSelector && { labelSelector }) };
}

function understood<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    // Whoever answers the request says what is wrong with it.
    if (error instanceof StatusError) return undefined;
    throw error;
  }
}
