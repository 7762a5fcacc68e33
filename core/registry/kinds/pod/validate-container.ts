// Validation of containers: names, images, ports, environment, mounts, probes, lifecycle, resources.

import type {
  V1Container,
  V1EnvVar,
  V1LifecycleHandler,
  V1Probe,
  V1VolumeMount,
} from '../../../../generated/kubernetes.ts';
import {
  duplicate,
  type FieldError,
  forbiddenField,
  invalidValue,
  notFoundField,
  notSupported,
  required,
} from '../../../machinery/field-error.ts';
import { dns1123Label, portName, portNumber, relaxedEnvVarName } from '../../../machinery/names.ts';
import { validateResources } from './validate-resources.ts';
import { validateContainerSecurity } from './validate-security.ts';

export interface ContainerSurroundings {
  readonly volumes: ReadonlySet<string>;
  /** Volumes of block mode are devices; only claims can be. */
  readonly claims: ReadonlySet<string>;
  readonly hostNetwork: boolean;
}

export type ContainerRole = 'container' | 'init' | 'sidecar' | 'ephemeral';

export function validateContainer(
  container: V1Container,
  role: ContainerRole,
  around: ContainerSurroundings,
  path: string,
): FieldError[] {
  const errors: FieldError[] = [];
  if (!container.name) errors.push(required(`${path}.name`));
  else
    for (const message of dns1123Label(container.name))
      errors.push(invalidValue(`${path}.name`, container.name, message));
  if (!container.image) errors.push(required(`${path}.image`));
  else if (container.image !== container.image.trim()) {
    errors.push(invalidValue(`${path}.image`, container.image, 'must not have leading or trailing whitespace'));
  }
  errors.push(...validatePorts(container, around, path));
  container.env?.forEach((env, index) => {
    errors.push(...validateEnv(env, `${path}.env[${index}]`));
  });
  container.envFrom?.forEach((source, index) => {
    const at = `${path}.envFrom[${index}]`;
    if (source.prefix)
      for (const message of relaxedEnvVarName(source.prefix))
        errors.push(invalidValue(`${at}.prefix`, source.prefix, message));
    const given = [source.configMapRef, source.secretRef].filter(Boolean).length;
    if (given === 0) errors.push(invalidValue(at, '', 'must specify one of: `configMapRef` or `secretRef`'));
    if (given > 1) errors.push(invalidValue(at, '', 'may not have more than one field specified at a time'));
    if (source.configMapRef && !source.configMapRef.name) errors.push(required(`${at}.configMapRef.name`));
    if (source.secretRef && !source.secretRef.name) errors.push(required(`${at}.secretRef.name`));
  });
  errors.push(...validateMounts(container, around, path));
  const probed = role === 'container' || role === 'sidecar';
  for (const field of ['livenessProbe', 'readinessProbe', 'startupProbe'] as const) {
    const probe = container[field];
    if (!probe) continue;
    if (!probed)
      errors.push(
        forbiddenField(
          `${path}.${field}`,
          role === 'init'
            ? 'may not be set for init containers without restartPolicy=Always'
            : 'cannot be set for an Ephemeral Container',
        ),
      );
    else errors.push(...validateProbe(probe, field, `${path}.${field}`));
  }
  if (container.lifecycle) {
    if (!probed)
      errors.push(
        forbiddenField(
          `${path}.lifecycle`,
          role === 'init'
            ? 'may not be set for init containers without restartPolicy=Always'
            : 'cannot be set for an Ephemeral Container',
        ),
      );
    for (const hook of ['postStart', 'preStop'] as const) {
      const handler = container.lifecycle[hook];
      if (handler) errors.push(...validateHandler(handler, `${path}.lifecycle.${hook}`));
    }
  }
  if (container.resources) errors.push(...validateResources(container.resources, `${path}.resources`));
  if (container.securityContext)
    errors.push(...validateContainerSecurity(container.securityContext, `${path}.securityContext`));
  if (container.restartPolicy && role === 'ephemeral')
    errors.push(forbiddenField(`${path}.restartPolicy`, 'cannot be set for an Ephemeral Container'));
  return errors;
}

