// Validation of containers: names, images, ports; environment, mounts, probes, hooks and resources have files of their own.

import type { V1Container } from '../../../../generated/kubernetes.ts';
import { duplicate, type FieldError, forbiddenField, invalidValue, required } from '../../../machinery/field-error.ts';
import { dns1123Label, portName, portNumber } from '../../../machinery/names.ts';
import type { ContainerRole, ContainerSurroundings } from './container-surroundings.ts';
import { validateEnvironment } from './validate-env.ts';
import { validateHandler, validateProbe } from './validate-handler.ts';
import { validateMounts } from './validate-mounts.ts';
import { validateContainerResources } from './validate-resources.ts';
import { validateRestart } from './validate-restart.ts';
import { validateContainerSecurity } from './validate-security.ts';

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
  errors.push(...validatePorts(container, around, path));
  errors.push(...validateEnvironment(container, around, path));
  errors.push(...validateMounts(container, role, around, path));
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
      if (handler) errors.push(...validateHandler(handler, around.graceSeconds, `${path}.lifecycle.${hook}`));
    }
  }
  if (container.resources)
    errors.push(...validateContainerResources(container.resources, around.resourceClaims, `${path}.resources`));
  if (container.securityContext)
    errors.push(...validateContainerSecurity(container.securityContext, around.hostUsers, `${path}.securityContext`));
  if (role === 'ephemeral') errors.push(...validateEphemeral(container, path));
  else errors.push(...validateRestart(container, path));
  return errors;
}

/** Nothing is to rely on such a container. Its probes and its lifecycle are refused with those of init containers. */
const notOfEphemeral = ['ports', 'resources', 'resizePolicy', 'restartPolicy', 'restartPolicyRules'] as const;

function validateEphemeral(container: V1Container, path: string): FieldError[] {
  return notOfEphemeral
    .filter((field) => {
      const value = container[field] ?? '';
      return typeof value === 'string' ? value !== '' : Object.keys(value).length > 0;
    })
    .map((field) => forbiddenField(`${path}.${field}`, 'cannot be set for an Ephemeral Container'));
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
