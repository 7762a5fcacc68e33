// Checks of what confines the processes of a pod: profiles, capabilities, users. Pure.

import type { V1Container, V1SecurityContext } from '../../../generated/kubernetes.ts';
import { getOwn } from '../../machinery/own.ts';
import {
  found,
  names,
  type Pod,
  plural,
  quote,
  quoted,
  type Run,
  settersOf,
  type Violation,
} from './pod-security-violation.ts';

const baselineCapabilities = new Set([
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
]);

export const selinuxTypes = ['', 'container_t', 'container_init_t', 'container_kvm_t'];

export function appArmor({ spec, containers, annotations }: Pod): Violation | undefined {
  const allowed = (profile: V1SecurityContext['appArmorProfile']) =>
    !profile || profile.type === 'RuntimeDefault' || profile.type === 'Localhost';
  const values = new Set<string>();
  const setters = settersOf(spec, containers, (context) => {
    if (allowed(context.appArmorProfile)) return false;
    values.add(`securityContext.appArmorProfile.type to ${quote(context.appArmorProfile?.type ?? '')}`);
    return true;
  });
  const prefix = 'container.apparmor.security.beta.kubernetes.io/';
  const annotated = Object.entries(annotations)
    .filter(([key, value]) => key.startsWith(prefix) && value !== '' && value !== 'runtime/default')
    .filter(([, value]) => !value.startsWith('localhost/'))
    .map(([key, value]) => `${key}=${quote(value)}`)
    .sort();
  const details = [
    ...(setters ? [`${setters} must not set ${[...values].sort().join(', ')}`] : []),
    ...(annotated.length > 0 ? [`${plural('annotation', annotated.length)} ${annotated.join(', ')}`] : []),
  ];
  const count = values.size + annotated.length;
  return found(details.length > 0, plural('forbidden AppArmor profile', count), details.join(' and '));
}

export function capabilitiesBaseline({ containers }: Pod): Violation | undefined {
  return addedCapabilities(containers, 'non-default capabilities', (each) => baselineCapabilities.has(each));
}

export function capabilitiesRestricted({ containers }: Pod): Violation | undefined {
  const missing = containers.filter(({ securityContext }) => !securityContext?.capabilities?.drop?.includes('ALL'));
  const added = addedCapabilities(containers, '', (each) => each === 'NET_BIND_SERVICE');
  const details = [
    ...(missing.length > 0 ? [`${names(missing)} must set securityContext.capabilities.drop=["ALL"]`] : []),
    ...(added ? [added.detail] : []),
  ];
  return found(details.length > 0, 'unrestricted capabilities', details.join('; '));
}

function addedCapabilities(
  containers: readonly V1Container[],
  reason: string,
  allowed: (capability: string) => boolean,
): Violation | undefined {
  const forbidden = new Set<string>();
  const bad = containers.filter(({ securityContext }) => {
    const extra = (securityContext?.capabilities?.add ?? []).filter((each) => !allowed(each));
    for (const each of extra) forbidden.add(each);
    return extra.length > 0;
  });
  const list = quoted(forbidden);
  return found(bad.length > 0, reason, `${names(bad)} must not include ${list} in securityContext.capabilities.add`);
}

export function selinux(allowed: readonly string[]): Run {
  return ({ spec, containers }) => {
    const types = new Set<string>();
    const [user, role] = ['user may not be set', 'role may not be set'];
    const also = new Set<string>();
    const setters = settersOf(spec, containers, ({ seLinuxOptions: options }) => {
      if (!options) return false;
      const wrongType = !allowed.includes(options.type ?? '');
      if (wrongType) types.add(options.type ?? '');
      if (options.user) also.add(user);
      if (options.role) also.add(role);
      return wrongType || Boolean(options.user) || Boolean(options.role);
    });
    const details = [
      ...(types.size > 0 ? [`${plural('type', types.size)} ${quoted(types)}`] : []),
      ...[user, role].filter((each) => also.has(each)),
    ];
    const detail = `${setters} set forbidden securityContext.seLinuxOptions: ${details.join('; ')}`;
    return found(setters !== '', 'seLinuxOptions', detail);
  };
}

export function seccompAnnotations({ containers, annotations }: Pod): Violation | undefined {
  const keys = [
    'seccomp.security.alpha.kubernetes.io/pod',
    ...containers.map(({ name }) => `container.seccomp.security.alpha.kubernetes.io/${name}`),
  ];
  const forbidden = keys
    .map((key) => [key, getOwn(annotations, key)] as const)
    .flatMap(([key, value]) => {
      if (value === undefined || value === 'runtime/default' || value === 'docker/default') return [];
      return value.startsWith('localhost/') ? [] : [`${key}=${quote(value)}`];
    });
  const list = [...new Set(forbidden)].sort();
  const detail = `forbidden ${plural('annotation', list.length)} ${list.join(', ')}`;
  return found(list.length > 0, 'seccompProfile', detail);
}

type Seccomp = V1SecurityContext['seccompProfile'];

function isConfined(profile: Seccomp): boolean {
  return profile?.type === 'RuntimeDefault' || profile?.type === 'Localhost';
}

export function seccompBaseline({ spec, containers }: Pod): Violation | undefined {
  const types = new Set<string>();
  const setters = settersOf(spec, containers, ({ seccompProfile }) => {
    if (!seccompProfile || isConfined(seccompProfile)) return false;
    types.add(seccompProfile.type);
    return true;
  });
  const detail = `${setters} must not set securityContext.seccompProfile.type to ${quoted(types)}`;
  return found(setters !== '', 'seccompProfile', detail);
}

export function seccompRestricted(pod: Pod): Violation | undefined {
  const set = seccompBaseline(pod);
  if (set || isConfined(pod.spec.securityContext?.seccompProfile)) return set;
  const bad = pod.containers.filter(({ securityContext }) => !securityContext?.seccompProfile);
  const detail = `pod or ${names(bad)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`;
  return found(bad.length > 0, 'seccompProfile', detail);
}

export function allowPrivilegeEscalation({ containers }: Pod): Violation | undefined {
  const bad = containers.filter(({ securityContext }) => securityContext?.allowPrivilegeEscalation !== false);
  const detail = `${names(bad)} must set securityContext.allowPrivilegeEscalation=false`;
  return found(bad.length > 0, 'allowPrivilegeEscalation != false', detail);
}

export function runAsNonRoot({ spec, containers }: Pod): Violation | undefined {
  const setters = settersOf(spec, containers, (context) => context.runAsNonRoot === false);
  const reason = 'runAsNonRoot != true';
  if (setters !== '') return found(true, reason, `${setters} must not set securityContext.runAsNonRoot=false`);
  if (spec.securityContext?.runAsNonRoot) return undefined;
  const bad = containers.filter(({ securityContext }) => !securityContext?.runAsNonRoot);
  return found(bad.length > 0, reason, `pod or ${names(bad)} must set securityContext.runAsNonRoot=true`);
}

export function runAsUser({ spec, containers }: Pod): Violation | undefined {
  const setters = settersOf(spec, containers, (context) => context.runAsUser === 0);
  return found(setters !== '', 'runAsUser=0', `${setters} must not set runAsUser=0`);
}
