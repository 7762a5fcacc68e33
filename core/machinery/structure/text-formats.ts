// Formats of texts in custom resources, as far as Kubernetes checks them; any other is documentation. Each takes what the library takes that
// Kubernetes checks it with, which is often more than its standard has.
// Source: apiextensions-apiserver's supported formats of 1.36; the behaviour of kube-openapi's strfmt, of Go's net, net/mail and net/url.

import { isIPv6 } from 'node:net';
import { getOwn } from '../own.ts';
import { readRequestUri } from '../request-uri.ts';
import type { Schema } from '../schema.ts';
import { parseTime } from '../time.ts';

/** Whether a schema's format is one that is checked; of other types than text, what the format says of their size. */
export function isKnownFormat({ type, format = '' }: Pick<Schema, 'type' | 'format'>): boolean {
  switch (type) {
    // As it is where clients that write every field leave it out.
    case undefined:
    case '' as never:
    case 'string':
      return textFormat(format) !== undefined;
    case 'integer':
      return format === 'int32' || format === 'int64';
    case 'number':
      return format === 'float' || format === 'double';
    default:
      return false;
  }
}

/** Undefined for a format that says nothing of texts. Hyphens in its name mean nothing. */
export function textFormat(format: string): ((value: string) => boolean) | undefined {
  return getOwn(formats, format.replaceAll('-', ''));
}

const uuid = (version: string, variant: string) =>
  new RegExp(`^[0-9a-f]{8}-?[0-9a-f]{4}-?${version}[0-9a-f]{3}-?${variant}[0-9a-f]{3}-?[0-9a-f]{12}$`, 'i');
const fits = (form: RegExp) => (value: string) => form.test(value);

const any = '[0-9a-f]';
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/;
const channel = String.raw`\s*(?:0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*`;
const card =
  /^(?:4\d{12}(?:\d{3})?|5[1-5]\d{14}|6(?:011|5\d\d)\d{12}|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|(?:2131|1800|35\d{3})\d{11})$/;
const macs = [
  /^[0-9a-f]{2}(?::[0-9a-f]{2}){5}(?:(?::[0-9a-f]{2}){2}|(?::[0-9a-f]{2}){14})?$/i,
  /^[0-9a-f]{2}(?:-[0-9a-f]{2}){5}(?:(?:-[0-9a-f]{2}){2}|(?:-[0-9a-f]{2}){14})?$/i,
  /^[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}(?:\.[0-9a-f]{4}|(?:\.[0-9a-f]{4}){7})?$/i,
];

