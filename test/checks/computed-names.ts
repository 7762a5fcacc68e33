// Part of `npm run check`: no property is read or written under a name that only the running program knows.
//
//   node test/checks/computed-names.ts [--all]
//
// `table[name]` finds what Object.prototype has when `name` is a user's `constructor`, and `table[name] = value` throws there or
// changes what every object inherits. Where names are data, a Map holds them, or core/machinery/own.ts reads and writes them.
// Numbers, symbols, literals and names of a finite type are no such names. What is left needs a comment on its line or the line
// above, `computed name: <why no user chooses it>`.

import { relative } from 'node:path';
import {
  type CallExpression,
  type ElementAccessExpression,
  isAsExpression,
  isBinaryExpression,
  isBindingElement,
  isCallExpression,
  isComputedPropertyName,
  isDeleteExpression,
  isElementAccessExpression,
  isForInStatement,
  isIdentifier,
  isParenthesizedExpression,
  isPropertyAccessExpression,
  isTemplateExpression,
  isVariableDeclarationList,
  type Node,
  type SourceFile,
  SyntaxKind,
} from 'typescript/unstable/ast';
import { API, type Checker, type Type, TypeFlags } from 'typescript/unstable/sync';

const root = process.cwd();
const product = /^(?:core|functions|edge|agent|infra|local|cli)\//;
const exempt = /\.test\.ts$|^core\/machinery\/own\.ts$/;
const reason = /computed name: \S/;

interface Finding {
  readonly file: string;
  readonly line: number;
  readonly text: string;
  readonly why: string;
}

const api = new API({ cwd: root });
const [project] = api.updateSnapshot({ openProject: `${root}/tsconfig.json` }).getProjects();
if (!project) throw new Error('tsconfig.json gives no project');
const { program, checker } = project;
const findings = program
  .getSourceFileNames()
  .map((file) => ({ file, name: relative(root, file) }))
  .filter(({ name }) => product.test(name) && !exempt.test(name))
  .flatMap(({ file, name }) => findingsOf(program.getSourceFile(file), name, checker));
api.close();
for (const { file, line, text, why } of findings) console.log(`${file}:${line}: ${why}: ${text}`);
if (findings.length > 0) {
  console.log(
    `${findings.length} computed names: use a Map, or getOwn and setOwn of core/machinery/own.ts, or say beside it why no user chooses it (computed name: ...)`,
  );
  process.exitCode = 1;
}

function findingsOf(source: SourceFile | undefined, file: string, types: Checker): Finding[] {
  if (!source) return [];
  const lines = source.text.split('\n');
  const starts = lineStarts(source.text);
  const suspects = candidates(source);
  const indexTypes = types.getTypeAtLocation(suspects.map(({ name }) => name));
  return suspects.flatMap(({ node, name, why, merged }, index) => {
    const type = indexTypes[index];
    if (type && (merged ? hasOnlyNamed(type, types) : isKnown(type, types))) return [];
    const line = lineOf(starts, name.getStart(source));
    if (reason.test(lines[line] ?? '') || reason.test(lines[line - 1] ?? '')) return [];
    return [{ file, line: line + 1, text: node.getText(source).replaceAll(/\s+/g, ' ').slice(0, 100), why }];
  });
}

interface Suspect {
  readonly node: Node;
  readonly name: Node;
  readonly why: string;
  /** `name` is an object whose fields are all set: the source of Object.assign. */
  readonly merged?: true;
}

function candidates(source: SourceFile): Suspect[] {
  const found: Suspect[] = [];
  const visit = (node: Node): void => {
    if (isElementAccessExpression(node)) {
      const { argumentExpression: name } = node;
      const written = isWritten(node);
      if (!isLiteral(name) && !isDeleteExpression(node.parent) && (written || !isForInRead(node, source)))
        found.push({ node, name, why: written ? 'computed write' : 'computed read' });
    } else if (isBinaryExpression(node) && node.operatorToken.kind === SyntaxKind.InKeyword && !isLiteral(node.left)) {
      found.push({ node, name: node.left, why: '`in` sees what is inherited' });
    } else if (isBindingElement(node) && node.propertyName && isComputedPropertyName(node.propertyName)) {
      if (!isLiteral(node.propertyName.expression))
        found.push({ node, name: node.propertyName.expression, why: 'computed read' });
    } else if (isCallExpression(node)) {
      found.push(...reflected(node, source));
    }
    node.forEachChild(visit);
  };
  source.forEachChild(visit);
  return found;
}

