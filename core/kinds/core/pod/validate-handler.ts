// Validation of what asks a container something: probes, and hooks of its life.

import type { V1HTTPGetAction, V1LifecycleHandler, V1Probe } from '../../../../generated/kubernetes.ts';
import { type FieldError, forbiddenField, invalidValue, required } from '../../../machinery/field-error.ts';
import { httpHeaderName, portName, portNumber } from '../../../machinery/names.ts';
import type { Int64 } from '../../../machinery/object.ts';

export function validateProbe(probe: V1Probe, field: string, path: string): FieldError[] {
  const errors = validateHandler(probe, undefined, path);
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

/** `graceSeconds`: how long the pod may take to end, which a sleep has to fit into. */
export function validateHandler(
  handler: V1LifecycleHandler & { grpc?: { port?: number } },
  graceSeconds: Int64 | undefined,
  path: string,
): FieldError[] {
  const errors: FieldError[] = [];
  const kinds = (['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'] as const).filter((each) => handler[each]);
  if (kinds.length === 0) errors.push(required(path, 'must specify a handler type'));
  for (const extra of kinds.slice(1))
    errors.push(forbiddenField(`${path}.${extra}`, 'may not specify more than 1 handler type'));
  if (handler.exec && !handler.exec.command?.length) errors.push(required(`${path}.exec.command`));
  if (handler.httpGet) errors.push(...validateHttpGet(handler.httpGet, `${path}.httpGet`));
  if (handler.tcpSocket) errors.push(...validateHandlerPort(handler.tcpSocket.port, `${path}.tcpSocket.port`));
  if (handler.grpc) errors.push(...validateHandlerPort(handler.grpc.port, `${path}.grpc.port`));
  const seconds = handler.sleep?.seconds;
  if (seconds !== undefined && graceSeconds !== undefined && !(seconds >= 0 && seconds <= graceSeconds))
    errors.push(
      invalidValue(
        `${path}.sleep`,
        seconds,
        `must be non-negative and less than terminationGracePeriodSeconds (${graceSeconds})`,
      ),
    );
  return errors;
}

function validateHttpGet(action: V1HTTPGetAction, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!action.path) errors.push(required(`${path}.path`));
  errors.push(...validateHandlerPort(action.port, `${path}.port`));
  for (const { name } of action.httpHeaders ?? [])
    for (const message of httpHeaderName(name)) errors.push(invalidValue(`${path}.httpHeaders`, name ?? '', message));
  return errors;
}

function validateHandlerPort(port: number | string | undefined, path: string): FieldError[] {
  if (typeof port === 'string') return portName(port).map((message) => invalidValue(path, port, message));
  return portNumber(port ?? 0).map((message) => invalidValue(path, port ?? 0, message));
}
