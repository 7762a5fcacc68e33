// Named formats of texts, and texts from a format. Source: Kubernetes' CEL library "format"; cel-go's strings extension, version 2.

import { type Environment, Optional } from '@marcbachmann/cel-js';
import { CelCallError } from './cel-call-error.ts';
import { celOutput } from './cel-input.ts';
import { dns1035Label, dns1123Label, dns1123Subdomain, labelValueErrors, qualifiedNameErrors } from './names.ts';
import { getOwn } from './own.ts';

type Rule = (text: string) => string[];

// Classes, because the library tells types apart by constructor.
class CelFormat {
  readonly rule: Rule;
  constructor(rule: Rule) {
    this.rule = rule;
  }
}
class CelFormats {}

export function registerCelFormats(environment: Environment): void {
  const add = environment.registerFunction.bind(environment);
  const type = 'kubernetes.NamedFormat';
  environment.registerType(type, CelFormat);
  environment.registerType('kubernetes.Formats', CelFormats);
  environment.registerConstant('format', 'kubernetes.Formats', new CelFormats());
  for (const [name, rule] of Object.entries(formats))
    add(`kubernetes.Formats.${name}(): ${type}`, () => new CelFormat(rule));
  add(`kubernetes.Formats.named(string): optional<${type}>`, (_: CelFormats, name: string) => {
    const rule = getOwn(formats, name);
    return rule ? Optional.of(new CelFormat(rule)) : Optional.none();
  });
  add(`${type}.validate(string): optional<list<string>>`, ({ rule }: CelFormat, text: string) => {
    const errors = rule(text);
    return errors.length > 0 ? Optional.of(errors) : Optional.none();
  });
  add('string.format(list): string', (text: string, values: readonly unknown[]) => formatted(text, values));
}

/** The start of a name, to which something follows. */
const prefixOf =
  (rule: Rule): Rule =>
  (text) =>
    rule(text.endsWith('-') ? `${text.slice(0, -1)}a` : text);

const matching =
  (test: (text: string) => boolean, message: string): Rule =>
  (text) =>
    test(text) ? [] : [message];

const isDay = (text: string) =>
  /^\d{4}-\d\d-\d\d$/.test(text) && new Date(`${text}T00:00:00Z`).toJSON()?.slice(0, 10) === text;

const formats: Readonly<Record<string, Rule>> = {
  dns1123Label,
  dns1123Subdomain,
  dns1035Label,
  dns1123LabelPrefix: prefixOf(dns1123Label),
  dns1123SubdomainPrefix: prefixOf(dns1123Subdomain),
  dns1035LabelPrefix: prefixOf(dns1035Label),
  qualifiedName: qualifiedNameErrors,
  labelValue: labelValueErrors,
  uri: matching(
    (text) => URL.canParse(text) || (text.startsWith('/') && URL.canParse(text, 'http://host')),
    'invalid URI',
  ),
  uuid: matching(
    (text) => /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i.test(text),
    'does not match the UUID format',
  ),
  byte: matching((text) => Buffer.from(text, 'base64').toString('base64') === text, 'invalid base64'),
  date: matching(isDay, 'invalid date'),
  datetime: matching(
    (text) => /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d/.test(text) && !Number.isNaN(Date.parse(text)),
    'invalid datetime',
  ),
};

/** `%s`, `%d`, `%f`, `%e`, `%b`, `%x`, `%X`, `%o` and `%%`, with a precision for the two of fractions. */
function formatted(text: string, values: readonly unknown[]): string {
  let next = 0;
  return text.replace(/%(?:\.(\d+))?([a-zA-Z%]?)/g, (_, precision: string | undefined, verb: string) => {
    if (verb === '%') return '%';
    if (next >= values.length) throw new CelCallError(`index ${next} out of range`);
    return one(verb, values[next++], precision === undefined ? 6 : Number(precision));
  });
}

function one(verb: string, value: unknown, precision: number): string {
  switch (verb) {
    case 's':
      return shown(value);
    case 'd':
      return String(number(value));
    case 'f':
      return Number(number(value)).toFixed(Math.min(precision, 100));
    case 'e':
      return Number(number(value))
        .toExponential(Math.min(precision, 100))
        .replace(/e([+-])(\d)$/, 'e$10$2');
    case 'b':
      return typeof value === 'boolean' ? (value ? '1' : '0') : BigInt(number(value)).toString(2);
    case 'o':
      return BigInt(number(value)).toString(8);
    case 'x':
    case 'X': {
      const text = typeof value === 'string' ? Buffer.from(value).toString('hex') : BigInt(number(value)).toString(16);
      return verb === 'X' ? text.toUpperCase() : text;
    }
    default:
      throw new CelCallError(`unrecognized formatting clause ${JSON.stringify(verb)}`);
  }
}

function number(value: unknown): bigint | number {
  if (typeof value === 'bigint' || typeof value === 'number') return value;
  throw new CelCallError('a number is needed by its formatting clause');
}

function shown(value: unknown): string {
  if (typeof value === 'string') return value;
  const json = celOutput(value);
  return typeof json === 'string' ? json : (JSON.stringify(json)?.replaceAll('","', '", "') ?? 'null');
}
