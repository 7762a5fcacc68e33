// Validation of Services.

import type { V1Service, V1ServicePort, V1ServiceSpec } from '../../../../generated/kubernetes.ts';
import {
  duplicate,
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../../../machinery/field-error.ts';
import { validateLabels } from '../../../machinery/labels.ts';
import { dns1123Label, dns1123Subdomain, portName, portNumber, qualifiedNameErrors } from '../../../machinery/names.ts';
import { validateAddress } from '../../rules/addresses.ts';
import { validateReachable } from '../endpoints/reachable.ts';
import { validateAddresses, validateAddressUpdate, validateFamilyUpdate } from './validate-addresses.ts';
import { validateClassUpdate, validateLoadBalancer, validateSourceRanges } from './validate-external.ts';

const types = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];

export function validateService({ metadata, spec }: V1Service, old?: V1Service): FieldError[] {
  if (!spec) return [required('spec')];
  // Addresses are given out before anything else is looked at: where that cannot be done, nothing more is said.
  const early = validateAddresses(spec, old?.spec);
  if (early.length > 0) return early;
  const errors = validateTopologyMode(metadata.annotations);
  if (!spec.type) errors.push(required('spec.type'));
  else if (!types.includes(spec.type)) errors.push(notSupported('spec.type', spec.type, types));
  const headless = spec.clusterIP === 'None';
  if (!spec.ports?.length && !headless && spec.type !== 'ExternalName') errors.push(required('spec.ports'));
  errors.push(...validateType(spec, headless), ...validateLoadBalancer(spec), ...validatePorts(spec));
  errors.push(...validateLabels(spec.selector, 'spec.selector'));
  const seconds = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds;
  if (spec.sessionAffinity === 'ClientIP' && (seconds === undefined || seconds <= 0 || seconds > 86400)) {
    errors.push(
      invalidValue(
        'spec.sessionAffinityConfig.clientIP.timeoutSeconds',
        seconds,
        'must be greater than 0 and less than 86400',
      ),
    );
  }
  errors.push(...validateSourceRanges({ metadata, spec }, old));
  spec.externalIPs?.forEach((address, index) => {
    const path = `spec.externalIPs[${index}]`;
    const wrong = validateAddress(address, path, old?.spec?.externalIPs);
    errors.push(...(wrong.length > 0 ? wrong : validateReachable(address, path)));
  });
  return errors;
}

const hints = 'service.kubernetes.io/topology-aware-hints';
const mode = 'service.kubernetes.io/topology-mode';

/** One thing under its old and its new name. */
function validateTopologyMode(annotations: Readonly<Record<string, string>> = {}): FieldError[] {
  const [old, value] = [annotations[hints], annotations[mode]];
  return old === undefined || value === undefined || old === value
    ? []
    : [
        invalidValue(
          `metadata.annotations[${mode}]`,
          value,
          `must match annotations[${hints}] when both are specified`,
        ),
      ];
}

function validateType(spec: V1ServiceSpec, headless: boolean): FieldError[] {
  const errors: FieldError[] = [];
  const external = spec.type === 'NodePort' || spec.type === 'LoadBalancer';
  if (spec.type === 'LoadBalancer' && headless)
    errors.push(
      invalidValue('spec.clusterIPs[0]', spec.clusterIP, "may not be set to 'None' for LoadBalancer services"),
    );
  if (spec.type === 'NodePort' && headless)
    errors.push(invalidValue('spec.clusterIPs[0]', spec.clusterIP, "may not be set to 'None' for NodePort services"));
  if (spec.type === 'ExternalName') {
    for (const field of ['clusterIPs', 'ipFamilies', 'ipFamilyPolicy'] as const)
      if (spec[field]?.length) errors.push(forbiddenField(`spec.${field}`, 'may not be set for ExternalName services'));
    const name = (spec.externalName ?? '').replace(/\.$/, '');
    if (!name) errors.push(required('spec.externalName'));
    else
      for (const message of dns1123Subdomain(name))
        errors.push(invalidValue('spec.externalName', spec.externalName, message));
  }
  if (spec.externalTrafficPolicy && !external && !spec.externalIPs?.length) {
    errors.push(
      invalidValue(
        'spec.externalTrafficPolicy',
        spec.externalTrafficPolicy,
        'may only be set for externally-accessible services',
      ),
    );
  }
  const port = spec.healthCheckNodePort;
  const checked = spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local';
  if (port && !checked)
    errors.push(
      invalidValue(
        'spec.healthCheckNodePort',
        port,
        "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
      ),
    );
  else if (port)
    for (const message of portNumber(port)) errors.push(invalidValue('spec.healthCheckNodePort', port, message));
  return errors;
}

function validatePorts(spec: V1ServiceSpec): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  const pairs = new Set<string>();
  const nodePorts = new Set<string>();
  const several = (spec.ports?.length ?? 0) > 1;
  spec.ports?.forEach((port, index) => {
    const path = `spec.ports[${index}]`;
    if (!port.name) {
      if (several) errors.push(required(`${path}.name`));
    } else {
      for (const message of dns1123Label(port.name)) errors.push(invalidValue(`${path}.name`, port.name, message));
      if (names.has(port.name)) errors.push(duplicate(`${path}.name`, port.name));
      names.add(port.name);
    }
    errors.push(...validatePort(port, spec, path));
    const pair = `${port.protocol}/${port.port}`;
    if (pairs.has(pair)) errors.push(duplicate(path, { port: port.port, protocol: port.protocol }));
    pairs.add(pair);
    if (!port.nodePort) return;
    const node = `${port.protocol}/${port.nodePort}`;
    if (nodePorts.has(node)) errors.push(duplicate(`${path}.nodePort`, port.nodePort));
    nodePorts.add(node);
  });
  return errors;
}

function validatePort(port: V1ServicePort, spec: V1ServiceSpec, path: string): FieldError[] {
  const errors = portNumber(port.port).map((message) => invalidValue(`${path}.port`, port.port, message));
  const protocols = ['SCTP', 'TCP', 'UDP'];
  if (!port.protocol) errors.push(required(`${path}.protocol`));
  else if (!protocols.includes(port.protocol)) errors.push(notSupported(`${path}.protocol`, port.protocol, protocols));
  if (port.appProtocol)
    for (const message of qualifiedNameErrors(port.appProtocol))
      errors.push(invalidValue(`${path}.appProtocol`, port.appProtocol, message));
  const target = port.targetPort;
  if (typeof target === 'number')
    for (const message of portNumber(target)) errors.push(invalidValue(`${path}.targetPort`, target, message));
  if (typeof target === 'string')
    for (const message of portName(target)) errors.push(invalidValue(`${path}.targetPort`, target, message));
  if (port.nodePort && spec.type === 'ClusterIP')
    errors.push(forbiddenField(`${path}.nodePort`, "may not be used when `type` is 'ClusterIP'"));
  return errors;
}

export function validateServiceUpdate(object: V1Service, old: V1Service): FieldError[] {
  const [after, before] = [object.spec, old.spec];
  if (!after || !before || validateAddresses(after, before).length > 0) return [];
  const errors = [...validateAddressUpdate(after, before), ...validateFamilyUpdate(after, before)];
  errors.push(...validateClassUpdate(object, old));
  const checked = (spec: V1ServiceSpec) => spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local';
  if (checked(after) && checked(before) && after.healthCheckNodePort !== before.healthCheckNodePort)
    errors.push(forbiddenField('spec.healthCheckNodePort', 'field is immutable'));
  return errors;
}