const formats: Readonly<Record<string, (value: string) => boolean>> = {
  bsonobjectid: fits(/^[0-9a-f]{24}$/i),
  uri: (value) => typeof readRequestUri(value) !== 'string',
  email: isEmail,
  hostname: isHostname,
  ipv4: isIpv4,
  ipv6: isIpv6,
  cidr: isCidr,
  mac: (value) => macs.some((form) => form.test(value)),
  uuid: fits(uuid(any, any)),
  uuid3: fits(uuid('3', any)),
  uuid4: fits(uuid('4', '[89ab]')),
  uuid5: fits(uuid('5', '[89ab]')),
  isbn: (value) => isIsbn10(value) || isIsbn13(value),
  isbn10: isIsbn10,
  isbn13: isIsbn13,
  creditcard: isCreditCard,
  ssn: fits(/^\d{3}[- ]?\d{2}[- ]?\d{4}$/),
  hexcolor: fits(/^#?(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/),
  rgbcolor: fits(new RegExp(String.raw`^rgb\(${channel},${channel},${channel}\)$`)),
  byte: fits(base64),
  password: () => true,
  date: isDate,
  duration: isDuration,
  datetime: isDateTime,
  k8sshortname: (value) => value.length <= 63 && /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/.test(value),
  k8slongname: (value) =>
    value.length <= 253 && /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/.test(value),
};

/** One label without a hyphen but behind its first character, or labels that end with two letters or more. */
const hostname =
  /^(?:[a-zA-Z0-9\p{S}\p{L}]-?[a-zA-Z0-9\p{S}\p{L}]{0,62}|(?:[a-zA-Z0-9\p{S}\p{L}](?:[a-zA-Z0-9\-\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?\.)+\p{L}{2,63})$/u;

function isHostname(value: string): boolean {
  if (Buffer.byteLength(value) > 255 || !hostname.test(value)) return false;
  return value.split('.').every((label) => Buffer.byteLength(label) <= 63);
}

const octet = '0*(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])';
const fourOctets = new RegExp(String.raw`^${octet}(?:\.${octet}){3}$`);

/** With leading zeros, and within an address of IPv6. */
function isIpv4(value: string): boolean {
  return fourOctets.test(value) || (value.includes('.') && isIpv6(value));
}

function isIpv6(value: string): boolean {
  return isIPv6(value) && !value.includes('%');
}

function isCidr(value: string): boolean {
  const [address = '', length = '', ...rest] = value.split('/');
  const bits = fourOctets.test(address) ? 32 : isIpv6(address) ? 128 : -1;
  return rest.length === 0 && /^\d{1,7}$/.test(length) && Number(length) <= bits;
}

function isDate(value: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(value) && parseTime(`${value}T00:00:00Z`) !== undefined;
}

function isDateTime(value: string): boolean {
  const [date = '', clock = ''] = value.toLowerCase().split('t');
  const [, hours = '', minutes = '', seconds = ''] =
    /^(\d{2}):(\d{2}):(\d{2})(?:.\d+)?(?:z|[+-]\d{2}:\d{2})$/s.exec(clock) ?? [];
  return isDate(date) && hours !== '' && hours <= '23' && minutes <= '59' && seconds <= '59';
}

const goDuration = /^[+-]?(?:0|(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/;
const units = /^(?:ns|nano.*|us|µs|micro.*|ms|milli.*|s|sec.*|m|min.*|h|hr|hour.*|d|day.*|w|wk|week.*)$/i;

/** As Go writes it, or any text with a count and a unit: `3 days`. */
function isDuration(value: string): boolean {
  if (goDuration.test(value)) return true;
  const parts = [...value.matchAll(/(?<!\d)(\d+)\s*([A-Za-zµ]+)/g)];
  const fits = parts.every(([, count = '']) => count.length < 19 || (count.length < 100 && BigInt(count) < 2n ** 63n));
  return fits && parts.some(([, , unit = '']) => units.test(unit));
}

const atom = String.raw`[\w!#$%&'*+/=?^{|}~\x60\u0080-\u{10ffff}-]+`;
const dots = String.raw`${atom}(?:\.${atom})*`;
const quoted = String.raw`"(?:[^"\\\r\n]|\\[^\r\n])*"`;
const address = String.raw`(?:${dots}|${quoted})\s*@\s*(?:${dots}|\[[^[\]\\\s]*\])`;
const word = String.raw`(?:[\w!#$%&'*+/=?^{|}~.\x60\u0080-\u{10ffff}-]+|${quoted})`;
const phrase = String.raw`(?:${word}(?:\s+${word})*\s*)?`;
const mailbox = new RegExp(String.raw`^\s*(?:${address}|${phrase}<\s*${address}\s*>)\s*$`, 'u');

/** An address, with the name of who has it: `Ann <ann@example.com>`. */
function isEmail(value: string): boolean {
  return value.length <= longestAddress && mailbox.test(value);
}

/** RFC 5321 allows 254 characters of an address; a name beside it has room, and hostile texts have not. */
const longestAddress = 1024;

function isIsbn10(value: string): boolean {
  const digits = value.replace(/[\s-]+/g, '');
  if (!/^(?:\d{9}X|\d{10})$/.test(digits)) return false;
  return weighed(digits, (digit, index) => (index + 1) * (digit === 'X' ? 10 : Number(digit))) % 11 === 0;
}

function isIsbn13(value: string): boolean {
  const digits = value.replace(/[\s-]+/g, '');
  return (
    /^\d{13}$/.test(digits) && weighed(digits, (digit, index) => (index % 2 === 0 ? 1 : 3) * Number(digit)) % 10 === 0
  );
}

function isCreditCard(value: string): boolean {
  const digits = value.replace(/[^0-9]+/g, '');
  if (!card.test(digits)) return false;
  const fromEnd = [...digits].reverse().join('');
  const doubled = (digit: number) => (digit > 4 ? 2 * digit - 9 : 2 * digit);
  return weighed(fromEnd, (digit, index) => (index % 2 === 0 ? Number(digit) : doubled(Number(digit)))) % 10 === 0;
}

function weighed(digits: string, weight: (digit: string, index: number) => number): number {
  let sum = 0;
  for (const [index, digit] of [...digits].entries()) sum += weight(digit, index);
  return sum;
}
