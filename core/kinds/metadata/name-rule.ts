// Which names a kind may have: a DNS subdomain, unless its strategy says otherwise.

import { dns1123Subdomain } from '../../machinery/names.ts';
import type { Strategy } from '../strategy.ts';

export type NameRule = (name: string, prefix: boolean) => string[];

export function nameRule(strategy: Strategy): NameRule {
  return strategy.validateName ?? subdomainName;
}

/** Turns a rule about whole names into one that also judges prefixes of generated ones, which may end with a dash. */
export function named(rule: (name: string) => string[]): NameRule {
  return (name, prefix) => rule(prefix && name.endsWith('-') ? `${name.slice(0, -1)}a` : name);
}

const subdomainName = named(dns1123Subdomain);
