// The versions of a definition. What all of them say alike Kubernetes takes for one that stands above them, and tells of it there, once:
// `spec.validation` for the one schema of all.

import type {
  V1CustomResourceDefinition,
  V1CustomResourceDefinitionVersion,
} from '../../../../generated/kubernetes.ts';
import { deepEqual } from '../../../machinery/equality.ts';
import { type FieldError, invalidValue, required } from '../../../machinery/field-error.ts';
import { dns1035Label } from '../../../machinery/names.ts';
import type { CompiledRules } from './compiled-rules.ts';
import { validateColumns } from './printer-columns.ts';
import { shownVersion } from './shown.ts';
import { validateSchema } from './structural-schema.ts';
import { validateDeprecation, validateScale, validateSelectable } from './validate-version.ts';

type Version = V1CustomResourceDefinitionVersion;
const parts = ['schema', 'subresources', 'additionalPrinterColumns', 'selectableFields'] as const;
type Part = (typeof parts)[number];

/** Where each part is told of. */
type Placed = (part: Part) => 'above' | 'own';

function placesOf(versions: readonly Version[]): Placed {
  const [first] = versions;
  const alike = new Set(parts.filter((part) => versions.every((version) => deepEqual(version[part], first?.[part]))));
  return (part) => (alike.has(part) ? 'above' : 'own');
}

/** Each version, with what it alone says. */
export function validateVersions(
  versions: readonly Version[],
  rules: CompiledRules,
  old: V1CustomResourceDefinition | undefined,
): FieldError[] {
  const errors: FieldError[] = [];
  const placed = placesOf(versions);
  for (const [index, { schema }] of versions.entries())
    if (!schema?.openAPIV3Schema)
      errors.push(required(`spec.versions[${index}].schema.openAPIV3Schema`, 'schemas are required'));
  errors.push(...validateParts(versions, 'own', rules, old));
  const shown = () => versions.map((version) => shownVersion(version, (part) => placed(part) === 'above'));
  if (new Set(versions.map(({ name }) => name)).size < versions.length)
    errors.push(invalidValue('spec.versions', shown(), 'must contain unique version names'));
  if (versions.filter((each) => each.storage).length !== 1)
    errors.push(invalidValue('spec.versions', shown(), 'must have exactly one version marked as storage version'));
  const [first] = versions;
  if (first?.name) errors.push(...validateName(first.name, 'spec.version'));
  return errors;
}

function validateName(name: string, path: string): FieldError[] {
  const wrong = dns1035Label(name);
  return wrong.length > 0 ? [invalidValue(path, name, wrong.join(','))] : [];
}

/** Of the parts that stand there. */
export function validateParts(
  versions: readonly Version[],
  where: 'above' | 'own',
  rules: CompiledRules,
  old: V1CustomResourceDefinition | undefined,
): FieldError[] {
  const placed = placesOf(versions);
  const anyStatus = versions.some(({ subresources }) => subresources?.status !== undefined);
  return versions.flatMap((version, index) => {
    if (where === 'above' && index > 0) return [];
    const at = where === 'above' ? 'spec' : `spec.versions[${index}]`;
    const here = (part: Part) => placed(part) === where;
    const errors: FieldError[] = [];
    if (where === 'own')
      errors.push(...validateName(version.name ?? '', `${at}.name`), ...validateDeprecation(version, at));
    const schema = version.schema?.openAPIV3Schema;
    // What was accepted once stays: rules of later releases hold for what changes.
    const before = old?.spec.versions.find(({ name }) => name === version.name)?.schema?.openAPIV3Schema;
    if (here('schema') && schema && !deepEqual(schema, before)) {
      const status = where === 'above' ? anyStatus : version.subresources?.status !== undefined;
      const path = where === 'above' ? 'spec.validation' : `${at}.schema`;
      errors.push(...validateSchema(schema, `${path}.openAPIV3Schema`, rules, { status }));
    }
    if (here('subresources')) errors.push(...validateScale(version, `${at}.subresources.scale`));
    if (here('additionalPrinterColumns'))
      errors.push(...validateColumns(version.additionalPrinterColumns, `${at}.additionalPrinterColumns`));
    if (here('selectableFields')) errors.push(...validateSelectable(version, `${at}.selectableFields`));
    return errors;
  });
}
