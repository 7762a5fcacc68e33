// What the cluster's DNS answers to one question: pure.

import { isIPv6 } from 'node:net';
import type { Answer } from 'dns-packet';
import { canonicalAddress } from '../../../core/machinery/cidr.ts';
import { type NameRecords, reverseAddress, type Zone } from './zone.ts';

export interface Question {
  readonly name: string;
  readonly type: string;
}

export interface Reply {
  readonly rcode: 'NOERROR' | 'NXDOMAIN';
  readonly answers: readonly Answer[];
  readonly authorities: readonly Answer[];
  readonly additionals: readonly Answer[];
  /** The answers end in an alias to this name outside the zone: the server resolves it and adds what it finds. */
  readonly alias?: string;
}

/** Seconds. Short: what a name stands for changes with every rollout. */
const ttl = 5;
const longestChain = 8;

/** Undefined: the name is not the cluster's, ask an upstream resolver. */
export function answer(zone: Zone, question: Question): Reply | undefined {
  const answers: Answer[] = [];
  let name = question.name.toLowerCase().replace(/\.$/, '');
  // Records carry the name as it was asked: resolvers that randomise case compare it.
  let owner = question.name;
  for (let link = 0; link < longestChain; link += 1) {
    if (!isOurs(zone, name)) {
      return answers.length === 0
        ? undefined
        : { rcode: 'NOERROR', answers, authorities: [], additionals: [], alias: name };
    }
    const records = zone.names.get(name) ?? podRecords(zone, name);
    if (records === undefined) return { rcode: 'NXDOMAIN', answers, authorities: [soa(zone)], additionals: [] };
    if (records.cname !== undefined) {
      answers.push({ type: 'CNAME', name: owner, ttl, data: records.cname });
      if (question.type === 'CNAME') return { rcode: 'NOERROR', answers, authorities: [], additionals: [] };
      name = records.cname;
      owner = records.cname;
      continue;
    }
    const found = recordsOf(zone, name, owner, records, question.type);
    answers.push(...found);
    const empty = found.length === 0;
    return {
      rcode: 'NOERROR',
      answers,
      authorities: empty ? [soa(zone)] : [],
      additionals: found.flatMap((record) => (record.type === 'SRV' ? addressesOf(zone, record.data.target) : [])),
    };
  }
  return { rcode: 'NOERROR', answers, authorities: [], additionals: [] };
}

function isOurs(zone: Zone, name: string): boolean {
  if (name === zone.domain || name.endsWith(`.${zone.domain}`)) return true;
  return reverseAddress(name, zone.reverse) !== undefined;
}

function recordsOf(zone: Zone, name: string, owner: string, records: NameRecords, type: string): Answer[] {
  const any = type === 'ANY';
  const found: Answer[] = [];
  if (type === 'A' || any)
    found.push(...shuffled(records.a).map((data) => ({ type: 'A' as const, name: owner, ttl, data })));
  if (type === 'AAAA' || any)
    found.push(...shuffled(records.aaaa).map((data) => ({ type: 'AAAA' as const, name: owner, ttl, data })));
  if (type === 'SRV' || any) {
    for (const { port, target } of records.srv) {
      found.push({ type: 'SRV', name: owner, ttl, data: { priority: 0, weight: 100, port, target } });
    }
  }
  if (type === 'PTR' || any)
    found.push(...records.ptr.map((data) => ({ type: 'PTR' as const, name: owner, ttl, data })));
  if (type === 'TXT' || any)
    found.push(...records.txt.map((data) => ({ type: 'TXT' as const, name: owner, ttl, data })));
  if (name === zone.domain) {
    if (type === 'SOA' || any) found.push({ ...soa(zone), name: owner });
    if (type === 'NS' || any) found.push({ type: 'NS', name: owner, ttl, data: `ns.dns.${zone.domain}` });
  }
  return found;
}

/** `10-244-0-7.default.pod.cluster.local`, `fd00--7.default...`: any address of an existing namespace; the address is in the name. */
function podRecords(zone: Zone, name: string): NameRecords | undefined {
  const suffix = `.pod.${zone.domain}`;
  if (!name.endsWith(suffix)) return undefined;
  const [host = '', namespace = '', ...more] = name.slice(0, -suffix.length).split('.');
  if (more.length > 0 || !zone.namespaces.has(namespace)) return undefined;
  const [four, six] = [host.replaceAll('-', '.'), host.replaceAll('-', ':')];
  const other = { srv: [], ptr: [], txt: [] };
  if (/^(\d{1,3}-){3}\d{1,3}$/.test(host))
    return four.split('.').some((part) => Number(part) > 255) ? undefined : { a: [four], aaaa: [], ...other };
  return isIPv6(six) ? { a: [], aaaa: [canonicalAddress(six)], ...other } : undefined;
}

function addressesOf(zone: Zone, target: string): Answer[] {
  const records = zone.names.get(target);
  return [
    ...(records?.a ?? []).map((data) => ({ type: 'A' as const, name: target, ttl, data })),
    ...(records?.aaaa ?? []).map((data) => ({ type: 'AAAA' as const, name: target, ttl, data })),
  ];
}

/** With every negative answer (RFC 2308): how long a resolver may remember it. */
function soa(zone: Zone): Answer {
  return {
    type: 'SOA',
    name: zone.domain,
    ttl,
    data: {
      mname: `ns.dns.${zone.domain}`,
      rname: `hostmaster.${zone.domain}`,
      serial: 1,
      refresh: 7200,
      retry: 1800,
      expire: 86400,
      minimum: ttl,
    },
  };
}

let turn = 0;

/** Another first address each time: many clients take the first. */
function shuffled(list: readonly string[]): string[] {
  turn = (turn + 1) % 1_000_003;
  const start = list.length === 0 ? 0 : turn % list.length;
  return [...list.slice(start), ...list.slice(0, start)];
}
