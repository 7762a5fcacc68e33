// Validation of what ends up in a pod's resolv.conf, in its hosts file, and as its host name.

import type { V1HostAlias, V1PodDNSConfig, V1PodSpec } from '../../../../generated/kubernetes.ts';
import { type FieldError, forbiddenField, invalidValue, required, tooLong } from '../../../machinery/field-error.ts';
import { dns1123Label, dns1123Subdomain, dns1123SubdomainWithUnderscore } from '../../../machinery/names.ts';
import { validateAddress } from '../../rules/addresses.ts';

const maxNameservers = 3;
const maxSearches = 32;
const maxSearchCharacters = 2048;
/** What the kernel takes as a host name. */
const maxHostname = 64;

export function validateNaming(spec: V1PodSpec, path: string): FieldError[] {
  return [
    ...validateDns(spec, path),
    ...validateHostAliases(spec.hostAliases ?? [], `${path}.hostAliases`),
    ...label(spec.hostname, `${path}.hostname`),
    ...label(spec.subdomain, `${path}.subdomain`),
    ...validateHostnameOverride(spec, `${path}.hostnameOverride`),
  ];
}

function validateDns({ dnsPolicy, dnsConfig }: V1PodSpec, path: string): FieldError[] {
  if (dnsPolicy === 'None') {
    if (!dnsConfig) return [required(`${path}.dnsConfig`, 'must provide `dnsConfig` when `dnsPolicy` is None')];
    if (!dnsConfig.nameservers?.length)
      return [
        required(`${path}.dnsConfig.nameservers`, 'must provide at least one DNS nameserver when `dnsPolicy` is None'),
      ];
  }
  return dnsConfig ? validateDnsConfig(dnsConfig, `${path}.dnsConfig`) : [];
}

function validateDnsConfig(config: V1PodDNSConfig, path: string): FieldError[] {
  const { nameservers = [], searches = [], options = [] } = config;
  const errors: FieldError[] = [];
  if (nameservers.length > maxNameservers)
    errors.push(
      invalidValue(`${path}.nameservers`, nameservers, `must not have more than ${maxNameservers} nameservers`),
    );
  nameservers.forEach((address, index) => {
    errors.push(...validateAddress(address, `${path}.nameservers[${index}]`));
  });
  if (searches.length > maxSearches)
    errors.push(invalidValue(`${path}.searches`, searches, `must not have more than ${maxSearches} search paths`));
  if (Buffer.byteLength(searches.join(' ')) > maxSearchCharacters)
    errors.push(
      invalidValue(
        `${path}.searches`,
        searches,
        `must not have more than ${maxSearchCharacters} characters (including spaces) in the search list`,
      ),
    );
  searches.forEach((search, index) => {
    if (search === '.') return;
    const name = search.replace(/\.$/, '');
    for (const message of dns1123SubdomainWithUnderscore(name))
      errors.push(invalidValue(`${path}.searches[${index}]`, name, message));
  });
  options.forEach(({ name, value }, index) => {
    if (!name) errors.push(required(`${path}.options[${index}]`, 'must not be empty'));
    // Kubernetes takes them; a line of its own in resolv.conf would be another setting than the one that was checked.
    for (const text of [name, value])
      if (text && hasControlCharacter(text))
        errors.push(invalidValue(`${path}.options[${index}]`, text, 'must not contain control characters'));
  });
  return errors;
}

function validateHostAliases(aliases: readonly V1HostAlias[], path: string): FieldError[] {
  return aliases.flatMap((alias, index) => [
    ...validateAddress(alias.ip, `${path}[${index}].ip`),
    ...(alias.hostnames ?? []).flatMap((name, each) =>
      dns1123Subdomain(name).map((message) => invalidValue(`${path}[${index}].hostnames[${each}]`, name, message)),
    ),
  ]);
}

/** A host name as it is, whatever the pod's other fields make of it (KEP-4762). */
function validateHostnameOverride(spec: V1PodSpec, path: string): FieldError[] {
  const { hostnameOverride: name, hostNetwork, setHostnameAsFQDN } = spec;
  if (name === undefined) return [];
  const errors = dns1123Subdomain(name).map((message) => invalidValue(path, name, message));
  if (Buffer.byteLength(name) > maxHostname) errors.push(tooLong(path, maxHostname));
  if (hostNetwork) errors.push(forbiddenField(path, 'may not be specified when hostNetwork is true'));
  if (setHostnameAsFQDN) errors.push(forbiddenField(path, 'may not be specified when setHostnameAsFQDN is true'));
  return errors;
}

function label(value: string | undefined, path: string): FieldError[] {
  return value ? dns1123Label(value).map((message) => invalidValue(path, value, message)) : [];
}

function hasControlCharacter(text: string): boolean {
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code === 0x7f) return true;
  }
  return false;
}
