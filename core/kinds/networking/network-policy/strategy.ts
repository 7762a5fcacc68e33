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
import { validateCidr } from '../../rules/addresses.ts';
import { strategyFor } from '../../strategy.ts';

const policyTypes = ['Ingress', 'Egress'];
const protocols = ['TCP', 'UDP', 'SCTP'];

export const strategy = strategyFor<V1NetworkPolicy>({
  generation: true,
  defaults({ spec }) {
    if (spec && !spec.policyTypes?.length) spec.policyTypes = spec.egress?.length ? ['Ingress', 'Egress'] : ['Ingress'];
  },
  validate({ spec }, old) {
    const known = rangesIn(old);
    const errors = validateLabelSelector(spec?.podSelector, 'spec.podSelector');
    spec?.ingress?.forEach(({ ports, from }, index) => {
      errors.push(...validateRule(ports, from, `spec.ingress[${index}]`, 'from', known));
    });
    spec?.egress?.forEach(({ ports, to }, index) => {
      errors.push(...validateRule(ports, to, `spec.egress[${index}]`, 'to', known));
    });
    const types = spec?.policyTypes ?? [];
    if (types.length > policyTypes.length)
      return [...errors, invalidValue('spec.policyTypes', types, 'may not specify more than two policyTypes')];
    types.forEach((each, index) => {
      if (!policyTypes.includes(each)) errors.push(notSupported(`spec.policyTypes[${index}]`, each, policyTypes));
    });
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

/** What a policy holds already may stay as it is: rules and peers move about, so each value may stand anywhere. */
function rangesIn(policy: V1NetworkPolicy | undefined): string[] {
  const { ingress = [], egress = [] } = policy?.spec ?? {};
  return [...ingress.flatMap(({ from }) => from ?? []), ...egress.flatMap(({ to }) => to ?? [])].flatMap(
    ({ ipBlock }) => (ipBlock ? [ipBlock.cidr, ...(ipBlock.except ?? [])] : []),
  );
}

function validateRule(
  ports: readonly V1NetworkPolicyPort[] | undefined,
  peers: readonly V1NetworkPolicyPeer[] | undefined,
  path: string,
  direction: 'from' | 'to',
  known: readonly string[],
): FieldError[] {
  return [
    ...(ports ?? []).flatMap((port, index) => validatePort(port, `${path}.ports[${index}]`)),
    ...(peers ?? []).flatMap((peer, index) => validatePeer(peer, `${path}.${direction}[${index}]`, known)),
  ];
}

function validatePort({ protocol, port, endPort }: V1NetworkPolicyPort, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (protocol !== undefined && !protocols.includes(protocol))
    errors.push(notSupported(`${path}.protocol`, protocol, protocols));
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

function validatePeer(
  { podSelector, namespaceSelector, ipBlock }: V1NetworkPolicyPeer,
  path: string,
  known: readonly string[],
): FieldError[] {
  const errors = [
    ...validateLabelSelector(podSelector, `${path}.podSelector`),
    ...validateLabelSelector(namespaceSelector, `${path}.namespaceSelector`),
    ...(ipBlock ? validateBlock(ipBlock, `${path}.ipBlock`, known) : []),
  ];
  if (!podSelector && !namespaceSelector && !ipBlock) errors.push(required(path, 'must specify a peer'));
  else if (ipBlock && (podSelector || namespaceSelector))
    errors.push(forbiddenField(path, 'may not specify both ipBlock and another peer'));
  return errors;
}

function validateBlock({ cidr, except }: V1IPBlock, path: string, known: readonly string[]): FieldError[] {
  if (!cidr) return [required(`${path}.cidr`)];
  const errors = validateCidr(cidr, `${path}.cidr`, known);
  const whole = parseCidr(cidr);
  if (!whole) return errors;
  except?.forEach((text, index) => {
    const at = `${path}.except[${index}]`;
    errors.push(...validateCidr(text, at, known));
    const part = parseCidr(text);
    if (!part) return;
    const within = part.family === whole.family && part.first >= whole.first && part.first < whole.first + whole.size;
    if (!within || part.size >= whole.size) errors.push(invalidValue(at, text, 'must be a strict subset of `cidr`'));
  });
  return errors;
}
