// One patch on one object, by its type. Parts that the patch does not reach are those of the existing object.

import type { ResourceDefinition } from '../../api/definition.ts';
import { invalid } from '../../machinery/field-error.ts';
import { goText } from '../../machinery/go-text.ts';
import { applyingJsonPatch } from '../../machinery/json-patch.ts';
import { applyMergePatch } from '../../machinery/merge-patch.ts';
import type { KubeObject } from '../../machinery/object.ts';
import { badRequest, StatusError } from '../../machinery/status.ts';
import { runYielding } from '../../machinery/steps.ts';
import { applyStrategicMergePatch } from '../../machinery/strategic-merge-patch.ts';
import type { PatchType } from '../registry.ts';

/** Without a definition there are no merge keys: a strategic patch is then a merge patch. */
export function applyPatch(
  type: Exclude<PatchType, 'apply'>,
  existing: KubeObject,
  body: unknown,
  definition: ResourceDefinition | undefined,
  large = false,
): KubeObject | Promise<KubeObject> {
  if (type === 'json') {
    const result = runYielding(applyingJsonPatch(existing, body), large);
    return result instanceof Promise ? result.then(demandObject) : demandObject(result);
  }
  return demandObject(patched(type, existing, body, definition));
}

function demandObject(result: unknown): KubeObject {
  if (typeof result !== 'object' || result === null || Array.isArray(result)) {
    throw badRequest('the patch leaves no object: it must change fields of the object, not replace it');
  }
  return result as KubeObject; // its structure is checked after the patch
}

/** What Kubernetes answers where the result of a patch is no object of its type. `result` is undefined before there is one. */
export function unreadablePatch(body: unknown, result: unknown, why: string): StatusError {
  const text = result === undefined ? goText(body) : JSON.stringify(result);
  return invalid('', '', '', [
    { type: 'FieldValueInvalid', field: 'patch', message: `Invalid value: ${JSON.stringify(text)}: ${why}` },
  ]);
}

function patched(
  type: Exclude<PatchType, 'apply' | 'json'>,
  existing: KubeObject,
  body: unknown,
  definition: ResourceDefinition | undefined,
): unknown {
  switch (type) {
    case 'merge':
      return applyMergePatch(existing, objectOf(body));
    case 'strategic':
      if (definition?.customResource) {
        throw new StatusError(
          'UnsupportedMediaType',
          'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml, application/apply-patch+cbor',
        );
      }
      return definition
        ? applyStrategicMergePatch(definition.schema, existing, objectOf(body))
        : applyMergePatch(existing, objectOf(body));
  }
}

function objectOf(body: unknown): object {
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body;
  throw badRequest('the patch must be an object');
}
