// Changes as people read them: who, when, from where, and the fields that differ.

import { shownText } from '../../local/shown.ts';
import { type FieldChange, fieldChanges, isObject, pathText } from './field-changes.ts';
import type { Actor, Change } from './past-api.ts';

export interface Style {
  readonly colour: boolean;
  /** What Secrets hold is shown as changed, not as what. */
  readonly secret: boolean;
  readonly now: Date;
}

const codes = { green: 32, red: 31, bold: 1, dim: 2 } as const;
const longestValue = 200;

/** `before`: the change before it, where it is known. */
export function changeLines(change: Change, before: Change | undefined, style: Style): string[] {
  const { revision, time, operation, by } = change;
  const head = [
    `revision ${revision}`,
    time === undefined ? 'older than the log' : `${time} (${ago(time, style.now)})`,
  ];
  const lines = [`${paint('bold', head.join('  '), style)}  ${operation} ${shownText(actorText(by))}`];
  if (operation === 'create')
    lines.push(...differenceLines(fieldChanges(emptyOf(change.object), change.object), style));
  else if (operation === 'update' && before) {
    const differences = differenceLines(fieldChanges(before.object, change.object), style);
    lines.push(...(differences.length > 0 ? differences : [paint('dim', '    (managedFields alone)', style)]));
  } else if (operation === 'update') lines.push(paint('dim', '    (what was before is no longer in the log)', style));
  return lines;
}

export function differenceLines(changes: readonly FieldChange[], style: Style): string[] {
  return changes.flatMap(({ path, before, after }) => {
    const text = pathText(path);
    const hidden = style.secret && !shownOfSecrets.test(text);
    const line = (sign: '+' | '-', value: unknown) =>
      paint(sign === '+' ? 'green' : 'red', `  ${sign} ${text}: ${hidden ? '***' : valueText(value)}`, style);
    return [...(before === undefined ? [] : [line('-', before)]), ...(after === undefined ? [] : [line('+', after)])];
  });
}

/** What is told of a Secret. Annotations are not: kubectl keeps all that was applied in one. */
const shownOfSecrets = /^(?:type|immutable|metadata\.(?:name|namespace|labels|finalizers)\b)/;

/** So that what was created is told field by field. */
function emptyOf(object: unknown): unknown {
  if (!isObject(object)) return {};
  const { kind, apiVersion } = object;
  const parts = Object.entries(object).filter(([, value]) => isObject(value));
  return { kind, apiVersion, ...Object.fromEntries(parts.map(([name]) => [name, {}])) };
}

function actorText(by: Actor | undefined): string {
  if (!by) return '';
  const parts = [`by ${by.user}`];
  if (by.impersonatedBy !== undefined) parts.push(`(${by.impersonatedBy} as them)`);
  if (by.userAgent !== undefined) parts.push(`with ${by.userAgent}`);
  if (by.fieldManager !== undefined) parts.push(`as manager ${by.fieldManager}`);
  if (by.sourceIP !== undefined) parts.push(`from ${by.sourceIP}`);
  const what = [by.verb, by.subresource].filter((each) => each !== undefined).join(' ');
  return `${parts.join(' ')} [${what}]`;
}

function valueText(value: unknown): string {
  const text = isObject(value) || Array.isArray(value) ? JSON.stringify(value) : (JSON.stringify(value) ?? '');
  return text.length > longestValue ? `${text.slice(0, longestValue)}… (${text.length} characters)` : text;
}

function ago(time: string, now: Date): string {
  const seconds = Math.max(0, Math.round((now.getTime() - Date.parse(time)) / 1000));
  if (seconds < 120) return `${seconds}s ago`;
  if (seconds < 7200) return `${Math.round(seconds / 60)}m ago`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)}h ago` : `${Math.round(seconds / 86_400)}d ago`;
}

function paint(code: keyof typeof codes, text: string, { colour }: Style): string {
  const shown = shownText(text);
  return colour ? `\u001b[${codes[code]}m${shown}\u001b[0m` : shown;
}
