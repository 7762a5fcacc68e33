// A container's environment and command line. Pure: the ConfigMaps, Secrets and Services that it may name are arguments.
// Source: Kubernetes API, EnvVar, EnvFromSource; "Accessing Services, environment variables".

import { getOwn } from '../../core/machinery/own.ts';
import type { V1ConfigMap, V1EnvVar, V1Secret, V1Service } from '../../generated/kubernetes.ts';
import { annotationOrLabelField, fieldValue, resourceFieldValue } from './downward.ts';
import type { Pod, PodContainer } from './pod.ts';
import type { NodeCapacity } from './resources.ts';

/** A reference to something that is not there (yet): the container waits with CreateContainerConfigError. */
export class ConfigError extends Error {
  constructor(text: string) {
    super(text);
    this.name = 'ConfigError';
  }
}

export interface EnvironmentSources {
  configMap(name: string): V1ConfigMap | undefined;
  secret(name: string): V1Secret | undefined;
  /** Services of the pod's namespace, and `kubernetes` of `default`. */
  readonly services: readonly V1Service[];
  readonly nodeName: string;
  readonly hostIPs: readonly string[];
  readonly podIPs: readonly string[];
  /** What a container may use when it has no limit. */
  readonly allocatable: NodeCapacity;
}

/** Throws ConfigError. */
export function environment(pod: Pod, container: PodContainer, sources: EnvironmentSources): Map<string, string> {
  const services = serviceVariables(pod, sources.services);
  const result = new Map<string, string>();
  for (const source of container.spec.envFrom ?? []) {
    const prefix = source.prefix ?? '';
    const { name, optional, data } = source.configMapRef
      ? { ...source.configMapRef, data: sources.configMap(source.configMapRef.name ?? '')?.data }
      : { ...source.secretRef, data: secretText(sources.secret(source.secretRef?.name ?? '')) };
    const found = source.configMapRef ? sources.configMap(name ?? '') : sources.secret(name ?? '');
    if (!found && !optional)
      throw new ConfigError(`${source.configMapRef ? 'configmap' : 'secret'} "${name}" not found`);
    for (const [key, value] of Object.entries(data ?? {})) result.set(`${prefix}${key}`, value);
  }
  for (const variable of container.spec.env ?? []) {
    const value = variableValue(pod, container, variable, sources, (name) => result.get(name) ?? services.get(name));
    if (value !== undefined) result.set(variable.name, value);
  }
  for (const [name, value] of services) if (!result.has(name)) result.set(name, value);
  return result;
}

/** `$(NAME)` by its value; an unknown name stays as it is; `$$(NAME)` is an escaped `$(NAME)`. */
export function expand(text: string, value: (name: string) => string | undefined): string {
  let result = '';
  for (let i = 0; i < text.length; i += 1) {
    if (text[i] !== '$') {
      result += text[i];
      continue;
    }
    if (text[i + 1] === '$') {
      result += '$';
      i += 1;
      continue;
    }
    const end = text[i + 1] === '(' ? text.indexOf(')', i + 2) : -1;
    if (end < 0) {
      result += '$';
      continue;
    }
    const name = text.slice(i + 2, end);
    result += value(name) ?? `$(${name})`;
    i = end;
  }
  return result;
}

function variableValue(
  pod: Pod,
  container: PodContainer,
  variable: V1EnvVar,
  sources: EnvironmentSources,
  earlier: (name: string) => string | undefined,
): string | undefined {
  const from = variable.valueFrom;
  if (!from) return expand(variable.value ?? '', earlier);
  if (from.fieldRef) {
    const path = from.fieldRef.fieldPath;
    return annotationOrLabelField(pod, path) ?? fieldValue(pod, path, sources);
  }
  if (from.resourceFieldRef) return resourceFieldValue(pod, container.name, from.resourceFieldRef, sources.allocatable);
  if (from.configMapKeyRef) {
    const { name = '', key, optional } = from.configMapKeyRef;
    const found = sources.configMap(name);
    const value = getOwn(found?.data, key);
    if (value === undefined && !optional)
      throw new ConfigError(
        found
          ? `couldn't find key ${key} in ConfigMap ${pod.metadata.namespace}/${name}`
          : `configmap "${name}" not found`,
      );
    return value;
  }
  if (from.secretKeyRef) {
    const { name = '', key, optional } = from.secretKeyRef;
    const found = sources.secret(name);
    const value = getOwn(secretText(found), key);
    if (value === undefined && !optional)
      throw new ConfigError(
        found ? `couldn't find key ${key} in Secret ${pod.metadata.namespace}/${name}` : `secret "${name}" not found`,
      );
    return value;
  }
  return undefined;
}

function secretText(secret: V1Secret | undefined): Record<string, string> | undefined {
  if (!secret?.data) return undefined;
  return Object.fromEntries(
    Object.entries(secret.data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
  );
}

/** Docker-link variables of every Service with a ClusterIP; those of `kubernetes` also without enableServiceLinks. */
function serviceVariables(pod: Pod, services: readonly V1Service[]): Map<string, string> {
  const result = new Map<string, string>();
  for (const service of services) {
    const { name = '', namespace } = service.metadata ?? {};
    const master = namespace === 'default' && name === 'kubernetes';
    const own = namespace === pod.metadata.namespace && pod.spec.enableServiceLinks !== false;
    const ip = service.spec?.clusterIP;
    const ports = service.spec?.ports ?? [];
    const [first] = ports;
    if (!(master || own) || !ip || ip === 'None' || !first) continue;
    const id = name.toUpperCase().replaceAll('-', '_');
    result.set(`${id}_SERVICE_HOST`, ip);
    result.set(`${id}_SERVICE_PORT`, String(first.port));
    for (const port of ports)
      if (port.name)
        result.set(`${id}_SERVICE_PORT_${port.name.toUpperCase().replaceAll('-', '_')}`, String(port.port));
    const host = ip.includes(':') ? `[${ip}]` : ip;
    for (const [i, port] of ports.entries()) {
      const protocol = (port.protocol ?? 'TCP').toLowerCase();
      const url = `${protocol}://${host}:${port.port}`;
      const prefix = `${id}_PORT_${port.port}_${protocol.toUpperCase()}`;
      if (i === 0) result.set(`${id}_PORT`, url);
      result.set(prefix, url);
      result.set(`${prefix}_PROTO`, protocol);
      result.set(`${prefix}_PORT`, String(port.port));
      result.set(`${prefix}_ADDR`, ip);
    }
  }
  return result;
}
