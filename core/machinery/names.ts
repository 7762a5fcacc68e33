// Name and key formats, each as a function from a value to the list of what is wrong with it (empty when valid).
// The texts are those of apimachinery's validation package: clients show them and conformance tests match on them.

const qualifiedNamePattern = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const labelValuePattern = `(${qualifiedNamePattern})?`;
const label1123Pattern = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const subdomain1123Pattern = `${label1123Pattern}(\\.${label1123Pattern})*`;
const label1035Pattern = '[a-z]([-a-z0-9]*[a-z0-9])?';
const wildcardPattern = `\\*\\.${subdomain1123Pattern}`;
const configKeyPattern = '[-._a-zA-Z0-9]+';
const labelUnderscorePattern = '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const subdomainUnderscorePattern = `${labelUnderscorePattern}(\\.${labelUnderscorePattern})*`;
const headerNamePattern = '[-A-Za-z0-9]+';
const percentPattern = '[0-9]+%';
const identifierPattern = '[A-Za-z_][A-Za-z0-9_]*';
const reasonPattern = '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?';

const qualifiedName = format(
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  qualifiedNamePattern,
  ['MyName', 'my.name', '123-abc'],
);

const labelValue = format(
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  labelValuePattern,
  ['MyValue', 'my_value', '12345'],
);
const label1123 = format(
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
  label1123Pattern,
  ['my-name', '123-abc'],
);
const subdomain1123 = format(
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
  subdomain1123Pattern,
  ['example.com'],
);
const label1035 = format(
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
  label1035Pattern,
  ['my-name', 'abc-123'],
);
const wildcard = format(
  "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
  wildcardPattern,
  ['*.example.com'],
);
const configKey = format(
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
  configKeyPattern,
  ['key.name', 'KEY_NAME', 'key-name'],
);
const subdomainUnderscore = format(
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  subdomainUnderscorePattern,
  ['example.com'],
);
const headerName = format("a valid HTTP header must consist of alphanumeric characters or '-'", headerNamePattern, [
  'X-Header-Name',
]);
const percent = format("a valid percent string must be a numeric string followed by an ending '%'", percentPattern, [
  '1%',
  '93%',
]);
const identifier = format(
  "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'",
  identifierPattern,
  ['my_name', 'MY_NAME', 'MyName'],
);
const reason = format(
  "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_'",
  reasonPattern,
  ['my_name', 'MY_NAME', 'MyName', 'ReasonA,ReasonB', 'ReasonA:ReasonB'],
);

// A field that a client leaves out is an empty text to all of these, as it is in Go.

/** A DNS label (RFC 1123), as namespaces and most child names are: up to 63 bytes. */
export function dns1123Label(value = ''): string[] {
  const errors = label1123(value);
  if (errors.length > 0 && subdomain1123(value).length === 0)
    return [...tooLongFor(value, 63), 'must not contain dots'];
  return [...tooLongFor(value, 63), ...errors];
}

/** A DNS subdomain (RFC 1123), the default for object names: up to 253 bytes. */
export function dns1123Subdomain(value = ''): string[] {
  return [...tooLongFor(value, 253), ...subdomain1123(value)];
}

/** As `dns1123Subdomain`, with underscores: domains in which names are looked up (KEP-4427). */
export function dns1123SubdomainWithUnderscore(value = ''): string[] {
  return [...tooLongFor(value, 253), ...subdomainUnderscore(value)];
}

/** The name of a field of HTTP, as probes may send it. */
export function httpHeaderName(value = ''): string[] {
  return headerName(value);
}

/** A DNS label as of RFC 1035, which does not begin with a digit: Service names. */
export function dns1035Label(value = ''): string[] {
  return [...tooLongFor(value, 63), ...label1035(value)];
}

export function wildcardDns1123Subdomain(value = ''): string[] {
  return [...tooLongFor(value, 253), ...wildcard(value)];
}

