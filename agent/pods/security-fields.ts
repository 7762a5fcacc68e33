// What this node does for every field of a security context, of a pod and of a container: one table each, typed over all fields that
// Kubernetes has, so that a new one is an error of types until somebody decides about it. A field goes to the runtime, is checked before
// a container starts, done where volumes are made, or the pod that sets it is refused: none is taken and ignored. Pure.
// Source: Kubernetes, "Configure a Security Context for a Pod or Container"; kubelet's admission of pods.

import { getOwn } from '../../core/machinery/own.ts';
import type { V1PodSecurityContext, V1SecurityContext } from '../../generated/kubernetes.ts';
import type { ContainerSecurityInput, SandboxSecurityInput } from '../cri/messages.ts';
import { groupPolicies, profileTypes } from '../cri/messages.ts';
import type { Pod, PodContainer } from '../pod/pod.ts';
import { podContainers } from '../pod/pod.ts';
import type { NodeSecurity } from './node-security.ts';
import type { ImageUser, StartingContainer } from './pod-host.ts';
import {
  annotatedAppArmor,
  appArmor,
  appArmorRefusal,
  maskedPaths,
  readonlyPaths,
  seccomp,
  seccompViolation,
} from './security-profiles.ts';
import type { PodTermination } from './sync-pod.ts';
import { sysctlName, sysctlRefusal } from './sysctls.ts';

export interface ContainerOnNode extends StartingContainer {
  readonly node: NodeSecurity;
}

/** Why this node does not take a pod with the value. */
type Refuse<Value> = (value: NonNullable<Value>, pod: Pod, node: NodeSecurity) => PodTermination | undefined;
/** Why a container does not start with it. */
type Check<Value> = (value: NonNullable<Value>, about: ContainerOnNode) => string | undefined;
/** What the runtime gets, also where nothing is set. */
type ToRuntime<Value> = (value: Value | undefined, about: ContainerOnNode) => ContainerSecurityInput;

/** `value`: the container's own, or else its pod's. */
interface ContainerRule<Value> {
  readonly refuse?: Refuse<Value>;
  readonly check?: Check<Value>;
  readonly toRuntime?: ToRuntime<Value>;
}
type Done<Value> = ContainerRule<Value> &
  ({ readonly refuse: Refuse<Value> } | { readonly check: Check<Value> } | { readonly toRuntime: ToRuntime<Value> });

type Groups = Pick<SandboxSecurityInput, 'supplementalGroups' | 'supplementalGroupsPolicy'>;
interface PodRule<Value> {
  readonly refuse?: Refuse<Value>;
  /** The same to sandbox and containers. */
  readonly toRuntime?: (value: NonNullable<Value>) => Groups;
  /** Named where it is done: what the sandbox gets, what volumes are made with. */
  readonly done?: 'sandbox' | 'volumes';
}

/** All of them: optional fields are no optional rules. */
type ContainerField = keyof V1SecurityContext;
type PodField = keyof V1PodSecurityContext;

const containerRules: { readonly [K in ContainerField]: Done<V1SecurityContext[K]> } = {
  allowPrivilegeEscalation: { toRuntime: (value) => ({ noNewPrivs: value === false }) },
  appArmorProfile: { refuse: (value, _, node) => appArmorRefusal(value, node), toRuntime: (value) => appArmor(value) },
  capabilities: {
    check: ({ add = [] }, { node }) => {
      const missing = add.map(capability).filter((each) => node.missingCapabilities.has(each));
      return missing.length > 0
        ? `cannot add ${missing.join(', ')}: no process of this node may have that capability`
        : undefined;
    },
    toRuntime: (value) => ({
      capabilities: {
        addCapabilities: value?.add?.map(capability),
        dropCapabilities: value?.drop?.map(capability),
      },
    }),
  },
  privileged: { toRuntime: (value) => ({ privileged: value ?? false }) },
  procMount: {
    toRuntime: (value, { container }) =>
      value === 'Unmasked' || container.spec.securityContext?.privileged ? {} : { maskedPaths, readonlyPaths },
  },
  readOnlyRootFilesystem: { toRuntime: (value) => ({ readonlyRootfs: value ?? false }) },
  runAsGroup: {
    toRuntime: (value, { pod, container, image }) => {
      if (value === undefined) return {};
      const { runAsUser } = effective(pod, container);
      // CRI refuses a group without a user: then it is that of the image, and no other.
      return { runAsGroup: { value: Number(value) }, ...(runAsUser === undefined && userOf(image)) };
    },
  },
  runAsNonRoot: { check: (value, about) => (value ? rootViolation(about) : undefined) },
  runAsUser: { toRuntime: (value) => (value === undefined ? {} : { runAsUser: { value: Number(value) } }) },
  seccompProfile: {
    check: (value) => seccompViolation(value),
    toRuntime: (value, { node }) => ({ seccomp: seccomp(value, node) }),
  },
  seLinuxOptions: {
    refuse: (value) =>
      refusalUnlessEmpty(value, {
        reason: 'SELinux',
        message: 'Cannot enforce seLinuxOptions: this node runs no pods with SELinux labels; leave them out',
      }),
  },
  windowsOptions: {
    refuse: (value) =>
      refusalUnlessEmpty(value, {
        reason: 'PodOSNotSupported',
        message: 'Cannot enforce windowsOptions: this node runs Linux; leave them out, or select nodes of Windows',
      }),
  },
};

