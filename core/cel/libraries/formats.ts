// Named formats of texts. Source: Kubernetes' CEL libraries "format" and "jsonpatch"; RFC 6901, section 3.

import {
  dns1035Label,
  dns1123Label,
  dns1123Subdomain,
  labelValueErrors,
  qualifiedNameErrors,
} from '../../machinery/names.ts';
import { urlProblem } from '../../machinery/request-uri.ts';
import { declared, global, type Library, member, typeConstant } from '../check/environment.ts';
import { list, opaque, optional, string } from '../types/types.ts';
import { PlainList } from '../values/lists.ts';
import { OpaqueValue, Optional, TypeValue, type Value } from '../values/values.ts';

const formatType = opaque('kubernetes.NamedFormat');

type Rule = (text: string) => readonly string[];

class FormatValue extends OpaqueValue {
  readonly type = formatType;
  readonly name: string;
  readonly rule: Rule;
  private readonly length: number;
  /** `length`: of the regular expression that it is counted as. */
  constructor(name: string, rule: Rule, length: number) {
    super();
    this.name = name;
    this.rule = rule;
    this.length = length;
  }
  override get size(): number {
    return this.length;
  }
  equals(other: OpaqueValue): boolean {
    return other instanceof FormatValue && this.name === other.name;
  }
}

/** The start of a name, to which something follows. */
function prefixOf(rule: Rule): Rule {
  return (text) => rule(text.endsWith('-') ? `${text.slice(0, -1)}a` : text);
}

function matching(test: (text: string) => boolean, message: string): Rule {
  return (text) => (test(text) ? [] : [message]);
}

function isDay(text: string): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(text) && new Date(`${text}T00:00:00Z`).toJSON()?.slice(0, 10) === text;
}

function isTime(text: string): boolean {
  const time =
    /^(\d{4}-\d\d-\d\d)[Tt](?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;
  return isDay(time.exec(text)?.[1] ?? '');
}

function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
}

const uuid = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;

const formats: ReadonlyMap<string, FormatValue> = new Map(
  (
    [
      ['dns1123Label', dns1123Label, 30],
      ['dns1123Subdomain', dns1123Subdomain, 60],
      ['dns1035Label', dns1035Label, 30],
      ['qualifiedName', qualifiedNameErrors, 60],
      ['dns1123LabelPrefix', prefixOf(dns1123Label), 30],
      ['dns1123SubdomainPrefix', prefixOf(dns1123Subdomain), 60],
      ['dns1035LabelPrefix', prefixOf(dns1035Label), 30],
      ['labelValue', labelValueErrors, 40],
      ['uri', uri, 840],
      ['uuid', matching((text) => uuid.test(text), 'does not match the UUID format'), 80],
      ['byte', matching(isBase64, 'invalid base64'), 84],
      ['date', matching(isDay, 'invalid date'), 96],
      ['datetime', matching(isTime, 'invalid datetime'), 96],
    ] as const
  ).map(([name, rule, length]) => [name, new FormatValue(name, rule, length)]),
);

function uri(text: string): readonly string[] {
  const problem = urlProblem(text);
  return problem === undefined ? [] : [problem];
}

export const namedFormats: Library = {
  functions: [
    ...[...formats].map(([name, format]) =>
      declared(
        `format.${name}`,
        global(`format.${name}`, [], formatType, () => format),
      ),
    ),
    declared(
      'format.named',
      global('format-named', [string], optional(formatType), (name: string): Value => {
        const format = formats.get(name);
        return format ? new Optional(format) : Optional.none;
      }),
    ),
    declared(
      'validate',
      member(
        'format-validate',
        [formatType, string],
        optional(list(string)),
        ({ rule }: FormatValue, text: string): Value => {
          const errors = rule(text);
          return errors.length > 0 ? new Optional(new PlainList(errors)) : Optional.none;
        },
      ),
    ),
  ],
  constants: [typeConstant(formatType.name, formatType, new TypeValue(formatType.name))],
};

export const jsonPatchKeys: Library = {
  functions: [
    declared(
      'jsonpatch.escapeKey',
      global('string_jsonpatch_escapeKey_string', [string], string, (key: string) =>
        key.replaceAll('~', '~0').replaceAll('/', '~1'),
      ),
    ),
  ],
};