/** `name` or `prefix/name`: label and annotation keys, taint keys, finalizers, resource names. */
export function qualifiedNameErrors(value = ''): string[] {
  const parts = value.split('/');
  if (parts.length > 2) {
    return [
      `a qualified name ${qualifiedName.message} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const errors: string[] = [];
  if (parts.length === 2) {
    const prefix = parts[0]!;
    if (prefix === '') errors.push('prefix part must be non-empty');
    else errors.push(...dns1123Subdomain(prefix).map((each) => `prefix part ${each}`));
  }
  const name = parts.at(-1)!;
  if (name === '') errors.push('name part must be non-empty');
  else errors.push(...tooLongFor(name, 63).map((each) => `name part ${each}`));
  errors.push(...qualifiedName(name).map((each) => `name part ${each}`));
  return errors;
}

export function labelValueErrors(value = ''): string[] {
  return [...tooLongFor(value, 63), ...labelValue(value)];
}

/** Names of environment variables (KEP-4369): any printable ASCII other than `=`. */
export function relaxedEnvVarName(value = ''): string[] {
  if (value === '') return ['environment variable name must be non-empty'];
  if (/^[ -<>-~]+$/.test(value)) return [];
  return ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
}

/** Keys of ConfigMap and Secret data. */
export function configMapKey(value = ''): string[] {
  return [...tooLongFor(value, 253), ...configKey(value), ...directoryPrefix(value)];
}

/** A name that can stand in a URL path as one segment: names of Roles, custom resources' parents, and others. */
export function pathSegmentName(value = ''): string[] {
  if (value === '.' || value === '..') return [`may not be '${value}'`];
  return pathSegmentPrefix(value);
}

/** As `pathSegmentName`, for the `generateName` of such a type. */
export function pathSegmentPrefix(value = ''): string[] {
  return ['/', '%'].filter((each) => value.includes(each)).map((each) => `may not contain '${each}'`);
}

/** An IANA service name (RFC 6335): port names. */
export function portName(value = ''): string[] {
  const errors = tooLongFor(value, 15);
  if (!/^[-a-z0-9]+$/.test(value))
    errors.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  if (!/[a-z]/.test(value)) errors.push('must contain at least one letter (a-z)');
  if (value.includes('--')) errors.push('must not contain consecutive hyphens');
  if (value.startsWith('-') || value.endsWith('-')) errors.push('must not begin or end with a hyphen');
  return errors;
}

export function portNumber(value: number): string[] {
  return Number.isInteger(value) && value >= 1 && value <= 65535 ? [] : ['must be between 1 and 65535, inclusive'];
}

/** A name as C has them: what attributes of devices are called. */
export function cIdentifier(value = ''): string[] {
  return identifier(value);
}

/** Why a condition has its status, in one word. */
export function conditionReason(value = ''): string[] {
  return reason(value);
}

export function percentErrors(value: string): string[] {
  return percent(value);
}

const nameAlphabet = 'bcdfghjklmnpqrstvwxz2456789';
const maxNameLength = 63;
const suffixLength = 5;

/** A name from a `generateName` prefix: cut to 58 characters, then five random ones. `random` gives numbers in [0, 1). */
export function generateName(prefix: string, random: () => number): string {
  return prefix.slice(0, maxNameLength - suffixLength) + randomSuffix(random);
}

/** Characters that form no words and cannot be mistaken for one another. */
export function randomSuffix(random: () => number, length = suffixLength): string {
  let suffix = '';
  for (let i = 0; i < length; i++) suffix += nameAlphabet[Math.floor(random() * nameAlphabet.length)];
  return suffix;
}

/** A hash's text in the alphabet of generated names, as `pod-template-hash` has it. */
export function safeEncode(text: string): string {
  let encoded = '';
  for (let i = 0; i < text.length; i++) encoded += nameAlphabet[text.charCodeAt(i) % nameAlphabet.length];
  return encoded;
}

interface Format {
  (value: string): string[];
  readonly message: string;
}

function format(what: string, pattern: string, examples: readonly string[]): Format {
  const expression = new RegExp(`^(?:${pattern})$`);
  // The doubled space after each comma is Kubernetes'.
  const listed = examples.map((each) => `'${each}', `).join(' or ');
  const message = `${what} (e.g. ${listed}regex used for validation is '${pattern}')`;
  return Object.assign((value: string) => (expression.test(value) ? [] : [message]), { message });
}

function tooLongFor(value: string, max: number): string[] {
  // Only ASCII passes the formats, so the cheap length decides for all names that are otherwise valid.
  if (value.length <= max && (value.length * 3 <= max || Buffer.byteLength(value) <= max)) return [];
  return [`must be no more than ${max} bytes`];
}

function directoryPrefix(value: string): string[] {
  if (value === '.') return ["must not be '.'"];
  if (value === '..') return ["must not be '..'"];
  return value.startsWith('..') ? ["must not start with '..'"] : [];
}