/** The name that Reflect.get and Reflect.set take; Object.assign sets every name that its sources have. */
function reflected(node: CallExpression, source: SourceFile): Suspect[] {
  const { expression, arguments: given } = node;
  if (!isPropertyAccessExpression(expression)) return [];
  const called = `${expression.expression.getText(source)}.${expression.name.text}`;
  if (called === 'Object.assign')
    return given.slice(1).map((name) => ({ node, name, why: 'Object.assign of unknown names', merged: true }));
  const name = called === 'Reflect.get' || called === 'Reflect.set' ? given[1] : undefined;
  return name && !isLiteral(name) ? [{ node, name, why: 'computed access' }] : [];
}

/** `for (const key in object) object[key]`: the key is there, and frozen prototypes give none of theirs. */
function isForInRead(node: ElementAccessExpression, source: SourceFile): boolean {
  const { argumentExpression: name } = node;
  if (!isIdentifier(name)) return false;
  for (let at: Node | undefined = node.parent; at; at = at.parent) {
    if (!isForInStatement(at)) continue;
    const { initializer, expression } = at;
    if (!isVariableDeclarationList(initializer)) continue;
    const declared = initializer.declarations[0]?.name;
    if (declared && isIdentifier(declared) && declared.text === name.text)
      return expression.getText(source) === unwrapped(node.expression).getText(source);
  }
  return false;
}

/** What stands in parentheses and `as`. */
function unwrapped(node: Node): Node {
  return isParenthesizedExpression(node) || isAsExpression(node) ? unwrapped(node.expression) : node;
}

function isWritten(node: ElementAccessExpression): boolean {
  const { parent } = node;
  if (!isBinaryExpression(parent) || parent.left !== node) return false;
  const { kind } = parent.operatorToken;
  return kind >= SyntaxKind.FirstAssignment && kind <= SyntaxKind.LastAssignment;
}

/** Constants, and texts with a part that no inherited name has: `f:${name}`. */
function isLiteral(node: Node): boolean {
  if (isTemplateExpression(node))
    return /\W/.test([node.head, ...node.templateSpans.map(({ literal }) => literal)].map(({ text }) => text).join(''));
  const { kind } = node;
  return (
    kind === SyntaxKind.StringLiteral ||
    kind === SyntaxKind.NumericLiteral ||
    kind === SyntaxKind.NoSubstitutionTemplateLiteral
  );
}

/** Whether values of the type are numbers, symbols, or among finitely many names. */
function isKnown(type: Type, types: Checker): boolean {
  if (type.isUnionType()) return type.getTypes().every((each) => isKnown(each, types));
  if (type.isTypeParameter() || type.isIndexType()) {
    const constraint = types.getBaseConstraintOfType(type);
    return constraint !== undefined && constraint !== type && isKnown(constraint, types);
  }
  const known = TypeFlags.NumberLike | TypeFlags.ESSymbolLike | TypeFlags.StringLiteral | TypeFlags.Never;
  return (type.flags & known) !== 0;
}

/** Whether objects of the type have the fields that it declares, and no others. */
function hasOnlyNamed(type: Type, types: Checker): boolean {
  if (type.isUnionType() || type.isIntersectionType())
    return type.getTypes().every((each) => hasOnlyNamed(each, types));
  return type.isObjectType() && types.getIndexInfosOfType(type).length === 0;
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

function lineOf(starts: readonly number[], position: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle]! <= position) low = middle;
    else high = middle - 1;
  }
  return low;
}
