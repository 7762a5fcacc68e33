// Validation of security contexts, of the pod and of its containers.

import type {
  V1AppArmorProfile,
  V1PodSecurityContext,
  V1SeccompProfile,
  V1SecurityContext,
} from '../../../../generated/kubernetes.ts';
import { type FieldError, invalidValue, notSupported, required, tooLong } from '../../../machinery/field-error.ts';
import type { Int64 } from '../../../machinery/object.ts';
import { localDescendingPath } from './file-path.ts';
import { validateWindowsOptions } from './validate-windows.ts';

const maxId = 2147483647;
/** PATH_MAX without the byte that ends it. */
const maxPath = 4095;

export function validateContainerSecurity(context: V1SecurityContext, hostUsers: boolean, path: string): FieldError[] {
  const errors = validateIds(context, ['runAsUser', 'runAsGroup'], path);
  if (hostUsers && context.procMount === 'Unmasked')
    errors.push(invalidValue(`${path}.procMount`, 'Unmasked', '`hostUsers` must be false to use `Unmasked`'));
  if (context.allowPrivilegeEscalation === false) {
    if (context.privileged)
      errors.push(
        invalidValue(path, context, 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true'),
      );
    if (context.capabilities?.add?.some((each) => each === 'CAP_SYS_ADMIN')) {
      errors.push(
        invalidValue(
          path,
          context,
          'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN',
        ),
      );
    }
  }
  if (context.seccompProfile) errors.push(...validateSeccomp(context.seccompProfile, `${path}.seccompProfile`));
  if (context.appArmorProfile) errors.push(...validateAppArmor(context.appArmorProfile, `${path}.appArmorProfile`));
  if (context.windowsOptions) errors.push(...validateWindowsOptions(context.windowsOptions, `${path}.windowsOptions`));
  return errors;
}

/** Of a pod that may share namespaces with its node. */
export interface SharedNamespaces {
  readonly hostNetwork?: boolean | undefined;
  readonly hostIPC?: boolean | undefined;
}

export function validatePodSecurity(
  context: V1PodSecurityContext,
  shared: SharedNamespaces,
  path: string,
): FieldError[] {
  const errors = validateIds(context, ['runAsUser', 'runAsGroup', 'fsGroup'], path);
  context.supplementalGroups?.forEach((group, index) => {
    if (group < 0 || group > maxId) errors.push(outOfRange(`${path}.supplementalGroups[${index}]`, group));
  });
  const names = new Set<string>();
  context.sysctls?.forEach(({ name }, index) => {
    const at = `${path}.sysctls[${index}].name`;
    if (!name) errors.push(required(at));
    else if (!/^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$/.test(name) || name.length > 253) {
      errors.push(
        invalidValue(
          at,
          name,
          'must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$',
        ),
      );
    } else if (names.has(name))
      errors.push({ type: 'FieldValueDuplicate', field: at, message: `Duplicate value: ${JSON.stringify(name)}` });
    const field = hostNamespaceOf(name, shared);
    if (field) errors.push(invalidValue(at, name, `may not be specified when '${field}' is true`));
    names.add(name);
  });
  if (context.seccompProfile) errors.push(...validateSeccomp(context.seccompProfile, `${path}.seccompProfile`));
  if (context.appArmorProfile) errors.push(...validateAppArmor(context.appArmorProfile, `${path}.appArmorProfile`));
  if (context.windowsOptions) errors.push(...validateWindowsOptions(context.windowsOptions, `${path}.windowsOptions`));
  return errors;
}

/** The field by which the namespace that a sysctl belongs to is the node's. */
function hostNamespaceOf(name: string, { hostNetwork, hostIPC }: SharedNamespaces): keyof SharedNamespaces | undefined {
  const dotted = name.replaceAll('/', '.');
  if (hostNetwork && dotted.startsWith('net.')) return 'hostNetwork';
  return hostIPC && ['kernel.sem', 'kernel.shm', 'kernel.msg', 'fs.mqueue.'].some((each) => dotted.startsWith(each))
    ? 'hostIPC'
    : undefined;
}

type IdField = 'runAsUser' | 'runAsGroup' | 'fsGroup';

function validateIds(
  context: { readonly [each in IdField]?: Int64 },
  fields: readonly IdField[],
  path: string,
): FieldError[] {
  return fields.flatMap((field) => {
    const value = context[field];
    return value !== undefined && (value < 0 || value > maxId) ? [outOfRange(`${path}.${field}`, value)] : [];
  });
}

function outOfRange(path: string, value: Int64): FieldError {
  return invalidValue(path, value, `must be between 0 and ${maxId}, inclusive`);
}

export function validateAppArmor({ type, localhostProfile: name }: V1AppArmorProfile, path: string): FieldError[] {
  const types = ['Localhost', 'RuntimeDefault', 'Unconfined'];
  const at = `${path}.localhostProfile`;
  if (!type) return [required(`${path}.type`, 'type is required when appArmorProfile is set')];
  if (!types.includes(type)) return [notSupported(`${path}.type`, type, types)];
  if (type !== 'Localhost')
    return name === undefined ? [] : [invalidValue(at, name, 'can only be set when AppArmor type is Localhost')];
  if (!name?.trim()) return [required(at, 'must be set when AppArmor type is Localhost')];
  const errors = name === name.trim() ? [] : [invalidValue(at, name, 'must not be padded with whitespace')];
  if (Buffer.byteLength(name) > maxPath) errors.push(tooLong(at, maxPath));
  return errors;
}

function validateSeccomp(profile: V1SeccompProfile, path: string): FieldError[] {
  const types = ['Localhost', 'RuntimeDefault', 'Unconfined'];
  if (!profile.type) return [required(`${path}.type`, 'type is required when seccompProfile is set')];
  if (!types.includes(profile.type)) return [notSupported(`${path}.type`, profile.type, types)];
  const { localhostProfile: file } = profile;
  if (profile.type !== 'Localhost')
    return file === undefined
      ? []
      : [invalidValue(`${path}.localhostProfile`, profile, 'can only be set when seccomp type is Localhost')];
  if (file === undefined) return [required(`${path}.localhostProfile`, 'must be set when seccomp type is Localhost')];
  return localDescendingPath(file, `${path}.localhostProfile`);
}
