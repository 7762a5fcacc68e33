// Validation of Services.

import type { V1Service, V1ServicePort, V1ServiceSpec } from '../../../../generated/kubernetes.ts';
import { familyOf } from '../../../machinery/cidr.ts';
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
import { validateClassUpdate, validateLoadBalancer, validateSourceRanges } from './validate-external.ts';

const types = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];

export function validateService({ metadata, spec }: V1Service, old?: V1Service): FieldError[] {
  if (!spec) return [required('spec')];
  const errors: FieldError[] = [];
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
  for (const [index, address] of (spec.clusterIPs ?? []).entries())
    if (address !== 'None' && address !== '')
      errors.push(...validateAddress(address, `spec.clusterIPs[${index}]`, old?.spec?.clusterIPs));
  if (spec.clusterIP && spec.clusterIPs?.length && spec.clusterIP !== spec.clusterIPs[0]) {
    errors.push(invalidValue('spec.clusterIPs', spec.clusterIPs, 'first value must match `clusterIP`'));
  }
  errors.push(...validateFamilies(spec), ...validateAddresses(spec));
  errors.push(...validateSourceRanges({ metadata, spec }, old));
  spec.externalIPs?.forEach((address, index) => {
    const path = `spec.externalIPs[${index}]`;
    const wrong = validateAddress(address, path, old?.spec?.externalIPs);
    errors.push(...(wrong.length > 0 ? wrong : validateReachable(address, path)));
  });
  return errors;
}

const families = ['IPv4', 'IPv6'];

/** Each address is of the family that stands in its place. */
function validateAddresses({ clusterIPs = [], ipFamilies = [] }: V1ServiceSpec): FieldError[] {
  if (clusterIPs.length > 2) return [invalidValue('spec.clusterIPs', clusterIPs, 'may only hold up to 2 values')];
  return clusterIPs.flatMap((address, index) => {
    const family = ipFamilies[index];
    const own = familyOf(address);
    return !family || !own || own === family
      ? []
      : [
          invalidValue(
            `spec.clusterIPs[${index}]`,
            address,
            `expected an ${family} value as indicated by \`ipFamilies[${index}]\``,
          ),
        ];
  });
}

function validateFamilies({ ipFamilies = [], ipFamilyPolicy }: V1ServiceSpec): FieldError[] {
  const errors: FieldError[] = [];
  ipFamilies.forEach((family, index) => {
    const path = `spec.ipFamilies[${index}]`;
    if (!families.includes(family)) errors.push(notSupported(path, family, families));
    else if (ipFamilies.indexOf(family) !== index) errors.push(duplicate(path, family));
  });
  if (ipFamilies.length > 1 && ipFamilyPolicy === 'SingleStack')
    errors.push(
      invalidValue(
        'spec.ipFamilyPolicy',
        ipFamilyPolicy,
        "must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified",
      ),
    );
  return errors;
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
    if (spec.clusterIP) errors.push(forbiddenField('spec.clusterIPs', "may not be set when `type` is 'ExternalName'"));
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
  if (spec.healthCheckNodePort && !(spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local')) {
    errors.push(
      forbiddenField(
        'spec.healthCheckNodePort',
        "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
      ),
    );
  }
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
  if (port.nodePort && spec.type !== 'NodePort' && spec.type !== 'LoadBalancer') {
    errors.push(forbiddenField(`${path}.nodePort`, `may not be used when \`type\` is '${spec.type}'`));
  }
  return errors;
}

export function validateServiceUpdate(object: V1Service, old: V1Service): FieldError[] {
  return [...validateClassUpdate(object, old), ...validateAddressUpdate(object, old)];
}

function validateAddressUpdate(object: V1Service, old: V1Service): FieldError[] {
  if (object.spec?.type === 'ExternalName' || old.spec?.type === 'ExternalName') return [];
  const before = old.spec?.clusterIP;
  const after = object.spec?.clusterIP;
  if (!before || before === after) return [];
  return [
    invalidValue(
      'spec.clusterIPs[0]',
      object.spec?.clusterIPs ?? null,
      after ? 'may not change once set' : 'primary clusterIP can not be unset',
    ),
  ];
}
