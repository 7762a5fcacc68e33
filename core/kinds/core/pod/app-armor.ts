// The annotation by which containers named their AppArmor profile before there was a field becomes the field (KEP-24).

import type { V1AppArmorProfile, V1Container, V1Pod, V1PodSpec } from '../../../../generated/kubernetes.ts';
import { type FieldError, forbiddenField, invalidValue } from '../../../machinery/field-error.ts';
import { getOwn } from '../../../machinery/own.ts';
import { semanticEqual } from '../../../machinery/semantic-equal.ts';
import { allContainers } from './semantics/containers.ts';
import { validateAppArmor } from './validate-security.ts';

const prefix = 'container.apparmor.security.beta.kubernetes.io/';

/** Fills the fields of a new pod, and says what to write in place of each annotation. */
export function syncAppArmor({ metadata, spec }: V1Pod): string[] {
  const annotations = metadata?.annotations;
  if (!annotations || !spec || spec.os?.name === 'windows') return [];
  const warnings: string[] = [];
  // Found by the annotations, of which there are few, and not by the containers.
  for (const [key, annotation] of Object.entries(annotations)) {
    if (!key.startsWith(prefix)) continue;
    const container = allContainers(spec).find(({ name }) => name === key.slice(prefix.length));
    if (!container || container.securityContext?.appArmorProfile) continue;
    const profile = profileOf(annotation);
    // The pod's own profile says it already.
    if (profile && semanticEqual(profile, spec.securityContext?.appArmorProfile)) continue;
    if (profile) container.securityContext = { ...container.securityContext, appArmorProfile: profile };
    warnings.push(`metadata.annotations[${key}]: deprecated since v1.30; use the "appArmorProfile" field instead`);
  }
  return warnings;
}

const local = 'localhost/';
const others = new Set(['', 'runtime/default', 'unconfined']);

/** Of a pod or a template: each is about a container that there is, and names a profile. */
export function validateAppArmorAnnotation(
  key: string,
  profile: string,
  spec: V1PodSpec | undefined,
  path: string,
): FieldError[] {
  if (!key.startsWith(prefix)) return [];
  const name = key.slice(prefix.length);
  const errors: FieldError[] = [];
  if (!allContainers(spec).some((each) => each.name === name))
    errors.push(invalidValue(path, name, 'container not found'));
  if (!others.has(profile) && !profile.startsWith(local))
    errors.push(invalidValue(path, profile, `invalid AppArmor profile name: ${JSON.stringify(profile)}`));
  return errors;
}

/** Of a new pod: where both are there, they say the same. */
export function validateAppArmorMatch({ metadata, spec }: V1Pod): FieldError[] {
  const annotations = metadata?.annotations;
  if (!annotations || !spec || spec.os?.name === 'windows') return [];
  const lists = [
    ['initContainers', spec.initContainers],
    ['containers', spec.containers],
  ] as const;
  return lists.flatMap(([list, containers]) =>
    (containers ?? []).flatMap((container, index) =>
      matchOf(container, annotations, spec, `spec.${list}[${index}].securityContext.appArmorProfile`),
    ),
  );
}

function matchOf(
  { name, securityContext }: V1Container,
  annotations: Readonly<Record<string, string>>,
  spec: V1PodSpec,
  path: string,
): FieldError[] {
  const annotation = getOwn(annotations, prefix + name);
  const profile = securityContext?.appArmorProfile ?? spec.securityContext?.appArmorProfile;
  if (annotation === undefined || !profile) return [];
  const other = [forbiddenField(`${path}.type`, 'apparmor type in annotation and field must match')];
  switch (profile.type) {
    case 'Unconfined':
      return annotation === 'unconfined' ? [] : other;
    case 'RuntimeDefault':
      return annotation === 'runtime/default' ? [] : other;
    case 'Localhost':
      if (!annotation.startsWith(local)) return other;
      return annotation.slice(local.length) === profile.localhostProfile
        ? []
        : [forbiddenField(`${path}.localhostProfile`, 'apparmor profile in annotation and field must match')];
    default:
      return [];
  }
}

function profileOf(annotation: string): V1AppArmorProfile | undefined {
  if (annotation === 'unconfined') return { type: 'Unconfined' };
  if (annotation === 'runtime/default') return { type: 'RuntimeDefault' };
  if (!annotation.startsWith(local)) return undefined;
  const profile = { type: 'Localhost', localhostProfile: annotation.slice(local.length) };
  return validateAppArmor(profile, '').length === 0 ? profile : undefined;
}