/** What a pod sets for its `containers` is theirs where they do not say otherwise. */
const podRules: {
  readonly [K in PodField]: PodRule<V1PodSecurityContext[K]> | (K extends ContainerField ? 'containers' : never);
} = {
  appArmorProfile: 'containers',
  fsGroup: { done: 'volumes', toRuntime: (value) => ({ supplementalGroups: [Number(value)] }) },
  fsGroupChangePolicy: { done: 'volumes' },
  runAsGroup: 'containers',
  runAsNonRoot: 'containers',
  runAsUser: 'containers',
  seccompProfile: 'containers',
  // It says how volumes get the labels of seLinuxOptions, which are refused.
  seLinuxChangePolicy: { done: 'volumes' },
  seLinuxOptions: 'containers',
  supplementalGroups: { toRuntime: (value) => ({ supplementalGroups: value.map(Number) }) },
  supplementalGroupsPolicy: {
    refuse: (value, _, node) =>
      value !== 'Merge' && !node.supplementalGroupsPolicy
        ? {
            reason: 'SupplementalGroupsPolicyNotSupported',
            message: `SupplementalGroupsPolicy=${value} is not supported in this node`,
          }
        : undefined,
    toRuntime: (value) => ({
      supplementalGroupsPolicy: value === 'Strict' ? groupPolicies.strict : groupPolicies.merge,
    }),
  },
  sysctls: {
    done: 'sandbox',
    refuse: (value, { spec }, node) => {
      const refusals = value.map(({ name }) => sysctlRefusal(name, spec, node.allowedUnsafeSysctls));
      const why = refusals.find((each) => each !== undefined);
      return why ? { reason: 'SysctlForbidden', message: `forbidden sysctl: ${why}` } : undefined;
    },
  },
  windowsOptions: 'containers',
};

/** Why this node does not take the pod for what a security context of it asks. */
export function securityRefusal(pod: Pod, node: NodeSecurity): PodTermination | undefined {
  const refusals = podContainers(pod).map((container) => containerRefusal(pod, container, node));
  return podRefusal(pod, node) ?? refusals.find((each) => each !== undefined);
}

/** Why the container does not start. An ephemeral one comes when its pod was taken long ago, so what is refused is asked again. */
export function securityViolation(about: ContainerOnNode): string | undefined {
  const { pod, container, node } = about;
  const refusal = podRefusal(pod, node) ?? containerRefusal(pod, container, node);
  if (refusal) return refusal.message;
  const context = effective(pod, container);
  const violations = keysOf(containerRules).map((key) => checkOne(key, context[key], about));
  if (container.spec.volumeMounts?.some(({ recursiveReadOnly }) => recursiveReadOnly === 'Enabled'))
    violations.push('a volume requested recursive read-only mode, but it is not supported by the runtime');
  return violations.find((each) => each !== undefined);
}

/** What the runtime gets of a container's security, but for its namespaces. */
export function containerSecurity(about: ContainerOnNode): ContainerSecurityInput {
  const context = effective(about.pod, about.container);
  const parts = keysOf(containerRules).map((key) => containerRuleOf(key).toRuntime?.(context[key], about) ?? {});
  // as: what the rules make are fields of it.
  const fields = Object.fromEntries(parts.flatMap((each) => Object.entries(each))) as ContainerSecurityInput;
  return { ...fields, ...groupsOf(about.pod) };
}

/** The same of its sandbox, whose one process does nothing: it needs no more calls than any other. */
export function sandboxSecurity(pod: Pod): SandboxSecurityInput {
  const { runAsUser, runAsGroup } = pod.spec.securityContext ?? {};
  return {
    privileged: podContainers(pod).some(({ spec }) => spec.securityContext?.privileged),
    seccomp: { profileType: profileTypes.runtimeDefault },
    ...(runAsUser !== undefined && { runAsUser: { value: Number(runAsUser) } }),
    ...(runAsUser !== undefined && runAsGroup !== undefined && { runAsGroup: { value: Number(runAsGroup) } }),
    ...groupsOf(pod),
  };
}

