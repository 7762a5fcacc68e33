// One version of a definition: what it says of itself beside its schema.

import type { V1CustomResourceDefinitionVersion } from '../../../../generated/kubernetes.ts';
import { duplicate, type FieldError, invalidValue, required, tooMany } from '../../../machinery/field-error.ts';
import { simplePath } from '../../../machinery/jsonpath.ts';
import { getOwn, unsafeNameIn } from '../../../machinery/own.ts';

type Version = V1CustomResourceDefinitionVersion;

const longestWarning = 256;

export function validateDeprecation({ deprecated, deprecationWarning: warning }: Version, path: string): FieldError[] {
  if (warning === undefined) return [];
  const faults: string[] = [];
  if (!deprecated) faults.push('can only be set for deprecated versions');
  else {
    if (Buffer.byteLength(warning) > longestWarning) faults.push(`must be <= ${longestWarning} characters long`);
    if (warning === '') faults.push('must not be an empty string');
    const odd = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.exec(warning);
    if (odd)
      faults.push(
        `must only contain printable UTF-8 characters; non-printable character found at index ${Buffer.byteLength(warning.slice(0, odd.index))}`,
      );
  }
  return faults.map((fault) => invalidValue(`${path}.deprecationWarning`, warning, fault));
}

export function validateScale({ subresources }: Version, at: string): FieldError[] {
  const errors: FieldError[] = [];
  const scale = subresources?.scale;
  if (scale) {
    const check = (field: string, value: string | undefined, roots: readonly string[], needed: boolean) => {
      if (!value) {
        if (needed) errors.push(required(`${at}.${field}`));
        return;
      }
      const wrong = (why: string) => errors.push(invalidValue(`${at}.${field}`, value, why));
      const names = simplePath(value);
      const where = roots.map((root) => `.${root}`).join(' or ');
      if (names && unsafeNameIn(names)) errors.push(leadsOut(`${at}.${field}`, value, names));
      else if (!value.startsWith('.')) wrong('must be a simple json path starting with .');
      else if (!roots.some((root) => value.startsWith(`.${root}.`)))
        wrong(`should be a json path under ${roots.length > 1 ? 'either ' : ''}${where}`);
      else if (!names) wrong('must be a simple json path without arrays');
    };
    check('specReplicasPath', scale.specReplicasPath, ['spec'], true);
    check('statusReplicasPath', scale.statusReplicasPath, ['status'], true);
    check('labelSelectorPath', scale.labelSelectorPath, ['spec', 'status'], false);
  }
  return errors;
}

const mostSelectable = 8;

export function validateSelectable({ selectableFields, schema }: Version, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  for (const [index, { jsonPath }] of (selectableFields ?? []).entries()) {
    const at = `${path}[${index}].jsonPath`;
    // From its dot on: the language of these paths has none without.
    const names = jsonPath?.startsWith('.') ? simplePath(jsonPath) : undefined;
    if (!jsonPath) errors.push(required(at));
    else if (!names)
      errors.push(invalidValue(at, jsonPath, 'is an invalid path: it must be a simple json path to a field'));
    else if (unsafeNameIn(names)) errors.push(leadsOut(at, jsonPath, names));
    else if (names[0] === 'metadata') errors.push(invalidValue(at, jsonPath, 'must not point to fields in metadata'));
    else {
      let field = schema?.openAPIV3Schema;
      for (const name of names) field = getOwn(field?.properties, name);
      if (!field) errors.push(invalidValue(at, jsonPath, 'is an invalid path: does not refer to a valid field'));
      else if (!['string', 'integer', 'boolean'].includes(field.type ?? ''))
        errors.push(
          invalidValue(
            at,
            jsonPath,
            'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.',
          ),
        );
    }
    if (seen.has(jsonPath)) errors.push(duplicate(at, jsonPath));
    seen.add(jsonPath);
  }
  if (seen.size > mostSelectable) errors.push(tooMany(path, seen.size, mostSelectable));
  return errors;
}

function leadsOut(at: string, path: string, names: readonly string[]): FieldError {
  return invalidValue(at, path, `must not go through a field named ${unsafeNameIn(names)}: name the field otherwise`);
}
