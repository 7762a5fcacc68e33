// JSON Patch (RFC 6902). Changes copies only along the paths that it changes; the document is never touched.

import { deepEqual } from './equality.ts';
import { arrayIndex, childOf, parsePointer } from './json-pointer.ts';
import { setOwn } from './own.ts';
import { badRequest, StatusError } from './status.ts';

export type JsonPatchOperation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string }
  | { readonly op: 'move' | 'copy'; readonly path: string; readonly from: string };

/** As in Kubernetes: more would let a small request cost much. */
const maxOperations = 10_000;
/** Copies may double a document again and again; Kubernetes bounds what they add to the size of a request body. */
const maxCopiedBytes = 3 * 1024 * 1024;

/**
 * The document after the patch. Fails with BadRequest when the patch is none, with RequestEntityTooLarge beyond 10,000
 * operations, with Invalid when it does not fit the document or a test fails.
 */
export function applyJsonPatch(document: unknown, patch: unknown): unknown {
  const operations = decodeJsonPatch(patch);
  let result = document;
  let copied = 0;
  operations.forEach((operation, index) => {
    if (operation.op === 'copy') copied += JSON.stringify(read(result, operation.from, index, 'copy')).length;
    if (copied > maxCopiedBytes) {
      throw failure(index, `copies add more than ${maxCopiedBytes} bytes: send the values in smaller requests`);
    }
    result = applyOperation(result, operation, index);
  });
  return result;
}

/** The operations of a parsed patch body. Fails with BadRequest or RequestEntityTooLarge. */
function decodeJsonPatch(patch: unknown): readonly JsonPatchOperation[] {
  if (!Array.isArray(patch)) throw badRequest('a JSON patch is a list of operations: send an array');
  if (patch.length > maxOperations) {
    throw new StatusError(
      'RequestEntityTooLarge',
      `The allowed maximum operations in a JSON patch is ${maxOperations}, got ${patch.length}`,
    );
  }
  return patch.map(decodeOperation);
}

function decodeOperation(input: unknown, index: number): JsonPatchOperation {
  const at = `JSON patch operation ${index}`;
  if (typeof input !== 'object' || input === null) throw badRequest(`${at} is no object`);
  const path = childOf(input, 'path');
  const op = childOf(input, 'op');
  if (typeof path !== 'string' || !parsePointer(path))
    throw badRequest(`${at}: path must be a JSON pointer such as /metadata/labels`);
  switch (op) {
    case 'remove':
      return { op, path };
    case 'add':
    case 'replace':
    case 'test':
      // A test without a value asks for null; the other two need one.
      if (op !== 'test' && !Object.hasOwn(input, 'value')) throw badRequest(`${at}: ${op} needs a value`);
      return { op, path, value: childOf(input, 'value') ?? null };
    case 'move':
    case 'copy': {
      const from = childOf(input, 'from');
      if (typeof from !== 'string' || !parsePointer(from)) throw badRequest(`${at}: ${op} needs from, a JSON pointer`);
      return { op, path, from };
    }
    default:
      throw badRequest(`${at}: unexpected op ${JSON.stringify(op)}: use add, remove, replace, move, copy or test`);
  }
}

function applyOperation(document: unknown, operation: JsonPatchOperation, index: number): unknown {
  const { op, path } = operation;
  const tokens = tokensOf(path);
  switch (op) {
    case 'add':
      return change(document, tokens, { index, op, path, edit: insert(operation.value) });
    case 'replace':
      return change(document, tokens, { index, op, path, edit: replace(operation.value) });
    case 'remove':
      return change(document, tokens, { index, op, path, edit: remove });
    case 'copy':
      return change(document, tokens, { index, op, path, edit: insert(read(document, operation.from, index, op)) });
    case 'move': {
      const { from } = operation;
      const value = read(document, from, index, op);
      if (from === path) return document;
      if (path.startsWith(`${from}/`)) throw failure(index, `move of ${from} into itself`);
      const without = change(document, tokensOf(from), { index, op, path: from, edit: remove });
      return change(without, tokens, { index, op, path, edit: insert(value) });
    }
    case 'test':
      if (!deepEqual(read(document, path, index, op, true) ?? null, operation.value)) {
        throw failure(index, `testing value ${path} failed: test failed`);
      }
      return document;
  }
}