export function sandboxSysctls(pod: Pod): Record<string, string> {
  const { sysctls = [] } = pod.spec.securityContext ?? {};
  return Object.fromEntries(sysctls.map(({ name, value }) => [sysctlName(name), value]));
}

/** Why the pod gets no sandbox: kubelet, too, tells it then, and tries again. */
export function sandboxViolation({ spec }: Pod): string | undefined {
  return spec.hostUsers === false
    ? "can't set `spec.hostUsers: false`: the runtime of this node does not support user namespaces"
    : undefined;
}

function podRefusal(pod: Pod, node: NodeSecurity): PodTermination | undefined {
  const context = pod.spec.securityContext ?? {};
  return keysOf(podRules)
    .map((key) => refusePod(key, context[key], pod, node))
    .find((each) => each !== undefined);
}

function containerRefusal(pod: Pod, container: PodContainer, node: NodeSecurity): PodTermination | undefined {
  const context = effective(pod, container);
  return keysOf(containerRules)
    .map((key) => refuseOne(key, context[key], pod, node))
    .find((each) => each !== undefined);
}

/** What the container says, and its pod where it does not. */
function effective(pod: Pod, container: PodContainer): V1SecurityContext {
  const shared = Object.entries(pod.spec.securityContext ?? {});
  const appArmorProfile = annotatedAppArmor(pod, container.name);
  return {
    // as: a pod's field that its containers have, too, is of the same type.
    ...(Object.fromEntries(shared.filter(([key]) => getOwn(podRules, key) === 'containers')) as V1SecurityContext),
    ...(appArmorProfile && { appArmorProfile }),
    ...container.spec.securityContext,
  };
}

function containerRuleOf<K extends ContainerField>(key: K): ContainerRule<V1SecurityContext[K]> {
  return containerRules[key];
}

function refuseOne<K extends ContainerField>(
  key: K,
  value: V1SecurityContext[K],
  pod: Pod,
  node: NodeSecurity,
): PodTermination | undefined {
  return value === undefined || value === null ? undefined : containerRuleOf(key).refuse?.(value, pod, node);
}

function checkOne<K extends ContainerField>(key: K, value: V1SecurityContext[K], about: ContainerOnNode) {
  return value === undefined || value === null ? undefined : containerRuleOf(key).check?.(value, about);
}

function podRuleOf<K extends PodField>(key: K): PodRule<V1PodSecurityContext[K]> {
  const rule: PodRule<V1PodSecurityContext[K]> | 'containers' = podRules[key];
  return rule === 'containers' ? {} : rule;
}

function refusePod<K extends PodField>(
  key: K,
  value: V1PodSecurityContext[K],
  pod: Pod,
  node: NodeSecurity,
): PodTermination | undefined {
  return value === undefined || value === null ? undefined : podRuleOf(key).refuse?.(value, pod, node);
}

function podToRuntime<K extends PodField>(key: K, value: V1PodSecurityContext[K]): Groups {
  return value === undefined || value === null ? {} : (podRuleOf(key).toRuntime?.(value) ?? {});
}

function groupsOf(pod: Pod): Groups {
  const context = pod.spec.securityContext ?? {};
  const parts = keysOf(podRules).map((key) => podToRuntime(key, context[key]));
  const { supplementalGroupsPolicy } = parts.find((each) => each.supplementalGroupsPolicy !== undefined) ?? {};
  return { supplementalGroups: parts.flatMap((each) => each.supplementalGroups ?? []), supplementalGroupsPolicy };
}

function keysOf<T extends object>(rules: T): (keyof T)[] {
  // as: the tables of this module have no other keys than their types.
  return Object.keys(rules) as (keyof T)[];
}

/** An object without anything in it asks for nothing. */
function refusalUnlessEmpty(value: object, refusal: PodTermination): PodTermination | undefined {
  const asked = Object.values(value).some(
    (each) => each !== undefined && each !== null && each !== '' && each !== false,
  );
  return asked ? refusal : undefined;
}

function rootViolation({ pod, container, image }: ContainerOnNode): string | undefined {
  const { runAsUser } = effective(pod, container);
  if (runAsUser !== undefined)
    return Number(runAsUser) === 0 ? "container's runAsUser breaks non-root policy" : undefined;
  if (image.uid === undefined && image.username && image.username !== 'root')
    return `container has runAsNonRoot and image has non-numeric user (${image.username}), cannot verify user is non-root`;
  return (image.uid ?? 0) === 0 ? 'container has runAsNonRoot and image will run as root' : undefined;
}

function userOf({ uid, username }: ImageUser): ContainerSecurityInput {
  return uid === undefined && username ? { runAsUsername: username } : { runAsUser: { value: uid ?? 0 } };
}

/** The CRI takes names without the prefix; `ALL` stays. */
function capability(name: string): string {
  return name.toUpperCase().replace(/^CAP_/, '');
}
