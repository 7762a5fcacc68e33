// What Go says of texts that it cannot decode into bytes, times and quantities.
// Source: encoding/base64 (CorruptInputError), time (ParseError); k8s.io/apimachinery resource.Quantity.

import { quantityError } from '../quantity.ts';

/** Of a text that does not have the format; undefined for a format that Kubernetes' types decode as any text. */
export function decodingError(format: string, text: string): string | undefined {
  switch (format) {
    case 'byte':
      return `illegal base64 data at input byte ${corruptByte(text)}`;
    case 'date-time':
      return timeError(text, '2006-01-02T15:04:05Z07:00');
    case 'micro-time':
      return timeError(text, '2006-01-02T15:04:05.000000Z07:00');
    case 'quantity':
      return quantityError(text);
    default:
      return undefined;
  }
}

/** Where the decoding of four characters at a time stops. Line ends count, and mean nothing. */
function corruptByte(text: string): number {
  const bytes = Buffer.from(text, 'utf8').toString('latin1');
  const end = bytes.length;
  const next = (from: number) => {
    let at = from;
    while (bytes[at] === '\n' || bytes[at] === '\r') at += 1;
    return at;
  };
  for (let at = 0; ; ) {
    for (let read = 0; read < 4; read += 1) {
      at = next(at);
      if (at >= end) return at - read;
      const char = bytes[at] ?? '';
      at += 1;
      if (/[A-Za-z0-9+/]/.test(char)) continue;
      if (char !== '=' || read < 2) return at - 1;
      if (read === 2) {
        at = next(at);
        if (at >= end) return end;
        if (bytes[at] !== '=') return at - 1;
        at += 1;
      }
      // Nothing follows what was filled up.
      return next(at);
    }
  }
}

/** A part of a layout: how its value looks, and between which numbers it must be. */
interface Part {
  readonly name: string;
  readonly form: RegExp;
  readonly range?: readonly [what: string, least: number, most: number];
}

const literal = (name: string): Part => ({ name, form: new RegExp(`^${name}`) });
const parts: readonly Part[] = [
  { name: '2006', form: /^\d{4}/ },
  literal('-'),
  { name: '01', form: /^\d{2}/, range: ['month', 1, 12] },
  literal('-'),
  { name: '02', form: /^\d{2}/ },
  literal('T'),
  { name: '15', form: /^\d{2}/, range: ['hour', 0, 23] },
  literal(':'),
  { name: '04', form: /^\d{2}/, range: ['minute', 0, 59] },
  literal(':'),
  { name: '05', form: /^\d{2}/, range: ['second', 0, 59] },
];
const zone: Part = { name: 'Z07:00', form: /^(?:Z|[+-]\d{2}:\d{2})/ };

function timeError(text: string, layout: string): string {
  const head = `parsing time ${JSON.stringify(text)}`;
  const cannot = (rest: string, part: string) =>
    `${head} as ${JSON.stringify(layout)}: cannot parse ${JSON.stringify(rest)} as ${JSON.stringify(part)}`;
  let rest = text;
  for (const { name, form, range } of [...parts, fractionOf(layout), zone]) {
    const found = form.exec(rest)?.[0];
    if (found === undefined) return cannot(rest, name);
    if (range && (Number(found) < range[1] || Number(found) > range[2])) return `${head}: ${range[0]} out of range`;
    rest = rest.slice(found.length);
  }
  return rest === '' ? `${head}: day out of range` : `${head}: extra text: ${JSON.stringify(rest)}`;
}

/** Of seconds, which a layout may leave out. */
function fractionOf(layout: string): Part {
  return layout.includes('.') ? { name: '.000000', form: /^\.\d{6}/ } : { name: '', form: /^(?:[.,]\d+)?/ };
}
