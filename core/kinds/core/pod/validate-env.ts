// Validation of a container's environment, and of what the downward API may be asked for.

import type {
  V1Container,
  V1EnvFromSource,
  V1EnvVar,
  V1EnvVarSource,
  V1FileKeySelector,
  V1ResourceFieldSelector,
} from '../../../../generated/kubernetes.ts';
import {
  type FieldError,
  invalidValue,
  notFoundField,
  notSupported,
  required,
} from '../../../machinery/field-error.ts';
import {
  configMapKey,
  dns1123Label,
  dns1123Subdomain,
  qualifiedNameErrors,
  relaxedEnvVarName,
} from '../../../machinery/names.ts';
import { canonicalQuantity, quantityError } from '../../../machinery/quantity.ts';
import type { ContainerSurroundings } from './container-surroundings.ts';
import { localDescendingPath } from './file-path.ts';

export function validateEnvironment(
  { env = [], envFrom = [] }: V1Container,
  around: ContainerSurroundings,
  path: string,
): FieldError[] {
  return [
    ...env.flatMap((variable, index) => validateVariable(variable, around, `${path}.env[${index}]`)),
    ...envFrom.flatMap((source, index) => validateEnvFrom(source, `${path}.envFrom[${index}]`)),
  ];
}

function validateEnvFrom(source: V1EnvFromSource, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const { prefix, configMapRef, secretRef } = source;
  if (prefix)
    for (const message of relaxedEnvVarName(prefix)) errors.push(invalidValue(`${path}.prefix`, prefix, message));
  const given = [configMapRef, secretRef].filter(Boolean).length;
  if (given === 0) errors.push(invalidValue(path, '', 'must specify one of: `configMapRef` or `secretRef`'));
  if (given > 1) errors.push(invalidValue(path, '', 'may not have more than one field specified at a time'));
  for (const field of ['configMapRef', 'secretRef'] as const) {
    const name = source[field] && (source[field].name ?? '');
    if (name === '') errors.push(required(`${path}.${field}.name`));
    else if (name !== undefined)
      for (const message of dns1123Subdomain(name)) errors.push(invalidValue(`${path}.${field}.name`, name, message));
  }
  return errors;
}

function validateVariable(env: V1EnvVar, around: ContainerSurroundings, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!env.name) errors.push(required(`${path}.name`));
  else for (const message of relaxedEnvVarName(env.name)) errors.push(invalidValue(`${path}.name`, env.name, message));
  if (!env.valueFrom) return errors;
  const at = `${path}.valueFrom`;
  if (env.value) errors.push(invalidValue(at, '', 'may not be specified when `value` is not empty'));
  return [...errors, ...validateSource(env.valueFrom, around, at)];
}

function validateSource(source: V1EnvVarSource, around: ContainerSurroundings, path: string): FieldError[] {
  const { fieldRef, resourceFieldRef, fileKeyRef } = source;
  const errors: FieldError[] = [];
  const given = [fieldRef, resourceFieldRef, source.configMapKeyRef, source.secretKeyRef, fileKeyRef].filter(Boolean);
  if (given.length === 0) {
    errors.push(
      invalidValue(
        path,
        '',
        'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`',
      ),
    );
  }
  if (given.length > 1) errors.push(invalidValue(path, '', 'may not have more than one field specified at a time'));
  if (fieldRef) errors.push(...validateFieldPath(fieldRef.fieldPath, envFieldPaths, `${path}.fieldRef`));
  if (resourceFieldRef) errors.push(...validateResourceField(resourceFieldRef, false, `${path}.resourceFieldRef`));
  for (const field of ['configMapKeyRef', 'secretKeyRef'] as const) {
    const ref = source[field];
    if (!ref) continue;
    const { name = '', key = '' } = ref;
    for (const message of dns1123Subdomain(name)) errors.push(invalidValue(`${path}.${field}.name`, name, message));
    if (!key) errors.push(required(`${path}.${field}.key`));
    else for (const message of configMapKey(key)) errors.push(invalidValue(`${path}.${field}.key`, key, message));
  }
  if (fileKeyRef) errors.push(...validateFileKey(fileKeyRef, around, `${path}.fileKeyRef`));
  return errors;
}

