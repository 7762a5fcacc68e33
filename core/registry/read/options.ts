// Which combinations of list and watch options are legal. Source: API concepts, "Resource versions"; KEP-3157 for watches.

import { type FieldError, forbiddenField, invalid, notSupported } from '../../machinery/field-error.ts';
import type { ListOptions, WatchOptions } from '../registry.ts';

export function checkListOptions(options: ListOptions): void {
  const errors: FieldError[] = [];
  const match = options.resourceVersionMatch;
  if (match) {
    const field = 'resourceVersionMatch';
    if (!options.resourceVersion) {
      errors.push(forbiddenField(field, 'resourceVersionMatch is forbidden unless resourceVersion is provided'));
    }
    if (options.continue) {
      errors.push(forbiddenField(field, 'resourceVersionMatch is forbidden when continue is provided'));
    }
    if (match !== 'Exact' && match !== 'NotOlderThan')
      errors.push(notSupported(field, match, ['Exact', 'NotOlderThan', '']));
    if (match === 'Exact' && options.resourceVersion === '0') {
      errors.push(forbiddenField(field, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'));
    }
  }
  if (errors.length) throw invalid('ListOptions', 'meta.k8s.io', '', errors);
}

export function checkWatchOptions(options: WatchOptions): void {
  const errors: FieldError[] = [];
  const match = options.resourceVersionMatch;
  const field = 'resourceVersionMatch';
  if (options.sendInitialEvents !== undefined && match !== 'NotOlderThan') {
    errors.push(forbiddenField(field, 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'));
  }
  if (match) {
    if (options.sendInitialEvents === undefined) {
      errors.push(
        forbiddenField(field, 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided'),
      );
    }
    if (match !== 'NotOlderThan') errors.push(notSupported(field, match, ['NotOlderThan']));
    if (options.continue)
      errors.push(forbiddenField(field, 'resourceVersionMatch is forbidden when continue is provided'));
  }
  if (errors.length) throw invalid('ListOptions', 'meta.k8s.io', '', errors);
}