function validatePorts(container: V1Container, around: ContainerSurroundings, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  container.ports?.forEach((port, index) => {
    const at = `${path}.ports[${index}]`;
    if (port.name) {
      const wrong = portName(port.name);
      for (const message of wrong) errors.push(invalidValue(`${at}.name`, port.name, message));
      if (names.has(port.name)) errors.push(duplicate(`${at}.name`, port.name));
      names.add(port.name);
    }
    if (!port.containerPort) errors.push(required(`${at}.containerPort`));
    else
      for (const message of portNumber(port.containerPort))
        errors.push(invalidValue(`${at}.containerPort`, port.containerPort, message));
    if (port.hostPort) {
      for (const message of portNumber(port.hostPort))
        errors.push(invalidValue(`${at}.hostPort`, port.hostPort, message));
      if (around.hostNetwork && port.hostPort !== port.containerPort) {
        errors.push(
          invalidValue(`${at}.hostPort`, port.hostPort, 'must match `containerPort` when `hostNetwork` is true'),
        );
      }
    }
  });
  return errors;
}

function validateEnv(env: V1EnvVar, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!env.name) errors.push(required(`${path}.name`));
  else for (const message of relaxedEnvVarName(env.name)) errors.push(invalidValue(`${path}.name`, env.name, message));
  const source = env.valueFrom;
  if (!source) return errors;
  const at = `${path}.valueFrom`;
  if (env.value) errors.push(invalidValue(at, '', 'may not be specified when `value` is not empty'));
  const given = [
    source.fieldRef,
    source.resourceFieldRef,
    source.configMapKeyRef,
    source.secretKeyRef,
    source.fileKeyRef,
  ].filter(Boolean);
  if (given.length === 0) {
    errors.push(
      invalidValue(
        at,
        '',
        'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`',
      ),
    );
  }
  if (given.length > 1) errors.push(invalidValue(at, '', 'may not have more than one field specified at a time'));
  if (source.fieldRef)
    errors.push(...validateFieldPath(source.fieldRef.fieldPath, envFieldPaths, `${at}.fieldRef.fieldPath`));
  if (source.resourceFieldRef && !source.resourceFieldRef.resource)
    errors.push(required(`${at}.resourceFieldRef.resource`));
  for (const field of ['configMapKeyRef', 'secretKeyRef'] as const) {
    const ref = source[field];
    if (ref && !ref.name) errors.push(required(`${at}.${field}.name`));
    if (ref && !ref.key) errors.push(required(`${at}.${field}.key`));
  }
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
export function validateFieldPath(fieldPath: string | undefined, known: readonly string[], path: string): FieldError[] {
  if (!fieldPath) return [required(path)];
  if (/^metadata\.(labels|annotations)\['[^']+'\]$/.test(fieldPath) || known.includes(fieldPath)) return [];
  return [notSupported(path, fieldPath, known)];
}

function validateMounts(container: V1Container, around: ContainerSurroundings, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const places = new Set<string>();
  container.volumeMounts?.forEach((mount, index) => {
    errors.push(...validateMount(mount, container, around, places, `${path}.volumeMounts[${index}]`));
  });
  container.volumeDevices?.forEach((device, index) => {
    const at = `${path}.volumeDevices[${index}]`;
    if (!device.name) errors.push(required(`${at}.name`));
    else if (!around.volumes.has(device.name)) errors.push(notFoundField(`${at}.name`, device.name));
    else if (!around.claims.has(device.name))
      errors.push(
        invalidValue(
          `${at}.name`,
          device.name,
          'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode',
        ),
      );
    if (!device.devicePath) errors.push(required(`${at}.devicePath`));
    if (places.has(device.devicePath))
      errors.push(invalidValue(`${at}.devicePath`, device.devicePath, 'must be unique'));
    places.add(device.devicePath);
  });
  return errors;
}

function validateMount(
  mount: V1VolumeMount,
  container: V1Container,
  around: ContainerSurroundings,
  places: Set<string>,
  at: string,
): FieldError[] {
  const errors: FieldError[] = [];
  if (!mount.name) errors.push(required(`${at}.name`));
  else if (!around.volumes.has(mount.name)) errors.push(notFoundField(`${at}.name`, mount.name));
  if (!mount.mountPath) errors.push(required(`${at}.mountPath`));
  if (places.has(mount.mountPath)) errors.push(invalidValue(`${at}.mountPath`, mount.mountPath, 'must be unique'));
  places.add(mount.mountPath);
  if (mount.subPath && mount.subPathExpr)
    errors.push(invalidValue(`${at}.subPathExpr`, mount.subPathExpr, 'subPathExpr and subPath are mutually exclusive'));
  for (const field of ['subPath', 'subPathExpr'] as const) {
    const value = mount[field];
    if (value) errors.push(...validateLocalPath(value, `${at}.${field}`));
  }
  if (mount.mountPropagation === 'Bidirectional' && !container.securityContext?.privileged) {
    errors.push(
      forbiddenField(
        `${at}.mountPropagation`,
        'Bidirectional mount propagation is available only to privileged containers',
      ),
    );
  }
  return errors;
}

/** A path inside a volume: relative, and without a way up. */
export function validateLocalPath(value: string, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (value.startsWith('/')) errors.push(invalidValue(path, value, 'must be a relative path'));
  if (value.split('/').includes('..')) errors.push(invalidValue(path, value, "must not contain '..'"));
  return errors;
}

function validateProbe(probe: V1Probe, field: string, path: string): FieldError[] {
  const errors = validateHandler(probe, path);
  for (const name of [
    'initialDelaySeconds',
    'timeoutSeconds',
    'periodSeconds',
    'successThreshold',
    'failureThreshold',
  ] as const) {
    const value = probe[name];
    if (value !== undefined && value < 0)
      errors.push(invalidValue(`${path}.${name}`, value, 'must be greater than or equal to 0'));
  }
  if (field !== 'readinessProbe' && probe.successThreshold !== undefined && probe.successThreshold !== 1) {
    errors.push(invalidValue(`${path}.successThreshold`, probe.successThreshold, 'must be 1'));
  }
  const grace = probe.terminationGracePeriodSeconds;
  if (grace !== undefined) {
    if (field === 'readinessProbe')
      errors.push(invalidValue(`${path}.terminationGracePeriodSeconds`, grace, 'must not be set for readinessProbes'));
    else if (grace <= 0)
      errors.push(invalidValue(`${path}.terminationGracePeriodSeconds`, grace, 'must be greater than 0'));
  }
  return errors;
}

function validateHandler(handler: V1LifecycleHandler & { grpc?: { port?: number } }, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const kinds = (['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'] as const).filter((each) => handler[each]);
  if (kinds.length === 0) errors.push(required(path, 'must specify a handler type'));
  for (const extra of kinds.slice(1))
    errors.push(forbiddenField(`${path}.${extra}`, 'may not specify more than 1 handler type'));
  if (handler.exec && !handler.exec.command?.length) errors.push(required(`${path}.exec.command`));
  if (handler.httpGet) {
    if (!handler.httpGet.path) errors.push(required(`${path}.httpGet.path`));
    errors.push(...validateHandlerPort(handler.httpGet.port, `${path}.httpGet.port`));
  }
  if (handler.tcpSocket) errors.push(...validateHandlerPort(handler.tcpSocket.port, `${path}.tcpSocket.port`));
  if (handler.grpc) errors.push(...validateHandlerPort(handler.grpc.port, `${path}.grpc.port`));
  if (handler.sleep && !(handler.sleep.seconds >= 0))
    errors.push(invalidValue(`${path}.sleep.seconds`, handler.sleep.seconds, 'must be non-negative'));
  return errors;
}

function validateHandlerPort(port: number | string | undefined, path: string): FieldError[] {
  if (typeof port === 'string') return portName(port).map((message) => invalidValue(path, port, message));
  return portNumber(port ?? 0).map((message) => invalidValue(path, port ?? 0, message));
}