/** A variable of a file in a volume (KEP-3721). */
function validateFileKey(ref: V1FileKeySelector, around: ContainerSurroundings, path: string): FieldError[] {
  const { volumeName = '', path: file = '', key = '' } = ref;
  const errors: FieldError[] = [];
  if (!volumeName) errors.push(required(`${path}.volumeName`));
  else if (!around.volumes.has(volumeName)) {
    const wrong = dns1123Label(volumeName).map((message) => invalidValue(`${path}.volumeName`, volumeName, message));
    errors.push(...(wrong.length > 0 ? wrong : [notFoundField(`${path}.volumeName`, volumeName)]));
  } else if (!around.emptyDirs.has(volumeName))
    errors.push(invalidValue(`${path}.volumeName`, volumeName, 'referenced volume must be of type emptyDir'));
  errors.push(...(file ? localDescendingPath(file, `${path}.path`) : [required(`${path}.path`)]));
  if (!key) errors.push(required(`${path}.key`));
  else for (const message of relaxedEnvVarName(key)) errors.push(invalidValue(`${path}.key`, key, message));
  return errors;
}

const envFieldPaths = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];

/** A downward API field: one of a list, or one entry of the labels or annotations. */
export function validateFieldPath(
  fieldPath: string | undefined,
  known: readonly string[],
  selector: string,
): FieldError[] {
  if (!fieldPath) return [required(`${selector}.fieldPath`)];
  const subscripted = /^([^[]*)\['([\s\S]*)'\]$/.exec(fieldPath);
  if (!subscripted) return known.includes(fieldPath) ? [] : [notSupported(`${selector}.fieldPath`, fieldPath, known)];
  const [, map = '', subscript = ''] = subscripted;
  if (map !== 'metadata.annotations' && map !== 'metadata.labels')
    return [
      invalidValue(
        `${selector}.fieldPath`,
        fieldPath,
        `error converting fieldPath: field label does not support subscript`,
      ),
    ];
  const key = map === 'metadata.annotations' ? subscript.toLowerCase() : subscript;
  return qualifiedNameErrors(key).map((message) => invalidValue(selector, key, message));
}

const resources = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
];
const divisors = ['1', '1k', '1M', '1G', '1T', '1P', '1E', '1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei'];

/** `ofContainer`: it must say of which container. */
export function validateResourceField(
  { containerName, resource = '', divisor }: V1ResourceFieldSelector,
  ofContainer: boolean,
  path: string,
): FieldError[] {
  const hugepages = /^(?:limits|requests)\.hugepages-/.test(resource);
  if (ofContainer && !containerName) return [required(`${path}.containerName`)];
  if (!resource) return [required(`${path}.resource`)];
  if (!resources.includes(resource) && !hugepages) return [notSupported(`${path}.resource`, resource, resources)];
  if (!divisor || divisor === '0') return [];
  const wrong = quantityError(divisor);
  if (wrong) return [invalidValue(`${path}.divisor`, divisor, wrong)];
  const unit = canonicalQuantity(divisor);
  const [, kind = ''] = resource.split('.');
  if (kind === 'cpu')
    return unit === '1' || unit === '1m'
      ? []
      : [
          invalidValue(
            `${path}.divisor`,
            resource,
            "only divisor's values 1m and 1 are supported with the cpu resource",
          ),
        ];
  const shown = kind === 'ephemeral-storage' ? 'local ephemeral storage' : hugepages ? 'hugepages' : 'memory';
  return divisors.includes(unit)
    ? []
    : [
        invalidValue(
          `${path}.divisor`,
          resource,
          `only divisor's values ${divisors.join(', ')} are supported with the ${shown} resource`,
        ),
      ];
}