/** What is done at the last token: gives the changed parent, or undefined when the token names nothing there. */
type Edit = (parent: unknown, token: string) => unknown;

interface Change {
  readonly index: number;
  readonly op: string;
  readonly path: string;
  readonly edit: Edit;
}

function change(document: unknown, tokens: readonly string[], step: Change): unknown {
  // The whole document is the only child of an imagined list, so that one rule serves all paths.
  const [result] = changeBelow([document], ['0', ...tokens], 0, step) as unknown[];
  return result ?? null; // to remove the document leaves null
}

function changeBelow(parent: unknown, tokens: readonly string[], depth: number, step: Change): unknown {
  const token = tokens[depth]!;
  if (depth === tokens.length - 1) {
    // A document is replaced where the RFC says that it is added.
    const edit = depth === 0 && step.op !== 'remove' ? replaceRoot(step.edit) : step.edit;
    const edited = edit(parent, token);
    if (edited === undefined) throw missing(step);
    return edited;
  }
  const child = childOf(parent, token);
  if (child === undefined) throw missing(step);
  const changed = changeBelow(child, tokens, depth + 1, step);
  if (Array.isArray(parent)) return parent.with(Number(token), changed);
  const copy = { ...(parent as Record<string, unknown>) }; // it has a child and is no list
  setOwn(copy, token, changed);
  return copy;
}

function insert(value: unknown): Edit {
  return (parent, token) => {
    if (Array.isArray(parent)) {
      const at = token === '-' ? parent.length : arrayIndex(token);
      return at === undefined || at > parent.length ? undefined : parent.toSpliced(at, 0, value);
    }
    return withOwn(parent, token, value);
  };
}

function replace(value: unknown): Edit {
  return (parent, token) => {
    if (childOf(parent, token) === undefined) return undefined;
    return Array.isArray(parent) ? parent.with(Number(token), value) : withOwn(parent, token, value);
  };
}

const remove: Edit = (parent, token) => {
  if (childOf(parent, token) === undefined) return undefined;
  if (Array.isArray(parent)) return parent.toSpliced(Number(token), 1);
  const copy = { ...(parent as Record<string, unknown>) }; // it has a child and is no list
  delete copy[token];
  return copy;
};

/** `edit` at the root: what it would insert beside the document takes the document's place. */
function replaceRoot(edit: Edit): Edit {
  return (parent, token) => {
    const edited = edit(parent, token);
    return Array.isArray(edited) ? [edited[0]] : edited;
  };
}

function withOwn(parent: unknown, token: string, value: unknown): unknown {
  if (typeof parent !== 'object' || parent === null || Array.isArray(parent)) return undefined;
  const copy: Record<string, unknown> = { ...parent };
  setOwn(copy, token, value);
  return copy;
}

function read(document: unknown, path: string, index: number, op: string, orMissing = false): unknown {
  const tokens = tokensOf(path);
  let value = document;
  tokens.forEach((token, depth) => {
    const next = childOf(value, token);
    // A test may ask whether the last field is absent.
    const absentIsFine = orMissing && depth === tokens.length - 1 && !Array.isArray(value);
    if (next === undefined && !(absentIsFine && typeof value === 'object')) {
      throw failure(
        index,
        `${op} operation does not apply: doc is missing path: ${JSON.stringify(path)}: missing value`,
      );
    }
    value = next;
  });
  return value;
}

function tokensOf(path: string): string[] {
  return parsePointer(path)!; // decodeOperation has checked it
}

function missing({ index, op, path }: Change): StatusError {
  return failure(index, `${op} operation does not apply: doc is missing path: ${JSON.stringify(path)}: missing value`);
}

function failure(index: number, why: string): StatusError {
  return new StatusError(
    'Invalid',
    `the server rejected our request due to an error in our request: operation ${index}: ${why}`,
  );
}
