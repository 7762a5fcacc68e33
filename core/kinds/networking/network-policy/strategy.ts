// Network policies.

import type {
  V1IPBlock,
  V1NetworkPolicy,
  V1NetworkPolicyPeer,
  V1NetworkPolicyPort,
} from '../../../../generated/kubernetes.ts';
import { parseCidr } from '../../../machinery/cidr.ts';
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../../../machinery/field-error.ts';
import { validateLabelSelector } from '../../../machinery/labels.ts';
import { portName, portNumber } from '../../../machinery/names.ts';
import { warnOfCidr } from '../../rules/address-warnings.ts';
import { strategyFor } from '../../strategy.ts';

const policyTypes = ['Egress', 'Ingress'];

export const strategy = strategyFor<V1NetworkPolicy>({
  generation: true,
  defaults({ spec }) {
    if (spec && !spec.policyTypes?.length) spec.policyTypes = spec.egress?.length ? ['Ingress', 'Egress'] : ['Ingress'];
  },
  validate({ spec }) {
    const errors = validateLabelSelector(spec?.podSelector, 'spec.podSelector');
    spec?.ingress?.forEach(({ ports, from }, index) => {
      errors.push(...validateRule(ports, from, `spec.ingress[${index}]`, 'from'));
    });
    spec?.egress?.forEach(({ ports, to }, index) => {
      errors.push(...validateRule(ports, to, `spec.egress[${index}]`, 'to'));
    });
    const types = spec?.policyTypes ?? [];
    if (types.length > policyTypes.length)
      return [...errors, invalidValue('spec.policyTypes', types, 'may not specify more than two policyTypes')];
    for (const each of types)
      if (!policyTypes.includes(each)) errors.push(notSupported('spec.policyTypes', each, policyTypes));
    return errors;
  },
  warnings: ({ spec }) => [
    ...(spec?.ingress ?? []).flatMap(({ from }, index) => warnOfPeers(from, `spec.ingress[${index}].from`)),
    ...(spec?.egress ?? []).flatMap(({ to }, index) => warnOfPeers(to, `spec.egress[${index}].to`)),
  ],
});

function warnOfPeers(peers: readonly V1NetworkPolicyPeer[] | undefined, path: string): string[] {
  return (peers ?? []).flatMap(({ ipBlock }, index) => [
    ...warnOfCidr(ipBlock?.cidr, `${path}[${index}].ipBlock.cidr`),
    ...(ipBlock?.except ?? []).flatMap((cidr, place) => warnOfCidr(cidr, `${path}[${index}].ipBlock.except[${place}]`)),
  ]);
}

function validateRule(
  ports: readonly V1NetworkPolicyPort[] | undefined,
  peers: readonly V1NetworkPolicyPeer[] | undefined,
  path: string,
  direction: 'from' | 'to',
): FieldError[] {
  return [
    ...(ports ?? []).flatMap((port, index) => validatePort(port, `${path}.ports[${index}]`)),
    ...(peers ?? []).flatMap((peer, index) => validatePeer(peer, `${path}.${direction}[${index}]`)),
  ];
}

function validatePort({ port, endPort }: V1NetworkPolicyPort, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const end = `${path}.endPort`;
  if (port === undefined) {
    if (endPort !== undefined)
      errors.push(invalidValue(end, endPort, 'may not be specified when `port` is not specified'));
    return errors;
  }
  if (typeof port === 'number') {
    for (const message of portNumber(port)) errors.push(invalidValue(`${path}.port`, port, message));
    if (endPort === undefined) return errors;
    if (endPort < port) errors.push(invalidValue(end, endPort, 'must be greater than or equal to `port`'));
    for (const message of portNumber(endPort)) errors.push(invalidValue(end, endPort, message));
    return errors;
  }
  if (endPort !== undefined) errors.push(invalidValue(end, endPort, 'may not be specified when `port` is non-numeric'));
  return [...errors, ...portName(port).map((message) => invalidValue(`${path}.port`, port, message))];
}

function validatePeer({ podSelector, namespaceSelector, ipBlock }: V1NetworkPolicyPeer, path: string): FieldError[] {
  if (!podSelector && !namespaceSelector && !ipBlock) return [required(path, 'must specify a peer')];
  if (ipBlock && (podSelector || namespaceSelector))
    return [forbiddenField(path, 'may not specify both ipBlock and another peer')];
  return [
    ...validateLabelSelector(podSelector, `${path}.podSelector`),
    ...validateLabelSelector(namespaceSelector, `${path}.namespaceSelector`),
    ...(ipBlock ? validateBlock(ipBlock, `${path}.ipBlock`) : []),
  ];
}

function validateBlock({ cidr, except }: V1IPBlock, path: string): FieldError[] {
  if (!cidr) return [required(`${path}.cidr`)];
  const whole = parseCidr(cidr);
  const notCidr = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';
  if (!whole) return [invalidValue(`${path}.cidr`, cidr, notCidr)];
  return (except ?? []).flatMap((text, index) => {
    const at = `${path}.except[${index}]`;
    const part = parseCidr(text);
    if (!part) return [invalidValue(at, text, notCidr)];
    const within = part.family === whole.family && part.first >= whole.first && part.first < whole.first + whole.size;
    return within && part.size < whole.size ? [] : [invalidValue(at, text, 'must be a strict subset of `cidr`')];
  });
}
