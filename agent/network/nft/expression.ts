// The few nftables expressions that our rules are made of, in libnftables' JSON.

import type { Json } from './ruleset.ts';

export const protocol: Json = { meta: { key: 'l4proto' } };
/** The destination port of TCP, UDP and SCTP alike. */
export const dport: Json = { payload: { protocol: 'th', field: 'dport' } };

export function concat(...parts: Json[]): Json {
  return { concat: parts };
}

export function equal(left: Json, right: Json): Json {
  return { match: { op: '==', left, right } };
}

export function differs(left: Json, right: Json): Json {
  return { match: { op: '!=', left, right } };
}

/** For bit fields such as `ct state`: any of `values`. */
export function has(key: 'state' | 'status', ...values: string[]): Json {
  return { match: { op: 'in', left: { ct: { key } }, right: values.length === 1 ? values[0]! : values } };
}

/** `address` is, or `not`, of this node. */
export function isLocal(address: 'saddr' | 'daddr', op: '==' | '!=' = '=='): Json {
  return { match: { op, left: { fib: { result: 'type', flags: [address] } }, right: 'local' } };
}

export function lookup(key: Json, map: string): Json {
  return { vmap: { key, data: `@${map}` } };
}

export function goto(target: string): Json {
  return { goto: { target } };
}

export function jump(target: string): Json {
  return { jump: { target } };
}

/** A CIDR of either family, or a single address. */
export function cidr(text: string): Json {
  const [addr = text, length] = text.split('/');
  const whole = addr.includes(':') ? '128' : '32';
  return length === undefined || length === whole ? addr : { prefix: { addr, len: Number(length) } };
}

export const accept: Json = { accept: null };
export const drop: Json = { drop: null };
export const leave: Json = { return: null };
export const masquerade: Json = { masquerade: { flags: 'fully-random' } };
