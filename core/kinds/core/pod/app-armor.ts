// The annotation by which containers named their AppArmor profile before there was a field becomes the field (KEP-24).

import type { V1AppArmorProfile, V1Pod } from '../../../../generated/kubernetes.ts';
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

function profileOf(annotation: string): V1AppArmorProfile | undefined {
  if (annotation === 'unconfined') return { type: 'Unconfined' };
  if (annotation === 'runtime/default') return { type: 'RuntimeDefault' };
  const local = 'localhost/';
  if (!annotation.startsWith(local)) return undefined;
  const profile = { type: 'Localhost', localhostProfile: annotation.slice(local.length) };
  return validateAppArmor(profile, '').length === 0 ? profile : undefined;
}
